"""What a run computes, counted by hand."""

from xit import study as studies
from xit import tasks
from xit.plan import lengths, work
from xit.plan.rows import UNKNOWN, Counting
from xit.plan.work import Model, Work
from xit.tasks import Split, Task

TINY = Model(layers=2, width=10, inner=20, vocabulary=100, positions=50)


def rows(task: Task, split: Split, code: str) -> int:
    return 100


def test_operations_of_reading_are_two_a_parameter_and_token_and_attention() -> None:
    assert TINY.in_layers == 2 * (4 * 100 + 2 * 200)
    assert TINY.parameters == 1600 + 150 * 10
    # 30 tokens in 3 sequences: 2 · 1600 each, and 4 · 2 · 10 · 10 for attention over 10 tokens
    assert TINY.reads(3, 30) == 30 * (3200 + 800) / 1e9
    assert TINY.reads(0, 0) == 0


def test_a_training_has_its_updates_its_operations_and_the_scores_on_the_way() -> None:
    long = lengths.table()["lab", "mnli", "train"]
    settings = {"epochs": 2, "batch_size": 8, "examples": 80, "eval_every": 6, "eval_examples": 10}
    settings |= {"max_length": 128}
    spec = {"kind": "intermediate", "task": "mnli", "language": "qaa", "settings": settings}
    done = work.of(spec, TINY, rows, "lab")
    assert done.runs == 1
    assert done.updates == 2 * 80 / 8  # scored after 6, 12, 18 and all 20: four times
    assert done.learning == 3 * TINY.reads(160, 160 * long.tokens)
    assert abs(done.reading - 4 * TINY.reads(10, 10 * long.tokens)) < 1e-12
    assert done.rows == 80 + 4 * 10
    # there are but 100 rows, of which all are read where more are asked for
    more = spec | {"settings": settings | {"examples": 10_000}}
    assert work.of(more, TINY, rows, "lab").updates == 2 * 100 / 8


def test_text_beside_a_task_adds_updates_by_the_weights_of_the_two() -> None:
    settings = {"epochs": 1, "batch_size": 10, "examples": 100, "eval_every": 100}
    settings |= {"eval_examples": 10, "max_length": 128}
    mlm = {"sentences": 1000, "limit": 50, "batch_size": 4, "max_length": 32, "mask_rate": 0.15}
    plain = {"kind": "intermediate", "task": "mnli", "language": "qaa", "settings": settings}
    alone, beside = (work.of(x, TINY, rows, "lab") for x in (plain, plain | {"mlm": mlm}))
    assert (alone.updates, beside.updates) == (10, 20)  # both count as 50
    assert beside.learning > alone.learning + 3 * TINY.reads(40, 40 * 32)


def test_retrieval_compares_every_sentence_with_every_other_on_every_layer() -> None:
    spec = {"kind": "scores", "task": "tatoeba", "split": "validation", "max_length": 128}
    spec |= {"languages": {"qab": "", "qac": ""}, "examples": None}
    done = work.of(spec, TINY, rows, "lab")
    assert done.compared == 2 * (4 * 3 * 2 * 100 * 100) * 10 / 1e9  # 3 states, both languages
    assert (done.updates, done.learning, done.rows) == (0, 0, 200)


def test_work_adds_up() -> None:
    assert work.total([Work(1, 2), Work(3, rows=4)]) == Work(4, 2, rows=4)


def test_rows_are_upstreams_and_those_that_nobody_knows_are_named() -> None:
    count = Counting(studies.load("paper"))
    mnli = tasks.intermediate("mnli")
    assert mnli.train is not None
    assert count(mnli, mnli.train, "en") == 392_702
    assert not count.guessed
    odd = Split("nobody/nothing", "default", "train")
    assert count(mnli, odd, "en") == UNKNOWN
    assert count.guessed == {"nobody/nothing default train"}


def test_a_task_without_measured_rows_is_as_long_as_its_kind() -> None:
    known = lengths.table()
    assert (
        lengths.of("natural", tasks.intermediate("cmrc2018"), "train")
        == known["natural", "squad_v1", "train"]
    )  # its like in English
    pairs = [known["natural", name, "train"].tokens
             for name in ("anli_plus", "mnli", "qqp", "xnli", "paws_x")]  # fmt: skip
    odd = Task("odd", "Odd", "pair", None, None, None, (), "acc")
    assert abs(lengths.of("natural", odd, "train").tokens - sum(pairs) / len(pairs)) < 1e-9
