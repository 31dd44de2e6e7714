"""WARC files, such as CC-NEWS: each page of an archive as a raw article, everything else counted with its reason.

Format: ISO 28500 (https://iipc.github.io/warc-specifications/). warcio reads headers and chunks; where records begin, and what a
broken one costs, is decided here, since warcio takes a file that breaks off for one that ends.
"""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from warcio.bufferedreaders import ChunkedDataReader
from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecord, ArcWarcRecordLoader
from warcio.statusandheaders import StatusAndHeaders, StatusAndHeadersParser, StatusAndHeadersParserException

from schemas.publication_date import parse_moment
from services.cli.importing.http_body import BrokenBody, read_body
from services.cli.importing.opened import Opened, PassedOver, wrong_kind
from services.cli.importing.page_head import declared
from services.cli.importing.warc_pieces import RECORD_START, STEP_BYTES, Mark, pieces
from services.cli.importing.warc_stream import HeaderTooLong, WarcStream
from services.cli.inputs import MAX_BYTES, Input
from services.collector.charset import decode
from services.runtime.errors import InvalidRecord

# A page fits into the topic or it doesn't; in the archive it may have its header, chunks and another encoding around it.
_MAX_RECORD_BYTES = 2 * MAX_BYTES

_OTHER_TYPES = ("continuation", "conversion", "metadata", "request", "resource", "revisit", "warcinfo")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9_:.-]+)""", re.IGNORECASE)
_HTML = ("text/html", "application/xhtml+xml")
_BINARY = (b"%PDF", b"PK\x03\x04", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x1f\x8b")


@contextlib.contextmanager
def open_warc(path: Path, after: int) -> Iterator[Opened]:
    """The records behind so many; raises CouldNot when it is no WARC file."""
    with path.open("rb") as file:
        _require_warc(path, file)
        yield Opened(_inputs(WarcStream(pieces(file)), path, after), file.tell, path.stat().st_size)


def _require_warc(path: Path, file: BinaryIO) -> None:
    head = file.read(STEP_BYTES)
    file.seek(0)
    content = next((piece for piece in pieces(file) if isinstance(piece, bytes)), b"")
    if not content.startswith(RECORD_START):
        raise wrong_kind(path, "WARC file", content or head)
    file.seek(0)


def _inputs(stream: WarcStream, path: Path, after: int) -> Iterator[Input]:
    """Every record in order; broken ones are told from those before and behind them."""
    number, between = 0, stream.next_start()
    while True:
        for mark in between.lost:
            number += 1
            if number > after:
                yield _input(path, number, _damage(mark))
        if between.start is None:
            return
        number += 1
        found = _record(stream, between.start, is_wanted=number > after)
        between = stream.next_start()
        if between.fault is not None:
            found = _damage(between.fault)
        if number > after:
            yield _input(path, number, found)


def _input(path: Path, number: int, found: bytes | InvalidRecord) -> Input:
    # The time of the record isn't in use: WARC-Date is in the value.
    return Input(str(path), number, b"", 0, found) if isinstance(found, InvalidRecord) else Input(str(path), number, found, 0)


def _damage(mark: Mark) -> InvalidRecord:
    if mark is Mark.CUT:
        return InvalidRecord("truncated_record", "the file ends within the record")
    return InvalidRecord("broken_record", "the record is damaged, or not as long as it says")


def _record(stream: WarcStream, start: bytes, is_wanted: bool) -> bytes | InvalidRecord:
    """The article of one record, or why there is none; the stream is then behind the record, or at a break within it."""
    stream.begin_header()
    try:
        record = ArcWarcRecordLoader().parse_record_stream(stream, start, "warc", no_record_parse=True)
        if not (record.rec_headers.get_header("Content-Length") or "").strip().isdecimal():
            return InvalidRecord("broken_record", "the record doesn't say how long it is")
        found = _article(stream, record) if is_wanted else b""
    except (ArchiveLoadFailed, EOFError, HeaderTooLong, StatusAndHeadersParserException) as error:
        return InvalidRecord("broken_record", f"its header can't be read: {type(error).__name__}")
    while record.raw_stream.read(STEP_BYTES):
        pass
    if record.raw_stream.limit:
        return InvalidRecord("truncated_record", "the record is shorter than it says")
    return found


def _article(stream: WarcStream, record: ArcWarcRecord) -> bytes | InvalidRecord:
    headers = record.rec_headers
    kind, url = (headers.get_header("WARC-Type") or "").lower(), headers.get_header("WARC-Target-URI")
    if kind != "response":
        return PassedOver(f"{kind}_record" if kind in _OTHER_TYPES else "other_record", f"a record of type {kind[:20]!r}")
    if not url:
        return InvalidRecord("broken_record", "an answer without its URL")
    if not url.lower().startswith(("http:", "https:")):
        return PassedOver("not_http", "an answer of another protocol")
    answer = StatusAndHeadersParser([], verify=False).parse(record.raw_stream)
    stream.end_header()
    reason = _no_page(answer, headers)
    if reason is not None:
        return reason
    if record.length > _MAX_RECORD_BYTES:
        return _too_large()
    return _page(url, headers, answer, record.raw_stream)


def _no_page(answer: StatusAndHeaders, headers: StatusAndHeaders) -> InvalidRecord | None:
    """Why an answer is no whole page; None when it is one, as far as the headers tell."""
    status = answer.get_statuscode()
    if not answer.protocol.upper().startswith("HTTP/"):
        return InvalidRecord("broken_record", "an answer without HTTP's first line")
    if status != "200":
        group = {"3": "redirect", "4": "status_4xx", "5": "status_5xx"}.get(status[:1], "status_other")
        return PassedOver(group, f"the answer's status is {status[:3]}")
    media_type = answer.get_header("Content-Type", "").partition(";")[0].strip().lower()
    if media_type and media_type not in _HTML:
        return PassedOver("not_html", f"the answer is {media_type[:60]}")
    if headers.get_header("WARC-Truncated"):
        return InvalidRecord("truncated_page", "the crawler kept only the beginning of the page")
    return None


def _page(url: str, headers: StatusAndHeaders, answer: StatusAndHeaders, stream: Any) -> bytes | InvalidRecord:
    if answer.get_header("Transfer-Encoding", "").strip().lower() == "chunked":
        stream = ChunkedDataReader(stream)  # takes a body without chunks as it is: archives keep the header of what they undid
    try:
        body = read_body(stream, answer.get_header("Content-Encoding", ""), MAX_BYTES)
    except BrokenBody as error:
        return InvalidRecord("broken_body", str(error))
    if len(body) > MAX_BYTES:
        return _too_large()
    if not body.strip(b" \t\r\n\0"):
        return PassedOver("empty_page", "the answer has no body")
    charset = _CHARSET.search(answer.get_header("Content-Type", ""))
    # A NUL means nothing in a page, and no record may have one.
    html = decode(body, charset[1] if charset else None).replace("\0", "")
    if body.startswith(_BINARY) or "<" not in html:
        return PassedOver("not_html", "the answer isn't a page, whatever it says")
    return _document(url, headers.get_header("WARC-Date", ""), html)


def _document(url: str, date: str, html: str) -> bytes:
    document = {"url": url, **declared(html, url), "html": html}
    with contextlib.suppress(ValueError):
        parse_moment(date)
        document["collected_at"] = date
    return orjson.dumps(document)


def _too_large() -> InvalidRecord:
    return InvalidRecord("body_too_large", f"the page has more than {MAX_BYTES} bytes")
