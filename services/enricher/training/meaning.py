"""What the base model, all twelve layers of it, makes of a text: the vectors that the served one learns to repeat."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from services.enricher.stage import Floats
from services.enricher.tokenizer import BEGIN, END, open_tokenizer

_LAYERS = 12
_MAX_TOKENS = 126
_AT_ONCE = 32
# E5 was trained with this before every text that isn't a query (Wang et al. 2024, arXiv 2402.05672).
_BEFORE = "passage: "


def meaning_vectors(texts: Sequence[str], start: Path) -> Floats:
    """[texts, 384], of length 1."""
    import torch

    from services.enricher.training.network import Encoder, pool
    from services.enricher.training.start import WORDS, encoder_weights, read_packed, unpacked

    weights = unpacked(read_packed(start / "start.safetensors"))
    encoder = Encoder(_LAYERS).eval()
    encoder.load(encoder_weights(weights, range(_LAYERS)))
    words = torch.from_numpy(weights[WORDS])
    tokenizer = open_tokenizer(start / "tokenizer.json")
    ids = [
        [BEGIN, *encoding.ids[:_MAX_TOKENS], END]
        for encoding in tokenizer.encode_batch([_BEFORE + text for text in texts], add_special_tokens=False)
    ]
    order = sorted(range(len(ids)), key=lambda place: len(ids[place]))
    vectors = np.zeros((len(ids), words.shape[1]), np.float32)
    for first in range(0, len(order), _AT_ONCE):
        places = order[first : first + _AT_ONCE]
        longest = max(len(ids[place]) for place in places)
        batch = torch.tensor([[*ids[place], *[1] * (longest - len(ids[place]))] for place in places])
        with torch.no_grad():
            pooled = pool(encoder(words[batch], batch != 1)[-1], batch != 1)
        vectors[places] = torch.nn.functional.normalize(pooled, dim=-1).numpy()
    return vectors
