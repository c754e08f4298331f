"""Rankings of a pool of all languages: by hand on known vectors, and a run on a toy hub."""

import dataclasses
import json
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from tests.toys import forget, made, toy_study, write
from xit import paths, runs, specs, tasks
from xit.data import pools
from xit.data.pools import Pool, Texts
from xit.report import chance
from xit.score import ranking, retrieval
from xit.study import Study

LAREQA = tasks.target("lareqa")


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    with toy_study(tmp_path_factory.mktemp("project")) as study:
        place = paths.project() / "hub"
        for code in ("en", "de"):
            rows = [asked(i, code) for i in range(6)]
            write(place, "google/xtreme", f"XQuAD.{code}", "validation", rows)
        yield study


def asked(number: int, code: str) -> dict:
    """The i-th question, whose answer is in the second of two sentences."""
    word = ("cat", "dog", "city", "mat", "car", "sun")[number]
    context = f"the {code} sat . a {word} ran far away ."
    answer = {"text": [word], "answer_start": [context.index(word)]}
    return {"id": str(number), "question": f"what {word} ran ?", "context": context,
            "answers": answer}  # fmt: skip


def pool() -> Pool:
    """Two queries in each of two languages; four candidates, each right for one question."""
    keys: list[tuple[str, ...]] = [("1",), ("2",)]
    side = Texts(["", ""], keys)
    return Pool({"en": side, "de": side}, {"en": side, "de": side}, {})


def vectors(**sides: list[list[float]]) -> ranking.Embedded:
    return {code: (np.array(rows, dtype=np.float32), {}) for code, rows in sides.items()}


def found_in(
    pool: Pool, queries: ranking.Embedded, candidates: ranking.Embedded, centred: bool
) -> dict[str, float]:
    """Language → mAP@20."""
    told = ranking.precisions(pool, queries, candidates, centred)
    return {code: float(np.mean(x)) for code, x in told.items()}


def test_a_query_competes_for_the_candidates_of_all_languages() -> None:
    """Candidates of the same meaning lie at the same angle in both languages."""
    there = vectors(en=[[1, 0], [0, 1]], de=[[1, 0.1], [0.1, 1]])
    found = found_in(pool(), there, there, centred=False)
    assert found == {"en": 100.0, "de": 100.0}
    # German apart: for an English query the right German candidate comes after both English ones
    apart = vectors(en=[[1, 0.2, 0], [0.2, 1, 0]], de=[[0.1, 0.0, 1], [0.0, 0.1, 1]])
    found = found_in(pool(), apart, apart, centred=False)
    assert found["en"] == pytest.approx(100 * (1 + 2 / 3) / 2)
    assert found["de"] == pytest.approx(100 * (1 + 2 / 3) / 2)
    # with the means of the languages gone, what is left is the meaning
    found = found_in(pool(), apart, apart, centred=True)
    assert found == {"en": 100.0, "de": 100.0}


def test_the_order_of_candidates_and_languages_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    q, c = rng.normal(size=(2, 5, 4)), rng.normal(size=(2, 5, 4))
    keys: list[tuple[str, ...]] = [(str(i),) for i in range(5)]

    def found(order: list[int], codes: list[str]) -> dict[str, float]:
        texts = Texts([""] * 5, [keys[i] for i in order])
        one = Pool({x: Texts([""] * 5, keys) for x in codes}, dict.fromkeys(codes, texts), {})
        queries: ranking.Embedded = {x: (q[i], {}) for i, x in enumerate(sorted(codes))}
        candidates: ranking.Embedded = {x: (c[sorted(codes).index(x)][order], {}) for x in codes}
        told = found_in(one, queries, candidates, centred=False)
        return dict(sorted(told.items()))

    plain = found([0, 1, 2, 3, 4], ["de", "en"])
    assert found([3, 1, 4, 0, 2], ["en", "de"]) == pytest.approx(plain)


def test_a_query_without_a_right_candidate_scores_nothing() -> None:
    one = Pool({"en": Texts(["", ""], [("1",), ("9",)])}, {"en": Texts([""], [("1",)])}, {})
    there = vectors(en=[[1, 0], [1, 0]])
    assert ranking.precisions(one, there, vectors(en=[[1, 0]]), False) == {"en": [100.0, 0.0]}


def test_no_more_than_the_pool_is_ranked() -> None:
    x = {"en": np.eye(3, dtype=np.float32)}
    assert retrieval.ranked(x, x)["en"].shape == (3, 3)
    assert retrieval.ranked(x, x, k=2)["en"].tolist() == [[0, 1], [1, 0], [2, 0]]


def test_a_run(toy: Study) -> None:
    spec = specs.scores(toy, LAREQA, specs.base(toy), "none", 1)
    assert set(spec["languages"]) == {"en", "de"}  # the source too
    assert spec["layer"] == 2 and "dev" not in spec  # there is one set
    path = made(spec)
    scores = pd.read_parquet(path / "scores.parquet")
    assert set(scores["metric"]) == {"map@20", "map@20_centred"}
    assert scores["value"].between(0, 100).all() and set(scores["layer"]) == {2}
    pd.testing.assert_frame_equal(scores, pd.read_parquet(path / "dev.parquet"))
    counts = json.loads((path / "data.json").read_text())["de"]
    assert (counts["read"], counts["candidates"], counts["no sentence"]) == (6, 12, 0)
    expected = chance.chance(toy, "lareqa")  # two right ones among 24
    assert expected == pytest.approx(metric(2, 24))
    # the model's own words: at least as good as a random order of so few
    assert scores["value"].mean() > expected


def metric(relevant: int, candidates: int) -> float:
    """The expected average precision of a random order, by drawing."""
    rng = np.random.default_rng(1)
    values = []
    for _ in range(4000):
        hits = rng.permutation(candidates)[:20] < relevant
        values.append((hits * hits.cumsum() / np.arange(1, len(hits) + 1)).sum() / relevant)
    return pytest.approx(100 * float(np.mean(values)), rel=0.05)  # type: ignore[return-value]


def test_mewsli_x_is_scored_on_test_and_chosen_on_dev(toy: Study) -> None:
    place = paths.project() / "hub" / "xit" / "mewsli_x"
    place.mkdir(parents=True)
    task = tasks.target("mewsli_x")
    entities = [
        {"entity_id": f"Q{i}", "description": f"the {w} ran", "description_language": "fr"}
        for i, w in enumerate(("cat", "dog", "city"))
    ]
    said = [
        {
            "context": {"text": f"a {w} sat .", "language": "de",
                        "sentence_spans": [{"start": 0, "end": 9}]},
            "mentions": [{"mention_span": {"start": 2, "end": 2 + len(w)}, "entity_id": f"Q{i}"}],
        }
        for i, w in enumerate(("cat", "dog", "city"))
    ]  # fmt: skip
    for name, rows in (("candidate_set_entities", entities), ("wikinews_mentions-test", said),
                       ("wikinews_mentions-dev", said[:1])):  # fmt: skip
        (place / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    one = dataclasses.replace(toy, targets=("mewsli_x",), languages={"all": ("de",)})
    spec = specs.scores(one, task, specs.base(one), "none", 1)
    assert set(spec["dev"]) == {"de"} and spec["split"] == "test"
    path = made(spec)
    files = [pd.read_parquet(path / f"{name}.parquet") for name in ("scores", "dev")]
    assert [set(f["split"]) for f in files] == [{"test"}, {"dev"}]
    (place / "wikinews_mentions-dev.jsonl").write_text(json.dumps(said[1]) + "\n")
    forget()
    pools._digest.cache_clear()
    again = specs.scores(one, task, specs.base(one), "none", 1)
    assert runs.identity(again) != runs.identity(spec)  # other rows to choose by
