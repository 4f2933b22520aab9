"""The adapter and servers that do not do what the API says."""

import itertools
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta

import httpx2
import pytest
from mistralai.client import Mistral
from mistralai.client.utils.logger import NoOpLogger
from pydantic import SecretStr

from agents_operator.mistral import (
    MistralAgents,
    MistralConnections,
    NotFoundError,
    ProviderRejectedError,
    ProviderUnreachableError,
    provider_http,
)
from tests.standin.control import StandIn
from tests.standin.faults import AnswerWith
from tests.unit.operator.hand import KEY, NO_AUTHORITIES
from tests.unit.operator.mistral.samples import BARE, IDENTITY, STAMP


@asynccontextmanager
async def answering(
    answer: Callable[[httpx2.Request], httpx2.Response],
) -> AsyncIterator[MistralAgents]:
    """Give an adapter whose server answers every request by this function."""
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer), trust_env=False) as client:
        yield MistralConnections(client).open("http://provider", SecretStr(KEY))


@contextmanager
def silent_server() -> Iterator[str]:
    """Give the address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


async def test_search_reads_every_page() -> None:
    def page(request: httpx2.Request) -> httpx2.Response:
        second = request.url.params.get("page_token") == "next"
        own = {"id": "ag_2", "version": 1, "metadata": STAMP.pairs()}
        data = [own] if second else [{"id": "ag_1", "version": 0}]
        return httpx2.Response(
            200, json={"object": "list", "data": data, "next_page_token": None if second else "next"}
        )

    async with answering(page) as mistral:
        assert [found.id for found in await mistral.search(IDENTITY)] == ["ag_2"]


async def test_listing_without_an_end_is_rejected() -> None:
    tokens = itertools.count()

    def page(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json={"object": "list", "data": [], "next_page_token": str(next(tokens))})

    async with answering(page) as mistral:
        with pytest.raises(ProviderRejectedError, match="more than 50 pages"):
            await mistral.search(IDENTITY)


async def test_silent_server_ends_at_the_deadline(http: httpx2.AsyncClient) -> None:
    with silent_server() as url:
        client = Mistral(
            api_key=KEY,
            server_url=url,
            client=httpx2.Client(verify=NO_AUTHORITIES),
            async_client=http,
            debug_logger=NoOpLogger(),
        )
        mistral = MistralAgents(client, SecretStr(KEY), deadline=timedelta(seconds=0.2))
        began = time.monotonic()
        with pytest.raises(ProviderUnreachableError, match="in time"):
            await mistral.check_key()
        assert time.monotonic() - began < 2


async def test_success_that_the_sdk_cannot_read_is_a_success() -> None:
    """A create whose answer has an unknown form has happened, and must not be taken for a failure."""

    def created(request: httpx2.Request) -> httpx2.Response:
        if request.method == "DELETE":
            return httpx2.Response(200, json={"deleted": True})
        return httpx2.Response(200, json={"id": "ag_1", "version": 0, "object": "agent.v2", "tools": None})

    async with answering(created) as mistral:
        agent = await mistral.create(BARE, STAMP)
        assert (agent.id, agent.version) == ("ag_1", 0)
        await mistral.delete("ag_1")
        await mistral.check_key()


async def test_answer_without_an_id_may_have_done_it() -> None:
    async with answering(lambda _: httpx2.Response(200, json={"ok": True})) as mistral:
        with pytest.raises(ProviderUnreachableError, match="cannot be read"):
            await mistral.create(BARE, STAMP)


async def test_key_that_a_server_repeats_is_not_told_on() -> None:
    place = {"location": f"https://sso/?token={KEY}"}
    async with answering(lambda _: httpx2.Response(307, headers=place)) as mistral:
        with pytest.raises(ProviderRejectedError, match="token=…") as raised:
            await mistral.check_key()
    assert KEY not in str(raised.value)


async def test_cookies_of_one_key_are_not_sent_with_another(standin: StandIn) -> None:
    standin.fail("GET", "/v1/models", AnswerWith(status=404, headers={"set-cookie": "session=1; Path=/"}))
    async with provider_http() as http:
        with pytest.raises(NotFoundError):
            await MistralConnections(http).open(standin.url, SecretStr(KEY)).check_key()
        assert not http.cookies


async def test_page_of_another_server_is_rejected() -> None:
    async with answering(lambda _: httpx2.Response(200, html="<p>Welcome</p>")) as mistral:
        with pytest.raises(ProviderRejectedError, match="not this protocol"):
            await mistral.check_key()


async def test_validation_finding_is_rejected_without_what_was_sent() -> None:
    finding = {"loc": ["body", "instructions"], "msg": "too long", "input": "the prompt"}
    async with answering(lambda _: httpx2.Response(422, json={"detail": [finding]})) as mistral:
        with pytest.raises(ProviderRejectedError) as raised:
            await mistral.create(BARE, STAMP)
    assert raised.value.words == "answered 422: body.instructions: too long"


async def test_key_is_never_in_the_words() -> None:
    body = {"object": "error", "message": f"bad request of {KEY}"}
    async with answering(lambda _: httpx2.Response(400, json=body)) as mistral:
        with pytest.raises(ProviderRejectedError) as raised:
            await mistral.create(BARE, STAMP)
    assert KEY not in raised.value.words
