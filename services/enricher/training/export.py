"""Puts the built-in model together: `python -m services.enricher.training.export START TRAINED LANGUAGE`.

START is a folder with start.safetensors and tokenizer.json, TRAINED what services.enricher.training.train wrote, LANGUAGE
what services.enricher.training.language wrote. Equal inputs give equal bytes.
"""

import argparse
import shutil
from pathlib import Path

from services.enricher.assets import BUILT_IN, digest_of
from services.enricher.training.checkpoint import read_checkpoint
from services.enricher.training.encoder_graph import encoder_graph
from services.enricher.training.manifest import update_manifest

ENCODER, TOKENIZER, LANGUAGE = "encoder.onnx", "tokenizer.json", "language.ftz"

_ABOUT = {
    "encoder": {
        "name": "newsloom-encoder",
        "version": "2026.11.26.2",
        "file": ENCODER,
        "licence": "CC-BY-SA-4.0",
        "source": "9 layers of intfloat/multilingual-e5-small (MIT), fine-tuned on the corpora of ATTRIBUTION.md, in 8 bits",
    },
    "tokenizer": {
        "name": "multilingual-e5-small-tokenizer",
        "version": "250002",
        "file": TOKENIZER,
        "licence": "MIT",
        "source": "tokenizer of intfloat/multilingual-e5-small, all 250,002 pieces, blanks taken out of the JSON",
    },
    "language": {
        "name": "newsloom-language",
        "version": "2026.11.26",
        "file": LANGUAGE,
        "licence": "CC-BY-SA-4.0",
        "source": "fastText classifier trained on SIB-200, NTREX-128 and text made by programs, see ATTRIBUTION.md",
    },
}


def export(start: Path, trained: Path, language: Path, models: Path = BUILT_IN, in_8_bits: bool = True) -> None:
    """Writes the model files of a checkpoint into a folder, with their digests in its manifest."""
    models.mkdir(parents=True, exist_ok=True)
    graph = encoder_graph(read_checkpoint(start / "start.safetensors", trained), in_8_bits=in_8_bits)
    (models / ENCODER).write_bytes(graph.SerializeToString(deterministic=True))
    for source, target in ((start / "tokenizer.json", TOKENIZER), (language, LANGUAGE)):
        if source.resolve() != (models / target).resolve():
            shutil.copyfile(source, models / target)
    files = {role: {**about, **_measures(models / about["file"])} for role, about in _ABOUT.items()}
    inputs = {"start": digest_of(start / "start.safetensors"), "trained": digest_of(trained)}
    update_manifest(models, files=files, checkpoint=inputs)


def _measures(path: Path) -> dict[str, str | int]:
    return {"digest": digest_of(path), "size_bytes": path.stat().st_size}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("start", type=Path, help="folder with start.safetensors and tokenizer.json")
    parser.add_argument("trained", type=Path, help="trained.safetensors of a run")
    parser.add_argument("language", type=Path, help="language.ftz")
    parser.add_argument("--models", type=Path, default=BUILT_IN, help="folder to write to")
    parser.add_argument("--float32", action="store_true", help="products as they were trained, to measure what 8 bits lose")
    options = parser.parse_args()
    export(options.start, options.trained, options.language, options.models, not options.float32)


if __name__ == "__main__":
    main()
