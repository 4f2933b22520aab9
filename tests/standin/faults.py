"""Faults on demand: rules that say which requests go wrong, and how."""

import re
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from tests.standin.base import Frozen


class Nothing(Frozen):
    """No fault but the rule's latency."""

    kind: Literal["nothing"] = "nothing"


class AnswerWith(Frozen):
    """Answer with this status instead of doing what was asked; without a body, with Mistral's for it."""

    kind: Literal["answer"] = "answer"
    status: int
    headers: dict[str, str] = Field(default_factory=dict)
    body: JsonValue = None


class Cut(Frozen):
    """Close the connection without doing what was asked."""

    kind: Literal["cut"] = "cut"


class LoseResponse(Frozen):
    """Do what was asked, then close the connection: after this many events of a stream or bytes of a body."""

    kind: Literal["lose"] = "lose"
    after_events: int = Field(default=0, ge=0)
    after_bytes: int = Field(default=0, ge=0)


class BreakOff(Frozen):
    """Do what was asked, and end a stream early as if it were whole, or by an error event with this text."""

    kind: Literal["break_off"] = "break_off"
    after_events: int = Field(ge=0)
    message: str = ""
    code: int = 3000


class AddUnknownEntry(Frozen):
    """Add an entry of a type that no SDK knows to the conversation and to its answer."""

    kind: Literal["unknown_entry"] = "unknown_entry"


class Hold(Frozen):
    """Wait for a release, before or after doing what was asked.

    A request whose caller goes away while it waits `before` is dropped, or finished all the same.
    """

    kind: Literal["hold"] = "hold"
    at: Literal["before", "after"] = "before"
    abandoned: Literal["drop", "finish"] = "drop"


Effect = Annotated[
    Nothing | AnswerWith | Cut | LoseResponse | BreakOff | AddUnknownEntry | Hold,
    Field(discriminator="kind"),
]


class Rule(Frozen):
    """Which requests a fault meets: from the nth match on, so many times, or until it is removed.

    `path` has `*` for one segment and `**` for any number; `contains` is a part of the request's body.
    """

    method: str = "*"
    path: str = "/**"
    contains: str = ""
    nth: int = Field(default=1, ge=1)
    times: int | None = Field(default=1, ge=1)
    latency: float = Field(default=0, ge=0)
    effect: Effect = Nothing()


class PlacedRule(Frozen):
    """A rule at work, with how many requests matched it so far."""

    id: str
    rule: Rule
    matched: int = 0


def matches(rule: Rule, method: str, path: str, body: str) -> bool:
    """Tell whether a request is of the kind that the rule is about."""
    pattern = re.escape(rule.path).replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
    return rule.method in {"*", method} and rule.contains in body and bool(re.fullmatch(pattern, path))


def strikes(placed: PlacedRule) -> bool:
    """Tell whether the request just counted is among those that the rule meets."""
    rule = placed.rule
    return placed.matched >= rule.nth and (rule.times is None or placed.matched < rule.nth + rule.times)


class FaultRules:
    """The rules at work."""

    def __init__(self) -> None:
        self._placed: dict[str, PlacedRule] = {}
        self._numbered = 0

    def add(self, rule: Rule) -> str:
        """Put a rule to work and give its id."""
        self._numbered += 1
        rule_id = f"rule_{self._numbered}"
        self._placed[rule_id] = PlacedRule(id=rule_id, rule=rule)
        return rule_id

    def placed(self) -> tuple[PlacedRule, ...]:
        """List the rules at work."""
        return tuple(self._placed.values())

    def remove(self, rule_id: str) -> None:
        """Take a rule away."""
        self._placed.pop(rule_id, None)

    def meet(self, method: str, path: str, body: str) -> tuple[PlacedRule, ...]:
        """Count a request, and list the rules that it falls under."""
        met: list[PlacedRule] = []
        for rule_id, placed in self._placed.items():
            if matches(placed.rule, method, path, body):
                counted = placed.model_copy(update={"matched": placed.matched + 1})
                self._placed[rule_id] = counted
                if strikes(counted):
                    met.append(counted)
        return tuple(met)
