"""The packages that xit stands on: installed by their hashes, locked, and audited.

    python xit/packages.py install     # what `make` does first; needs nothing but pip
    python -m xit.packages lock        # make lock
    python -m xit.packages audit       # make audit

A file whose hash is not in requirements.lock is not installed, wherever it comes from.
"""

import hashlib
import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
HEAD = """\
# Every package, tests included, for Python 3.11 on Linux and macOS, with the hashes of its files.
# Made from pyproject.toml by `make lock`; installed by xit/packages.py (.venv and conda alike).
"""
# On the package index as source only: they are built last, by tools that the lock names, too.
SOURCE = ("connection-pool", "seqeval")
# newer setuptools-scm wants a newer packaging than Snakemake does
TOOLS = ("setuptools>=77", "setuptools-scm<9", "wheel")
CUDA = re.compile(r"nvidia-|cuda-|triton")  # what the GPU build of torch needs, and no other
PLATFORMS = [("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"), ("darwin", "x86_64")]
PIP = (sys.executable, "-m", "pip")
UV = (sys.executable, "-m", "uv")
QUIET = ("--quiet", "--disable-pip-version-check")
NO_NETWORK = re.compile(
    r"connect|resolve|resolution|timed out|dns|network|fetch|unreachable", re.IGNORECASE
)


def entries(text: str) -> dict[str, str]:
    """What a lock says, by package: its line, and one for each hash.

    A package that has another version on another Python has several such entries.
    """
    found: dict[str, str] = {}
    for entry in re.split(r"\n(?=\S)", text):
        if named := re.match(r"([a-z0-9-]+)==", entry):
            found[named[1]] = found.get(named[1], "") + entry.rstrip("\n") + "\n"
    return found


def install(lock: Path = LOCK) -> None:
    """Install what `lock` names, then xit itself; CalledProcessError if a hash does not match."""
    known = entries(lock.read_text(encoding="utf-8"))
    cuda = [name for name in known if CUDA.match(name)]
    _beside_the_index(known["torch"])
    wheels = [known[n] for n in known if n not in (*SOURCE, *cuda)]
    with ThreadPoolExecutor() as several:  # two of pip at once: none has a package of the other's
        halves = [several.submit(_pip, wheels[i::2], "--only-binary", ":all:") for i in range(2)]
    for half in halves:
        half.result()
    _pip([known[n] for n in known if n in SOURCE], "--no-build-isolation")
    if not importlib.metadata.version("torch").endswith("+cpu"):
        _pip([known[n] for n in cuda], "--only-binary", ":all:")
    own = ("--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    subprocess.run([*PIP, "install", *QUIET, *own], check=True)
    # by all cores, as pip would not; some files are for other versions of Python
    places = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    subprocess.run([sys.executable, "-m", "compileall", "-qq", "-j", "0", *places], check=False)


def _beside_the_index(torch: str) -> None:
    """Install torch from pip's find-links where it is there, as the build without CUDA may be: of
    two files with a known hash pip would take the index's, as that tells the hash beforehand."""
    with suppress(subprocess.CalledProcessError):
        _pip([torch], "--no-index", stderr=subprocess.DEVNULL)


def _pip(wanted: Iterable[str], *options: str, stderr: int | None = None) -> None:
    """Install the `wanted` entries of a lock and nothing else."""
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "requirements.txt"
        file.write_text("".join(wanted), encoding="utf-8")
        command = [*PIP, "install", *QUIET, "--no-deps", "--no-compile", "--require-hashes"]
        command += [*options, "--requirement", str(file)]
        subprocess.run(command, check=True, stderr=stderr)


def lock() -> None:
    """Pin every package anew, with the hashes of all its files on the package index.

    Of torch also those of files beside the index (pip's find-links): the build without CUDA.
    """
    if wrong := _tool():
        sys.exit(f"error: cannot install uv: {wrong.strip().splitlines()[-1]}")
    with tempfile.TemporaryDirectory() as place:
        tools = Path(place) / "tools.txt"
        tools.write_text("\n".join(TOOLS), encoding="utf-8")
        new = Path(shutil.copy(LOCK, place))
        command = [*UV, "pip", "compile", "--quiet", "--upgrade", "--universal"]
        command += ["--python-version", "3.11", "--extra", "test", "--generate-hashes"]
        command += ["--no-annotate", "--no-header", "--no-emit-index-url"]
        command += ["--output-file", str(new), "pyproject.toml", str(tools)]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        told = new.read_text(encoding="utf-8")
    kept = [entry for entry in re.split(r"\n(?=\S)", told.strip()) if ours(entry)]
    before = entries(LOCK.read_text(encoding="utf-8")).get("torch", "")
    kept = [_with_more(x, before) if x.startswith("torch==") else x for x in kept]
    LOCK.write_text(HEAD + "\n".join(kept) + "\n", encoding="utf-8")


def ours(entry: str) -> bool:
    """Whether a lock's entry is for a Python and a system that xit runs on."""
    from packaging.markers import Marker

    marker = entry.partition("\n")[0].rstrip("\\ ").partition(" ; ")[2]
    if not marker:
        return True
    here = {"os_name": "posix", "implementation_name": "cpython"}
    pythons = ({"python_version": "3.11", "python_full_version": f"3.11.{n}"} for n in (0, 20))
    every = [
        here | python | {"sys_platform": system, "platform_machine": machine}
        for python in pythons
        for system, machine in PLATFORMS
    ]
    return any(Marker(marker).evaluate(e) for e in every)


def _with_more(entry: str, before: str) -> str:
    """torch's `entry` with the hashes of the files that pip finds beside the index; of the same
    version, the lock as it was (`before`) knows some already."""
    pin = entry.split()[0]
    more = re.findall(r"sha256:\w+", before) if before.startswith(f"{pin} ") else []
    with tempfile.TemporaryDirectory() as place:
        command = [*PIP, "download", *QUIET, "--no-deps", "--no-index"]
        subprocess.run([*command, "--dest", place, pin], check=False, stderr=subprocess.DEVNULL)
        for file in Path(place).iterdir():
            more.append(f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}")
    known = sorted({*re.findall(r"sha256:\w+", entry), *more})
    head = entry.partition("\n")[0].rstrip("\\ ")
    return " \\\n    ".join([head, *(f"--hash={one}" for one in known)])


def audit() -> int:
    """Ask for known vulnerabilities of what the lock names, and print the answer; 1 if there are
    any, or it fails. That the network is missing is said, and no fault: 0."""
    missing = _tool()
    command = [*UV, "tool", "run", "--quiet", "pip-audit", "--requirement", str(LOCK)]
    command += ["--require-hashes", "--disable-pip", "--progress-spinner", "off"]
    done = subprocess.run(
        [*command, "--format", "json"], check=False, capture_output=True, text=True
    )
    status, told = verdict(done.stdout, missing or done.stderr)
    print(told)
    return status


def verdict(answer: str, errors: str) -> tuple[int, str]:
    """(exit status, words) for what pip-audit said: JSON in `answer`, "" where it has none."""
    try:
        every = json.loads(answer)["dependencies"]
    except (ValueError, KeyError):
        last = (errors.strip().splitlines() or ["no answer"])[-1].partition("(")[0]
        if NO_NETWORK.search(errors):
            return 0, f"not audited: the network is missing ({last})"
        return 1, f"not audited: pip-audit failed ({last})"
    found = [
        f"{p['name']} {p['version']}: {v['id']}, fixed in {', '.join(v['fix_versions']) or 'none'}"
        for p in every
        for v in p.get("vulns", ())
    ]
    if not found:
        return 0, f"no known vulnerabilities in {len(every)} packages"
    return 1, "\n".join([f"{len(found)} known vulnerabilities:", *found])


def _tool() -> str:
    """Have uv, which depends on nothing, in this environment; what went wrong, or ""."""
    if not subprocess.run([*UV, "--version"], check=False, capture_output=True).returncode:
        return ""
    command = [*PIP, "install", *QUIET, "uv"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.stderr if done.returncode else ""


if __name__ == "__main__":
    known = {"install": install, "lock": lock, "audit": audit}
    try:
        sys.exit(known[sys.argv[1]]())
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: {' '.join(map(str, error.cmd[1:4]))} … failed: see above")
