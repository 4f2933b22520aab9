"""How requests are measured, by the hooks that both HTTP clients have."""

import time
from types import SimpleNamespace

import aiohttp
import httpx2

from agents_operator.metrics.measures import Measures


def measured_api(measures: Measures) -> aiohttp.TraceConfig:
    """Return what makes a session time its requests to the API server, until the answer begins."""
    trace = aiohttp.TraceConfig()

    async def begin(_: aiohttp.ClientSession, at: SimpleNamespace, __: object) -> None:
        at.began = time.monotonic()

    async def end(
        _: aiohttp.ClientSession, at: SimpleNamespace, request: aiohttp.TraceRequestEndParams
    ) -> None:
        code = str(request.response.status)
        measures.api_requests.labels(request.method, code).observe(time.monotonic() - at.began)

    async def fail(
        _: aiohttp.ClientSession, at: SimpleNamespace, request: aiohttp.TraceRequestExceptionParams
    ) -> None:
        measures.api_requests.labels(request.method, "").observe(time.monotonic() - at.began)

    trace.on_request_start.append(begin)
    trace.on_request_end.append(end)
    trace.on_request_exception.append(fail)
    return trace


def measured_provider(http: httpx2.AsyncClient, measures: Measures) -> None:
    """Let a client count its requests to providers, and their answers."""

    async def sent(_: httpx2.Request) -> None:
        measures.provider_requests.inc()

    async def answered(response: httpx2.Response) -> None:
        measures.provider_responses.labels(str(response.status_code)).inc()

    hooks = http.event_hooks
    hooks["request"].append(sent)
    hooks["response"].append(answered)
    http.event_hooks = hooks
