"""Words the model's answers: what was found, word for word, what was refused, what was seen. Pure."""

import json
from collections.abc import Iterator
from itertools import groupby

from pydantic import JsonValue

from tests.standin.arguments import fill_answer
from tests.standin.chunks import OutputChunk, OutputContent, TextChunk
from tests.standin.jsonschema import JsonSchema
from tests.standin.tasks import Answered
from tests.standin.tools import ResponseFormat

ATTENTION = 4000  # characters of a request and of results that are searched for tools and arguments
_SHOWN = 200  # characters of an image's address: one with the image inside is long


def answer(
    request: str,
    answered: tuple[Answered, ...],
    images: tuple[str, ...],
    form: ResponseFormat | None,
    *,
    has_tools: bool,
) -> OutputContent:
    """Say what the tools returned and cite what they found; as JSON where the form asks for it."""
    if form is not None and form.json_schema is not None:
        schema = JsonSchema.model_validate(form.json_schema.schema_definition)
        texts = [text[:ATTENTION] for text in (*(pair.result for pair in answered), request)]
        return json.dumps(fill_answer(schema, *texts))
    if form is not None and form.type == "json_object":
        return json.dumps({pair.name: pair.result for pair in answered} or {"answer": request})
    if not answered:
        reason = "none of my tools fits" if has_tools else "I have no tools"
        return f'You asked: "{request.strip()}". I answer directly, because {reason}.{_seen(images)}'
    pieces = (*_found(answered), *_refused(answered), _seen(images))
    return _joined(piece for piece in pieces if piece)


def _found(answered: tuple[Answered, ...]) -> Iterator[str | OutputChunk]:
    found = [pair for pair in answered if not pair.denied]
    for number, pair in enumerate(found):
        yield "Here is what I found: " if number == 0 else "; "
        yield f"{_call(pair)} returned {pair.result}"
        yield from pair.findings
    if found:
        yield "."


def _refused(answered: tuple[Answered, ...]) -> Iterator[str]:
    refused = [_call(pair) for pair in answered if pair.denied]
    if refused:
        yield f" I was not allowed to call {', '.join(refused)}."


def _seen(images: tuple[str, ...]) -> str:
    """Say how many images there are, and where."""
    if not images:
        return ""
    number = "one image" if len(images) == 1 else f"{len(images)} images"
    return f" I saw {number}: {', '.join(url[:_SHOWN] for url in images)}."


def _joined(pieces: Iterator[str | OutputChunk]) -> OutputContent:
    """Join texts that stand together; a message without references is one text."""
    chunks: list[OutputChunk] = []
    for is_text, group in groupby(pieces, key=lambda piece: isinstance(piece, str)):
        if is_text:
            chunks.append(TextChunk(text="".join(map(str, group))))
        else:
            chunks.extend(piece for piece in group if not isinstance(piece, str))
    match chunks:
        case [TextChunk(text=text)]:
            return text.strip()
        case _:
            return tuple(chunks)


def _call(pair: Answered) -> str:
    return f"{pair.name}({_shown(pair.arguments)})"


def _shown(arguments: str | dict[str, JsonValue]) -> str:
    try:
        given = json.loads(arguments) if isinstance(arguments, str) else arguments
    except ValueError:
        return str(arguments)
    pairs = given.items() if isinstance(given, dict) else ()
    return ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in pairs)
