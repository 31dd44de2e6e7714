"""From the encoder's logits to probabilities, and to the contract's sentiment."""

from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.enriched_article import Sentiment, SentimentLabel

LABELS: tuple[SentimentLabel, ...] = ("negative", "neutral", "positive")

Floats64 = npt.NDArray[np.float64]


def softmax(logits: npt.NDArray[Any]) -> Floats64:
    """Probabilities along the last axis."""
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    shares: Floats64 = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def sigmoid(logits: npt.NDArray[Any]) -> Floats64:
    """Probabilities from log odds of any size."""
    probabilities: Floats64 = (1 + np.tanh(logits.astype(np.float64) / 2)) / 2
    return probabilities


def log_odds(probabilities: npt.NDArray[Any], least: float = 1e-6) -> Floats64:
    """The inverse of sigmoid; probabilities nearer to 0 or 1 than `least` count as that near."""
    clipped = np.clip(probabilities, least, 1 - least)
    odds: Floats64 = np.log(clipped / (1 - clipped))
    return odds


def sentiment_of(probabilities: npt.NDArray[Any]) -> Sentiment:
    """The contract's form of three probabilities."""
    negative, _, positive = (float(share) for share in probabilities)
    likeliest = int(np.argmax(probabilities))
    return Sentiment(
        label=LABELS[likeliest],
        score=round(positive - negative, 4),
        confidence=round(float(probabilities[likeliest]), 4),
    )
