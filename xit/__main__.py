"""The command line: `xit build`, `xit section`, `xit check`, … (`xit --help`)."""

import argparse
import json
import os
import sys
from pathlib import Path

from xit.errors import XitError, storage
from xit.paths import home, is_directory, project


def main(argv: list[str] | None = None) -> int:
    """Run one command; 0 on success, 2 after a one-line error, 1 if a checked study cannot run
    or a verified one is not what is shipped."""
    parser = argparse.ArgumentParser(prog="xit", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for command, what in (
        ("build", "bring the book of a study up to date"),
        ("section", "change a section's parameters, execute it and what depends on it"),
        ("check", "say whether a study could run, without running it"),
    ):
        one = commands.add_parser(command, help=what)
        one.add_argument("--study", default="lab")
        one.add_argument(
            "--hub", default=None, help="directory in Hub layout; default: the study's"
        )
        if command == "section":
            one.add_argument("section", help="for example intermediate/squad_v1")
            one.add_argument("--params", default="", help='for example "learning_rate=2e-5 seed=3"')
        if command != "check":
            one.add_argument(
                "--jobs", default=str(os.cpu_count()), help="sections (jobs) at the same time"
            )
            one.add_argument("--executor", default="local", help="a profile in notebooks/profiles")
    plan = commands.add_parser("plan", help="say what a study will take, before any of it is run")
    plan.add_argument("--study", default="lab")
    plan.add_argument("--hub", default=None, help="directory in Hub layout; default: the study's")
    plan.add_argument("--jobs", default=str(os.cpu_count()), help="cores or GPUs, a run on each")
    plan.add_argument("--device", help="cpu, v100, a100, l40s, h100, h200; or as measured")
    plan.add_argument("--utilisation", default="", help="share of a GPU's peak; default: 0.3")
    for command, what in (
        ("execute", "execute one section (used by the Snakefile)"),
        ("site", "render the site (used by the Snakefile)"),
    ):
        one = commands.add_parser(command, help=what)
        if command == "execute":
            one.add_argument("section")
        one.add_argument("--study", default="lab")
        one.add_argument("--hub", default=None)
        one.add_argument("--processes", type=int, default=1)
    shard = commands.add_parser("shard", help="make one shard's runs (used by a cluster's jobs)")
    shard.add_argument("name")
    shard.add_argument("--study", default="lab")
    commands.add_parser("pdf", help="print the built book as one PDF, by headless Chromium")
    serve = commands.add_parser("serve", help="serve the built book on a port of this machine")
    serve.add_argument("--port", type=int, default=8000)
    compare = commands.add_parser("compare", help="say what differs between two built studies")
    compare.add_argument("a", metavar="A", help="a study, for example lab")
    compare.add_argument("b", metavar="B", help="another; or the same, to see its changes")
    verify = commands.add_parser("verify", help="hold a built study against its shipped scores")
    verify.add_argument("--study", default="lab")
    verify.add_argument(
        "--record", action="store_true", help="ship the scores of the study as built here instead"
    )
    run = commands.add_parser("run", help="make one run (used where a run has several processes)")
    run.add_argument("file", type=Path, help="its spec")
    run.add_argument("--into", type=Path, required=True, help="the directory to fill")
    score = commands.add_parser("score", help="score files of predictions against files of gold")
    score.add_argument("task", help="for example xnli, udpos, xquad, squad_v2, bucc")
    score.add_argument("--gold", type=Path, required=True, help="file, or one per language in it")
    score.add_argument("--predictions", type=Path, required=True, help="likewise")
    score.add_argument("--language", help="its code, where no file name tells it: test-<code>.…")
    score.add_argument("--json", action="store_true", help="every digit, for machines")
    args = parser.parse_args(argv)
    try:
        if getattr(args, "hub", None):
            args.hub = _from_project(args.hub)
        return COMMANDS[args.command](args) or 0
    except XitError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        return 2
    except KeyboardInterrupt:
        print("interrupted; what is finished is kept", file=sys.stderr)
        return 130
    except BrokenPipeError:  # as in `make book | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:  # a full disk, or no permission: anywhere
        if told := storage(error, Path(error.filename or project())):
            print(f"error: {told}", file=sys.stderr, flush=True)
            return 2
        raise


def _jobs(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise XitError(f"JOBS = {text!r}: expected a whole number of at least 1")
    return int(text)


def _build(args: argparse.Namespace) -> None:
    from xit import build, cluster

    cluster.check(args.executor)
    if args.executor == cluster.LOCAL:
        build.build(args.study, args.hub, _jobs(args.jobs))
    else:
        cluster.build(args.study, args.hub, _jobs(args.jobs), args.executor)


def _section(args: argparse.Namespace) -> None:
    from xit import build, cluster, execute, study

    cluster.check(args.executor)
    if not args.section:
        raise XitError("no section named: give S=…, for example S=intermediate/squad_v1")
    chosen = study.load(args.study, args.hub)
    known = execute.parameters(execute.notebook(chosen.check(args.section)))
    execute.parse(args.params, known, args.section)  # before data are generated or looked at
    build.check(chosen, but=args.section)
    with build.lock():
        changed = execute.change(chosen, args.section, args.params)
    told = ", ".join(f"{k}={v}" for k, v in changed.items()) or "the study's own parameters"
    print(f"section {args.section} of study {chosen.name}: {told}", flush=True)
    if args.executor == cluster.LOCAL:
        build.build(args.study, args.hub, _jobs(args.jobs), args.section)
    else:
        cluster.build(args.study, args.hub, _jobs(args.jobs), args.executor)


def _check(args: argparse.Namespace) -> int:
    from xit import build, inventory, study, terminal

    chosen = study.load(args.study, args.hub)
    build.check_sections(chosen)
    lines, free = inventory.lines(chosen), build.free()
    print(terminal.inventory(lines, inventory.fine_tuned(chosen), free))
    if bad := sum(line.bad for line in lines):
        why = f"{bad} of {len(lines)} lines are not there or not complete"
    elif free < build.SPACE:
        why = "too little space: expected at least 2 GiB"
    else:
        print(f"study {chosen.name!r} can run: {len(chosen.sections())} sections")
        return 0
    print(f"study {chosen.name!r} cannot run: {why}")
    return 1


def _plan(args: argparse.Namespace) -> None:
    from xit import build, study
    from xit.plan import cost, tell

    devices, share = _jobs(args.jobs), cost.share(args.utilisation)
    chosen = study.load(args.study, args.hub)
    build.check_sections(chosen)
    print(tell.plan(chosen, devices, args.device, share))


def _execute(args: argparse.Namespace) -> None:
    from xit import execute, study

    execute.execute(study.load(args.study, args.hub), args.section, args.processes)


def _shard(args: argparse.Namespace) -> None:
    from xit import shards

    shards.run(args.study, args.name)


def _site(args: argparse.Namespace) -> None:
    from xit import build, study

    os.environ["XIT_PROCESSES"] = str(args.processes)  # xit/report/captions.py
    build.site(study.load(args.study, args.hub))


def _pdf(args: argparse.Namespace) -> None:
    from xit.report import pdf

    built = project() / "book" / "_build"
    print(os.path.relpath(pdf.write(built / "html", built / "book.pdf"), project()))


def _serve(args: argparse.Namespace) -> None:
    from xit import serve

    serve.serve(project() / "book" / "_build" / "html", args.port)


def _compare(args: argparse.Namespace) -> None:
    for side in ("a", "b"):
        if not getattr(args, side):
            raise XitError("two studies are compared: give A=… and B=…, for example A=lab B=smoke")
    from xit.report import compare, compare_page

    told = compare.studies(args.a, args.b)
    print(compare_page.in_terminal(told))
    for path in compare_page.write(told, project() / "book" / "_build"):
        print(f"written: {path.relative_to(project())}")


def _verify(args: argparse.Namespace) -> int:
    from xit.report import shipped, verify, verify_words

    if args.record:
        print(f"written: {shipped.record(args.study).relative_to(project())}")
    study = shipped.as_executed(args.study)
    told = verify.of(study)
    print(verify_words.in_terminal(study, told))
    return 0 if told and told.holds else 1


def _score(args: argparse.Namespace) -> None:
    from xit.score import files

    rows = files.score(args.task, args.gold, args.predictions, args.language)
    print(files.as_json(args.task, rows) if args.json else files.table(rows))


def _from_project(hub: str) -> str:
    """A directory as seen from the project, so that pages show no machine's paths."""
    path = home(hub)
    return os.path.relpath(path.resolve(), project()) if is_directory(path) else hub


def _run(args: argparse.Namespace) -> None:
    from xit import phases

    phases.build(json.loads(args.file.read_text()), args.into)


COMMANDS = {
    "build": _build,
    "section": _section,
    "check": _check,
    "plan": _plan,
    "execute": _execute,
    "shard": _shard,
    "site": _site,
    "pdf": _pdf,
    "serve": _serve,
    "run": _run,
    "score": _score,
    "compare": _compare,
    "verify": _verify,
}


if __name__ == "__main__":
    sys.exit(main())
