"""What computes: told alike wherever it is asked, and kept with every run."""

import json
import os
import platform
from pathlib import Path

import pytest
import torch

from xit import machine
from xit.runs import MADE, Store


def test_versions_are_those_that_are_imported() -> None:
    told = machine.versions()
    assert (told["torch"], told["python"]) == (torch.__version__, platform.python_version())


def test_hardware_has_a_name() -> None:
    told = machine.hardware()
    assert told["cores"] == str(os.cpu_count()) and told["processor"]
    assert platform.machine() in told["system"]
    assert ("accelerator" in told) == torch.cuda.is_available()


def test_a_run_keeps_what_it_was_made_on(tmp_path: Path) -> None:
    made = Store(tmp_path).make({"kind": "toy", "slug": "a"}, lambda out: None)
    assert made is not None
    assert json.loads((made[0] / MADE).read_text())["on"] == machine.here()


def test_processors_of_one_name_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the host hides what its guests run on."""
    told = set()
    for family, model in ((25, 17), (26, 2)):
        text = (
            f"cpu family\t: {family}\nmodel\t\t: {model}\nmodel name\t: AMD EPYC\nflags\t: avx2\n"
        )
        monkeypatch.setattr(Path, "read_text", lambda *_, text=text, **__: text)
        told.add(machine._processor.__wrapped__()["processor"])
    assert told == {"AMD EPYC (family 25, model 17)", "AMD EPYC (family 26, model 2)"}
