"""Values for required properties that no text speaks of."""

import math
import re

from pydantic import JsonValue

from tests.standin.bounds import cut, fits, smallest
from tests.standin.jsonschema import JsonSchema
from tests.standin.words import is_stop_word

_AFTER_PREPOSITION = re.compile(
    r"\b(?:in|for|of|about|on|from|to|at|with|by)\s+(?:the\s+|an?\s+)?([\w-]+)", re.IGNORECASE
)
_FORMATS = {
    "date": "2024-01-01",
    "date-time": "2024-01-01T00:00:00Z",
    "email": "someone@example.com",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def blank(name: str, schema: JsonSchema, texts: tuple[str, ...]) -> JsonValue:
    """Give a value of the schema's type: a fixed one, its default, its smallest, or words of the texts."""
    fixed = [schema.const, schema.default, *(schema.enum or ())]
    chosen = next((value for value in fixed if value is not None), None)
    if chosen is not None:
        return chosen
    match schema.kind:
        case "integer":
            return math.ceil(smallest(schema))
        case "number":
            return smallest(schema)
        case "boolean":
            return False
        case "null":
            return None
        case _:
            return _blank_string(name, schema, texts)


def _blank_string(name: str, schema: JsonSchema, texts: tuple[str, ...]) -> str:
    if schema.format in _FORMATS:
        return _FORMATS[schema.format]
    objects = (word for text in texts for word in _AFTER_PREPOSITION.findall(text))
    meant = next((word for word in objects if not is_stop_word(word) and fits(word, schema)), None)
    return meant or cut(texts[0] or name, schema)
