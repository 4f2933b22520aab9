"""What tests use to direct the stand-in and to see what happened in it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import format_datetime
from types import TracebackType
from typing import Literal, Self, TypeVar

import httpx2
from pydantic import BaseModel

from tests.standin import errors
from tests.standin.agents import Agent
from tests.standin.control_api import Keys, PlacedRules, RuleId, Waiting, Window
from tests.standin.conversations import Conversation
from tests.standin.counters import Counters
from tests.standin.faults import AnswerWith, Effect, Hold, PlacedRule, Rule
from tests.standin.scenario import Scenario
from tests.standin.state import Chat, Snapshot
from tests.standin.world import Connector, Fact

_Model = TypeVar("_Model", bound=BaseModel)

START = "/v1/conversations"
APPEND = "/v1/conversations/*"
AGENTS = "/v1/agents/**"
CHAT = "/v1/chat/completions"
OPENAI_CHAT = "/openai/v1/chat/completions"


class StandIn:
    """A running stand-in at `url`. Blocks: from async code call it in a thread where it waits."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx2.Client(base_url=url, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def counters(self) -> Counters:
        """Give every count since the state was new."""
        return self._get(Counters, "/control/counters")

    def agents(self) -> tuple[Agent, ...]:
        """Give the agents that exist, with all their versions."""
        return self._get(Snapshot, "/control/agents").agents

    def conversations(self) -> tuple[Conversation, ...]:
        """Give the conversations that exist, with all their entries."""
        return self._get(Snapshot, "/control/conversations").conversations

    def chats(self) -> tuple[Chat, ...]:
        """Give the last request and answer of each transcript."""
        return self._get(Snapshot, "/control/chats").chats

    def set_window(self, model: str, tokens: int) -> None:
        """Serve a model, known or not, with a window of this size until the next reset."""
        self._send("PUT", "/control/windows", Window(model=model, tokens=tokens))

    def set_keys(self, keys: Iterable[str]) -> None:
        """Let in these keys and no other."""
        self._send("PUT", "/control/keys", Keys(keys=tuple(keys)))

    def set_scenario(self, scenario: Scenario) -> None:
        """Direct the model by this scenario from now on."""
        self._send("PUT", "/control/scenario", scenario)

    def add_fact(self, fact: Fact) -> None:
        """Plant something that web searches, or with a library's id the searches in it, find by its words."""
        self._send("POST", "/control/facts", fact)

    def add_connector(self, connector: Connector) -> None:
        """Plant a connector of the workspace, or replace the one that has its id."""
        self._send("POST", "/control/connectors", connector)

    def forget_world(self) -> None:
        """Take away every fact and connector."""
        self._http.delete("/control/world").raise_for_status()

    def add_rule(self, rule: Rule) -> str:
        """Put a rule to work and give its id."""
        return RuleId.model_validate_json(self._send("POST", "/control/faults", rule)).id

    def fail(
        self,
        method: str,
        path: str,
        effect: Effect,
        *,
        contains: str = "",
        nth: int = 1,
        times: int | None = 1,
        latency: float = 0,
    ) -> str:
        """Let requests go wrong: from the nth match on, `times` of them, or all until removal (None)."""
        return self.add_rule(
            Rule(
                method=method,
                path=path,
                contains=contains,
                nth=nth,
                times=times,
                latency=latency,
                effect=effect,
            )
        )

    def hold(
        self,
        method: str,
        path: str,
        *,
        at: Literal["before", "after"] = "before",
        abandoned: Literal["drop", "finish"] = "drop",
        contains: str = "",
        nth: int = 1,
        times: int | None = None,
    ) -> str:
        """Let requests wait before or after their side effect until `release`."""
        return self.add_rule(
            Rule(
                method=method,
                path=path,
                contains=contains,
                nth=nth,
                times=times,
                effect=Hold(at=at, abandoned=abandoned),
            )
        )

    def release(self, hold: str | None = None) -> None:
        """End one hold, or all: who waits goes on, who comes later does not wait."""
        self._http.post("/control/release", params=_id(hold)).raise_for_status()

    def remove_faults(self, rule: str | None = None) -> None:
        """Take one rule away, or all of them, holds included."""
        self._http.delete("/control/faults", params=_id(rule)).raise_for_status()

    def rules(self) -> tuple[PlacedRule, ...]:
        """List the rules at work, with how many requests each has met."""
        return self._get(PlacedRules, "/control/faults").rules

    def waiting(self, hold: str | None = None) -> int:
        """Count the requests that wait at one hold, or at all."""
        return self._get(Waiting, "/control/waiting", **_id(hold)).waiting

    def wait_until_held(self, hold: str | None = None, *, at_least: int = 1, timeout: float = 30) -> None:
        """Return once that many requests wait at a hold; raises TimeoutError when they do not come."""
        asked = {**_id(hold), "at_least": str(at_least), "timeout": str(timeout)}
        found = self._get(Waiting, "/control/waiting", **asked).waiting
        if found < at_least:
            raise TimeoutError(
                f"{found} requests wait at the hold after {timeout} s, {at_least} were expected"
            )

    def reset(self) -> None:
        """Forget every object, fact, window, count, rule and request on its way; keys and scenario stay."""
        self._http.post("/control/reset").raise_for_status()

    def _get(self, model: type[_Model], path: str, **params: str) -> _Model:
        response = self._http.get(path, params=params)
        return model.model_validate_json(response.raise_for_status().content)

    def _send(self, method: str, path: str, body: BaseModel) -> bytes:
        response = self._http.request(method, path, content=body.model_dump_json(by_alias=True))
        return response.raise_for_status().content


def rate_limited(seconds: int) -> AnswerWith:
    """Answer 429 and ask to come back after `seconds`."""
    return AnswerWith(status=429, headers={"retry-after": str(seconds)})


def rate_limited_until(when: datetime) -> AnswerWith:
    """Answer 429 and ask to come back at a time, which is sent as an HTTP date, in whole seconds."""
    return AnswerWith(status=429, headers={"retry-after": format_datetime(when.astimezone(UTC), usegmt=True)})


def rate_limited_for(milliseconds: int) -> AnswerWith:
    """Answer 429 and ask to come back after `milliseconds`, by the header retry-after-ms."""
    return AnswerWith(status=429, headers={"retry-after-ms": str(milliseconds)})


def locked() -> AnswerWith:
    """Answer 409 as if another request were at work on the conversation."""
    return AnswerWith(status=409)


def failed_handoff() -> AnswerWith:
    """Answer 500 with code 3000, as a handoff to an agent that is gone does."""
    return _as_fault(errors.failed_handoff())


def invalid_fields(*loc: str, message: str = "Field required") -> AnswerWith:
    """Answer 422 with a list of what is wrong where."""
    return _as_fault(errors.invalid_value("missing", ("body", *loc), message))


def invalid_text(detail: str) -> AnswerWith:
    """Answer 422 with a text in place of the list."""
    return AnswerWith(status=422, body={"detail": detail})


def _as_fault(error: errors.ApiError) -> AnswerWith:
    return AnswerWith(status=error.status, body=error.body.model_dump(mode="json"))


def _id(rule: str | None) -> dict[str, str]:
    return {} if rule is None else {"id": rule}
