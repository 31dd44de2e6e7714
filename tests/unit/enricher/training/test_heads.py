"""The heads of whole texts are fitted anew on an encoder that stands still."""

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from services.enricher.training.annotated import UNKNOWN  # noqa: E402
from services.enricher.training.heads import Texts, fit, in_two_layers, refit  # noqa: E402
from services.enricher.training.losses import sentiment_loss  # noqa: E402
from services.enricher.training.network import Network, classifier  # noqa: E402
from services.enricher.training.sources import SIB_CHOICES  # noqa: E402
from services.enricher.training.start import HIDDEN  # noqa: E402

POOLED = 2 * HIDDEN


def texts(count: int = 300) -> Texts:
    """Three kinds of texts; a text's first three numbers say which. Kind 2 is a choice of sports, the others have two topics."""
    rng = np.random.default_rng(1)
    kinds = torch.from_numpy(rng.integers(0, 3, count))
    pools = torch.from_numpy(rng.normal(size=(count, POOLED)).astype(np.float32))
    pools[torch.arange(count), kinds] += 6.0
    bits = torch.tensor([1 << 2 | 1 << 5, 1 << 5 | 1 << 9, 1 << SIB_CHOICES["sports"]])[kinds]
    return Texts(pools, kinds, torch.from_numpy(rng.random(count) < 0.5), bits, kinds == 2)


def test_two_layers_compute_the_linear_map() -> None:
    linear, network = torch.nn.Linear(12, 6), torch.nn.Linear(POOLED, 17)
    for one, other in ((linear, None), (network, classifier(POOLED, 17))):
        if other is None:
            other = torch.nn.Sequential(torch.nn.Linear(12, 40), torch.nn.GELU(), torch.nn.Linear(40, 6))
        other.load_state_dict(in_two_layers(one, len(other[0].bias)))
        inputs = 3 * torch.randn(50, one.in_features)
        torch.testing.assert_close(other(inputs), one(inputs), rtol=1e-4, atol=1e-5)


def test_a_larger_penalty_gives_smaller_weights() -> None:
    given = texts()

    def loss(logits: Any) -> Any:
        return sentiment_loss(logits.view(-1, 2, 3), given.sentiment, given.is_news)

    small, large = (fit(given.pools, 6, loss, penalty) for penalty in (0.01, 1.0))
    assert large.weight.norm() < 0.5 * small.weight.norm()


class TrainerOfHeads:
    """As much of a trainer as is refitted."""

    def __init__(self) -> None:
        self.network = Network()
        self.masters = {name: value.detach().clone() for name, value in self.network.named_parameters()}


def test_what_texts_say_is_found_again_and_nothing_else_changes() -> None:
    given, trainer = texts(), TrainerOfHeads()
    before = {name: value.clone() for name, value in trainer.masters.items()}
    refit(trainer, given)  # type: ignore[arg-type]
    changed = {name.split(".")[0] for name, value in trainer.masters.items() if not torch.equal(value, before[name])}
    assert changed == {"sentiment", "topics"}
    heads = {
        name: {part.removeprefix(f"{name}."): value for part, value in trainer.masters.items() if part.startswith(f"{name}.")}
        for name in ("sentiment", "topics")
    }
    trainer.network.sentiment.load_state_dict(heads["sentiment"])
    trainer.network.topics.load_state_dict(heads["topics"])
    with torch.no_grad():
        sentiment = trainer.network.sentiment(given.pools).view(-1, 2, 3)
        topics = trainer.network.topics(given.pools)
    likeliest = sentiment[torch.arange(len(given.pools)), (~given.is_news).long()].argmax(1)
    assert (likeliest == given.sentiment).float().mean() > 0.95
    assert ((topics[given.sentiment == 0] > 0).sum(1) == 2).float().mean() > 0.9
    choices = sorted(SIB_CHOICES.values())
    chosen = topics[given.is_choice][:, choices].argmax(1)
    assert (torch.tensor(choices)[chosen] == SIB_CHOICES["sports"]).all()


def test_texts_without_a_label_teach_nothing() -> None:
    given = texts()
    unknown = Texts(
        torch.cat([given.pools, -9 * torch.ones(100, POOLED)]),
        torch.cat([given.sentiment, torch.full((100,), UNKNOWN)]),
        torch.cat([given.is_news, torch.ones(100, dtype=torch.bool)]),
        torch.cat([given.topics, torch.full((100,), UNKNOWN)]),
        torch.cat([given.is_choice, torch.zeros(100, dtype=torch.bool)]),
    )
    _, count = sentiment_loss(torch.zeros(len(unknown.pools), 2, 3), unknown.sentiment, unknown.is_news)
    assert count == len(given.pools)
