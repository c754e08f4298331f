"""Execute one section's notebook: parameters checked first, then papermill, then the record.

An executed section leaves `book/study/<study>/<section>.ipynb` and beside it a record
`<section>.json`: parameters, which of them differ from the study's, and the runs it is made of.
Sections downstream read the record, so a changed parameter reaches everything that depends on it.
Changes are kept in `book/study/<study>/changes.yaml` until `make section S=… PARAMS=` drops them.
"""

import ast
import html
import io
import json
import logging
import os
import re
import shutil
import sys
import time
import tokenize
from pathlib import Path
from typing import NamedTuple

import yaml

from xit import tasks, variants
from xit.errors import XitError, unknown
from xit.paths import project
from xit.settings import AGAINST, BESIDE, COMBINE, DISTANCES, SETTINGS, SMOOTHING, checked_setting
from xit.study import NOTEBOOKS, Study
from xit.study_file import check_adversarial, check_complexity, check_noise, check_selection

PROGRESS = re.compile(
    r"\d+ runs: |\[ *\d+/|\s{4,}\S|run "
)  # lines of xit/workers.py and xit/runs.py
HIDDEN = ("study", "hub")  # parameters that the study gives; not to be changed one by one


class Parameter(NamedTuple):
    """One line of a notebook's parameters cell: `name: type = default  # meaning`."""

    name: str
    type: str
    default: object
    meaning: str


def notebook(section: str) -> Path:
    """The notebook of `section`, as in git."""
    return project() / "notebooks" / NOTEBOOKS[section.partition("/")[0]]


def executed(study: str, section: str) -> Path:
    """The executed copy of `section`."""
    return project() / "book" / "study" / study / f"{section}.ipynb"


def parameters(path: Path) -> dict[str, Parameter]:
    """The parameters of a notebook, read from its cell tagged `parameters`, in order."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    tagged = ["".join(c["source"]) for c in cells if "parameters" in c["metadata"].get("tags", [])]
    if len(tagged) != 1:
        raise XitError(f"{path.name} has {len(tagged)} cells tagged 'parameters', expected one")
    comments = {
        t.start[0]: t.string.lstrip("# ").strip()
        for t in tokenize.generate_tokens(io.StringIO(tagged[0]).readline)
        if t.type == tokenize.COMMENT
    }
    found = {}
    for node in ast.parse(tagged[0]).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            meaning = comments.get(node.end_lineno or 1, "")
            found[node.target.id] = Parameter(
                node.target.id, ast.unparse(node.annotation), ast.literal_eval(node.value), meaning
            )
    return found


def parse(text: str, known: dict[str, Parameter], section: str) -> dict[str, object]:
    """`"learning_rate=2e-5 seed=3"` as values of the right types; XitError for anything else."""
    changed: dict[str, object] = {}
    changeable = [k for k in known if k not in HIDDEN]
    for word in text.split():
        key, equals, value = word.partition("=")
        if not equals:
            raise XitError(f"PARAMS: {word!r} is not of the form name=value")
        if key not in changeable:
            raise unknown(f"parameter of section {section!r}:", key, changeable)
        changed[key] = convert(value, known[key])
    return changed


def convert(text: str, parameter: Parameter) -> object:
    """`text` in the type of `parameter`; XitError names both."""
    kinds = [k.strip() for k in parameter.type.split("|")]
    if "None" in kinds and text.lower() in ("none", "null", ""):
        return None
    for kind in kinds:
        try:
            if kind == "bool" and text.lower() in ("true", "false"):
                return text.lower() == "true"
            if kind == "int":
                return int(text)
            if kind == "float":
                return float(text)
            if kind == "str":
                return text
            if kind.startswith("list["):
                inner = Parameter(parameter.name, kind[5:-1], None, "")
                return [convert(x, inner) for x in text.strip("[]").split(",") if x]
        except ValueError:
            continue
    meaning = f" ({parameter.meaning})" if parameter.meaning else ""
    raise XitError(f"{parameter.name} = {text!r}: expected {parameter.type}{meaning}")


def check_values(values: dict[str, object], study: Study, section: str) -> None:
    """XitError unless the changed values make sense for this section."""
    for key, value in values.items():
        if key in (*SETTINGS, *BESIDE, *AGAINST, *SMOOTHING) and value is not None:
            checked_setting(key, value)
        if key in ("seed", "num_seeds") and (
            not isinstance(value, int) or value < (key == "num_seeds")
        ):
            raise XitError(
                f"{key} = {value!r}: expected a whole number, at least {int(key == 'num_seeds')}"
            )
        if key in ("targets", "ablated_targets"):
            for target in value if isinstance(value, list) else []:
                if target not in study.targets:
                    raise unknown(f"target task of study {study.name!r}:", target, study.targets)
            if not value and key == "targets":
                raise XitError("targets is empty: name at least one")
        if key == "variants":
            for name in value if isinstance(value, list) else []:
                if (task := variants.parse(name).plain) not in study.intermediate:
                    known = study.intermediate
                    raise unknown(f"intermediate task of study {study.name!r}:", task, known)
            if not value and section != "complexity":
                raise XitError("variants is empty: name at least one")
        if key == "distance" and value not in DISTANCES:
            raise unknown("distance", str(value), DISTANCES)
        if key == "combine" and value not in COMBINE:
            raise unknown("way to combine seeds", str(value), COMBINE)
        if key == "steps" and isinstance(value, int) and value < 1:
            raise XitError(f"steps = {value!r}: expected a whole number, at least 1")
        if key in ("task", "intermediate", "target", "language") and "/" in section:
            raise XitError(
                f"{key} is given by the section's name {section!r}; choose another section"
            )
    if section == "selection":
        check_selection(values, study.intermediate, section)
    if section == "complexity":
        check_complexity(values, section)
    if section == "adversarial":
        check_adversarial(study.parameters(section) | values, section)
    if section == "length_noise":
        check_noise(study.ablations[section] | values, section)


def changes_file(study: str) -> Path:
    """Where the changed parameters of a study are kept."""
    return project() / "book" / "study" / study / "changes.yaml"


def changes(study: str) -> dict[str, dict[str, object]]:
    """Section → changed parameters."""
    path = changes_file(study)
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (OSError, ValueError, yaml.YAMLError):
        told = "damaged"
    told = {} if told is None else told
    if not isinstance(told, dict) or not all(isinstance(v, dict) for v in told.values()):
        where = path.relative_to(project())
        raise XitError(f"{where} is damaged: delete it, then give the changed parameters again")
    return told


def change(study: Study, section: str, text: str) -> dict[str, object]:
    """Check and keep the changed parameters of `section` ("" drops them); all or nothing."""
    known = parameters(notebook(study.check(section)))
    changed = parse(text, known, section)
    check_values(changed, study, section)
    every = {s: c for s, c in changes(study.name).items() if s != section}
    if changed:
        every[section] = changed
    path = changes_file(study.name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, yaml.safe_dump(every, sort_keys=True))
    except OSError as error:
        raise XitError(
            f"cannot write {path.name} in {path.parent}: {os.strerror(error.errno or 0)}"
        ) from error
    return changed


def write(path: Path, text: str) -> None:
    """Write `path` in one go: a reader sees the old file or the new one."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def values(study: Study, section: str) -> dict[str, object]:
    """The parameters that `section` is executed with: the notebook's, the study's, the changed."""
    known = parameters(notebook(section))
    given = study.parameters(section)
    for key in given:
        if key not in known:
            raise XitError(f"{notebook(section).name} has no parameter {key!r}")
    changed = changes(study.name).get(section, {})
    for key in changed:
        if key not in known:
            raise unknown(f"parameter of section {section!r}:", key, known)
    return {k: p.default for k, p in known.items()} | given | changed


def _papermill(section: str, out: Path, given: dict) -> None:
    """The section's notebook with the parameters `given`, executed to `out`.

    A kernel that ends before it has answered is started once more: the port that was free when it
    was chosen may be another build's by the time that the kernel asks for it.
    """
    import papermill

    for again in (True, False):
        try:
            papermill.execute_notebook(
                str(notebook(section)),
                str(out),
                parameters=given,
                cwd=str(project() / "notebooks"),
                kernel_name="python3",
                progress_bar=False,
                log_output=True,
                request_save_on_cell_execute=False,  # megabytes of figures, twice a cell
                shutdown_kernel="immediate",  # it has written all that it will
            )
            return
        except RuntimeError as error:
            if not again or "before replying" not in str(error):
                raise


def execute(study: Study, section: str, processes: int = 1) -> Path:
    """Execute `section` and move the result into the book; on failure the last good one stays."""
    import papermill

    given = values(study, section)
    target = executed(study.name, section)
    target.parent.mkdir(parents=True, exist_ok=True)
    new = target.with_name(f".new-{os.getpid()}-{target.name}")
    record = target.with_suffix(".json")
    before = target.with_suffix(".before.json")
    made = new.with_suffix(".json")
    _log(section)
    os.environ |= {
        "XIT_SECTION": f"{study.name}:{section}",
        "XIT_RECORD": str(made),
        "XIT_PROCESSES": str(processes),
        "XIT_ROOT": str(project()),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "JUPYTER_DEFAULT_PROVISIONER_NAME": "xit",  # xit/kernels.py
    }
    began = time.monotonic()
    try:
        _papermill(section, new, given)
    except papermill.exceptions.PapermillExecutionError as error:
        failed = target.with_name(f"failed-{target.name}")
        if new.exists():
            new.replace(failed)
        cause = error.evalue if error.ename == "XitError" else f"{error.ename}: {error.evalue}"
        raise XitError(
            f"section {section}: {cause} (see {failed.relative_to(project())})"
        ) from error
    except OSError as error:
        new.unlink(missing_ok=True)
        raise XitError(
            f"section {section}: cannot write {target.parent}: {error.strerror}"
        ) from error
    except Exception as error:  # the kernel died, for one
        new.unlink(missing_ok=True)
        told = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise XitError(f"section {section}: {type(error).__name__}: {told}") from error
    name_page(new, section, _title(made))
    if record.exists() and changed_runs(record, made):
        shutil.copy(record, before)
    if made.exists():
        made.replace(record)
    new.replace(target)
    target.with_name(f"failed-{target.name}").unlink(missing_ok=True)
    print(f"| {section}: executed in {time.monotonic() - began:.0f} s", flush=True)
    return target


def title(section: str) -> str:
    """The heading of a section's page, which is also its name in the contents."""
    phase, _, task = section.partition("/")
    known = {**tasks.INTERMEDIATE, **tasks.TARGET}
    of = known[task].title if task in known else ""
    if phase == "intermediate":
        return f"{of} as intermediate task"
    if phase == "target":
        return f"Targets after {of}" if of else "Targets without intermediate task"
    if phase == "by_target":
        return f"{of} as target task"
    return ""


def _title(record: Path) -> str:
    """The heading that a section has given itself, as languages do; else ""."""
    return str(json.loads(record.read_text()).get("title", "")) if record.exists() else ""


def name_page(path: Path, section: str, own: str = "") -> None:
    """Give the executed copy its own heading and figure names, since one notebook makes many.

    `own`: the heading, where the section's name does not tell it.
    """
    book = json.loads(path.read_text(encoding="utf-8"))
    slug = section.replace("/", "-").replace("_", "-")
    for cell in book["cells"]:
        figure = cell["metadata"].get("mystnb", {}).get("figure")
        if figure:
            figure["name"] = f"{figure['name']}-{slug}"
    first = next(c for c in book["cells"] if c["cell_type"] == "markdown")
    if heading := own or title(section):
        _, *rest = "".join(first["source"]).splitlines(keepends=True)
        first["source"] = [f"# {_as_text(heading)}\n", *rest]
    write(path, json.dumps(book, indent=1, ensure_ascii=False) + "\n")


def _as_text(heading: str) -> str:
    """`heading` in one line of Markdown in which nothing has a meaning: it may be from data."""
    line = " ".join(html.escape(heading, quote=False).split())
    return re.sub(r"([\\`*_{}\[\]$|~])", r"\\\1", line)


def _log(section: str) -> None:
    """Show what the notebook prints while it runs, line by line, marked for xit/build.py."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter(f"| {section}: %(message)s"))
    handler.addFilter(lambda r: bool(PROGRESS.match(r.getMessage())))
    logger = logging.getLogger("papermill")
    logger.setLevel(logging.INFO)
    logger.handlers = [handler]
    logger.propagate = False


def changed_runs(old: Path, new: Path) -> bool:
    """Whether two records tell of different runs."""
    try:
        a, b = (json.loads(p.read_text()) for p in (old, new))
    except (OSError, ValueError):
        return True
    return bool(a.get("runs") != b.get("runs"))
