"""The control endpoints: what tests set and see. No key is needed and none is ever shown."""

from collections.abc import Awaitable, Callable

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.standin.base import Frozen
from tests.standin.errors import ApiError, invalid
from tests.standin.faults import FaultRules, Hold, PlacedRule, Rule
from tests.standin.gates import Gates
from tests.standin.responses import json_response
from tests.standin.scenario import Scenario
from tests.standin.state import Snapshot, State
from tests.standin.wire import Model, to_json
from tests.standin.world import Connector, Fact, World


class Keys(Frozen):
    keys: tuple[str, ...]


class Window(Frozen):
    model: str
    tokens: int


class RuleId(Frozen):
    id: str


class Waiting(Frozen):
    waiting: int


class PlacedRules(Frozen):
    rules: tuple[PlacedRule, ...]


class Ok(Frozen):
    ok: bool = True


class ControlApi:
    """The routes under /control."""

    def __init__(self, state: State, rules: FaultRules, gates: Gates) -> None:
        self._state = state
        self._rules = rules
        self._gates = gates

    def routes(self) -> list[Route]:
        """List the routes."""
        return [
            _route("GET", "/control/health", self.health),
            _route("GET", "/control/counters", self.counters),
            _route("GET", "/control/agents", self.agents),
            _route("GET", "/control/conversations", self.conversations),
            _route("GET", "/control/chats", self.chats),
            _route("PUT", "/control/windows", self.set_window),
            _route("PUT", "/control/keys", self.set_keys),
            _route("PUT", "/control/scenario", self.set_scenario),
            _route("POST", "/control/facts", self.add_fact),
            _route("POST", "/control/connectors", self.add_connector),
            _route("DELETE", "/control/world", self.forget_world),
            _route("GET", "/control/faults", self.faults),
            _route("POST", "/control/faults", self.add_fault),
            _route("DELETE", "/control/faults", self.remove_faults),
            _route("POST", "/control/release", self.release),
            _route("GET", "/control/waiting", self.waiting),
            _route("POST", "/control/reset", self.reset),
        ]

    async def health(self, _: Request) -> BaseModel:
        """Say that the server is up."""
        return Ok()

    async def counters(self, _: Request) -> BaseModel:
        """Show every count."""
        return self._state.tally.counters()

    async def agents(self, _: Request) -> BaseModel:
        """Show the agents with all their versions."""
        return Snapshot(agents=tuple(self._state.agents.values()))

    async def conversations(self, _: Request) -> BaseModel:
        """Show the conversations with all their entries."""
        return Snapshot(conversations=tuple(self._state.conversations.values()))

    async def chats(self, _: Request) -> BaseModel:
        """Show the last answer of each transcript."""
        return Snapshot(chats=tuple(self._state.chats.values()))

    async def set_window(self, request: Request) -> BaseModel:
        """Serve a model with a window of a size."""
        window = await _body(request, Window)
        self._state.set_window(window.model, window.tokens)
        return Ok()

    async def set_keys(self, request: Request) -> BaseModel:
        """Replace the keys that are let in."""
        self._state.keys = frozenset((await _body(request, Keys)).keys)
        return Ok()

    async def set_scenario(self, request: Request) -> BaseModel:
        """Replace the scenario."""
        self._state.scenario = await _body(request, Scenario)
        return Ok()

    async def add_fact(self, request: Request) -> BaseModel:
        """Plant a fact that searches find."""
        self._state.set_world(self._state.world.with_fact(await _body(request, Fact)))
        return Ok()

    async def add_connector(self, request: Request) -> BaseModel:
        """Plant a connector, or replace it."""
        self._state.set_world(self._state.world.with_connector(await _body(request, Connector)))
        return Ok()

    async def forget_world(self, _: Request) -> BaseModel:
        """Take away every fact and connector."""
        self._state.set_world(World())
        return Ok()

    async def faults(self, _: Request) -> BaseModel:
        """List the rules at work."""
        return PlacedRules(rules=self._rules.placed())

    async def add_fault(self, request: Request) -> BaseModel:
        """Put a rule to work."""
        return RuleId(id=self._rules.add(await _body(request, Rule)))

    async def remove_faults(self, request: Request) -> BaseModel:
        """Take one rule away, or all; who waits because of it goes on."""
        return self._end(request.query_params.get("id"), holds_only=False)

    async def release(self, request: Request) -> BaseModel:
        """End one hold, or all."""
        return self._end(request.query_params.get("id"), holds_only=True)

    async def waiting(self, request: Request) -> BaseModel:
        """Count who waits at a hold; given `at_least`, once that many do or `timeout` seconds have passed."""
        wanted = request.query_params
        at_least, seconds = int(wanted.get("at_least", "0")), float(wanted.get("timeout", "0"))
        return Waiting(waiting=await self._gates.until(wanted.get("id"), at_least, seconds))

    async def reset(self, _: Request) -> BaseModel:
        """Forget every object, fact, window, count, rule and request on its way; keys and scenario stay."""
        self._end(None, holds_only=False)
        self._state.replace(Snapshot())
        return Ok()

    def _end(self, rule_id: str | None, *, holds_only: bool) -> BaseModel:
        for placed in self._rules.placed():
            is_hold = isinstance(placed.rule.effect, Hold)
            if rule_id in {None, placed.id} and (is_hold or not holds_only):
                self._rules.remove(placed.id)
                self._gates.release(placed.id)
        return Ok()


def _route(method: str, path: str, handler: Callable[[Request], Awaitable[BaseModel]]) -> Route:
    async def endpoint(request: Request) -> Response:
        try:
            return json_response(to_json(await handler(request)), 200)
        except ApiError as error:
            return json_response(to_json(error.body), error.status)

    return Route(path, endpoint, methods=[method])


async def _body(request: Request, model: type[Model]) -> Model:
    try:
        return model.model_validate_json(await request.body())
    except ValidationError as error:
        raise invalid(error, "body") from error
