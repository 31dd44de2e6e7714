"""WARC archives made for tests: pages of our own in several languages and encodings, as crawlers keep them."""

import gzip
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter


class Writer(WARCWriter):  # type: ignore[misc]  # untyped library
    """warcio's writer without its temporary files, which it leaves to the garbage collector."""

    @staticmethod
    def _create_temp_file() -> io.BytesIO:
        return io.BytesIO()


DATE = "2023-09-19T08:30:00Z"


@dataclass(frozen=True)
class Text:
    """A few words of news."""

    language: str
    encoding: str
    headline: str
    sentence: str


TEXTS = (
    Text("ar", "windows-1256", "فيضان في كيسومو", "ارتفع منسوب النهر بعد أمطار غزيرة دامت ثلاثة أيام."),
    Text("ja", "shift_jis", "基須木で洪水", "三日間の大雨で川の水位が上がり、住民が避難した。"),
    Text("zh", "gb18030", "基苏木发生洪水", "连续三天的大雨使河水上涨，居民已经撤离。"),
    Text("ru", "koi8-r", "Наводнение в Кисуму", "После трёх дней дождя река вышла из берегов."),
    Text("tr", "iso-8859-9", "Kisumu'da sel", "Üç gün süren yağışın ardından nehir taştı, köylüler ağırlandı."),
    Text("ko", "euc-kr", "키수무 홍수", "사흘 동안 내린 비로 강물이 불어나 주민들이 대피했다."),
    Text("he", "windows-1255", "שיטפון בקיסומו", "לאחר שלושה ימי גשם עלה הנהר על גדותיו."),
    Text("pl", "iso-8859-2", "Powódź w Kisumu", "Po trzech dniach deszczu rzeka wystąpiła z brzegów, źródła milczą."),
    Text("hi", "utf-8", "किसुमु में बाढ़ 🌊", "तीन दिन की बारिश के बाद नदी का पानी बढ़ गया।"),
    Text("fr", "utf-8", "Crue à Kisumu", "Après trois jours de pluie, le fleuve est sorti de son lit."),
)


def page(text: Text, number: int = 0, declared: bool = True, head: str = "") -> bytes:
    """The text as a page in its encoding, which the page names when declared."""
    meta = f'<meta charset="{text.encoding}">' if declared else ""
    return (
        f'<!DOCTYPE html><html lang="{text.language}"><head>{meta}<title>{text.headline}</title>{head}</head>'
        f"<body><article><h1>{text.headline}</h1><p>{text.sentence} ({number})</p></article></body></html>"
    ).encode(text.encoding)


@dataclass(frozen=True)
class Record:
    """A record to be written."""

    kind: str = "response"
    url: str = "https://herald.example/1"
    status: str = "200 OK"
    headers: Sequence[tuple[str, str]] = (("Content-Type", "text/html"),)
    body: bytes = b""
    warc_headers: Sequence[tuple[str, str]] = ()

    def write(self, writer: Writer) -> None:
        """Appends it."""
        has_http = self.kind in ("response", "request") and self.url.startswith("http")
        start = "GET / HTTP/1.1" if self.kind == "request" else self.status
        http = StatusAndHeaders(start, list(self.headers), protocol="HTTP/1.1", is_http_request=self.kind == "request")
        writer.write_record(
            writer.create_warc_record(
                self.url,
                self.kind,
                payload=io.BytesIO(self.body),
                http_headers=http if has_http else None,
                warc_headers_dict={"WARC-Date": DATE, **dict(self.warc_headers)},
            )
        )


def answer(url: str, body: bytes, charset: str | None = None, **more: object) -> Record:
    """A page as the server sent it."""
    content_type = f"text/html; charset={charset}" if charset else "text/html"
    return Record(url=url, body=body, headers=(("Content-Type", content_type),), **more)  # type: ignore[arg-type]


def archive(path: Path, records: Iterable[Record | bytes], pack: Callable[[bytes], bytes] = gzip.compress) -> Path:
    """The file: each record packed by itself, as the standard wants it; bytes stand in it as they are."""
    with path.open("wb") as file:
        for record in records:
            file.write(record if isinstance(record, bytes) else pack(record_bytes(record)))
    return path


def record_bytes(record: Record) -> bytes:
    """The record as it stands in a file without compression."""
    out = io.BytesIO()
    record.write(Writer(out, gzip=False))
    return out.getvalue()


as_it_is: Callable[[bytes], bytes] = bytes
