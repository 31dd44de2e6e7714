#!/usr/bin/env python3
"""Runs Newsloom from a checkout with nothing installed but Python 3.11+; `python3 dev.py` lists the verbs.

It makes its own environment in .venv from the locked, hash-checked dependencies, once, and again when a lock changes.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "newsloom-locks"

CODE = ["schemas", "services", "tests", "benchmarks", "docs/examples", "dev.py"]

# Each lock with the extras that it holds; "newsloom" holds all of "demo", and "test" all of "newsloom".
LOCKS = {
    "build": (),
    "command": ("kafka", "import"),
    "gateway": ("gateway",),
    "collector": ("collector",),
    "enricher": ("enricher",),
    "trends": ("trends",),
    "demo": ("enricher", "local"),
    "newsloom": ("all",),
    "test": ("test",),
}


def verb_demo(arguments):
    """the main job: seeds through a real Apache Kafka, enriched records shown and counted"""
    environment("demo")
    return python("-m", "services.cli", "demo", *arguments)


def verb_newsloom(arguments):
    """any newsloom command, e.g. `python3 dev.py newsloom up`"""
    environment("newsloom")
    return python("-m", "services.cli", *arguments)


def verb_check(arguments):
    """everything: format, lint, types, import rules, tests"""
    steps = (verb_lint, verb_types, verb_imports)
    return first_failure([lambda step=step: step([]) for step in steps] + [lambda: verb_test(arguments)])


def verb_test(arguments):
    """the tests, on real Apache Kafkas, two files at a time; arguments go to pytest, which then runs one at a time"""
    environment("test")
    return python("-m", "pytest", *(arguments or ["-n", "2", "--dist", "loadfile"]))


def verb_lint(arguments):
    """format and lint, changing nothing"""
    environment("test")
    return first_failure(
        [
            lambda: python("-m", "ruff", "format", "--check", *CODE),
            lambda: python("-m", "ruff", "check", *CODE),
        ]
    )


def verb_format(arguments):
    """formats the code and mends what lint can mend"""
    environment("test")
    return first_failure(
        [
            lambda: python("-m", "ruff", "check", "--fix", *CODE),
            lambda: python("-m", "ruff", "format", *CODE),
        ]
    )


def verb_types(arguments):
    """strict types"""
    environment("test")
    return python("-m", "mypy", *arguments)


def verb_imports(arguments):
    """which part may import which"""
    environment("test")
    return python("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()")


def verb_schemas(arguments):
    """generates schemas/json/ from the models"""
    environment("test")
    return python("-m", "schemas.json_schema")


def verb_lock(arguments):
    """locks the dependencies anew (needs uv: pip install uv)"""
    environment("test")
    for name, extras in LOCKS.items():
        sources = ["locks/build.in"] if name == "build" else ["pyproject.toml"]
        flags = [flag for extra in extras for flag in ("--extra", extra)]
        command = ["uv", "pip", "compile", *sources, *flags, "--universal", "--python-version", "3.11", "--generate-hashes"]
        command += ["--no-emit-index-url", "--no-emit-find-links", "--no-header", "--quiet", "--output-file", f"locks/{name}.txt"]
        subprocess.run([*command, *arguments], cwd=ROOT, check=True)
    return 0


VERBS = {name[5:]: verb for name, verb in list(globals().items()) if name.startswith("verb_")}


def environment(wanted):
    """Makes .venv hold a lock's packages; silent and offline when it does already."""
    if has(wanted):
        return
    # A changed environment keeps what it was made for.
    found = STAMP.read_text().partition(" ")[0] if STAMP.exists() else ""
    lock = found if found in larger_than(wanted) else wanted
    print(f"Setting up .venv from locks/{lock}.txt (once; needs the package index) ...", file=sys.stderr, flush=True)
    if not PYTHON.exists():
        make_venv()
    STAMP.unlink(missing_ok=True)
    for arguments in (
        ["--require-hashes", "-r", "locks/build.txt", "-r", f"locks/{lock}.txt"],
        ["--no-deps", "--no-build-isolation", "--editable", "."],
    ):
        command = [PYTHON, "-m", "pip", "install", "-qq", "--disable-pip-version-check", *arguments]
        if subprocess.run(command, cwd=ROOT).returncode:
            sys.exit("dev.py: the packages could not be installed: see pip's message above")
    STAMP.write_text(f"{lock} {fingerprint(lock)}")


def has(wanted):
    """Whether .venv was made from this lock as it is now, or from a larger one."""
    if not (PYTHON.exists() and STAMP.exists()):
        return False
    found, _, digest = STAMP.read_text().partition(" ")
    return found in (wanted, *larger_than(wanted)) and digest == fingerprint(found)


def larger_than(lock):
    """The locks of an environment that hold all of this one."""
    sizes = ("demo", "newsloom", "test")
    return sizes[sizes.index(lock) + 1 :]


def fingerprint(lock):
    """What an environment depends on: its locks, the project's own metadata and Python's version."""
    files = (ROOT / "locks/build.txt", ROOT / f"locks/{lock}.txt", ROOT / "pyproject.toml")
    return hashlib.sha256(b"".join(f.read_bytes() for f in files) + sys.version.encode()).hexdigest()


def make_venv():
    """A fresh virtual environment; one clear line when this Python can't make one."""
    if VENV.exists():
        shutil.rmtree(VENV)
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True)
    if made.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        reason = (made.stderr or made.stdout).strip().splitlines()[-1:] or ["no reason given"]
        sys.exit(f"dev.py: this Python can't make virtual environments ({reason[0]}); on Debian: apt install python3-venv")


def python(*arguments):
    """Runs the environment's Python in the checkout; Ctrl-C is the child's to handle."""
    child = subprocess.Popen([str(PYTHON), *arguments], cwd=ROOT)
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue


def first_failure(steps):
    """Runs steps until one fails."""
    return next((code for code in (step() for step in steps) if code), 0)


def main():
    """The verb's exit code; 2 for wrong use."""
    if sys.version_info < (3, 11):  # noqa: UP036  this file is what an older Python gets to see
        sys.exit("dev.py: Newsloom needs Python 3.11 or later, this is " + sys.version.split()[0])
    verb, arguments = (sys.argv[1:2] or [""])[0], sys.argv[2:]
    if verb not in VERBS:
        width = max(map(len, VERBS))
        listing = "\n".join(f"  {name:<{width}}  {function.__doc__}" for name, function in VERBS.items())
        print(f"usage: python3 dev.py VERB [ARGUMENT ...]\n\n{listing}", file=sys.stderr)
        return 0 if verb in ("-h", "--help", "help") else 2
    return VERBS[verb](arguments)


if __name__ == "__main__":
    sys.exit(main())
