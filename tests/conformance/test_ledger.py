"""The bound on calls, and what is remembered for the clean-up."""

from datetime import timedelta
from time import monotonic

import httpx2
import pytest

from tests.conformance.ledger import CallsSpentError, Ledger
from tests.conformance.server import MODEL, REAL_URL, NoKeyError, real_server

URL = "http://provider.test/prefix/v1"


def client(ledger: Ledger, status: int = 200) -> httpx2.AsyncClient:
    """Make a client of a server that makes something of each request."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        name = "conversation_id" if request.url.path.endswith("conversations") else "id"
        return httpx2.Response(status, json={name: f"made_{ledger.spent}"})

    return httpx2.AsyncClient(transport=httpx2.MockTransport(answer), event_hooks=ledger.hooks)


async def test_no_call_is_made_beyond_the_bound() -> None:
    ledger = Ledger(limit=2)
    async with client(ledger) as http:
        for _ in range(2):
            await http.get(f"{URL}/agents")
        with pytest.raises(CallsSpentError, match="2 calls were made"):
            await http.get(f"{URL}/agents")
    assert ledger.spent == 2


async def test_a_call_is_kept_back_for_each_deletion() -> None:
    ledger = Ledger(limit=5)
    async with client(ledger) as http:
        await http.post(f"{URL}/agents")
        await http.post(f"{URL}/conversations")
        with pytest.raises(CallsSpentError, match="2 are kept back"):
            await http.post(f"{URL}/agents")
        await http.get(f"{URL}/agents/made_1")
        with pytest.raises(CallsSpentError):
            await http.get(f"{URL}/agents/made_1")
        assert ledger.made == ("/prefix/v1/agents/made_1", "/prefix/v1/conversations/made_2")
        for path in ledger.made:
            await http.delete(f"http://provider.test{path}")
    assert len(ledger.made) == 0
    assert ledger.spent == 5


async def test_what_was_refused_or_appended_made_nothing() -> None:
    ledger = Ledger(limit=9)
    async with client(ledger, status=422) as http:
        await http.post(f"{URL}/agents")
    async with client(ledger) as http:
        await http.post(f"{URL}/conversations/conv_1")
    assert ledger.made == ()


async def test_calls_begin_apart() -> None:
    ledger, began = Ledger(limit=9, pace=timedelta(seconds=0.2)), monotonic()
    async with client(ledger) as http:
        for _ in range(3):
            await http.get(URL)
    assert monotonic() - began >= 0.4


def test_a_real_account_is_used_only_where_it_is_asked_for() -> None:
    key = {"MISTRAL_API_KEY": "k"}
    assert real_server(key) is None
    asked = {"MISTRAL_CONFORMANCE": "1"}
    with pytest.raises(NoKeyError, match="MISTRAL_API_KEY is not set"):
        real_server(asked)
    server = real_server({**asked, **key})
    assert server is not None
    assert (server.url, server.model, server.standin) == (REAL_URL, MODEL, None)
    assert "k" not in repr(server.key)
    other = real_server({**asked, **key, "MISTRAL_SERVER_URL": "http://x/", "MISTRAL_MODEL": "m"})
    assert other is not None
    assert (other.url, other.model) == ("http://x", "m")
