"""Files become inputs by their suffix or their first character, with the line where each was found."""

import hashlib
import io
import json
from pathlib import Path

import pytest

from services.cli import inputs
from services.cli.errors import WrongUse
from services.cli.formats import Format
from services.cli.inputs import Input, read_inputs, read_stream, require_files, titled, total_bytes


def read(folder: Path, name: str, content: str | bytes, wanted: Format = Format.AUTO) -> list[Input]:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_inputs([str(path)], wanted))


def standard_input(content: str | bytes, wanted: Format = Format.AUTO) -> list[Input]:
    data = content if isinstance(content, bytes) else content.encode()
    return list(read_stream(io.BufferedReader(io.BytesIO(data)), "standard input", wanted, None))


def document(found: Input) -> dict[str, str]:
    value: dict[str, str] = json.loads(found.value)
    return value


def test_each_line_is_an_input_and_blank_lines_count_but_are_none(tmp_path: Path) -> None:
    found = read(tmp_path, "a.jsonl", '\n{"a": 1}\n\n  \nnot json\r\n{"b": "é"}')
    assert [(each.line, each.value) for each in found] == [(2, b'{"a": 1}'), (5, b"not json"), (6, '{"b": "é"}'.encode())]


def test_lines_are_bytes_as_they_are(tmp_path: Path) -> None:
    assert [each.value for each in read(tmp_path, "a.ndjson", b"\xff\xfe{}\n\x00\n")] == [b"\xff\xfe{}", b"\x00"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{\n "a": 1\n}\n', [(1, b'{\n "a": 1\n}')]),
        ('[{"a": 1},\n {"b": 2}]', [(1, b'{"a": 1}'), (2, b'{"b": 2}')]),
        ('\n{"a": 1}\n{"b": 2}\n', [(2, b'{"a": 1}'), (3, b'{"b": 2}')]),
        ("", []),
    ],
    ids=["object", "array", "lines", "empty"],
)
def test_a_json_file_is_an_object_an_array_or_lines(tmp_path: Path, content: str, expected: list[tuple[int, bytes]]) -> None:
    assert [(each.line, each.value) for each in read(tmp_path, "a.json", content)] == expected


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte-order-mark"])
@pytest.mark.parametrize(
    ("content", "field"),
    [('{"text": "x"}\n', "text"), ("<p>x</p>", "html"), ("x", "text"), ('[{"text": "x"}]', "text")],
    ids=["jsonl", "html", "text", "array"],
)
def test_standard_input_shows_its_format_by_its_first_character(content: str, field: str, mark: bytes) -> None:
    assert field in document(standard_input(mark + b"\n " + content.encode())[0])


def test_the_suffix_tells_the_format_and_an_option_wins(tmp_path: Path) -> None:
    assert document(read(tmp_path, "a.HTM", "plain")[0])["html"] == "plain"
    assert document(read(tmp_path, "a.txt", '{"url": 1}')[0])["text"] == '{"url": 1}'
    assert document(read(tmp_path, "a.txt", "{}", Format.HTML)[0])["html"] == "{}"


def test_a_file_without_a_known_suffix_is_looked_at(tmp_path: Path) -> None:
    assert document(read(tmp_path, "page", "<!doctype html><p>خبر</p>")[0])["html"].startswith("<!doctype")


def test_the_url_of_a_file_is_its_own(tmp_path: Path) -> None:
    found = document(read(tmp_path, "خبر 1.txt", "नमस्ते")[0])
    assert found == {"url": (tmp_path / "خبر 1.txt").resolve().as_uri(), "text": "नमस्ते"}


def test_the_url_of_standard_input_is_the_digest_of_its_bytes() -> None:
    data = "\n 東京で地震 🌏\n".encode()
    assert document(standard_input(data)[0])["url"] == f"urn:sha256:{hashlib.sha256(data).hexdigest()}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("عنوان\n\nمتن", {"title": "عنوان", "text": "متن"}),
        ("Überschrift \r\n\r\nText\r\n", {"title": "Überschrift", "text": "Text\n"}),
        ("\n\n標題\n \n\n本文", {"title": "標題", "text": "本文"}),
        ("one\ntwo", {"text": "one\ntwo"}),
        ("only 😀\n\n", {"text": "only 😀\n\n"}),
        ("x" * 1001 + "\n\ny", {"text": "x" * 1001 + "\n\ny"}),
    ],
    ids=["arabic", "crlf", "blank-lines", "no-blank-line", "nothing-follows", "too-long"],
)
def test_the_first_line_is_the_title_when_a_blank_line_follows(text: str, expected: dict[str, str]) -> None:
    assert titled(text) == expected


@pytest.mark.parametrize(
    "name", ["a.jsonl", "a.json", "b.json", "a.txt", "a.html"], ids=["line", "element", "object", "text", "html"]
)
def test_what_is_longer_than_the_topic_takes_is_refused_and_the_next_one_is_read(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "MAX_BYTES", 100)
    long = '{"text":\n "' + "é" * 300 + '"}'
    content = {"a.jsonl": long.replace("\n", "") + "\n{}", "a.json": f"[{long},{{}}]"}.get(name, long)
    found = read(tmp_path, name, content)
    assert found[0].refusal is not None and found[0].refusal.error_class == "body_too_large"
    assert len(found[0].value) <= 101 and not found[0].is_whole
    assert [each.value for each in found[1:]] == ([b"{}"] if name in ("a.jsonl", "a.json") else [])


def test_a_text_that_is_not_utf8_is_refused_as_the_worker_would_class_it(tmp_path: Path) -> None:
    found = read(tmp_path, "a.txt", "caf\xe9".encode("latin-1"))[0]
    assert found.refusal is not None and found.refusal.error_class == "invalid_utf8"
    assert found.value == b"caf\xe9"


def test_files_are_looked_for_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    with pytest.raises(WrongUse, match=r"missing\.txt: No such file"):
        require_files([str(tmp_path / "a.txt"), str(tmp_path / "missing.txt")])
    with pytest.raises(WrongUse, match="is a folder"):
        require_files([str(tmp_path)])
    assert require_files([]) == ["-"]


def test_the_total_is_unknown_when_standard_input_is_among_the_files(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("abc")
    assert total_bytes([str(tmp_path / "a.txt")] * 2) == 6
    assert total_bytes([str(tmp_path / "a.txt"), "-"]) is None
