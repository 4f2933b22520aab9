from pydantic import JsonValue

from agents_operator.installation import find_installation
from agents_operator.kubernetes.configmaps import ConfigMaps
from tests.unit.operator.kubernetes.scripted import ScriptedServer, failure

ABSENT = failure('configmaps "durable-agents-installation" not found')
TAKEN = failure('configmaps "durable-agents-installation" already exists')


def kept(installation: str) -> JsonValue:
    return {"metadata": {"name": "durable-agents-installation"}, "data": {"id": installation}}


async def test_configured_id_is_taken_and_nothing_is_kept() -> None:
    async with ScriptedServer() as server:
        assert await find_installation("mine", ConfigMaps(server.api, "system")) == "mine"
        assert server.asked == []


async def test_id_that_was_generated_before_is_used_again() -> None:
    async with ScriptedServer() as server:
        server.will_answer(200, kept("abcdefgh"))
        assert await find_installation(None, ConfigMaps(server.api, "system")) == "abcdefgh"
        (asked,) = server.asked
    assert asked.method == "GET"
    assert asked.path == "/api/v1/namespaces/system/configmaps/durable-agents-installation"


async def test_id_is_generated_and_kept_where_there_is_none() -> None:
    async with ScriptedServer() as server:
        server.will_answer(404, ABSENT)
        server.will_answer(201, {})
        generated = await find_installation(None, ConfigMaps(server.api, "system"))
        _, created = server.asked
    assert (created.method, created.path) == ("POST", "/api/v1/namespaces/system/configmaps")
    assert isinstance(created.body, dict)
    assert created.body["metadata"] == {"name": "durable-agents-installation"}
    assert created.body["data"] == {"id": generated}


async def test_id_of_the_replica_that_was_faster_is_used() -> None:
    async with ScriptedServer() as server:
        server.will_answer(404, ABSENT)
        server.will_answer(409, TAKEN)
        server.will_answer(200, kept("faster"))
        assert await find_installation(None, ConfigMaps(server.api, "system")) == "faster"
        assert [asked.method for asked in server.asked] == ["GET", "POST", "GET"]
