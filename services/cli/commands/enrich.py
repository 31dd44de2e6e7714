"""`newsloom enrich`: articles from files to enriched records, without a broker."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.formats import Format

if TYPE_CHECKING:
    from services.cli.inputs import Input
    from services.enricher.offline import OfflineEnricher
    from services.enricher.settle import Published, Settled

# The first record at once, then ever larger batches: company makes an article cheaper.
_MAX_BATCH = 8
_WAIT_S = 0.5


def run(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE]...|-", help="What to enrich; - or nothing: standard input.")
    ] = None,
    format: Annotated[Format, typer.Option(help="How to read it; auto: by suffix, else by the first character.")] = Format.AUTO,
    json: Annotated[bool, typer.Option("--json", help="One JSON record a line, also on a terminal.")] = False,
) -> int:
    """Enrich articles without a broker.

    Finds language, entities, sentiment and topics. Text and HTML files are one article each (a text's first line is its
    title when a blank line follows); JSON files hold one raw article a line. In a pipe one JSON record a line comes
    out, on a terminal something to read.

    Example: newsloom enrich report.txt articles.jsonl | jq .language.tag
    """
    from services.cli.inputs import require_files
    from services.cli.screen import waiting

    names = require_files(files or [])
    with waiting("loading the models"):
        # Here, because loading the libraries takes longer than looking for the files.
        from services.enricher.offline import load_offline
        from services.enricher.settings import EnricherSettings
        from services.runtime.settings import read_settings

        enricher = load_offline(read_settings(EnricherSettings))
    return enrich_all(names, format, enricher, _show(json))


def enrich_all(names: Sequence[str], format: Format, enricher: "OfflineEnricher", show: "Callable[[Published], None]") -> int:
    """The exit code: 0 when every input was enriched, 1 when some could not be."""
    from services.cli.errors import COULD_NOT, FINE
    from services.cli.inputs import read_inputs
    from services.cli.progress import reading_progress
    from services.cli.screen import is_terminal

    failed = 0
    # On a terminal the records themselves show how far it is.
    with reading_progress(names, "enriching", is_wanted=not is_terminal()) as advance:
        for batch in batches(read_inputs(names, format)):
            for found, answer in zip(batch, _answers(enricher, batch), strict=True):
                failed += not _tell(found, answer, show)
                advance(found)
    return COULD_NOT if failed else FINE


def batches(inputs: "Iterator[Input]") -> "Iterator[Sequence[Input]]":
    """The inputs in order, as many together as have arrived: one at first, then up to twice as many as before."""
    from services.cli.arrivals import Arrivals

    arrivals, most = Arrivals(inputs), 1
    while (batch := arrivals.take(most, _WAIT_S)) is not None:
        if batch:
            yield batch
            most = min(_MAX_BATCH, most * 2)


def _answers(enricher: "OfflineEnricher", batch: "Sequence[Input]") -> "Iterator[Settled]":
    answers = iter(enricher([(found.value, found.timestamp_ms) for found in batch if found.refusal is None]))
    for found in batch:
        yield found.refusal or next(answers)


def _tell(found: "Input", answer: "Settled", show: "Callable[[Published], None]") -> bool:
    """Shows the record, or says on standard error why there is none; whether there is one."""
    from services.cli.screen import note
    from services.enricher.settle import Published
    from services.runtime.errors import InvalidRecord

    if isinstance(answer, InvalidRecord):
        note(f"{found.place}: {answer.error_class}: {answer}")
        return False
    assert isinstance(answer, Published), "a value that isn't null withdraws nothing"
    show(answer)
    return True


def _show(is_json: bool) -> "Callable[[Published], None]":
    from services.cli.screen import is_terminal, out, write_line

    if is_json or not is_terminal():
        return lambda enriched: write_line(enriched.outcome.message.value or b"")
    from services.cli.rendering import Renderer

    renderer = Renderer(out())
    return lambda enriched: renderer.enriched(enriched.article)
