"""A tokenizer with few pieces, of the kind that the encoder reads: a blank belongs to the piece behind it."""

import string
from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.models import Unigram
from tokenizers.pre_tokenizers import Metaspace

SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")


def tokenizer(*pieces: str, letters: str = string.ascii_letters + string.punctuation) -> Tokenizer:
    """Texts become the longest of these pieces, and single letters where there is none; "▁" is a blank."""
    single = sorted({"▁", *letters, *"".join(pieces)} - set(pieces))
    scored = [*((piece, 0.0) for piece in SPECIAL), *((piece, -1.0) for piece in pieces), *((one, -9.0) for one in single)]
    made = Tokenizer(Unigram(scored, unk_id=3, byte_fallback=False))
    made.pre_tokenizer = Metaspace()
    return made


def write_tokenizer(path: Path, texts: Sequence[str]) -> int:
    """Writes one whose pieces are the words of these texts; how many pieces it has."""
    words = sorted({f"▁{word}" for text in texts for word in text.split()})
    made = tokenizer(*words)
    made.save(str(path))
    return int(made.get_vocab_size())
