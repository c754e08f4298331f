"""What is installed: every package with its hashes, nothing by pickle, no code from elsewhere."""

import ast
import hashlib
import importlib.metadata
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from xit import packages
from xit.packages import entries, ours, verdict

ROOT = Path(__file__).parents[1]
LOCKED = entries(packages.LOCK.read_text(encoding="utf-8"))
SOURCES = [*(ROOT / "xit").rglob("*.py"), ROOT / "notebooks" / "Snakefile"]
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}(?: \\)?")
UNSAFE = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}


def test_every_package_is_pinned_and_has_hashes() -> None:
    assert len(LOCKED) > 200
    for name, entry in LOCKED.items():
        for line in entry.splitlines():
            pinned = re.match(rf"{re.escape(name)}==[\w.]+( ; .+)? \\$", line)
            assert pinned or HASH.fullmatch(line.strip()), line
        assert "--hash=" in entry, name


def test_what_is_installed_here_is_what_the_lock_names() -> None:
    """But for what is for another system, or comes with the build of torch for GPUs."""
    for name, entry in LOCKED.items():
        versions = re.findall(rf"^{re.escape(name)}==([\w.]+)", entry, re.MULTILINE)
        if packages.CUDA.match(name) or " ; " in entry:
            continue
        found = importlib.metadata.version(name).partition("+")[0]
        assert found in versions, name


def test_torch_has_the_files_of_the_index_and_the_build_without_cuda() -> None:
    assert LOCKED["torch"].count("--hash=") > 20
    assert any(packages.CUDA.match(name) for name in LOCKED)
    assert not [n for n in LOCKED if packages.CUDA.match(n) and "sys_platform == 'linux'" not in
                LOCKED[n]]  # fmt: skip


def wheel(place: Path) -> Path:
    """A whole package of one module, `tiny` 1.0."""
    file = place / "tiny-1.0-py3-none-any.whl"
    place.mkdir()
    with zipfile.ZipFile(file, "w") as made:
        about = "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n"
        made.writestr("tiny.py", "")
        made.writestr("tiny-1.0.dist-info/METADATA", about)
        told = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        made.writestr("tiny-1.0.dist-info/WHEEL", told)
        made.writestr("tiny-1.0.dist-info/RECORD", "")
    return file


def test_a_file_with_another_hash_is_refused(tmp_path: Path) -> None:
    """By pip, called as the installation calls it: from a directory that has the package."""
    file, into = wheel(tmp_path / "wheels"), tmp_path / "into"
    right = hashlib.sha256(file.read_bytes()).hexdigest()
    options = ("--no-index", "--find-links", str(file.parent), "--target", str(into))
    with pytest.raises(subprocess.CalledProcessError):
        packages._pip(
            [f"tiny==1.0 --hash=sha256:{'0' * 64}\n"], *options, stderr=subprocess.DEVNULL
        )
    assert not into.exists()
    packages._pip([f"tiny==1.0 --hash=sha256:{right}\n"], *options)
    assert (into / "tiny.py").exists()


@pytest.mark.parametrize(
    ("marker", "expected"),
    [
        ("", True),
        (" ; sys_platform == 'darwin'", True),
        (" ; sys_platform == 'win32'", False),
        (" ; python_full_version < '3.11.5'", True),
        (" ; python_full_version == '3.12.*'", False),
        (" ; os_name == 'nt'", False),
        (" ; platform_machine == 'aarch64' and sys_platform == 'linux'", True),
    ],
)
def test_what_the_lock_keeps(marker: str, expected: bool) -> None:
    assert ours(f"name==1.0{marker} \\\n    --hash=sha256:0") is expected


def test_the_audit_in_words() -> None:
    whole = {"dependencies": [{"name": "a", "version": "1", "vulns": []}]}
    assert verdict(json.dumps(whole), "") == (0, "no known vulnerabilities in 1 packages")
    whole["dependencies"][0]["vulns"] = [{"id": "CVE-1", "fix_versions": ["2"]}]  # type: ignore[list-item]
    assert verdict(json.dumps(whole), "") == (1, "1 known vulnerabilities:\na 1: CVE-1, fixed in 2")
    gone = "Traceback\nConnectionError: HTTPSConnectionPool(host='x'): Failed to resolve"
    status, told = verdict("", gone)
    assert status == 0 and told.startswith("not audited: the network is missing")
    assert verdict("", "KeyError: 'x'") == (1, "not audited: pip-audit failed (KeyError: 'x')")


# -- what the code may not do --


def calls(tree: ast.AST) -> list[tuple[str, ast.Call]]:
    """Every call with its dotted name, as `np.load`."""
    return [(ast.unparse(n.func), n) for n in ast.walk(tree) if isinstance(n, ast.Call)]


def option(call: ast.Call, name: str) -> str:
    """The argument `name` as written; "" where it is not given."""
    return next((ast.unparse(k.value) for k in call.keywords if k.arg == name), "")


def faults(source: str) -> list[str]:
    """What in `source` reads pickles, or runs code that comes with data or models."""
    tree, told = ast.parse(source), []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module]
            told += [f"imports {n}" for n in names if str(n).partition(".")[0] in UNSAFE]
    for name, call in calls(tree):
        last = name.rpartition(".")[2]
        if name in ("torch.load", "torch.save", "eval", "exec", "yaml.load", "pandas.read_pickle"):
            told.append(name)
        if last == "read_pickle" or option(call, "allow_pickle") == "True":
            told.append(f"{name} by pickle")
        if option(call, "trust_remote_code") not in ("", "False"):
            told.append(f"{name} with code from elsewhere")
        model = last == "from_pretrained" and ("Model" in name or "AutoModel" in name)
        if model and option(call, "use_safetensors") != "True":
            told.append(f"{name} without use_safetensors")
    return told


@pytest.mark.parametrize(
    "source",
    [
        "import pickle", "from joblib import load", "torch.load(f)",
        "np.load(f, allow_pickle=True)",
        "AutoModel.from_pretrained(x)", "load_dataset(x, trust_remote_code=True)", "eval(text)",
        "AutoModelForMaskedLM.from_pretrained(x, use_safetensors=False)", "pd.read_pickle(f)",
        "load(x, trust_remote_code=flag)",
    ],
)  # fmt: skip
def test_the_scan_sees_what_it_looks_for(source: str) -> None:
    assert len(faults(source)) == 1


def test_nothing_is_read_by_pickle_and_no_code_comes_with_data() -> None:
    told = {str(p.relative_to(ROOT)): faults(p.read_text("utf-8")) for p in SOURCES[:-1]}
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        cells = json.loads(notebook.read_text("utf-8"))["cells"]
        code = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
        told[notebook.name] = faults(code)
    assert len(told) > 150
    assert {k: v for k, v in told.items() if v} == {}


def test_no_file_of_the_project_is_a_pickle() -> None:
    """None in git, nor any that numpy would unpickle: object arrays."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    names = listed.stdout.split() or [str(p.relative_to(ROOT)) for p in ROOT.glob("xit/**/*.*")]
    assert not [n for n in names if Path(n).suffix in (".pkl", ".pickle", ".pt", ".pth", ".bin")]


def test_packages_needs_only_pip_to_install() -> None:
    """It runs before anything else is there: the standard library alone, as a file."""
    code = "import sys; sys.modules['packaging'] = None; import runpy\n"
    code += f"runpy.run_path({str(packages.__file__)!r}, run_name='looked at')"
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)
