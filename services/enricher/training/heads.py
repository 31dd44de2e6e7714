"""Fits the two heads that read whole texts anew, on a trained encoder that stands still:
`python -m services.enricher.training.heads PACK TRAINED OUT`.

Trained together with the encoder, they know by heart the few hundred texts that exist in all languages. Here they are linear and
held back by a penalty on the squares of their weights (docs/model.md has what that brings).
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from services.enricher.training.annotated import UNKNOWN
from services.enricher.training.losses import Part, sentiment_loss, topics_loss
from services.enricher.training.network import SENTIMENT_DOMAINS, SENTIMENTS, TOPICS, pooled
from services.enricher.training.sampler import Batch, collate
from services.enricher.training.train import Plan, Trainer

_WINDOWS = 25_000
_ITERATIONS = 60
# Of powers of about two, on development files, sentences and held-out stories, where a wide range does about as well.
_SENTIMENT_PENALTY, _TOPICS_PENALTY = 0.2, 0.05
_LABELS = ("sentiment", "is_news", "topics", "is_choice")


@dataclass(frozen=True, slots=True)
class Texts:
    """What the encoder makes of windows, and what is known of them as in sampler.Batch."""

    pools: Tensor
    """[windows, pooled], float32."""
    sentiment: Tensor
    is_news: Tensor
    topics: Tensor
    is_choice: Tensor


def read(trainer: Trainer, count: int) -> Texts:
    """About so many of the windows that training draws: of those that have a sentiment or topics."""
    pools, labels = [], []
    for windows in trainer.sampler.batches():
        batch = collate(trainer.sampler.pack, windows)
        known = (batch.sentiment != UNKNOWN) | (batch.topics != UNKNOWN)
        if known.any():
            pools.append(_pools(trainer, batch)[torch.from_numpy(known)])
            labels.append([getattr(batch, name)[known] for name in _LABELS])
        if sum(map(len, pools)) >= count:
            break
    columns = (torch.from_numpy(np.concatenate(column)) for column in zip(*labels, strict=True))
    return Texts(torch.cat(pools), *columns)


def _pools(trainer: Trainer, batch: Batch) -> Tensor:
    ids = torch.from_numpy(batch.ids).to(trainer.device)
    mask = ids != 1
    with torch.no_grad():
        outputs = trainer.network.eval().encoder(trainer.words[ids], mask)
        return pooled(outputs, mask).float().cpu()


def fit(pools: Tensor, outputs: int, loss: Callable[[Tensor], Part], penalty: float) -> nn.Linear:
    """The linear map from pools [texts, pooled] to logits [texts, outputs] of which the mean loss is least, plus the penalty on
    the squared weights of standardised inputs; L-BFGS (Liu & Nocedal 1989).
    """
    mean, scale = pools.mean(0), pools.std(0) + 1e-6
    inputs = (pools - mean) / scale
    weight = torch.zeros(outputs, pools.shape[1], requires_grad=True)
    bias = torch.zeros(outputs, requires_grad=True)
    optimiser = torch.optim.LBFGS([weight, bias], max_iter=_ITERATIONS, line_search_fn="strong_wolfe")

    def cost() -> Tensor:
        optimiser.zero_grad()
        total, count = loss(inputs @ weight.T + bias)
        value = total / count + penalty * (weight**2).sum()
        value.backward()
        return value

    optimiser.step(cost)
    linear = nn.Linear(pools.shape[1], outputs)
    with torch.no_grad():
        linear.weight.copy_(weight / scale)
        linear.bias.copy_(bias - (weight / scale) @ mean)
    return linear


def in_two_layers(linear: nn.Linear, hidden: int) -> dict[str, Tensor]:
    """The weights of network.classifier that compute a linear map: gelu(z) - gelu(-z) = z."""
    outputs, inputs = linear.weight.shape
    first, bias, last = torch.zeros(hidden, inputs), torch.zeros(hidden), torch.zeros(outputs, hidden)
    for sign, rows in ((1, slice(outputs)), (-1, slice(outputs, 2 * outputs))):
        first[rows], bias[rows] = sign * linear.weight.detach(), sign * linear.bias.detach()
        last[:, rows] = sign * torch.eye(outputs)
    return {"0.weight": first, "0.bias": bias, "2.weight": last, "2.bias": torch.zeros(outputs)}


def refit(trainer: Trainer, texts: Texts) -> None:
    """Puts heads into a trainer's weights that are fitted to texts."""

    def of_sentiment(logits: Tensor) -> Part:
        return sentiment_loss(logits.view(-1, SENTIMENT_DOMAINS, SENTIMENTS), texts.sentiment, texts.is_news)

    def of_topics(logits: Tensor) -> Part:
        return topics_loss(logits, texts.topics, texts.is_choice)

    linear = {
        "sentiment": fit(texts.pools, SENTIMENT_DOMAINS * SENTIMENTS, of_sentiment, _SENTIMENT_PENALTY),
        "topics": fit(texts.pools, TOPICS, of_topics, _TOPICS_PENALTY),
    }
    for head, fitted in linear.items():
        for name, value in in_two_layers(fitted, len(trainer.masters[f"{head}.0.bias"])).items():
            trainer.masters[f"{head}.{name}"].copy_(value)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", type=Path, help="folder written by services.enricher.training.pack")
    parser.add_argument("trained", type=Path, help="trained.safetensors of a run")
    parser.add_argument("out", type=Path, help="file to write: the same with new heads")
    parser.add_argument("--windows", type=int, default=_WINDOWS, help="how many are read (%(default)s)")
    options = parser.parse_args()
    half = torch.cpu._is_avx512_bf16_supported()
    trainer = Trainer(options.pack, Plan(steps=1, frozen=0, half=half), "cpu")
    trainer.begin_from(options.trained)
    refit(trainer, read(trainer, options.windows))
    trainer.write(options.out)


if __name__ == "__main__":
    main()
