"""Draws batches from a training pack: by group, with windows of several lines, the same from the same seed and state."""

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from services.enricher.tokenizer import BEGIN, END
from services.enricher.training.annotated import UNKNOWN

# The share of drawn texts by kind of group, and the power of a group's size that it is drawn with among its kind.
_SHARES: Mapping[str, tuple[float, float]] = {
    "names": (0.44, 0.5),
    "marked": (0.12, 0.3),
    "own": (0.18, 0.5),
    "lines": (0.07, 0.3),
    "topics": (0.10, 0.4),
    "sentiment": (0.09, 0.5),
}
# Texts of a kind that are drawn as a window of several.
_JOINED = {"names": 0.35, "marked": 0.45, "own": 0.55, "lines": 0.45}
_WINDOW = (64, 180)
_DRAWN = 1_200
# How many times more or less often some groups are drawn than their size says: sentiment of news counts more than that of
# tweets, Arabic is a first-class language, Amharic has no corpus that shows its prefixes, and French and Dutch names are from
# historical newspapers only.
_FAVOURED: Mapping[str, float] = {
    "sentiment.en.newsmtsc": 4.0,
    "sentiment.ar.arsarcasm2": 2.5,
    "sentiment.ru.rusentne": 2.5,
    "names.ar": 3.5,
    "own.ar": 2.5,
    "own.am": 2.0,
    "marked.am": 2.0,
    "names.fr": 0.4,
    "names.nl": 0.4,
}


@dataclass(frozen=True, slots=True)
class Pack:
    """The arrays of examples.npz; `begins` says where each text's tokens begin."""

    arrays: Mapping[str, npt.NDArray[Any]]
    begins: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.begins)


def open_pack(folder: Path) -> Pack:
    """The pack of a folder."""
    with np.load(folder / "examples.npz") as stored:
        arrays = {name: stored[name] for name in stored.files}
    return Pack(arrays, np.concatenate([[0], np.cumsum(arrays["lengths"][:-1], dtype=np.int64)]))


@dataclass(frozen=True, slots=True)
class Window:
    """One or more texts of a pack that are read together."""

    texts: tuple[int, ...]
    tokens: int


@dataclass
class Sampler:
    """Draws windows round by round; `state` is all that decides what comes next."""

    pack: Pack
    seed: int
    batch_tokens: int
    state: dict[str, Any] = field(default_factory=lambda: {"round": 0, "batch": 0, "taken": {}})
    """Round, batches of it that were given out, and how many texts of each group had been drawn when it began."""

    def __post_init__(self) -> None:
        self._names = [str(name) for name in self.pack.arrays["groups"]]
        members: dict[str, list[int]] = defaultdict(list)
        for text, group in enumerate(self.pack.arrays["group"].tolist()):
            members[self._names[group]].append(text)
        self._members = {name: np.array(texts) for name, texts in members.items()}
        self._taken: dict[str, int] = {}
        self._weights = _weights({name: len(texts) for name, texts in members.items()})

    def batches(self) -> Iterator[Sequence[Window]]:
        """Batches for ever, of windows about as long as each other: at most batch_tokens with padding, or where the last window
        of a batch isn't its longest, three more for each of its windows; a longer window is a batch alone.
        """
        while True:
            rng = random.Random(f"{self.seed}/{self.state['round']}")
            self._taken = dict(self.state["taken"])
            names = rng.choices(list(self._weights), list(self._weights.values()), k=_DRAWN)
            batches = self._packed([self._window(name, rng) for name in names], rng)
            while self.state["batch"] < len(batches):
                self.state["batch"] += 1
                yield batches[self.state["batch"] - 1]
            self.state = {"round": self.state["round"] + 1, "batch": 0, "taken": self._taken}

    def _window(self, group: str, rng: random.Random) -> Window:
        kind = group.split(".")[0]
        text = self._next(group)
        texts, tokens = [text], int(self.pack.arrays["lengths"][text])
        if rng.random() < _JOINED.get(kind, 0.0):
            limit = rng.randint(*_WINDOW)
            while (following := self._following(group, text)) is not None:
                length = int(self.pack.arrays["lengths"][following])
                if tokens + length > limit:
                    break
                texts, tokens, text = [*texts, following], tokens + length, following
                if self.pack.arrays["document"][text] == UNKNOWN:
                    self._next(group)
        return Window(tuple(texts), tokens)

    def _following(self, group: str, text: int) -> int | None:
        """The next line of the text's document; for texts without a document, the one of its group that comes next."""
        document = self.pack.arrays["document"]
        if document[text] == UNKNOWN:
            return self._coming(group)
        return text + 1 if text + 1 < len(self.pack) and document[text + 1] == document[text] else None

    def _next(self, group: str) -> int:
        """Each text of a group once, in an order of its own for every pass."""
        text = self._coming(group)
        self._taken[group] = self._taken.get(group, 0) + 1
        return text

    def _coming(self, group: str) -> int:
        """The text of a group that is drawn next."""
        members = self._members[group]
        epoch, place = divmod(self._taken.get(group, 0), len(members))
        return int(members[_permuted(len(members), f"{self.seed}/{group}/{epoch}")[place]])

    def _packed(self, windows: Sequence[Window], rng: random.Random) -> Sequence[Sequence[Window]]:
        ordered = sorted(windows, key=lambda window: window.tokens + 4 * rng.random())
        batches: list[list[Window]] = []
        for window in ordered:
            if not batches or (window.tokens + 2) * (len(batches[-1]) + 1) > self.batch_tokens:
                batches.append([])
            batches[-1].append(window)
        rng.shuffle(batches)
        return batches


@lru_cache(maxsize=1_024)  # about three passes of every group
def _permuted(size: int, key: str) -> npt.NDArray[np.int64]:
    return np.random.default_rng(list(key.encode())).permutation(size)


def _weights(sizes: Mapping[str, int]) -> Mapping[str, float]:
    weights: dict[str, float] = {}
    for kind, (share, power) in _SHARES.items():
        own = {name: size**power * _FAVOURED.get(name, 1.0) for name, size in sizes.items() if name.split(".")[0] == kind}
        weights |= {name: share * weight / sum(own.values()) for name, weight in own.items()}
    return weights


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded arrays of a batch of windows; label rows are UNKNOWN where nothing is to be learnt."""

    ids: npt.NDArray[np.int64]
    """[windows, tokens] with special tokens; 1 is padding (as in the tokenizer)."""
    entities: npt.NDArray[np.int64]
    prefixes: npt.NDArray[np.int64]
    stances: npt.NDArray[np.int64]
    has_misc: npt.NDArray[np.bool_]
    sentiment: npt.NDArray[np.int64]
    is_news: npt.NDArray[np.bool_]
    stance: npt.NDArray[np.int64]
    topics: npt.NDArray[np.int64]
    """[windows]: bits, UNKNOWN without."""
    is_choice: npt.NDArray[np.bool_]
    meaning: npt.NDArray[np.int64]


def collate(pack: Pack, windows: Sequence[Window]) -> Batch:
    """The arrays of a batch."""
    longest = max(window.tokens for window in windows) + 2
    rows = {name: np.full((len(windows), longest), UNKNOWN, np.int64) for name in ("entities", "prefixes", "stances")}
    ids = np.full((len(windows), longest), 1, np.int64)
    for row, window in enumerate(windows):
        place = 1
        ids[row, 0] = BEGIN
        for text in window.texts:
            begin, length = pack.begins[text], int(pack.arrays["lengths"][text])
            ids[row, place : place + length] = pack.arrays["ids"][begin : begin + length]
            for name, labels in rows.items():
                labels[row, place : place + length] = pack.arrays[name][begin : begin + length]
            place += length
        ids[row, place] = END
    first = np.array([window.texts[0] for window in windows])
    single = np.array([len(window.texts) == 1 for window in windows])

    def of_single(name: str) -> npt.NDArray[np.int64]:
        return np.where(single, pack.arrays[name][first], UNKNOWN).astype(np.int64)

    return Batch(
        ids=ids,
        **rows,
        has_misc=np.array([bool(pack.arrays["has_misc"][list(window.texts)].all()) for window in windows]),
        sentiment=of_single("sentiment"),
        is_news=pack.arrays["is_news"][first],
        stance=of_single("stance"),
        topics=pack.arrays["topics"][first].astype(np.int64),
        is_choice=pack.arrays["is_choice"][first],
        meaning=of_single("meaning"),
    )
