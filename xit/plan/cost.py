"""What a unit of work costs: fitted to measured runs, or assumed for a device without any.

    prices = cost.fit(measured.shipped())
    prices.seconds(work)

Measured prices are the non-negative least-squares fit of the runs' seconds to the terms of
xit/plan/work.py. Assumed ones are never shown without the assumption.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import nnls

from xit.errors import XitError, unknown
from xit.plan import measured
from xit.plan.measured import PAGE, Measured
from xit.plan.work import Model, Work

# Model-FLOPs utilisation of large models in training: GPT-3 21%, Megatron-Turing NLG 30%, Gopher
# 33%, PaLM 46% (Chowdhery et al. 2022, Table 3)
UTILISATION = 0.3
LAUNCH = 0.001  # seconds that starting a layer's kernels takes, forward and backward (assumed)
LOADING = 1e9  # bytes a second of a model's file (assumed)
STEP = 28  # bytes a parameter that fused AdamW and clipping move: weight, gradient, two moments
FEWEST = 50  # finished runs on this machine that prices are fitted to
NEAR = 3.0  # times as many parameters, or as few, as measured ones are taken to tell about


class Device(NamedTuple):
    """An accelerator, by its maker's data sheet."""

    peak: float  # floating-point operations a second in bfloat16 (V100: float16), dense
    bandwidth: float  # bytes a second
    memory: float  # bytes


DEVICES = {
    "v100": Device(125e12, 0.9e12, 32e9),
    "a100": Device(312e12, 2.0e12, 80e9),
    "l40s": Device(362e12, 0.86e12, 48e9),
    "h100": Device(989e12, 3.35e12, 80e9),
    "h200": Device(989e12, 4.8e12, 141e9),
}
USUAL = "a100"  # where nothing is measured and none is named


class Prices(NamedTuple):
    """Seconds and bytes of a unit of each kind of work, and how they are known."""

    each: Work  # seconds
    page: float  # seconds of a section beside its runs
    space: tuple[float, float, float]  # bytes of a run, of a row, of what stands beside a model
    source: str  # in words
    unit: str  # "core" or "GPU"
    memory: float | None = None  # bytes of the device; None: not known

    def seconds(self, work: Work) -> float:
        """Of one core or GPU."""
        return sum(a * b for a, b in zip(self.each, work, strict=True))

    def bytes(self, work: Work, kept: int, model: Model) -> float:
        """On the disk: `kept` states of the model in float32, and what is told of each row."""
        a, b, c = self.space
        return 4 * model.parameters * kept + a + (c if kept else b * work.rows)


def fit(rows: Sequence[Measured], source: str) -> Prices:
    """Prices that explain `rows`; XitError without any runs."""
    made = [x for x in rows if x.kind != PAGE]
    if not made:
        raise XitError("no measured runs to fit prices to")
    amounts = np.array([x.work for x in made])
    each = _nnls(amounts, np.array([x.seconds for x in made]))
    beside = [max(0.0, x.bytes - 4.0 * x.parameters * x.kept) for x in made]
    space = [(1.0, x.work.rows * (not x.kept), float(x.kept > 0)) for x in made]
    a, b, c = _nnls(np.array(space), np.array(beside))
    pages = [x.seconds for x in rows if x.kind == PAGE] or [
        x.seconds for x in measured.shipped() if x.kind == PAGE
    ]
    page = float(np.mean(pages))
    return Prices(Work(*each), page, (a, b, c), source, "core")


def _nnls(amounts: np.ndarray, paid: np.ndarray) -> list[float]:
    """Prices ≥ 0 of the columns of `amounts` (n, terms), with the least squared error."""
    scale = np.where(amounts.max(0) > 0, amounts.max(0), 1.0)
    return [float(x) for x in nnls(amounts / scale, paid)[0] / scale]


def share(text: str) -> float:
    """A utilisation as typed, UTILISATION for nothing; XitError for what is no share."""
    try:
        found = float(text) if text else UTILISATION
    except ValueError:
        found = 0.0
    if not 0 < found <= 1:
        raise XitError(f"utilisation = {text!r}: expected a share above 0, at most 1")
    return found


def assumed(name: str, utilisation: float, model: Model) -> Prices:
    """Prices of a device by its data sheet; XitError for an unknown one, or no such share.

    What the host does (rows, comparing vectors, starting a run) costs as measured on a CPU.
    """
    if name not in DEVICES:
        raise unknown("device", name, (*DEVICES, "cpu"))
    device, host = DEVICES[name], fit(measured.shipped(), "")
    operation = 1e9 / (device.peak * utilisation)
    update = model.layers * LAUNCH + model.parameters * STEP / device.bandwidth
    each = host.each._replace(
        runs=host.each.runs + 4 * model.parameters / LOADING,
        updates=update,
        learning=operation,
        reading=operation,
    )
    source = (
        f"ASSUMED, not measured: {name}, {device.peak / 1e12:.0f} TFLOP/s (its data sheet, "
        f"bfloat16) at a utilisation of {utilisation:g}, {1000 * update:.0f} ms more an update "
        f"for starting {model.layers} layers and moving weights; the host as measured on a CPU"
    )
    return host._replace(each=each, source=source, unit="GPU", memory=device.memory)


def choose(
    here: Sequence[Measured], model: Model, device: str | None, utilisation: float
) -> Prices:
    """Prices of the `device` named; else those fitted to the runs `here`, else to the shipped ones
    if their model is about as large, else those of the USUAL device.
    """
    known = measured.shipped()
    if device is None and len(here) >= FEWEST:
        return fit(here, f"fitted to the {len(here)} finished runs of this study on this machine")
    size = known[0].parameters
    near = size / NEAR <= model.parameters <= size * NEAR
    if device == "cpu" or (device is None and near):
        count = sum(x.kind != PAGE for x in known)
        source = f"fitted to {count} measured runs of study lab on {known[0].device}"
        if not near:
            times = model.parameters / size
            source += f"; EXTRAPOLATED to a model of {times:.3g} times as many parameters"
        return fit(known, source)
    return assumed(device or USUAL, utilisation, model)
