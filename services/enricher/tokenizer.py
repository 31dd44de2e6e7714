"""Opens the built-in model's tokenizer once for all the stages that need it."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from services.enricher.errors import AssetMissing

if TYPE_CHECKING:
    from tokenizers import Tokenizer

BEGIN, END = 0, 2


@lru_cache(maxsize=1)  # it holds about 200 MB; the stages of a process share it
def open_tokenizer(path: Path) -> "Tokenizer":
    """The tokenizer of a file; raises AssetMissing when it can't be read."""
    from tokenizers import Tokenizer

    if not path.is_file():
        raise AssetMissing(f"can't read the model file {path}")
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer
