"""How fast xit trains and predicts beside the Trainer of the example scripts: `make bench`.

    make bench                                    # a few minutes on two cores
    make bench HUB=mirror                         # base and large shapes read real lengths there
    make bench ARGS="--models lab --data UD SQuAD"

All in one process on the same encoder and examples, the ways by turns. Rows go to
tests/bench/results/<device>.csv, in the place of those of the same model and data; the book's page
of performance is made from them (xit/report/performance.py).
"""

import argparse
import importlib.metadata
import os
import platform
import re
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import torch
from transformers import PreTrainedModel

from tests.bench import ways
from tests.bench.clock import Measured, last_epoch, second_call
from tests.bench.data import CHECKPOINT, DATA, LAB, Data, Reader
from xit.errors import XitError, unknown
from xit.learn.model import load_lm
from xit.learn.pretrain import new_model
from xit.paths import project
from xit.report import performance

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("torch", "transformers", "accelerate", "xit")
VOCABULARY, POSITIONS, DROPOUT = 250_002, 512, 0.1  # of XLM-R
SHAPES = {  # Conneau et al. 2020
    "xlm-roberta-base": {"width": 768, "layers": 12, "heads": 12, "inner": 3072},
    "xlm-roberta-large": {"width": 1024, "layers": 24, "heads": 16, "inner": 4096},
}
MODELS = (LAB, *SHAPES)


class Size(NamedTuple):
    """How much of it is done."""

    examples: int
    batch_size: int
    repeats: int
    data: tuple[str, ...]  # of DATA


EVERY = tuple(DATA)
SIZES = {
    "cpu": {  # the large shapes: as few updates as tell the ways apart
        LAB: Size(128, 8, 3, EVERY),
        "xlm-roberta-base": Size(8, 4, 2, ("SQuAD", "XQuAD")),
        "xlm-roberta-large": Size(8, 4, 1, ("UD", "UD, 8 languages")),
    },
    "cuda": {
        LAB: Size(4096, 32, 3, EVERY),
        "xlm-roberta-base": Size(2048, 32, 3, EVERY),
        "xlm-roberta-large": Size(1024, 32, 3, EVERY),
    },
}


def flops(model: PreTrainedModel, data: Data, measured: Measured) -> float:
    """Floating-point operations that the model needs for the tokens without padding.

    Two a weight and token forwards, twice that backwards; products of attention with them; of
    masked language modelling the output layer for the masked tokens. Embeddings are looked up.
    """
    c, n = model.config, measured.lengths.double()
    layer = 2 * (4 * c.hidden_size**2 + 2 * c.hidden_size * c.intermediate_size) * n
    layer += 4 * c.hidden_size * n**2
    once = c.num_hidden_layers * float(layer.sum())
    if data.kind == "text":
        once += ways.MASKED * float(n.sum()) * 2 * c.hidden_size * (c.vocab_size + c.hidden_size)
    return once * (3 if DATA[data.name].train else 1)


def ceiling(device: torch.device, size: int = 8192, repeats: int = 50) -> float | None:
    """Operations a second of a matrix product in bfloat16; None on a CPU."""
    if device.type != "cuda":
        return None
    a, b = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    for count in (10, repeats):  # the first time to warm up
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        for _ in range(count):
            a @ b
        end.record()
        torch.cuda.synchronize()
    return 2 * size**3 * repeats / (begin.elapsed_time(end) / 1000)


def row(runs: Sequence[Measured], work: float, most: float | None) -> dict[str, object]:
    """Medians and ranges of the repeats of one way; `work`: operations of one, `most` a second."""
    rates = [m.examples / m.seconds for m in runs]
    one, tokens = runs[0], float(runs[0].lengths.sum())
    return {
        "examples": one.examples,
        "examples_per_s": statistics.median(rates),
        "lowest": min(rates),
        "highest": max(rates),
        "tokens_per_s": tokens * statistics.median(rates) / one.examples,
        "padding": 100 * (1 - tokens / one.positions),
        "memory_mib": max((m.memory for m in runs if m.memory), default=None),
        "utilisation": 100 * work * statistics.median(rates) / one.examples / most
        if most
        else None,
        "cpu_s_per_example": statistics.median(m.cpu / m.examples for m in runs),
        "repeats": len(runs),
    }


def compared(lm: PreTrainedModel, data: Data, size: Size, reader: Reader) -> dict[str, list]:
    """Way → what was measured in each repeat, the ways by turns."""
    found: dict[str, list[Measured]] = {way: [] for way in performance.WAYS}
    for _ in range(size.repeats):
        for way in performance.WAYS:
            told = (way, lm, data, size.batch_size, reader.tokenizer)
            if DATA[data.name].train:
                steps = -(-len(data.features) // size.batch_size)
                found[way].append(last_epoch(lm.base_model, ways.training(*told), steps))
            else:
                found[way].append(second_call(lm.base_model, ways.inference(*told)))
    return found


def about(device: torch.device) -> dict[str, object]:
    """Where and from what the rows come."""
    cpu = re.findall(r"model name\s*: (.*)", _text(Path("/proc/cpuinfo"))) or [platform.machine()]
    name = f"CPU ({cpu[0]})" if device.type == "cpu" else torch.cuda.get_device_name()
    git = ["git", "-C", str(project()), "describe", "--always", "--dirty", "--exclude", "*"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
    versions = [f"{p} {importlib.metadata.version(p)}" for p in PACKAGES]
    return {
        "device": name,
        "kind": device.type,
        "threads": torch.get_num_threads(),
        "precision": "bfloat16" if device.type == "cuda" else "float32",
        "versions": ", ".join([*versions, f"Python {platform.python_version()}"]),
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "commit": commit,
        "load": round(os.getloadavg()[0], 1),
    }


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def model(name: str, device: torch.device) -> PreTrainedModel:
    """The lab's checkpoint, or XLM-R's shape `name` with random weights, on `device`."""
    if name == LAB:
        lm = load_lm(project() / CHECKPOINT)
    else:
        lm = new_model(VOCABULARY, **SHAPES[name], positions=POSITIONS, dropout=DROPOUT, seed=1)
    return lm.to(device)  # type: ignore[arg-type]


def bench(args: argparse.Namespace, device: torch.device) -> Iterator[pd.DataFrame]:
    """The rows of all that was asked for, one comparison after the other."""
    most, readers, typed = ceiling(device), dict[str, Reader](), {"command": command(args)}
    for name in args.models:
        size = SIZES[device.type][name]
        whole = (args.examples or size.examples) // size.batch_size  # batches
        size = size._replace(
            examples=max(1, whole) * size.batch_size,
            repeats=args.repeats or size.repeats,
            data=tuple(args.data or size.data),
        )
        where = args.hub or LAB if name in SHAPES else LAB
        reader = readers[where] = readers.get(where) or Reader(where)
        lm = model(name, device)
        for of in size.data:
            data = reader.read(of, size.examples)
            source = "lab" if where == LAB else "hub"
            if len(data.features) < size.examples:
                print(f"{name}, {of}: only {len(data.features)} inputs there, left out", flush=True)
                continue
            began, rows = about(device), list[dict]()
            for way, runs in compared(lm, data, size, reader).items():
                case = {"model": name, "data": of, "source": source, "way": way,
                        "work": "training" if DATA[of].train else "inference",
                        "window": data.window, "batch_size": size.batch_size}  # fmt: skip
                rate = {"ceiling_tflops": most and most / 1e12}
                rows.append(case | row(runs, flops(lm, data, runs[0]), most) | rate | began | typed)
            yield pd.DataFrame(rows)
        del lm  # before the next is made: the large one takes 9 GiB with its optimiser


def save(rows: pd.DataFrame, results: Path, device: str) -> Path:
    """Write `rows` to the file of `device`, in the place of those of the same model and data."""
    file = results / f"{re.sub('[^a-z0-9]+', '-', device.lower()).strip('-')}.csv"
    kept = pd.read_csv(file) if file.exists() else rows[:0]
    key = ["model", "data", "source", "way"]
    old = kept[~kept[key].apply(tuple, axis=1).isin(rows[key].apply(tuple, axis=1))]
    results.mkdir(parents=True, exist_ok=True)
    pd.concat([old, rows] if len(old) else [rows]).to_csv(file, index=False, float_format="%.6g")
    return file


def command(args: argparse.Namespace) -> str:
    """What to type for the same again; a directory's name is each machine's own."""
    told = {"--models": args.models if args.models != list(MODELS) else (), "--data": args.data}
    told |= {f"--{k}": [str(v)] for k in ("examples", "repeats") if (v := getattr(args, k))}
    more = shlex.join([word for k, v in told.items() if v for word in (k, *v)])
    return f"make bench{' HUB=mirror' if args.hub else ''}" + (f' ARGS="{more}"' if more else "")


def main(argv: Sequence[str]) -> int:
    """Measure, print, save; 0 on success, 2 after a one-line error."""
    parser = argparse.ArgumentParser(prog="make bench", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--hub", help="directory in Hub layout; default: the lab's texts")
    parser.add_argument("--models", nargs="+", default=list(MODELS), help=", ".join(MODELS))
    parser.add_argument("--data", nargs="+", help="; ".join(DATA))
    parser.add_argument("--examples", type=int, help="inputs of each data set, in whole batches")
    parser.add_argument("--repeats", type=int, help="of each way")
    parser.add_argument("--results", type=Path, default=RESULTS, help="directory of the rows")
    args = parser.parse_args(argv)
    try:
        for what, given, known in (("model", args.models, MODELS), ("data", args.data, DATA)):
            for one in given or ():
                if one not in known:
                    raise unknown(what, one, known)
        gpu = torch.cuda.is_available()
        device = torch.device("cuda" if gpu else "cpu")
        file = None
        for rows in bench(args, device):  # what is measured is kept, whatever comes after
            print(performance.lines(rows), flush=True)
            file = save(rows, args.results, rows["device" if gpu else "kind"][0])
        if file is None:
            raise XitError("nothing was measured: expected data sets with as many inputs as wanted")
    except XitError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"written: {os.path.relpath(file)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
