"""Program text, markup, logs and paths, made at random: none of it is in a language."""

import random
import string
from collections.abc import Callable, Sequence

# fmt: off
WORDS = (
    "id", "name", "value", "data", "list", "index", "user", "config", "test", "type", "key", "item", "result", "error", "path",
    "file", "node", "size", "count", "line", "date", "time", "url", "text", "page", "code", "input", "output", "request",
    "response", "buffer", "model", "self", "args", "len", "map", "max", "min", "host", "port", "status", "cache", "query",
)
_KEYWORDS = ("if", "for", "while", "return", "import", "class", "let", "const", "int", "float", "static", "void", "new", "null")
_EXTENSIONS = ("py", "js", "html", "css", "json", "xml", "txt", "csv", "jpg", "png", "pdf", "log", "tar.gz", "yml", "java", "cpp")
_HTML = (
    "div", "span", "img", "href", "class", "style", "width", "height", "src", "alt", "target", "blank", "nbsp", "quot", "amp",
    "font", "px", "script", "type", "body", "table", "tr", "td",
)
# fmt: on


def code(rng: random.Random, words: Sequence[str] = WORDS) -> str:
    """Statements whose names are made of these words."""
    return " ".join(rng.choice(_STATEMENTS)(rng, words) for _ in range(rng.randint(1, 6)))


def _identifier(rng: random.Random, words: Sequence[str] = WORDS) -> str:
    words = rng.choices(words, k=rng.randint(1, 3))
    return rng.choice(("_".join(words), words[0] + "".join(word.title() for word in words[1:]), "".join(map(str.title, words))))


def _call(rng: random.Random, words: Sequence[str] = WORDS) -> str:
    inner = ", ".join(_identifier(rng, words) for _ in range(rng.randint(0, 3)))
    name = ".".join(_identifier(rng, words) for _ in range(rng.randint(1, 3)))
    return rng.choice(("", "", "", "self.", "await ", "return ", "print", "assert ")) + f"{name}({inner})" + rng.choice(("", ";"))


def _assignment(rng: random.Random, words: Sequence[str]) -> str:
    quote = rng.choice("'\"")
    value = rng.choice(
        (
            str(rng.randint(0, 999)),
            quote + rng.choice(words) + quote,
            f"{_identifier(rng, words)}[{rng.choice(('0', '-1', '1:', 'i'))}]",
            f"[{_identifier(rng, words)} for {rng.choice(words)} in {_identifier(rng, words)}]",
            f"{{{quote}{rng.choice(words)}{quote}: {_identifier(rng, words)}}}",
            rng.choice(("None", "null", "True", "new ")) + _call(rng, words),
            _call(rng, words),
        )
    )
    target = rng.choice(("", "", "", "var ", "const ", "int ", "self.", "let ")) + _identifier(rng, words)
    return f"{target}{rng.choice((' = ', ' = ', '=', ' += ', ' == ', ': '))}{value}"


def _control(rng: random.Random, words: Sequence[str]) -> str:
    a, b = _identifier(rng, words), _identifier(rng, words)
    return rng.choice(
        (
            f"if ({a} {rng.choice(('==', '!=', '<', '>='))} {b}) {{ return {a}; }}",
            f"for {a} in {b}: print({a})",
            f"for (int i = 0; i < {a}; i++) {{ {b}[i] = {a}; }}",
            f"def {a}({b}, *args): return {b}.{a}",
            f"function {a}({b}) {{ {_call(rng, words)} }}",
            f"import {a} from '{b}'",
            f"from {a}.{b} import {a}, {_identifier(rng, words)}",
            f"if not {a}: raise {_call(rng, words)}",
            f"elif isinstance({a}, {b}):",
            f"try: {_call(rng, words)} except {b} as {a}: pass",
            f"class {a}({b}): def __init__(self, {a}):",
            f"{a} = {b} if {a} is not None else {_identifier(rng, words)}",
            f"yield {a}, ({b}, {_identifier(rng, words)})",
            f"public static {a} {b}({a} x) {{ {rng.choice(_KEYWORDS)} }}",
            f"SELECT {a}, {b} FROM {rng.choice(words)} WHERE {a} = {rng.randint(0, 99)} ORDER BY {b}",
        )
    )


def markup(rng: random.Random) -> str:
    """What is left of tags without their brackets."""
    names = rng.choices(_HTML, k=rng.randint(2, 10))
    return " ".join(f'{name}="{rng.choice(WORDS)}"' if rng.random() < 0.5 else name for name in names)


def structured(rng: random.Random) -> str:
    """Names and values, as JSON or as settings."""
    pairs = [f'"{_identifier(rng)}": {rng.choice((rng.randint(0, 9999), "null", "true"))}' for _ in range(rng.randint(1, 6))]
    return "{" + ", ".join(pairs) + "}" if rng.random() < 0.6 else "; ".join(pair.replace('"', "") for pair in pairs)


def path(rng: random.Random) -> str:
    """Where a file lies."""
    separator = rng.choice(("/", "/", "\\", "."))
    parts = [
        rng.choice((_identifier(rng), "".join(rng.choices(string.ascii_lowercase + string.digits, k=rng.randint(2, 8)))))
        for _ in range(rng.randint(2, 6))
    ]
    return f"{rng.choice(('', '/', 'C:', 'https://'))}{separator.join(parts)}.{rng.choice(_EXTENSIONS)}"


def log(rng: random.Random) -> str:
    """A line of a program's log."""
    time = f"2024-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}T{rng.randint(0, 23):02}:{rng.randint(0, 59):02}"
    level = rng.choice(("INFO", "WARN", "ERROR", "DEBUG"))
    return f"{time} {level} {_identifier(rng)}={rng.randint(0, 9999)} {_call(rng)}"


_STATEMENTS: Sequence[Callable[[random.Random, Sequence[str]], str]] = (_call, _assignment, _control)
