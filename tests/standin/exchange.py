"""The way of a request through the stand-in: key, lock, faults before, the handler, faults after."""

import asyncio
import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from tests.standin.errors import ApiError, in_dialect, locked, of_status, unauthorized
from tests.standin.faults import (
    AddUnknownEntry,
    AnswerWith,
    BreakOff,
    Cut,
    Effect,
    FaultRules,
    Hold,
    LoseResponse,
    PlacedRule,
)
from tests.standin.gates import Gates
from tests.standin.responses import CutBody, EventStream, NoAnswer, json_response
from tests.standin.state import State
from tests.standin.streaming import AnyEvent, Failed
from tests.standin.wire import Call, Endpoint, Json, NoContent, Reply, Stream, to_json

_LOG = logging.getLogger("standin")


class _Dropped(Exception):
    """The connection is to be closed without an answer."""


class Exchange:
    """Serves the endpoints of the API."""

    def __init__(self, state: State, rules: FaultRules, gates: Gates, latency: float) -> None:
        self._state = state
        self._rules = rules
        self._gates = gates
        self._latency = latency

    async def serve(self, endpoint: Endpoint, request: Request) -> Response:
        """Answer one request, or close its connection."""
        started = time.monotonic()
        route = f"{endpoint.method} {endpoint.path}"
        self._state.tally.request(route)
        try:
            response = await self._answer(endpoint, request)
        except ApiError as error:
            response = json_response(to_json(in_dialect(endpoint.dialect, error.body)), error.status)
        except _Dropped:
            response = NoAnswer()
        outcome = "cut" if isinstance(response, NoAnswer | CutBody) else response.status_code
        self._state.tally.response(route, outcome)
        elapsed = (time.monotonic() - started) * 1000
        _LOG.info("%s %s %s %.0f ms", request.method, request.url.path, outcome, elapsed)
        return response

    async def _answer(self, endpoint: Endpoint, request: Request) -> Response:
        body = await request.body()
        self._require_key(request)
        met = self._rules.meet(request.method, request.url.path, body.decode(errors="replace"))
        epoch = self._state.epoch
        with self._lock(endpoint, request):
            answer = await self._before(endpoint, met, request)
            if self._state.epoch != epoch:
                raise _Dropped
            if answer is not None:
                return answer
            unknown = any(isinstance(placed.rule.effect, AddUnknownEntry) for placed in met)
            call = Call(
                request.path_params, request.query_params.multi_items(), body, datetime.now(UTC), unknown
            )
            reply = endpoint.handler(call)
            await self._after(met, reply, request)
        return _response(reply, met)

    def _require_key(self, request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or key not in self._state.keys:
            raise unauthorized()

    @contextmanager
    def _lock(self, endpoint: Endpoint, request: Request) -> Iterator[None]:
        """Keep a conversation to one request; a second is refused at once, with 409."""
        if endpoint.locks is None:
            yield
            return
        conversation_id = request.path_params[endpoint.locks]
        if conversation_id in self._state.answering:
            raise locked()
        self._state.answering.add(conversation_id)
        try:
            yield
        finally:
            self._state.answering.discard(conversation_id)

    async def _before(
        self, endpoint: Endpoint, met: tuple[PlacedRule, ...], request: Request
    ) -> Response | None:
        """Work the faults that come before the side effect; an answer stands in its place."""
        await asyncio.sleep(sum(placed.rule.latency for placed in met) + endpoint.model_call * self._latency)
        for placed in met:
            match placed.rule.effect:
                case Hold(at="before"):
                    await self._hold(placed, request)
                case Cut():
                    raise _Dropped
                case AnswerWith() as fault:
                    usual = to_json(in_dialect(endpoint.dialect, of_status(fault.status)))
                    body = usual if fault.body is None else json.dumps(fault.body).encode()
                    return json_response(body, fault.status, fault.headers)
                case _:
                    continue
        return None

    async def _after(self, met: tuple[PlacedRule, ...], reply: Reply, request: Request) -> None:
        """Work the faults that come after the side effect."""
        for placed in met:
            match placed.rule.effect:
                case Hold(at="after"):
                    await self._hold(placed, request)
                case LoseResponse() as loss if _sent(loss, reply) == 0:
                    raise _Dropped
                case _:
                    continue

    async def _hold(self, placed: PlacedRule, request: Request) -> None:
        """Wait for the release; a caller that goes away ends the request, unless it is to be finished."""
        hold = placed.rule.effect
        released = asyncio.create_task(self._gates.wait(placed.id))
        gone = asyncio.create_task(_disconnected(request))
        ends = {released, gone} if isinstance(hold, Hold) and hold.abandoned == "drop" else {released}
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            left = released.cancel()
            gone.cancel()
        if left:
            raise _Dropped


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        continue


def _sent(loss: LoseResponse, reply: Reply) -> int:
    """Tell how much of a lost answer arrives: events of a stream, bytes of a body."""
    match reply:
        case Stream():
            return loss.after_events
        case Json():
            return loss.after_bytes
        case NoContent():
            return 0


def _response(reply: Reply, met: tuple[PlacedRule, ...]) -> Response:
    effects = tuple(placed.rule.effect for placed in met)
    sent = min((_sent(effect, reply) for effect in effects if isinstance(effect, LoseResponse)), default=None)
    match reply:
        case Json(body=body, status=status) if sent is not None:
            return CutBody(to_json(body), status, sent)
        case Json(body=body, status=status):
            return json_response(to_json(body), status)
        case NoContent(status=status):
            return Response(status_code=status)
        case Stream(events=events):
            return EventStream(_broken_off(events, effects)[:sent], cut=sent is not None)


def _broken_off(events: tuple[AnyEvent, ...], effects: tuple[Effect, ...]) -> tuple[AnyEvent, ...]:
    """End a stream early, where a fault says so."""
    for effect in effects:
        if isinstance(effect, BreakOff):
            created_at = events[0].created_at
            error = Failed(message=effect.message, code=effect.code, created_at=created_at)
            return (*events[: effect.after_events], *([error] if effect.message else []))
    return events
