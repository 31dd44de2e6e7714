"""What the network's answers cost against a batch's labels; every part counts only where something is known."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from services.enricher.training.annotated import UNKNOWN
from services.enricher.training.examples import LABELS
from services.enricher.training.network import TOPICS, Answers
from services.enricher.training.sampler import Batch
from services.enricher.training.sources import SIB_CHOICES

# How many labels a usual batch has, so that one with few of them doesn't shout; and what each part weighs.
_USUAL = {"entities": 600.0, "prefixes": 12.0, "stances": 40.0, "sentiment": 14.0, "topics": 10.0, "meaning": 10.0}
_WEIGHT = {"entities": 1.0, "prefixes": 0.1, "stances": 0.25, "sentiment": 0.5, "topics": 0.5, "meaning": 0.5}
_SMOOTHING = 0.03
_MISC = [LABELS.index("B-MISC"), LABELS.index("I-MISC")]
_ACTORS = [LABELS.index(f"{edge}-{kind}") for edge in "BI" for kind in ("PER", "ORG")]
_CHOICES = sorted(SIB_CHOICES.values())
# How sharply the right one of all meanings must stand out; cosines of E5 lie close together (it was trained with 0.01).
_TEMPERATURE = 0.02
_LARGE = 1e4


@dataclass(frozen=True, slots=True)
class Losses:
    """The loss to be minimised, and its parts as numbers for the log."""

    total: Tensor
    parts: dict[str, tuple[float, int]]
    """By name: the sum over labels, how many labels."""


def losses(answers: Answers, batch: Batch, meanings: Tensor) -> Losses:
    """The weighted sum of all parts; meanings [texts, hidden] are the base model's vectors."""
    found = {
        "entities": _entities(answers, batch),
        "prefixes": _of_tokens(answers.prefixes, _tensor(batch.prefixes, answers)),
        "stances": _stances(answers, batch),
        "sentiment": sentiment_loss(answers.sentiment, _tensor(batch.sentiment, answers), _tensor(batch.is_news, answers)),
        "topics": topics_loss(answers.topics, _tensor(batch.topics, answers), _tensor(batch.is_choice, answers)),
        "meaning": _meaning(answers, batch, meanings),
    }
    total = sum((_WEIGHT[name] / _USUAL[name] * loss for name, (loss, _) in found.items()), torch.zeros(()))
    return Losses(total, {name: (float(loss.detach()), count) for name, (loss, count) in found.items() if count})


Part = tuple[Tensor, int]


def _tensor(values: object, answers: Answers) -> Tensor:
    return torch.as_tensor(values, device=answers.entities.device)


def _of_tokens(logits: Tensor, labels: Tensor) -> Part:
    known = labels != UNKNOWN
    loss = functional.cross_entropy(logits[known], labels[known], reduction="sum", label_smoothing=_SMOOTHING)
    return loss, int(known.sum())


def _entities(answers: Answers, batch: Batch) -> Part:
    """Where a corpus doesn't mark other names, no name and another name are one answer."""
    labels = _tensor(batch.entities, answers)
    known = labels != UNKNOWN
    logits, gold = answers.entities[known], labels[known]
    has_misc = _tensor(batch.has_misc, answers)[:, None].expand_as(known)[known] | torch.isin(gold, gold.new_tensor(_MISC))
    merged = torch.logsumexp(logits[:, [0, *_MISC]], -1)
    other = torch.zeros_like(logits, dtype=torch.bool)
    other[:, _MISC] = ~has_misc[:, None]
    either = logits.masked_fill(other, -_LARGE)
    either = torch.cat([torch.where(has_misc, logits[:, 0], merged)[:, None], either[:, 1:]], 1)
    scores = functional.log_softmax(either, -1)
    likely = scores.gather(1, gold[:, None])[:, 0]
    kinds = torch.where(has_misc, len(LABELS), len(LABELS) - len(_MISC))
    even = scores.masked_fill(other, 0.0).sum(1) / kinds
    return -((1 - _SMOOTHING) * likely + _SMOOTHING * even).sum(), int(known.sum())


def _stances(answers: Answers, batch: Batch) -> Part:
    """Where a text as a whole takes a stance, it is taken towards whatever the network reads as a person or organisation."""
    labels = _tensor(batch.stances, answers).clone()
    whole = _tensor(batch.stance, answers)
    read = answers.entities.detach().argmax(-1)
    actors = torch.isin(read, torch.tensor(_ACTORS, device=read.device)) & (whole != UNKNOWN)[:, None]
    actors[:, 0] = False
    labels = torch.where(actors & _is_token(batch, answers), whole[:, None].expand_as(labels), labels)
    return _of_tokens(answers.stances, labels)


def _is_token(batch: Batch, answers: Answers) -> Tensor:
    """[windows, tokens]: neither padding nor the special tokens (0, 1, 2)."""
    return _tensor(batch.ids > 2, answers)


def sentiment_loss(logits: Tensor, labels: Tensor, is_news: Tensor) -> Part:
    """Of [texts, 2, 3]: each text has one label, and is judged as news or as a tweet or review."""
    own = logits[torch.arange(len(labels), device=labels.device), (~is_news).long()]
    return _of_tokens(own, labels)


def topics_loss(logits: Tensor, bits: Tensor, is_choice: Tensor) -> Part:
    """Of [texts, 17]: each topic holds or doesn't, or where the text is a choice, one of the seven holds."""
    known = bits != UNKNOWN
    gold = ((bits[:, None] >> torch.arange(TOPICS, device=bits.device)) & 1).float()
    every = functional.binary_cross_entropy_with_logits(logits, gold, reduction="none").sum(1)
    chosen = -(functional.log_softmax(logits[:, _CHOICES], -1) * gold[:, _CHOICES]).sum(1)
    loss = torch.where(is_choice, chosen, every)
    return loss[known].sum(), int(known.sum())


def _meaning(answers: Answers, batch: Batch, meanings: Tensor) -> Part:
    """The text's own meaning among all of them, and as near as can be."""
    places = _tensor(batch.meaning, answers)
    known = places != UNKNOWN
    vectors, gold = answers.meaning[known], places[known]
    near = vectors @ meanings.T
    loss = functional.cross_entropy(near / _TEMPERATURE, gold, reduction="sum")
    return loss + 4.0 * (1 - near.gather(1, gold[:, None])).sum(), int(known.sum())
