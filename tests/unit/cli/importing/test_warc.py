"""Every page of an archive becomes an article; everything else is counted by reason, broken records apart."""

import gzip
import json
import random
import sys
import tracemalloc
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from services.cli.errors import CouldNot
from services.cli.importing.warc import open_warc
from services.cli.importing.zstandard import zstd
from services.cli.inputs import MAX_BYTES, Input
from tests.support.archive import DATE, TEXTS, Record, Text, answer, archive, as_it_is, page, record_bytes

PAGE = page(TEXTS[8])
GOOD = answer("https://herald.example/good", PAGE)


def read(path: Path, after: int = 0) -> list[Input]:
    with open_warc(path, after) as opened:
        return list(opened.inputs)


def outcomes(path: Path) -> list[str]:
    """ "article", or the reason, for each record."""
    return [found.refusal.error_class if found.refusal else "article" for found in read(path)]


def only(tmp_path: Path, record: Record) -> dict[str, Any]:
    """The article of an archive of one record."""
    (found,) = read(archive(tmp_path / "one.warc.gz", [record]))
    assert found.refusal is None, found.refusal
    return dict(json.loads(found.value))


@pytest.mark.parametrize("text", TEXTS, ids=[text.encoding + "-" + text.language for text in TEXTS])
@pytest.mark.parametrize("told_by", ["header", "meta", "both, the page wrongly"])
def test_a_page_is_read_in_its_encoding(text: Text, told_by: str, tmp_path: Path) -> None:
    body = page(text, declared=told_by == "meta")
    if told_by.startswith("both"):
        body = body.replace(b"<head>", b'<head><meta charset="utf-7">')
    article = only(tmp_path, answer("https://herald.example/1", body, None if told_by == "meta" else text.encoding))
    assert text.headline in article["html"] and text.sentence in article["html"]
    assert article["language_hint"] == text.language


def test_an_encoding_that_nobody_names_is_seen_in_the_bytes(tmp_path: Path) -> None:
    assert TEXTS[8].sentence in only(tmp_path, answer("https://herald.example/1", page(TEXTS[8], declared=False)))["html"]


def test_an_article_has_the_url_the_time_and_what_the_head_declares(tmp_path: Path) -> None:
    head = '<meta property="og:title" content="A &quot;crue&quot; &gt; 3 m"><link rel="canonical" href="/2023/crue">'
    article = only(tmp_path, answer("https://www.herald.example/2023/crue?from=feed", page(TEXTS[9], head=head)))
    html = article.pop("html")
    assert html == page(TEXTS[9], head=head).decode()
    assert article == {
        "url": "https://www.herald.example/2023/crue?from=feed",
        "canonical_url": "https://www.herald.example/2023/crue",
        "title": 'A "crue" > 3 m',
        "language_hint": "fr",
        "collected_at": DATE,
    }


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (Record("warcinfo", body=b"software: ours"), "warcinfo_record"),
        (Record("request"), "request_record"),
        (Record("metadata", body=b"a: b"), "metadata_record"),
        (Record("revisit"), "revisit_record"),
        (Record("resource", body=PAGE), "resource_record"),
        (Record("something"), "other_record"),
        (Record(url="dns:herald.example", body=b"20230919"), "not_http"),
        (Record(status="301 Moved Permanently"), "redirect"),
        (Record(status="404 Not Found", body=PAGE), "status_4xx"),
        (Record(status="503 Service Unavailable"), "status_5xx"),
        (Record(status="206 Partial Content", body=PAGE), "status_other"),
        (Record(headers=[("Content-Type", "application/pdf")], body=b"%PDF"), "not_html"),
        (Record(body=b"%PDF-1.7 <</Type /Page>>"), "not_html"),
        (Record(body=b"just words"), "not_html"),
        (Record(body=b" \r\n"), "empty_page"),
        (Record(), "empty_page"),
        (Record(body=PAGE, warc_headers=[("WARC-Truncated", "length")]), "truncated_page"),
        (Record(body=PAGE, headers=[("Content-Encoding", "br")]), "article"),  # undone by the archive
        (Record(body=b"\x8b\x02\x80", headers=[("Content-Encoding", "br")]), "broken_body"),
        (Record(body=gzip.compress(PAGE)[:40] + b"\0" * 40, headers=[("Content-Encoding", "gzip")]), "broken_body"),
        (Record(body=b"<p>" + b"x" * MAX_BYTES), "body_too_large"),
        (Record(body=b"<p>" + b"x" * 2 * MAX_BYTES), "body_too_large"),
        (Record(body=gzip.compress(b"<p>" * MAX_BYTES), headers=[("Content-Encoding", "gzip")]), "body_too_large"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_no_page_has_a_reason(record: Record, reason: str, tmp_path: Path) -> None:
    assert outcomes(archive(tmp_path / "a.warc.gz", [GOOD, record, GOOD])) == ["article", reason, "article"]


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda body: zlib.compress(body)[2:-4]),
        ("zstd", zstd.compress),
    ],
    ids=["gzip", "deflate", "raw-deflate", "zstd"],
)
@pytest.mark.parametrize("is_chunked", [False, True], ids=["whole", "chunked"])
def test_a_body_is_taken_out_of_chunks_and_compression(
    encoding: str, pack: Callable[[bytes], bytes], is_chunked: bool, tmp_path: Path
) -> None:
    body, headers = pack(PAGE), [("Content-Type", "text/html"), ("Content-Encoding", encoding)]
    if is_chunked:
        half = len(body) // 2
        body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:half], body[half:])) + b"0\r\n\r\n"
        headers.append(("Transfer-Encoding", "chunked"))
    assert only(tmp_path, Record(body=body, headers=headers))["html"] == PAGE.decode()


def test_headers_of_what_the_archive_has_undone_do_no_harm(tmp_path: Path) -> None:
    headers = [("Content-Type", "text/html"), ("Content-Encoding", "gzip"), ("Transfer-Encoding", "chunked")]
    assert only(tmp_path, Record(body=PAGE, headers=headers))["html"] == PAGE.decode()


def numbered(count: int) -> list[Record]:
    return [answer(f"https://herald.example/{n}", page(TEXTS[n % len(TEXTS)], n)) for n in range(count)]


def urls(found: Iterable[Input]) -> list[str]:
    return [json.loads(each.value)["url"] if each.refusal is None else each.refusal.error_class for each in found]


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress, as_it_is], ids=["gzip", "zstd", "plain"])
def test_each_kind_of_file_is_read_whole(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    assert urls(read(archive(tmp_path / "a.warc", numbered(30), pack))) == [f"https://herald.example/{n}" for n in range(30)]


@pytest.mark.parametrize("block", [10**9, 5_000, 700], ids=["one-member", "blocks", "small-blocks"])
@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress], ids=["gzip", "zstd"])
def test_a_file_compressed_without_regard_to_records_is_read_whole(
    pack: Callable[[bytes], bytes], block: int, tmp_path: Path
) -> None:
    content = b"".join(map(record_bytes, numbered(30)))
    blocks = [pack(content[at : at + block]) for at in range(0, len(content), block)]
    found = read(archive(tmp_path / "a.warc.gz", blocks))
    assert urls(found) == [f"https://herald.example/{n}" for n in range(30)]


@pytest.mark.parametrize("is_packed", [False, True], ids=["plain", "compressed"])
def test_a_zstandard_dictionary_at_the_beginning_is_used(is_packed: bool, tmp_path: Path) -> None:
    samples = [record_bytes(record) for record in numbered(200)]
    dictionary = zstd.train_dict(samples, 4_000)
    content = zstd.compress(dictionary.dict_content) if is_packed else dictionary.dict_content
    frame = b"\x5d\x2a\x4d\x18" + len(content).to_bytes(4, "little") + content
    packed = [zstd.compress(sample, zstd_dict=dictionary) for sample in samples]
    path = archive(tmp_path / "a.warc.zst", [frame, *packed])
    assert urls(read(path)) == [f"https://herald.example/{n}" for n in range(200)]


@pytest.mark.parametrize("after", [0, 1, 4, 7])
def test_reading_goes_on_behind_any_record(after: int, tmp_path: Path) -> None:
    path = archive(tmp_path / "a.warc.gz", [Record("warcinfo"), *numbered(3), b"\x1f\x8b\x08broken", *numbered(2)])
    whole, rest = read(path), read(path, after)
    assert [each.line for each in whole] == [1, 2, 3, 4, 5, 6, 7]
    assert urls(rest) == urls(whole)[after:] and [each.line for each in rest] == [each.line for each in whole][after:]


# Broken files ---------------------------------------------------------------------------------------------------------


def members(count: int, pack: Callable[[bytes], bytes] = gzip.compress) -> list[bytes]:
    return [pack(record_bytes(record)) for record in numbered(count)]


def checked_zstd(content: bytes) -> bytes:
    """A frame with a checksum, as the standard for archives wants it."""
    return zstd.compress(content, options={zstd.CompressionParameter.checksum_flag: 1})


@pytest.mark.parametrize("pack", [gzip.compress, checked_zstd], ids=["gzip", "zstd"])
@pytest.mark.parametrize("at", [0.0, 0.3, 0.6, 0.99], ids=["magic", "early", "late", "checksum"])
def test_a_damaged_member_costs_its_record_alone(at: float, pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    packed = members(5, pack)
    broken = bytearray(packed[2])
    broken[int(at * len(broken))] ^= 0xFF
    found = urls(read(archive(tmp_path / "a.warc", [*packed[:2], bytes(broken), *packed[3:]])))
    assert found == [*urls_of(0, 2), "broken_record", *urls_of(3, 5)]


def urls_of(begin: int, end: int) -> list[str]:
    return [f"https://herald.example/{n}" for n in range(begin, end)]


def test_a_long_member_that_breaks_in_the_middle_costs_one_record(tmp_path: Path) -> None:
    noise = random.Random(1).randbytes(150_000).hex().encode()
    long = bytearray(gzip.compress(record_bytes(answer("https://herald.example/2", PAGE + noise))))
    long[len(long) // 2 : len(long) // 2 + 50] = b"\xff" * 50
    path = archive(tmp_path / "a.warc.gz", [*members(2), bytes(long), *members(5)[3:]])
    assert urls(read(path)) == [*urls_of(0, 2), "broken_record", *urls_of(3, 5)]


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress, as_it_is], ids=["gzip", "zstd", "plain"])
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.97], ids=["header", "middle", "end"])
def test_a_file_that_ends_within_a_record_says_so(kept: float, pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    last = members(5, pack)[4]
    path = archive(tmp_path / "a.warc", [*members(4, pack), last[: int(kept * len(last))]])
    found = urls(read(path))
    assert found[:4] == urls_of(0, 4) and len(found) == 5
    assert found[4] in (("truncated_record", "broken_record") if pack is as_it_is else ("truncated_record",))


@pytest.mark.parametrize("difference", [-40, 40], ids=["too-short", "too-long"])
@pytest.mark.parametrize("pack", [gzip.compress, as_it_is], ids=["gzip", "plain"])
def test_a_record_of_another_length_than_it_says_is_broken(
    difference: int, pack: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    def lying(content: bytes) -> bytes:
        head, _, rest = content.partition(b"Content-Length: ")
        length, _, rest = rest.partition(b"\r\n")
        return head + b"Content-Length: %d\r\n" % (int(length) + difference) + rest

    records = [record_bytes(record) for record in numbered(4)]
    records[1] = lying(records[1])
    found = Counter(urls(read(archive(tmp_path / "a.warc", map(pack, records)))))
    broken = found["broken_record"] + found["truncated_record"]
    assert broken == 1 and found["https://herald.example/0"] and found["https://herald.example/3"]


@pytest.mark.parametrize(
    "spoiled",
    [
        b"WARC/1.0\r\nWARC-Type: response\r\n\r\n",
        b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: many\r\n\r\n\r\n\r\n",
        b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 5\r\n\r\nhello\r\n\r\n",
        b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.example\r\nContent-Length: 5\r\n\r\nhello\r\n\r\n",
        b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.example\r\nContent-Length: 0\r\n\r\n\r\n\r\n",
        b"WARC/1.0\r\n" + b"A: b\r\n" * 300_000 + b"\r\n\r\n\r\n",
        b"WARC/1.0\r\nA: " + b"b" * 3_000_000 + b"\r\n\r\n\r\n\r\n",
    ],
    ids=["no-length", "wrong-length", "no-url", "no-http", "empty", "many-headers", "long-header"],
)
@pytest.mark.parametrize("pack", [gzip.compress, as_it_is], ids=["gzip", "plain"])
def test_a_broken_header_costs_its_record_alone(spoiled: bytes, pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    good = record_bytes(GOOD)
    assert outcomes(archive(tmp_path / "a.warc", map(pack, [good, spoiled, good]))) == ["article", "broken_record", "article"]


def test_zeros_behind_the_last_record_are_padding(tmp_path: Path) -> None:
    assert outcomes(archive(tmp_path / "a.warc.gz", [GOOD, b"\0" * 100_000])) == ["article"]


def test_no_bytes_at_all_make_it_fail_otherwise(tmp_path: Path) -> None:
    chance, whole = random.Random(7), b"".join(members(6))
    for number in range(400):
        broken = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(members(1)[0]), len(broken))
            broken[at : at + chance.randint(0, 40)] = chance.randbytes(chance.randint(0, 40))
        found = read(archive(tmp_path / f"{number}.warc.gz", [bytes(broken)]))
        assert found and found[0].refusal is None and len(found) <= 6 + 4
    print("400 archives damaged at random: every one read to its end")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"),
        (b"PAR1....", "looks like Parquet"),
        (b'{"url": 1}', "looks like JSON lines"),
        (b"<html>", "looks like HTML"),
        (b"filedesc://x 0.0.0.0 2001 text/plain 76\n", "looks like ARC"),
        (gzip.compress(b"hello", mtime=0), "it begins with b'hello'"),
        (b"\x1f\x8b\x08hello", "looks like gzip"),
        (b"\x5d\x2a\x4d\x18\xff\xff\xff\x7fnothing", "it begins with"),
    ],
)
def test_another_file_is_refused_with_what_it_is(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(content)
    with pytest.raises(CouldNot, match=r"a\.warc\.gz is no WARC file") as caught:
        read(path)
    assert said in str(caught.value)


def test_memory_stays_bounded_whatever_a_record_decompresses_to(tmp_path: Path) -> None:
    head = b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.example\r\nContent-Length: 400000019\r\n\r\n"
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    bomb = packer.compress(head + b"HTTP/1.1 200 OK\r\n\r\n")
    bomb += b"".join(packer.compress(b"<" * 10_000_000) for _ in range(40)) + packer.flush()
    path = archive(tmp_path / "a.warc.gz", [GOOD, bomb, GOOD])
    tracemalloc.start()
    found = outcomes(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == ["article", "body_too_large", "article"]
    assert peak < 20_000_000, peak
    print(f"a record of 400 MB in {path.stat().st_size:,} bytes: peak {peak / 1e6:.1f} MB on Python {sys.version_info.minor}")
