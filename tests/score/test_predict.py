"""Predictions: from a model that says what it is told to, and from one that has learnt."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.toys import asked, tokenizer
from xit.data import encode
from xit.data.batch import Batch
from xit.data.encode import IGNORE, Feature
from xit.learn.hyper import Hyper
from xit.learn.model import Model
from xit.learn.pretrain import new_model
from xit.learn.train import train
from xit.learn.updates import Stream
from xit.score import predict
from xit.score.predict import best_span
from xit.tasks import QA


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Tensors this small are faster on one."""
    torch.set_num_threads(1)


class Scripted(Model):
    """A model whose scores follow from the token ids, so that the best can be told by hand."""

    def __init__(self, kind: str) -> None:
        super().__init__(new_model(60, 16, 2, 2, 32, 64, 0.0, 1), {"it": (kind, 3)}, 1)

    def scores(self, name: str, batch: Batch) -> torch.Tensor:
        ids = batch["ids"]
        if self.kinds[name] == "pair":  # label: the second token modulo 3
            return torch.nn.functional.one_hot(ids[:, 1] % 3, 3).float()
        if self.kinds[name] == "choice":  # the second token is the ending's score
            each = int(batch["row"].unique_consecutive(return_counts=True)[1][0])
            return ids[:, 1].float().view(-1, each)
        if self.kinds[name] == "tagging":  # tag: each token modulo 3
            return torch.nn.functional.one_hot(ids % 3, 3).float()
        start = torch.where(ids == 10, 5.0, 0.0)  # 10 opens the answer, 11 closes it
        end = torch.where(ids == 11, 5.0, 0.0)
        start = torch.where(ids == 12, 7.0, start)  # 12 opens a better one
        nothing = torch.where(ids == 0, (ids == 9).any(1, keepdim=True) * 8.0, 0.0)
        scores = torch.stack([start + nothing, end + nothing], -1)
        return scores.masked_fill(batch["mask"][..., None] == 0, float("-inf"))


def test_labels_come_in_the_order_of_rows() -> None:
    made: list[Feature] = [
        {"ids": [0, 7 + i, *[5] * (11 - i), 2], "row": i, "label": 0} for i in range(9)
    ]
    assert predict.labels(Scripted("pair"), "it", made[::-1], 1) == [(7 + i) % 3 for i in range(9)]


def test_the_best_ending() -> None:
    made: list[Feature] = [
        {"ids": [0, score, *[5] * (row * 3), 2], "row": row, "label": 0}
        for row, scores in enumerate([[5, 9, 7, 6], [30, 9, 7, 6], [5, 6, 7, 40]])
        for score in scores
    ]
    assert predict.labels(Scripted("choice"), "it", made, 1) == [1, 0, 3]


def test_a_tag_for_each_word_across_windows() -> None:
    """Words are in the order of the row, whichever window held them and came first."""

    def part(row: int, ids: list[int], words: list[int]) -> Feature:
        labels = [IGNORE, *[0 if i < len(words) else IGNORE for i in range(len(ids))], IGNORE]
        return {"ids": [0, *ids, 2], "labels": labels, "words": words, "row": row}

    made = [part(0, [9, 11], [0, 1]), part(0, [10, 9], [2]), part(1, [11] * 6, list(range(6)))]
    assert predict.tags(Scripted("tagging"), "it", made, 1) == [[0, 2, 1], [2] * 6]


def test_every_row_gets_its_tags_also_one_without_words() -> None:
    """Else every later row would be scored against its neighbour's gold."""
    tok = tokenizer()
    rows: list[dict] = [
        {"t": ["the"], "g": [0]},
        {"t": [], "g": []},
        {"t": ["a", "cat"], "g": [0, 1]},
    ]
    made, _ = encode.tagging(rows, ("t", "g"), tok, 20)
    model = Model(new_model(len(tok), 16, 2, 2, 32, 64, 0.0, 1), {"it": ("tagging", 3)}, 1).eval()
    assert [len(x) for x in predict.tags(model, "it", made, 1)] == [1, 0, 2]


# -- answers --


def scores(start: list[float], end: list[float]) -> np.ndarray:
    return np.array([start, end], dtype=np.float32).T


OFFSETS = [None, None, (0, 3), (3, 7), (7, 9), (9, 15), None]


def test_best_span_by_hand() -> None:
    assert best_span(scores([0, 0, 1, 4, 0, 0, 0], [0, 0, 0, 0, 2, 1, 0]), OFFSETS) == (6, 3, 9)
    # the end may not come before the start
    assert best_span(scores([0, 0, 0, 0, 4, 0, 0], [0, 0, 9, 1, 0, 2, 0]), OFFSETS) == (9, 0, 3)
    # what is not context does not count
    assert best_span(scores([9, 9, 1, 0, 0, 0, 9], [9, 9, 1, 0, 0, 0, 9]), OFFSETS) == (2, 0, 3)
    assert best_span(scores([0, 0], [0, 0]), [None, None]) is None


def test_best_span_is_at_most_thirty_tokens() -> None:
    offsets: list = [(i, i + 1) for i in range(60)]
    start, end = np.zeros(60), np.zeros(60)
    start[5], end[34], end[35] = 9, 1, 8  # 5 to 35 would be 31 tokens
    assert best_span(np.stack([start, end], -1), offsets) == (10, 5, 35)


def test_best_span_where_the_best_starts_and_ends_do_not_fit() -> None:
    """The 20 best ends all lie before the 20 best starts: a single token, not a crash."""
    offsets: list = [(i, i + 1) for i in range(50)]
    start, end = np.zeros(50), np.zeros(50)
    start[30:], end[:20] = 5, 6
    found = best_span(np.stack([start, end], -1), offsets)
    assert found is not None
    assert found[2] - found[1] == 1


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=1, max_size=15))
def test_best_span_is_the_best(drawn: list[tuple[int, int]]) -> None:
    offsets: list = [(i, i + 1) for i in range(len(drawn))]
    found = best_span(np.array(drawn, dtype=np.float32), offsets)
    assert found is not None
    n = len(drawn)
    assert found[0] == max(drawn[s][0] + drawn[e][1] for s in range(n) for e in range(s, n))
    assert found[0] == drawn[found[1]][0] + drawn[found[2] - 1][1]


def windows(*rows: tuple[int, list[int]]) -> list[Feature]:
    """Windows of (row, token ids); each token is three characters of the context."""
    return [
        {"ids": [0, *ids, 2], "row": row, "start": 0, "end": 0,
         "offsets": [None, *((i * 3, i * 3 + 3) for i in range(len(ids))), None]}
        for row, ids in rows
    ]  # fmt: skip


CONTEXTS = ["aa bb cc dd ee ", "ff gg hh ii jj "]


def test_answers_are_the_best_of_all_windows() -> None:
    made = windows((0, [5, 10, 6, 11, 5]), (1, [10, 11]), (1, [5, 12, 11]))
    assert predict.answers(Scripted("span"), "it", made, CONTEXTS, 1) == ["bb cc dd", "gg hh"]


def test_no_answer_where_the_first_token_wins_in_every_window() -> None:
    """9 in a window makes its first token score 16; an answer scores 10, or 12 with 12."""
    one = windows((0, [9, 10, 11]), (1, [5, 10, 11]))
    m = Scripted("span")
    assert predict.answers(m, "it", one, CONTEXTS, 1, null_threshold=0.0) == ["", "gg hh"]
    assert predict.answers(m, "it", one, CONTEXTS, 1, null_threshold=6.5) == ["bb cc", "gg hh"]
    assert predict.answers(m, "it", one, CONTEXTS, 1) == ["bb cc", "gg hh"]
    two = windows((0, [9, 10, 11]), (0, [5, 5, 5]), (1, [5]))  # one window has nothing to say no
    assert predict.answers(m, "it", two, CONTEXTS, 1, null_threshold=0.0)[0] == "bb cc"


def test_what_was_learnt_is_found_again() -> None:
    """From text to features to training to answers, as they stand in the passage."""
    tok, rows = tokenizer(), asked(9)
    made, _ = encode.span(rows, QA, tok, 40)
    m = Model(new_model(len(tok), 16, 2, 2, 32, 64, 0.0, 1), {"qa": ("span", 2)}, 1)
    train(m, [Stream("qa", made)], Hyper(0.01, 9, max_steps=60), 1)
    said = predict.answers(m, "qa", made, [r["context"] for r in rows], 1)
    assert said == [r["answers"]["text"][0] for r in rows]


# -- sentence vectors --


def test_vectors_are_means_over_tokens_or_the_first_at_every_layer() -> None:
    m = Scripted("pair").eval()
    made: list[Feature] = [
        {"ids": [0, *range(5, 5 + n), 2], "row": i} for i, n in enumerate((9, 2, 5))
    ]
    told = predict.vectors(m, made, 1)
    assert told.shape == (2, 3, 3, 16)
    assert told.dtype == np.float32
    for f in made:  # one at a time, without padding
        with torch.no_grad():
            states = m.encoder(input_ids=torch.tensor([f["ids"]]), output_hidden_states=True)
        for layer, state in enumerate(states.hidden_states):
            mean, first = told[:, layer, f["row"]]
            np.testing.assert_allclose(mean, state[0].mean(0).numpy(), atol=1e-5)
            np.testing.assert_allclose(first, state[0, 0].numpy(), atol=1e-5)
    assert not np.allclose(told[0, 0], told[0, 1])
    last = predict.vectors(m, made, 1, [2], ["cls"])
    np.testing.assert_array_equal(last[0, 0], told[1, 2])


def test_batches_of_another_size_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    m = Scripted("pair").eval()
    made: list[Feature] = [{"ids": [0, *range(5, 7 + i % 9), 2], "row": i} for i in range(20)]
    whole = predict.vectors(m, made, 1)
    monkeypatch.setitem(predict.TOKENS, "cpu", 24)
    np.testing.assert_allclose(predict.vectors(m, made, 1), whole, atol=1e-5)


class Elsewhere:
    """A tensor on an accelerator: numpy cannot read it before it has come back."""

    def __init__(self, tensor: torch.Tensor) -> None:
        self.tensor = tensor

    def float(self) -> "Elsewhere":
        return self

    def cpu(self) -> torch.Tensor:
        return self.tensor.float()

    def numpy(self) -> np.ndarray:
        raise TypeError("can't convert cuda:0 device type tensor to numpy")


def test_answers_come_back_from_the_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    m = Scripted("span")
    told = m.scores

    def there(name: str, batch: Batch) -> Elsewhere:
        return Elsewhere(told(name, batch))

    monkeypatch.setattr(m, "scores", there)
    assert predict.answers(m, "it", windows((0, [5, 10, 11])), CONTEXTS[:1], 1) == ["bb cc"]
