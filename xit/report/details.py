"""Every detail of the training: in the paper, here, and where the two part.

    training_details(study.load("lab"))

Values that live in code or in the study's file are read from there, so the table cannot fall
behind; only what a value means is written here.
"""

import json
from collections.abc import Iterable
from dataclasses import MISSING, fields
from typing import NamedTuple

import pandas as pd

from xit import specs, tasks, variants
from xit.learn.hyper import Hyper
from xit.report import comparison
from xit.settings import MAX_ANSWER, MLM, NBEST, PRETRAIN, SETTINGS, STRIDE, of_paper
from xit.study import Study
from xit.tasks import Task

APPENDIX = "paper, App.\u00a0A"
TEXT = "paper"
GUIDE = "jiant's guide"  # the paper is silent
XTREME = "XTREME's scripts"  # the paper is silent
SILENT = "not stated"
OPEN = ("not stated", "–")  # what the paper says and where, of what nobody says
LOST = "the value is lost in the text that could be read"


class Detail(NamedTuple):
    """One row: what it is, the paper's value and its source, the value here, departure and why."""

    detail: str
    paper: str
    source: str
    here: str
    departure: str = ""


def training_details(study: Study) -> pd.DataFrame:
    """One row per detail: detail, paper, source (of the paper's value; jiant's guide and XTREME's
    scripts only where the paper is silent), xit (in `study`), departure and reason ("": none)."""
    rows = [
        *_models(study),
        *_optimiser(),
        *_settings(study, "intermediate", [tasks.intermediate(t) for t in study.intermediate]),
        *_settings(study, "target", _trained(study)),
        *_inputs(),
        *_mixtures(study),
        _translation(study),
        *_scores(study),
    ]
    names = ["detail", "paper", "source", "xit", "departure and reason"]
    return pd.DataFrame(rows, columns=names)


def _trained(study: Study) -> list[Task]:
    """The targets that are trained, and what is learnt before some of them."""
    every = [x for t in study.targets for x in tasks.trained(tasks.target(t))]
    return [x for x in dict.fromkeys(every) if x.name in (*study.targets, *tasks.FIRST)]


def _models(study: Study) -> list[Detail]:
    large = study.model.lower().endswith(comparison.LARGE)
    own = "a small XLM-R, trained from nothing" if study.model == "pretrain" else study.model
    why = "" if large else f"what the study is for: {study.about}"
    dropout, told = _dropout(study), "XLM-R large's own"
    smaller = "" if large or dropout == told else "the model of the study was made so"
    return [
        Detail("encoder", "XLM-R large", TEXT, own, why),
        Detail("dropout", told, "its configuration", dropout, smaller),
        Detail("heads", "fresh in each phase, even SQuAD → XQuAD", APPENDIX,
               "the same; weights normal, biases zero, drawn from the run's seed"),
    ]  # fmt: skip


def _dropout(study: Study) -> str:
    """The encoder's dropout, from its configuration where that lies on this machine."""
    if study.model == "pretrain":
        return f"{(PRETRAIN | study.pretrain)['dropout']:g}"
    path = specs.model_path(study.model)
    if isinstance(path, str):
        return "XLM-R large's own" if path.lower().endswith(comparison.LARGE) else "the model's own"
    return f"{json.loads((path / 'config.json').read_text())['hidden_dropout_prob']:g}"


def _optimiser() -> list[Detail]:
    given = {f.name: f.default for f in fields(Hyper) if f.default is not MISSING}
    betas = given["betas"]
    return [
        Detail("optimiser", "AdamW", GUIDE, "AdamW"),
        Detail("betas", *OPEN, f"{betas[0]}, {betas[1]} (PyTorch's)"),
        Detail("epsilon", "1e-08", GUIDE, f"{given['adam_eps']:g}"),
        Detail("weight decay", "0.01, none for biases and LayerNorm", GUIDE,
               f"{given['weight_decay']:g}, none for biases and LayerNorm"),
        Detail("schedule", "linear decay to 0", GUIDE, "linear decay to 0"),
        Detail("warm-up", "10% of the updates", APPENDIX, f"{given['warmup']:.0%} of the updates"),
        Detail("gradient norm", "at most 1", GUIDE, f"at most {given['max_grad_norm']:g}"),
        Detail("precision", *OPEN, "float32; on a GPU matrix products of the encoder in bfloat16",
               "the choice is ours: on CPUs the same numbers everywhere come before speed; "
               "GPUs are made for bfloat16"),
        Detail("order of examples", *OPEN, "shuffled; inputs of like length share a batch",
               "the choice is ours: less padding"),
    ]  # fmt: skip


def _settings(study: Study, phase: str, known: list[Task]) -> list[Detail]:
    """The settings of one phase, as the paper has them and as the study has them."""
    trained = [t for t in known if t.train is not None]
    if not trained:
        return []
    paper = {t: dict.fromkeys(SETTINGS) | of_paper(phase, t) for t in trained}
    here = {t: study.settings(phase, t) for t in trained}
    large = study.model.lower().endswith(comparison.LARGE)
    why = "the study's file sets it" + ("" if large else ", for its own model and data")
    rows = []
    for key, (_, meaning) in SETTINGS.items():
        told, used = ({t: x[t][key] for t in trained} for x in (paper, here))
        rows.append(
            Detail(
                f"{meaning} ({phase})",
                _grouped(told),
                source_of(key),
                _grouped(used),
                "" if told == used else why,
            )
        )
    rows.append(
        Detail(f"which development examples ({phase})", "the first ones", APPENDIX,
               "the first of a fixed shuffle", "files may be sorted, by label or by passage")
    )  # fmt: skip
    return rows


def source_of(setting: str) -> str:
    """Where the paper's value of a setting of training is found."""
    return GUIDE if setting in ("eval_every", "max_length") else APPENDIX


def _grouped(values: dict[Task, object]) -> str:
    """One value, or each value with its tasks: "24 (MNLI, CCG), 8 (SQuAD v1.1)"."""
    groups: dict[str, list[str]] = {}
    for task, value in values.items():
        shown = "all" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
        groups.setdefault(shown, []).append(_named(task))
    if len(groups) == 1:
        return next(iter(groups))
    return ", ".join(f"{value} ({', '.join(names)})" for value, names in groups.items())


def _named(task: Task) -> str:
    """Its title; marked where what is called the paper's is XTREME-R's."""
    return f"{task.title} of XTREME-R" if task.name in tasks.XTREME_R else task.title


def _inputs() -> list[Detail]:
    return [
        Detail("texts longer than a window", *OPEN,
               "sentences to tag and passages are split; pairs and endings cut, and counted",
               "the choice is ours: nothing is lost in silence"),
        Detail("tags", "on the first sub-word of a word", APPENDIX, "the same"),
        Detail("overlap of windows of a passage", "128 tokens", XTREME,
               f"{STRIDE} tokens, at most half a window"),
        Detail("start and end candidates (n-best)", *OPEN, str(NBEST)),
        Detail("longest answer", *OPEN, f"{MAX_ANSWER} tokens"),
        Detail("SQuAD v2.0: “no answer” above the best span by", *OPEN, "0",
               "the choice is ours: no threshold is tuned on the data it is then scored on"),
    ]  # fmt: skip


def _mixtures(study: Study) -> list[Detail]:
    cap = Detail("several intermediate tasks at once: the cap K",
                 f"task m with probability min(e, K) / Σ min(e, K); {LOST}", APPENDIX,
                 f"by the same formula, K = {tasks.SAMPLING_LIMIT} unless `limit` is set",
                 "K is from memory")  # fmt: skip
    if "mlm" not in study.ablations:
        none = "not in this study"
        return [cap, Detail("masked language modelling beside a task", "in ten rows of Table 2",
                            TEXT, none, "the study has no text to go on with")]  # fmt: skip
    told = study.continuation()
    count = sum(len(codes) for codes in told["corpora"].values())
    text = f"{', '.join(told['corpora'])}: {count} languages, {told['sentences']:,} sentences, "
    text += f"batch {told['batch_size']}, {told['learning_rate_factor']:g} of the task's rate"
    paper = "Wikipedia: 40 languages, 2,000,000 sentences, batch 8, learning rate 5e-06"
    why = "the study has its own text"
    if "wikimedia/wikipedia" in told["corpora"]:
        why = "a later dump of Wikipedia"
    if told["learning_rate_factor"] != MLM["learning_rate_factor"]:
        why += "; its file sets the rate, so that its tasks are learnt in as many updates"
    return [
        cap,
        Detail("masked language modelling beside a task", paper, APPENDIX, text,
               why),
        Detail("how long a task is trained beside text", *OPEN,
               "as many updates on the task as alone; those on text come on top",
               "the choice is ours: the task is not trained less than without"),
        Detail("exponent of the sampling of languages", LOST, APPENDIX, f"{told['alpha']:g}",
               "0.3 is from memory" if told["alpha"] == MLM["alpha"] else "the study's file"),
    ]  # fmt: skip


def _translation(study: Study) -> Detail:
    what = "intermediate data in other languages"
    paper = "MNLI (XNLI's authors), QQP and HellaSwag (OPUS-MT) in German, Russian and Swahili"
    if "translation" not in study.ablations:
        return Detail(what, paper, TEXT, "not in this study", "the study has no translations")
    told = (variants.parse(v) for v in study.ablations["translation"]["variants"])
    languages: dict[str, list[str]] = {}
    for one in told:
        languages.setdefault(tasks.intermediate(one.task).title, []).append(one.language)
    here = "; ".join(f"{t} in {', '.join(dict.fromkeys(x))}" for t, x in languages.items())
    return Detail(what, paper, TEXT, here,
                  "MNLI's are tuned on XNLI's validation set; the others are as they were supplied"
                  if study.hub is None or not study.hub.startswith("lab")
                  else "the lab's own translator")  # fmt: skip


def _scores(study: Study) -> list[Detail]:
    layer = study.retrieval_layer
    seeds = f"{study.num_seeds}; every seed is shown, as mean with lowest and highest"
    return [
        Detail("state kept", "early stopping on English development data", APPENDIX,
               f"the best on development data in the source language ({study.source})"),
        Detail("seeds", "3; the median of three means over languages", TEXT,
               f"{seeds}; the median beside the paper's numbers",
               "a median hides collapsed runs: both are shown"),
        Detail("intermediate task of the benchmark row (X-STILTs)",
               "the best configuration on dev for each target; of its three runs the best", TEXT,
               "the best on source-language dev, “none” included; all of its seeds",
               "the best of three runs flatters; whether the paper's may be “none” is not said"),
        Detail("rows scored", "dev in Table 2 and Appendix B", TEXT,
               "test where there is one, else dev" if study.split == "test" else "dev",
               "dev has served for stopping" if study.split == "test" else ""),
        Detail("question answering score", "F1 and EM apart; their mean in averages", TEXT,
               "both, and their mean"),
        Detail("retrieval: layer", "13th of XLM-R large: hidden_states[14]", TEXT,
               f"hidden_states[{layer}]",
               "" if layer == 14 else "the model has fewer layers; the sweep over all is shown"),
        Detail("retrieval: sentence", "mean over tokens", TEXT,
               "mean over tokens, special tokens included, as jiant's and XTREME's code has it"),
        Detail("mining (BUCC): threshold", "best F1 on dev, for each language", APPENDIX,
               "the same; corpora from the BUCC release, as the Hub has only the gold pairs"),
        *_of_xtreme_r(study),
    ]  # fmt: skip


def _of_xtreme_r(study: Study) -> list[Detail]:
    """What only the targets that XTREME-R has beside XTREME's are done by."""
    none, script, told = "not in the paper", "XTREME-R's scripts", []
    if "xcopa" in study.targets:
        how = "Social IQa, then COPA, with one head; the question in English in every language"
        told.append(Detail("XCOPA", f"{none}; {how}", script, f"{how}; of each the best on dev",
                           "the script keeps the last state"))  # fmt: skip
    if any(tasks.target(t).kind == "ranking" for t in study.targets):
        told.append(
            Detail("rankings (LAReQA, Mewsli-X)", f"{none}; a dual encoder, trained on SQuAD v1.1 "
                   "or on mentions in Wikipedia, first token", script,
                   f"nothing is trained: mean over tokens of hidden_states[{study.retrieval_layer}]"
                   "; LAReQA's sentences without their paragraph",
                   "as Tatoeba is scored: what is asked is what the intermediate task has done")
        )  # fmt: skip
    return told


def departures(table: pd.DataFrame) -> str:
    """How many details depart from the paper, are not there yet, or are stated nowhere."""
    count = int((table["departure and reason"] != "").sum())
    silent = table.loc[table["paper"] == SILENT, "detail"].tolist()
    text = (
        f"{count} of {len(table)} details depart from the paper, or are a choice where it leaves "
    )
    text += "one. "
    return text + _listed("Stated by nobody we could read", silent)


def _listed(what: str, names: Iterable[str]) -> str:
    names = list(names)
    return f"{what}: {'; '.join(names)}. " if names else ""
