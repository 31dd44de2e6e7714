"""Reads a Dockerfile into stages and a .dockerignore into a filter, as far as this project uses them."""

import json
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

_FLAG = re.compile(r"--([a-z-]+)(?:=(\S+))?\s+")


@dataclass(frozen=True)
class Instruction:
    """One instruction: `COPY --from=wheel /dist /dist` has the flag `from` and the argument `/dist /dist`."""

    keyword: str
    flags: dict[str, str]
    argument: str

    @property
    def words(self) -> list[str]:
        """The argument as words, whether it is JSON or plain."""
        if self.argument.startswith("["):
            words: list[str] = json.loads(self.argument)
            return words
        return shlex.split(self.argument)

    @property
    def pairs(self) -> dict[str, str]:
        """The argument of ENV or LABEL."""
        return dict(word.split("=", 1) for word in self.words)


@dataclass(frozen=True)
class Stage:
    """A stage with the image or stage that it starts from."""

    name: str
    base: str
    instructions: tuple[Instruction, ...]

    def all_of(self, keyword: str) -> list[Instruction]:
        """Its own instructions of a kind, in order."""
        return [instruction for instruction in self.instructions if instruction.keyword == keyword]


Stages = dict[str, Stage]


def parse_dockerfile(text: str) -> Stages:
    """The stages by name, in order; every stage has a name."""
    stages: Stages = {}
    for instruction in _instructions(text):
        if instruction.keyword == "FROM":
            base, _, name = instruction.words
            stages[name] = Stage(name, base, ())
        else:
            last = next(reversed(stages.values()))
            stages[last.name] = Stage(last.name, last.base, (*last.instructions, instruction))
    return stages


def lineage(stages: Stages, name: str) -> Iterator[Stage]:
    """A stage, the stage that it starts from, and so on to the one that starts from an image."""
    while stage := stages.get(name):
        yield stage
        name = stage.base


def last_of(stages: Stages, name: str, keyword: str) -> Instruction | None:
    """The instruction of a kind that is in force at the end of a stage."""
    found = (instruction for stage in lineage(stages, name) for instruction in reversed(stage.all_of(keyword)))
    return next(found, None)


def environment(stages: Stages, name: str) -> dict[str, str]:
    """Every variable that ENV sets for a stage; `$PATH` and the like as they are written."""
    return {
        key: value
        for stage in reversed(list(lineage(stages, name)))
        for instruction in stage.all_of("ENV")
        for key, value in instruction.pairs.items()
    }


def parse_dockerignore(text: str) -> Callable[[PurePosixPath], bool]:
    """Whether a path of the tree is left out: the last pattern that fits it, or a folder above it, decides."""
    lines = [line.strip() for line in text.splitlines()]
    patterns = [(not line.startswith("!"), _glob(line.lstrip("!"))) for line in lines if line and not line.startswith("#")]

    def is_left_out(path: PurePosixPath) -> bool:
        candidates = [str(candidate) for candidate in (path, *path.parents) if str(candidate) != "."]
        verdicts = [leaves_out for leaves_out, pattern in patterns if any(map(pattern.fullmatch, candidates))]
        return bool(verdicts) and verdicts[-1]

    return is_left_out


def _glob(pattern: str) -> re.Pattern[str]:
    tokens = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern.strip("/"))
    return re.compile("".join(tokens.get(part) or re.escape(part) for part in parts))


def _instructions(text: str) -> Iterator[Instruction]:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines():
        keyword, _, rest = line.partition(" ")
        flags, argument = _flags(rest.strip())
        yield Instruction(keyword.upper(), flags, argument)


def _flags(rest: str) -> tuple[dict[str, str], str]:
    flags: dict[str, str] = {}
    while match := _FLAG.match(rest):
        flags[match[1]] = match[2] or ""
        rest = rest[match.end() :]
    return flags, rest


def sources_and_target(copy: Instruction) -> tuple[Sequence[str], str]:
    """What COPY takes and where it puts it."""
    *sources, target = copy.words
    return sources, target
