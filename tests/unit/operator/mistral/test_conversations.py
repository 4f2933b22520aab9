"""The conversations of an account, over the real SDK, against the stand-in."""

import httpx2
import pytest
from pydantic import JsonValue, SecretStr

from agents_operator.mistral import MistralConnections, MistralConversations, ProviderUnreachableError
from tests.standin.control import StandIn, rate_limited
from tests.standin.faults import AnswerWith
from tests.unit.operator.conversations.account import converse, marks
from tests.unit.operator.hand import KEY, OTHER_KEY

LISTING = "/v1/conversations"


@pytest.fixture
def account(http: httpx2.AsyncClient, standin: StandIn) -> MistralConversations:
    return MistralConnections(http).conversations(standin.url, SecretStr(KEY))


async def test_conversations_are_listed_by_all_of_their_marks(
    account: MistralConversations, standin: StandIn
) -> None:
    ours = converse(standin, marks())
    converse(standin, marks(**{"durable-agents.dev/retention": "Retain"}))
    converse(standin, None)
    [found] = await account.marked(marks())
    assert (found.id, found.metadata) == (ours, marks())
    assert found.created_at.tzinfo is not None


async def test_a_server_that_does_not_compare_metadata_is_not_believed(
    account: MistralConversations, standin: StandIn
) -> None:
    listed: JsonValue = [
        {"id": "conv_1", "created_at": "2026-03-01T12:00:00Z", "metadata": {**marks(), "more": 3}},
        {"id": "conv_2", "created_at": "2026-03-01T12:00:00Z", "metadata": {"durable-agents.dev/uid": "u"}},
        {"id": "conv_3", "created_at": "2026-03-01T12:00:00Z", "metadata": None},
        {"id": "conv_4", "created_at": "2026-03-01T12:00:00Z"},
    ]
    standin.fail("GET", LISTING, AnswerWith(status=200, body=listed))
    [found] = await account.marked(marks())
    assert (found.id, found.metadata) == ("conv_1", marks())


async def test_a_listing_is_read_to_its_end(account: MistralConversations, standin: StandIn) -> None:
    made = {converse(standin, marks()) for _ in range(101)}
    assert {found.id for found in await account.marked(marks())} == made


async def test_a_server_that_ignores_pages_is_asked_no_more_often_than_needed(
    account: MistralConversations, standin: StandIn
) -> None:
    listed: JsonValue = [
        {"id": f"conv_{number}", "created_at": "2026-03-01T12:00:00Z", "metadata": {**marks()}}
        for number in range(100)
    ]
    standin.fail("GET", LISTING, AnswerWith(status=200, body=listed), times=None)
    assert len(await account.marked(marks())) == 100
    assert standin.counters().requests["GET /v1/conversations"] == 2


async def test_a_conversation_is_deleted_once_or_is_gone(
    account: MistralConversations, standin: StandIn
) -> None:
    made = converse(standin, marks())
    await account.delete(made)
    await account.delete(made)
    assert standin.conversations() == ()


async def test_a_failure_is_told_in_the_terms_of_providers(
    account: MistralConversations, standin: StandIn
) -> None:
    standin.fail("GET", LISTING, rate_limited(7))
    with pytest.raises(ProviderUnreachableError) as failed:
        await account.marked(marks())
    assert failed.value.rate_limited


def test_accounts_are_told_apart_by_server_and_key(http: httpx2.AsyncClient) -> None:
    connections = MistralConnections(http)
    servers, keys = ("http://one.test", "http://two.test"), (KEY, OTHER_KEY)
    opened = [connections.conversations(url, SecretStr(key)) for url in servers for key in keys]
    assert len({account.fingerprint for account in opened}) == 4
    again = connections.conversations(servers[0], SecretStr(KEY))
    assert again.fingerprint == opened[0].fingerprint
    assert KEY not in again.fingerprint
