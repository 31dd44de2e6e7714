"""Runs a Dockerfile's own steps without Docker: each stage in a folder, its absolute paths moved into it.

What is not shown this way: that the base image can be had, and the limits that the engine sets (user, capabilities,
read-only root). The base image's Python is stood in for by a fresh environment of the Python that runs the tests.
"""

import os
import re
import shutil
import subprocess
import venv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from string import Template

from tests.support.dockerfile import (
    Instruction,
    Stages,
    environment,
    last_of,
    lineage,
    parse_dockerfile,
    parse_dockerignore,
    sources_and_target,
)

# A slash that begins a path: first in the text, or after a blank, a quote, "=" or ":". The one in "http://" doesn't.
_ABSOLUTE = re.compile(r"""(?<![^\s"'=:])/(?=\w)""")
_STEP_DEADLINE_S = 300
_CHECK_DEADLINE_S = 60


class StepFailed(Exception):
    """A step of the Dockerfile ended with an error; the message has its last lines."""


@dataclass(frozen=True)
class ImageSteps:
    """The images of a tree, made in a folder."""

    tree: Path
    folder: Path
    wheels: Path
    _built: dict[str, Path] = field(default_factory=dict)

    @property
    def stages(self) -> Stages:
        """What the tree's Dockerfile says."""
        return parse_dockerfile((self.tree / "Dockerfile").read_text("utf-8"))

    def image(self, target: str) -> "Image":
        """The finished image, with every stage that it needs made first, once."""
        return Image(self.stages, target, self._root(target), self._base())

    def fetch_wheels(self) -> None:
        """Puts what the locks name into the wheels folder; needs no network when it is all there.

        Raises:
            StepFailed: something is missing and the package index can't be had.
        """
        self.wheels.mkdir(parents=True, exist_ok=True)
        locks = sorted({path for stage in self.stages.values() for path in _locks_of(stage.all_of("COPY"))})
        command = [self._base() / "bin/python", "-m", "pip", "download", "--require-hashes", "--only-binary=:all:"]
        command += ["--quiet", "--disable-pip-version-check", "--dest", self.wheels]
        for lock in locks:
            wanted = [*command, "-r", self.tree / lock]
            offline = _run([*map(str, wanted), "--no-index", "--find-links", str(self.wheels)], os.environ, self.folder)
            if offline.returncode and (fetched := _run([*map(str, wanted)], os.environ, self.folder)).returncode:
                raise StepFailed(f"the packages of {lock} can't be had (once, from the package index):\n{_tail(fetched)}")

    def _base(self) -> Path:
        base = self.folder / "base-image"
        if not base.exists():
            venv.create(base, with_pip=True, symlinks=True)
        return base

    def _context(self) -> Path:
        context = self.folder / "context"
        if not context.exists():
            is_left_out = parse_dockerignore((self.tree / ".dockerignore").read_text("utf-8"))
            for path in _files_under(self.tree):
                if not is_left_out(PurePosixPath(path.relative_to(self.tree).as_posix())):
                    copied = context / path.relative_to(self.tree)
                    copied.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(path, copied)
        return context

    def _root(self, name: str) -> Path:
        """The folder of a stage, with its steps run in order."""
        if name not in self._built:
            assert not any(parent.all_of("RUN") + parent.all_of("COPY") for parent in list(lineage(self.stages, name))[1:])
            stage, root, workdir = self.stages[name], self.folder / "stages" / name, "/"
            (root / "tmp").mkdir(parents=True)
            for instruction in stage.instructions:
                if instruction.keyword == "WORKDIR":
                    workdir = instruction.argument
                elif instruction.keyword == "COPY":
                    self._copy_step(instruction, root, workdir)
                elif instruction.keyword == "RUN":
                    self._run_step(instruction, name, root, workdir)
            self._built[name] = root
        return self._built[name]

    def _copy_step(self, instruction: Instruction, root: Path, workdir: str) -> None:
        sources, target = sources_and_target(instruction)
        origin = instruction.flags.get("from")
        destination = _inside(root, PurePosixPath(workdir) / target)
        for source in sources:
            found = _inside(self._root(origin), source) if origin else self._context() / source
            into_folder = target.endswith("/") and found.is_file()
            place = destination / found.name if into_folder else destination
            place.parent.mkdir(parents=True, exist_ok=True)
            if origin:
                place.symlink_to(found)  # thousands of files, and nothing writes to a finished stage
            elif found.is_dir():
                shutil.copytree(found, place, dirs_exist_ok=True)
            else:
                shutil.copy2(found, place)

    def _run_step(self, instruction: Instruction, name: str, root: Path, workdir: str) -> None:
        directory = _inside(root, workdir)
        directory.mkdir(parents=True, exist_ok=True)
        variables = Image(self.stages, name, root, self._base()).variables
        variables |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": self.wheels.as_uri()}
        ran = _run(["/bin/sh", "-c", moved(instruction.argument, root)], variables, directory)
        if ran.returncode:
            raise StepFailed(f"{name}: RUN {instruction.argument}\n{_tail(ran)}")


@dataclass(frozen=True)
class Image:
    """A finished target: what it would run, and in which environment."""

    stages: Stages
    target: str
    root: Path
    base: Path

    @property
    def variables(self) -> dict[str, str]:
        """The environment of a container of this image, and nothing of ours."""
        path = f"{self.base / 'bin'}:{os.defpath}"
        found = {"PATH": path, "TMPDIR": str(self.root / "tmp"), "LANG": "C.UTF-8"}
        for name, value in environment(self.stages, self.target).items():
            found[name] = Template(moved(value, self.root)).safe_substitute(PATH=path)
        return found

    @property
    def entry_point(self) -> list[str]:
        """The command that the container starts."""
        entry = last_of(self.stages, self.target, "ENTRYPOINT")
        assert entry is not None
        return self.command(*entry.words)

    @property
    def site_packages(self) -> Path:
        """The folder with the installed packages."""
        (found,) = (self.root / "opt/newsloom").glob("lib/python*/site-packages")
        return found

    def command(self, program: str, *arguments: str) -> list[str]:
        """A command with its program looked up where the container would."""
        found = shutil.which(program, path=self.variables["PATH"])
        assert found, f"no {program} in the image"
        return [found, *arguments]

    def run(self, *command: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Runs a command in the container's environment with these variables added."""
        return _run(list(command), {**self.variables, **variables}, self.root, _CHECK_DEADLINE_S)

    def check_health(self, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Runs the image's HEALTHCHECK as the engine would."""
        check = last_of(self.stages, self.target, "HEALTHCHECK")
        assert check is not None
        return self.run("/bin/sh", "-c", check.argument.removeprefix("CMD "), **variables)


def moved(text: str, root: Path) -> str:
    """The text with its absolute paths put under a stage's folder."""
    return _ABSOLUTE.sub(lambda _: f"{root}/", text)


def _inside(root: Path, path: str | PurePosixPath) -> Path:
    return root / str(path).lstrip("/")


def _locks_of(copies: list[Instruction]) -> Iterator[str]:
    for instruction in copies:
        if "from" not in instruction.flags:
            yield from (source for source in sources_and_target(instruction)[0] if source.startswith("locks/"))


def _files_under(tree: Path) -> Iterator[Path]:
    """Every file of the tree but those of folders that are large and never copied."""
    for folder, folders, files in os.walk(tree):
        folders[:] = [name for name in folders if name not in (".git", ".venv")]
        yield from (Path(folder, name) for name in files)


def _run(
    command: list[str], variables: Mapping[str, str], directory: Path, deadline_s: float = _STEP_DEADLINE_S
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, env=variables, cwd=directory, capture_output=True, text=True, encoding="utf-8", timeout=deadline_s
    )


def _tail(ran: "subprocess.CompletedProcess[str]") -> str:
    return "\n".join((ran.stdout + ran.stderr).strip().splitlines()[-10:])
