"""Each command that the README, the book and the notebooks tell a reader to type is executed.

A command runs in a copy of the checkout with the study `smoke` built, under that study where the
one it names would take hours. `WAYS` says for each kind of command how far it is followed, and why
not further; a command that is of no known kind fails, so a new one is either run or accounted for.
"""

import json
import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.checkout import ROOT
from tests.server import served
from xit import execute, study
from xit.study import NOTEBOOKS

pytestmark = pytest.mark.timeout(900)
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "book").glob("*.md"))]
FENCE = re.compile(r"^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:make|xit|hf|snakemake|\.venv/bin/python) [^`]+)`")
OWN_STUDY = ("book", "section", "check", "plan", "pdf", "serve")  # targets that take STUDY=


class Told(NamedTuple):
    """A command, and where a reader finds it."""

    page: str
    text: str


def commands_of(text: str) -> Iterator[str]:
    """The commands in a page's fenced blocks, comments cut, continued lines joined; then inline."""
    for block in FENCE.findall(text):
        for line in block.replace("\\\n", " ").replace(" && ", "\n").splitlines():
            if words := shlex.split(line, comments=True):
                yield shlex.join(words)
    for found in INLINE.findall(FENCE.sub("", text)):
        if "…" not in found:  # "make section S=… PARAMS=…": a pattern, not a command
            yield shlex.join(shlex.split(found))


def told() -> list[Told]:
    """Every command once, with the first page that tells it."""
    found: dict[str, Told] = {}
    for page in PAGES:
        for text in commands_of(page.read_text(encoding="utf-8")):
            found.setdefault(text, Told(page.name, text))
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "markdown":
                for text in commands_of("".join(cell["source"])):
                    found.setdefault(text, Told(path.name, text))
    return list(found.values())


COMMANDS = told()


# -- how far a command is followed -----------------------------------------------------------------


def shell(place: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """The words, typed in the checkout at `place`, where no network answers."""
    own = ("MAKE", "MFLAGS", "CONDA", "XIT", "STUDY", "HUB", "PARAMS", "ARGS", "PYTEST")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(own)}
    path = f"{place / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = inherited | {"PATH": path, "HF_HUB_OFFLINE": "1"} | more
    return subprocess.run(
        list(words), cwd=place, env=environment, capture_output=True, text=True, check=False
    )


def mirror(place: Path) -> None:
    """Have the lab's data, which lie in Hub layout, in the directory `mirror`."""
    if not (place / "mirror").exists():
        lab = next((place / "runs" / "hub").glob("smoke-*/README.md")).parent
        (place / "mirror").symlink_to(lab)


def output(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout + done.stderr


def made(place: Path, words: list[str]) -> None:
    """Run it, under `smoke` instead of the study it names or means."""
    words = [re.sub(r"^(STUDY|A|B)=\w+$", r"\1=smoke", w) for w in words]
    if words[0] == "make" and words[1] in OWN_STUDY:
        words += [] if any(w.startswith("STUDY=") for w in words) else ["STUDY=smoke"]
    done = shell(place, *words)
    assert done.returncode == 0, output(done)


def section_parsed(place: Path, words: list[str]) -> None:
    """Not run: each section takes its minute, and one of them is run. Its parameters are read."""
    given = dict(word.split("=", 1) for word in words[2:])
    section = given["S"]
    known = execute.parameters(ROOT / "notebooks" / NOTEBOOKS[section.partition("/")[0]])
    chosen = study.load(given.get("STUDY", "lab"), None)
    assert section in chosen.sections()
    parsed = execute.parse(given["PARAMS"], known, section)
    execute.check_values(parsed, chosen, section)
    done = shell(place, *words[:1], "-n", *words[1:])
    assert done.returncode == 0 and "xit section" in done.stdout, output(done)


def stops_at_the_data(place: Path, words: list[str]) -> None:
    """Real data are not here: the mirror is the lab's, and the study says what is missing of its
    own."""
    mirror(place)
    done = shell(place, *[re.sub("^HUB=.*", "HUB=mirror", w) for w in words])
    assert done.returncode in (0, 1, 2), output(done)  # make gives 2 for whatever fails
    assert re.search(
        r"missing|not there|has no|does not exist|cannot run|unknown repository", output(done)
    )
    assert "Traceback" not in output(done)


def dry(place: Path, words: list[str]) -> None:
    """Not run: it needs the Hub and GPUs. make and the study's file are read, and checked."""
    done = shell(place, words[0], "-n", *words[1:])
    assert done.returncode == 0 and "xit build" in done.stdout, output(done)
    chosen = next(w.partition("=")[2] for w in words if w.startswith("STUDY="))
    assert study.load(chosen, None).sections()


def says_what_is_missing(place: Path, words: list[str]) -> None:
    """Without an answer from the Hub it says so, line by line, and does not fail otherwise."""
    done = shell(place, *words)
    assert "cannot run" in done.stdout and "Traceback" not in output(done), output(done)


def verified(place: Path, words: list[str]) -> None:
    """Run under `smoke`, whose scores are shipped; by then a section of it has been changed."""
    command = {"make": ["make", "verify", "STUDY=smoke"]}.get(
        words[0], [*words, "--study", "smoke"]
    )
    done = shell(place, *command)
    assert done.returncode in (0, 1, 2) and "main results" in done.stdout, output(done)
    assert not re.search(r" different |Traceback", output(done))


def one_test(place: Path, words: list[str]) -> None:
    """All tests in a test would not end: one file of them is run."""
    done = shell(place, *words, "ARGS=-q tests/report/test_names.py")
    assert done.returncode == 0 and "passed" in done.stdout, output(done)


def serves(place: Path, words: list[str]) -> None:
    """Run until it answers, then stopped. Root, as in a container, may do it; no browser opens."""
    if words[1] in OWN_STUDY:
        words = [*words, "STUDY=smoke", "PORT=8765"]
    with served(place, words) as address:
        assert address.startswith("http")


def known_to_make(place: Path, words: list[str]) -> None:
    """Run elsewhere, or never here: `clean` would end these tests, continuous integration runs
    `lint` before them, tests/bench times, and `lock` and `audit` ask the network."""
    done = shell(place, words[0], "-n", *words[1:])
    assert done.returncode == 0, output(done)


def planned(place: Path, words: list[str]) -> None:
    """Not run: there is no cluster. Snakemake reads the Snakefile and plans the jobs for it."""
    words = [re.sub(r"^study=\w+$", "study=smoke", w) for w in words if not w.startswith("hub=")]
    done = shell(place, *words, "--dry-run")
    assert done.returncode == 0, output(done)


def options_known(place: Path, words: list[str]) -> None:
    """Not run: it needs the network, or more than a test has. Its help knows every option."""
    name = words[: next((i for i, w in enumerate(words) if w.startswith("--")), 2)]
    done = shell(place, *name, "--help")
    assert done.returncode == 0, output(done)
    for option in (w for w in words if w.startswith("--")):
        assert option in done.stdout


def launched(place: Path, words: list[str]) -> None:
    """Not run: tests/test_launch.py does. The launcher knows its options, xit those behind -m."""
    at = words.index("-m")
    options_known(place, words[:at])
    name = words[at + 1]
    options_known(place, [name, words[at + 2], *(w for w in words[at:] if w.startswith("--"))])


def scored(place: Path, words: list[str]) -> None:
    """Run on two made-up files."""
    gold, said = (Path(words[words.index(f"--{k}") + 1]) for k in ("gold", "predictions"))
    if gold.suffix == ".json":
        answers = [{"id": "1", "question": "?", "answers": [{"text": "red", "answer_start": 0}]}]
        paragraph = {"context": "red and blue", "qas": answers}
        (place / gold).write_text(json.dumps({"data": [{"paragraphs": [paragraph]}]}))
        (place / said).write_text(json.dumps({"1": "red"}))
    else:
        for folder in (gold, said):
            (place / folder).mkdir(parents=True, exist_ok=True)
            (place / folder / "test-de.tsv").write_text("entailment\nneutral\n")
    done = shell(place, *words)
    assert done.returncode == 0 and "100" in done.stdout, output(done)


Way = Callable[[Path, list[str]], None]
REAL = r"STUDY=(mini|base|paper|xtreme_r)"
WAYS: list[tuple[str, Way]] = [  # the first that matches
    (rf"make book {REAL} HUB=", stops_at_the_data),
    (rf"make check {REAL} HUB=", stops_at_the_data),
    (rf"make book {REAL}", dry),
    (rf"make check {REAL}", says_what_is_missing),
    (r"make section S=intermediate/squad_v1 PARAMS=learning_rate=2e-5$", made),
    (r"make section S=intermediate/squad_v1 PARAMS=$", made),
    (r"make section ", section_parsed),
    (r"make test$", one_test),
    (r"make (notebook|serve)\b", serves),
    (r"make (clean|lint|lock|audit)$|make bench\b", known_to_make),
    (r"(make|xit) verify\b", verified),
    (r"\.venv/bin/python -m xit verify .*--record", options_known),
    (r"\.venv/bin/accelerate launch ", launched),
    (r"make \w+", made),  # book, check, and whatever is added
    (r"\.venv/bin/python -m snakemake ", planned),
    (r"\.venv/bin/python -m xit\.report\.census ", stops_at_the_data),
    (r"hf download ", options_known),
    (r"xit plan ", made),  # as it is: it reads nothing
    (r"xit score ", scored),
]


def way(text: str) -> Way:
    """How far this command is followed; LookupError if it is of no known kind."""
    for pattern, found in WAYS:
        if re.match(pattern, text):
            return found
    raise LookupError(f"no test knows how to run {text!r}")


def test_commands_are_found() -> None:
    page = (
        "```bash\nmake book   # a study\nsnakemake --config a=b \\\n   --jobs 3\n```\n"
        "Then `make test`, `make section S=…` and `xit/score`.\n```python\nmake = 1\n```"
    )
    assert list(commands_of(page)) == ["make book", "snakemake --config a=b --jobs 3", "make test"]
    assert len(COMMANDS) > 15


def test_an_unknown_command_is_noticed() -> None:
    with pytest.raises(LookupError, match="rm -rf"):
        way("rm -rf runs")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: f"{c.page}: {c.text[:60]}")
def test_a_command_does_what_is_told(command: Told, workshop: Path) -> None:
    words = shlex.split(command.text)
    if words[0] == "make":
        known = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert words[1] in known
    way(command.text)(workshop, words)
