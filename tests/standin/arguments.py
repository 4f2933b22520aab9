"""Fills a tool's arguments from the text of a request, by the tool's JSON schema. Deterministic."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from pydantic import JsonValue

from tests.standin import labels
from tests.standin.blanks import blank
from tests.standin.bounds import cut, fits, to_number
from tests.standin.evidence import gather_evidence
from tests.standin.jsonschema import JsonSchema
from tests.standin.pool import Pool
from tests.standin.words import stem, stem_set, stems

_TEXT_LIKE = stem_set("query question text message prompt input content topic request search")
_CODE_LIKE = stem_set("symbol ticker currency code iso base target quote unit")
_DATE_LIKE = stem_set("date day since until start end time")
_ID_LIKE = stem_set("id uid key ref reference number sku")
_EXPRESSION_LIKE = stem_set("expression formula")
_YEAR_LIKE = stem_set("year")
_EXPRESSION = re.compile(r"[-(]*\d[\d\s.()]*[-+*/^%][-\d\s.+*/()^%]*[\d)]")
_DEEPEST = 6


def fill_arguments(schema: JsonSchema, *texts: str) -> dict[str, JsonValue]:
    """Choose arguments for `schema`, preferring what the earlier of `texts` offer.

    Required properties always get a value of the right type; optional ones where the text speaks of them.
    """
    return _fill_object(schema, _Source(root=schema, pool=Pool(texts)))


def fill_answer(schema: JsonSchema, *texts: str) -> JsonValue:
    """Choose a value of any type for `schema`, as `fill_arguments` does."""
    form = schema.resolved(schema)
    if form.kind in {"object", None}:
        return fill_arguments(form.model_copy(update={"defs": schema.defs}), *texts)
    around = JsonSchema(properties={"answer": form}, required=("answer",), defs=schema.defs)
    return fill_arguments(around, *texts)["answer"]


def year_variants(schema: JsonSchema, text: str) -> tuple[str, ...]:
    """List the years of `text` where exactly one property takes a year: the tool is then called for each."""
    takers = [name for name in schema.properties if _about(name, _YEAR_LIKE)]
    years = tuple(dict.fromkeys(gather_evidence(text).years))
    return years if len(takers) == 1 and len(years) > 1 else ()


@dataclass(frozen=True)
class _Source:
    """What values are taken from, and how deep in a schema they are wanted."""

    root: JsonSchema
    pool: Pool
    depth: int = 0

    def inside(self) -> "_Source":
        return replace(self, depth=self.depth + 1)


def _fill_object(schema: JsonSchema, source: _Source) -> dict[str, JsonValue]:
    """Fill what the texts name outright first, so that no guess takes its value."""
    properties = {name: declared.resolved(source.root) for name, declared in schema.properties.items()}
    stated = {name: _stated(name, declared, source.pool) for name, declared in properties.items()}
    filled: dict[str, JsonValue] = {}
    for name, declared in properties.items():
        required = name in schema.required
        value = stated[name]
        if value is None:
            value = _guess(name, declared, source, required=required)
        if value is None and required:
            value = _filled(name, declared, source)
        if value is not None or (required and declared.kind == "null"):
            filled[name] = value
    return filled


def _stated(name: str, schema: JsonSchema, pool: Pool) -> JsonValue:
    """Read a value that the text ties to this property: by its name, or by a form that only it has."""
    if schema.const is not None:
        return schema.const
    if schema.enum is not None:
        return next(iter(_mentioned(schema.enum, pool)), None)
    match schema.kind:
        case "integer" | "number":
            return _first_number(
                schema, (n for text in pool.texts for n in labels.numbers_beside(name, text)), pool
            )
        case "boolean":
            return next((flag for text in pool.texts if (flag := labels.flag(name, text)) is not None), None)
        case "string":
            beside = (value for text in pool.texts for value in labels.words_beside(name, text))
            fitting = next((value for value in beside if fits(value, schema)), None)
            return pool.claim(_of_format(schema.format, pool) or fitting)
        case _:
            return None


def _guess(name: str, schema: JsonSchema, source: _Source, *, required: bool) -> JsonValue:
    """Choose among what the texts offer to any property of this type."""
    match schema.kind:
        case _ if schema.enum is not None or schema.const is not None:
            return None
        case "integer" | "number" if _about(name, _YEAR_LIKE):
            return _first_number(schema, source.pool.candidates("years"), source.pool)
        case "integer" | "number" if required:
            return _first_number(schema, source.pool.candidates("numbers"), source.pool)
        case "string":
            return _guess_string(name, schema, source.pool, required=required)
        case "array" | "object" if required:
            return _filled(name, schema, source)
        case _:
            return None


def _guess_string(name: str, schema: JsonSchema, pool: Pool, *, required: bool) -> str | None:
    if schema.format is not None:
        return None
    if required and _about(name, _TEXT_LIKE):
        return cut(pool.take("quoted") or pool.texts[0], schema)
    if required and _about(name, _EXPRESSION_LIKE):
        expression = _EXPRESSION.search(" ".join(pool.texts))
        return expression.group().strip() if expression else None
    kinds = _string_kinds(name, required=required)
    fitting = next((value for value in pool.candidates(*kinds) if fits(value, schema)), None)
    return pool.claim(fitting)


def _string_kinds(name: str, *, required: bool) -> tuple[str, ...]:
    """Name the kinds of evidence for a property, the likeliest first."""
    if _about(name, _YEAR_LIKE):
        return ("years",)
    if _about(name, _DATE_LIKE):
        return ("dates", "years")
    if _about(name, _CODE_LIKE):
        return ("quoted", "codes", "names") if required else ("codes",)
    if _about(name, _ID_LIKE):
        return ("quoted", "identifiers", "numbers", "names") if required else ("identifiers",)
    return ("quoted", "names", "identifiers") if required else ("names",)


def _guess_array(schema: JsonSchema, source: _Source) -> list[JsonValue]:
    pool = source.pool
    item = (schema.items or JsonSchema(type="string")).resolved(source.root)
    found: list[JsonValue] = []
    match item.kind:
        case _ if item.enum is not None:
            found = _mentioned(item.enum, pool)
        case "integer" | "number":
            numbers = (to_number(item, candidate) for candidate in pool.candidates("numbers"))
            found = [number for number in numbers if number is not None]
        case "string":
            found = list(pool.candidates("quoted") or pool.candidates("codes") or pool.candidates("names"))
        case "object":
            found = [_filled("", item, source)]
        case _:
            found = []
    missing = schema.min_items - len(found)
    return found + [_filled("", item, source) for _ in range(missing)]


def _filled(name: str, schema: JsonSchema, source: _Source) -> JsonValue:
    """Give a required property a value although nothing was found for it.

    A schema that requires itself has no finite value: it is left empty at some depth.
    """
    match schema.kind:
        case "array":
            return _guess_array(schema, source.inside()) if source.depth < _DEEPEST else []
        case "object":
            return _fill_object(schema, source.inside()) if source.depth < _DEEPEST else {}
        case _:
            return blank(name, schema, source.pool.texts)


def _of_format(form: str | None, pool: Pool) -> str | None:
    """Take a value that has the form a schema asks for."""
    match form:
        case "date" | "date-time":
            year = next(iter(pool.candidates("years")), None)
            date = pool.take("dates") or (f"{year}-01-01" if year else None)
            return f"{date}T00:00:00Z" if date and form == "date-time" else date
        case "email":
            return pool.take("emails")
        case "uri" | "url":
            return pool.take("urls")
        case _:
            return None


def _mentioned(members: Iterable[JsonValue], pool: Pool) -> list[JsonValue]:
    """List the members of an enumeration that the texts mention, in the order of the enumeration."""
    text = " ".join(pool.texts)
    spoken = frozenset(map(stem, re.findall(r"\w+", text)))
    return [
        member
        for member in members
        if member is not None
        and (
            re.search(rf"(?<!\w){re.escape(str(member))}(?!\w)", text, re.IGNORECASE)
            or stem(str(member)) in spoken
        )
    ]


def _first_number(schema: JsonSchema, candidates: Iterable[str], pool: Pool) -> JsonValue:
    for candidate in candidates:
        number = to_number(schema, candidate)
        if number is not None:
            pool.claim(candidate)
            return number
    return None


def _about(name: str, subjects: frozenset[str]) -> bool:
    """Tell whether a property's name ends on one of `subjects`, as `from_currency` is about a currency."""
    return bool(subjects.intersection(stems(name)))
