"""Chooses the tools that a text asks for, by the words it shares with their descriptions. Pure."""

import re
from collections import Counter
from dataclasses import dataclass

from tests.standin.base import Frozen
from tests.standin.jsonschema import JsonSchema
from tests.standin.words import name_stems, stems

_NAME_WEIGHT = 3.0
_OTHER_WEIGHT = 1.0
_REFUSED = re.compile(r"\b(?:never|not|don't|without|avoid)\s+(?:\w+\s+){0,2}$", re.IGNORECASE)
_BREAK = re.compile(r"[,;.?!]\s|\band\b|\bor\b", re.IGNORECASE)
_VALUE = re.compile(r"\"[^\"]*\"|\b[A-Z\d]{2,}\b|(?<!^)\b[A-Z]\w+|\w*\d\w*")
_ORDERED = re.compile(r"\b(?:always|must|first|finally|each|every)\b", re.IGNORECASE)
_FORBIDDEN = -1


class FunctionSpec(Frozen):
    """A tool that the model may call; cues are stems that speak of it as surely as its name does."""

    name: str
    description: str = ""
    cues: frozenset[str] = frozenset()
    parameters: JsonSchema = JsonSchema()


@dataclass(frozen=True)
class _Fit:
    spec: FunctionSpec
    score: float
    name_hits: frozenset[str]
    other_hits: frozenset[str]


class Chosen(Frozen):
    """A tool, and the part of the text that is about it."""

    spec: FunctionSpec
    about: str


def choose_tools(text: str, tools: tuple[FunctionSpec, ...]) -> tuple[Chosen, ...]:
    """Name the tools that `text` asks for, in the order in which it speaks of them; often none."""
    named = [(found, tool) for tool in tools if (found := _named(tool.name, text)) is not None]
    rest = tuple(tool for tool in tools if all(tool is not spec for _, spec in named))
    unnamed_text = text
    for _, tool in named:
        unnamed_text = re.sub(_name_pattern(tool.name), " ", unnamed_text, flags=re.IGNORECASE)
    fits = _accepted(_fits(unnamed_text, rest), unnamed_text, only_certain=bool(named))
    places = [(position, tool) for position, tool in named if position != _FORBIDDEN]
    places += [(_position(text, fit), fit.spec) for fit in fits]
    return _parts(text, sorted(places, key=lambda place: place[0]))


def ordered_tools(instructions: str, tools: tuple[FunctionSpec, ...]) -> tuple[FunctionSpec, ...]:
    """Name the tools that instructions order by name: "always call audit_log", "finally use notify"."""
    sentences = [s for s in re.split(r"(?<=[.!?;])\s+|\n", instructions) if _ORDERED.search(s)]
    return tuple(tool for s in sentences for tool in tools if _named(tool.name, s) not in {None, _FORBIDDEN})


def is_named(name: str, text: str) -> bool:
    """Tell whether a text asks for a tool by its name."""
    return _named(name, text) not in {None, _FORBIDDEN}


def best_tool(text: str, tools: tuple[FunctionSpec, ...]) -> FunctionSpec:
    """Name the tool nearest to `text`, however far it is."""
    return max(_fits(text, tools), key=lambda fit: fit.score).spec


def _name_pattern(name: str) -> str:
    words = [re.escape(word) for word in re.split(r"[_-]+", name) if word]
    label = r"[\s_-]+".join(words)
    return rf"(?<![\w-]){label}(?![\w-])"


def _named(name: str, text: str) -> int | None:
    """Find a tool's name in `text`: its position, or that the text forbids it; None where it is absent."""
    found = re.search(_name_pattern(name), text, re.IGNORECASE) if name_stems(name) else None
    if found is None:
        return None
    return _FORBIDDEN if _REFUSED.search(text[: found.start()]) else found.start()


def _fits(text: str, tools: tuple[FunctionSpec, ...]) -> tuple[_Fit, ...]:
    """Measure each tool against `text`; a word that several tools share tells little, and weighs little."""
    spoken = frozenset(stems(text))
    shared = Counter(word for tool in tools for word in _vocabulary(tool))
    return tuple(_fit(tool, spoken, shared) for tool in tools)


def _fit(tool: FunctionSpec, spoken: frozenset[str], shared: "Counter[str]") -> _Fit:
    name_hits = (name_stems(tool.name) | tool.cues).intersection(spoken)
    other_hits = _vocabulary(tool).intersection(spoken) - name_hits
    score = sum(_NAME_WEIGHT / shared[word] for word in name_hits)
    score += sum(_OTHER_WEIGHT / shared[word] for word in other_hits)
    return _Fit(tool, score, name_hits, other_hits)


def _vocabulary(tool: FunctionSpec) -> frozenset[str]:
    parameters = " ".join(
        f"{name} {schema.description}" for name, schema in tool.parameters.properties.items()
    )
    return name_stems(tool.name).union(tool.cues, stems(tool.description), stems(parameters))


def _accepted(fits: tuple[_Fit, ...], text: str, *, only_certain: bool) -> tuple[_Fit, ...]:
    """Keep the best fit, then those that explain a word of the text that no better one does by its name."""
    accepted: list[_Fit] = []
    explained: frozenset[str] = frozenset()
    words = sum(bool(stems(word)) for word in _VALUE.sub(" ", text).split())
    for fit in sorted(fits, key=lambda fit: -fit.score):
        is_spoken_of = len(fit.name_hits) * 2 >= len(name_stems(fit.spec.name))
        certain = bool(fit.name_hits - explained) and (is_spoken_of or bool(fit.name_hits & fit.spec.cues))
        likely = bool(fit.name_hits) or len(fit.other_hits) >= 2 or len(fit.other_hits) * 3 >= words > 0
        if certain if accepted or only_certain else (likely and fit.score > 0):
            accepted.append(fit)
            explained |= fit.name_hits
    return tuple(accepted)


def _parts(text: str, places: list[tuple[int, FunctionSpec]]) -> tuple[Chosen, ...]:
    """Divide a text among the tools that it speaks of, at the last conjunction or comma before each."""
    breaks = [0, *(found.end() for found in _BREAK.finditer(text))]
    starts = [max(start for start in breaks if start <= position) for position, _ in places]
    starts[:1] = [0 for _ in starts[:1]]
    ends = [min((later for later in starts if later > start), default=len(text)) for start in starts]
    return tuple(
        Chosen(spec=spec, about=text[start:end])
        for (_, spec), start, end in zip(places, starts, ends, strict=True)
    )


def _position(text: str, fit: _Fit) -> int:
    """Find where a text speaks of an accepted tool, in characters."""
    hits = fit.name_hits or fit.other_hits
    found = (
        match.start() for match in re.finditer(r"[A-Za-z]+", text) if hits.intersection(stems(match.group()))
    )
    return next(found, len(text))
