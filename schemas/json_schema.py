"""JSON Schema of every contract: generated from the models into schemas/json/, and compared with what was published.

`python -m schemas.json_schema` writes the files.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from schemas.topics import PUBLIC_TOPICS, PublicTopic

FOLDER = Path(__file__).parent / "json"
EXAMPLES = Path(__file__).parent / "examples"


def path_of(topic: PublicTopic) -> Path:
    """Where the schema of a topic's present version lives."""
    return FOLDER / topic.name / f"v{topic.version}.json"


def schema_of(topic: PublicTopic) -> dict[str, Any]:
    """The JSON Schema (2020-12) of what is written to the topic."""
    schema = topic.model.model_json_schema(mode="validation")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:newsloom:{topic.name}:v{topic.version}",
        **schema,
    }


def render(topic: PublicTopic) -> bytes:
    """The schema file's bytes."""
    return orjson.dumps(schema_of(topic), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def breaks(old: dict[str, Any], new: dict[str, Any], at: str = "") -> Iterator[str]:
    """What in the new schema of a version would break those who read or write by the old one.

    Allowed within a version: new optional fields. Not allowed: a field removed or newly required, a type, pattern, bound
    or list of values that changed.
    """
    old_fields, new_fields = old.get("properties", {}), new.get("properties", {})
    for name, field in old_fields.items():
        if name not in new_fields:
            yield f"{at}/{name}: removed"
        else:
            yield from breaks(field, new_fields[name], f"{at}/{name}")
    for name in set(new.get("required", ())) - set(old.get("required", ())):
        yield f"{at}/{name}: newly required"
    for name in set(old.get("required", ())) - set(new.get("required", ())):
        yield f"{at}/{name}: no longer guaranteed"
    for name, definition in old.get("$defs", {}).items():
        yield from breaks(definition, new.get("$defs", {}).get(name, {}), f"{at}/$defs/{name}")
    for keyword in (set(old) | set(new)) - {
        "properties",
        "required",
        "$defs",
        "description",
        "title",
        "default",
        "$id",
    }:
        if old.get(keyword) != new.get(keyword):
            yield f"{at}: {keyword} changed"


def main() -> None:
    """Writes every public topic's schema file; refuses, writing nothing, what would break a version that exists."""
    for topic in PUBLIC_TOPICS.values():
        path = path_of(topic)
        if path.exists() and (broken := list(breaks(orjson.loads(path.read_bytes()), schema_of(topic)))):
            raise SystemExit(f"{topic.name} v{topic.version} would break its readers; make a new version instead: {broken}")
    for topic in PUBLIC_TOPICS.values():
        path = path_of(topic)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(render(topic))
        print(path.relative_to(FOLDER.parent))


if __name__ == "__main__":
    main()
