"""Puts the APIs together into one ASGI application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.standin.agents_api import AgentsApi
from tests.standin.chat_api import ChatApi
from tests.standin.control_api import ControlApi
from tests.standin.conversations_api import ConversationsApi
from tests.standin.exchange import Exchange
from tests.standin.faults import FaultRules
from tests.standin.files_api import FilesApi
from tests.standin.gates import Gates
from tests.standin.models_api import ModelsApi
from tests.standin.state import State, keep_written
from tests.standin.wire import Endpoint


def build_app(state: State, gates: Gates, state_file: Path | None, latency: float) -> Starlette:
    """Make the application; with a state file it writes `state` there while it runs and when it ends.

    `latency` is in seconds, and added to every model call.
    """
    rules = FaultRules()
    exchange = Exchange(state, rules, gates, latency)
    endpoints = (
        *ModelsApi(state).endpoints(),
        *AgentsApi(state).endpoints(),
        *ConversationsApi(state).endpoints(),
        *ChatApi(state).endpoints(),
    )
    routes = [_route(exchange, endpoint) for endpoint in endpoints]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if state_file is None:
            yield
            return
        ending = asyncio.Event()
        writing = asyncio.create_task(keep_written(state_file, state, ending))
        yield
        ending.set()
        state.changed.set()
        await writing

    return Starlette(
        routes=[*routes, *FilesApi(state).routes(), *ControlApi(state, rules, gates).routes()],
        lifespan=lifespan,
        exception_handlers={HTTPException: _not_served},
    )


async def _not_served(_: Request, error: Exception) -> Response:
    """Answer for a path or method that does not exist, as FastAPI does."""
    if not isinstance(error, HTTPException):
        raise error
    return JSONResponse({"detail": error.detail}, error.status_code, error.headers)


def _route(exchange: Exchange, endpoint: Endpoint) -> Route:
    async def serve(request: Request) -> Response:
        return await exchange.serve(endpoint, request)

    return Route(endpoint.path, serve, methods=[endpoint.method])
