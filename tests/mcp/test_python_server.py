"""Servers on the Python SDK: restarts, many tools, odd names, what goes along with a call."""

import json

import pytest

from agents_crds.contract.mcp import NamedValue, Transport
from agents_crds.contract.names import TOOL_NAME_LIMIT, mcp_tool_name
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.mcp.failed import ServerFailed
from agents_worker.messages import McpToolCall
from tests.mcp.asking import TRACEPARENT, Asking, python, target
from tests.mcp.processes import Restartable

SERVER = "tests.mcp.python_server"
MANY = "tests.mcp.many_tools"


async def test_server_that_was_killed_fails_the_call_and_serves_the_next_once_it_is_back(
    asking: Asking, restartable: tuple[Restartable, Transport]
) -> None:
    server, address = restartable
    assert await asking.call(address, "add", a=1, b=2) == "3"
    died = await asking.call(address, "die")
    assert died.startswith("server_die failed: The connection to the server was lost")
    assert "may or may not have taken effect" in died
    refused = await asking.call(address, "add", a=1, b=2)
    assert refused.startswith("server_add failed: The server could not be reached")
    assert "taken effect" not in refused
    server.start()
    assert await asking.call(address, "add", a=2, b=2) == "4"


async def test_trace_goes_along_in_meta(asking: Asking, restartable: tuple[Restartable, Transport]) -> None:
    _, address = restartable
    for transport in (address, python(SERVER, "stdio")):
        assert json.loads(await asking.call(transport, "meta")) == {"traceparent": TRACEPARENT}


async def test_tool_that_fails_is_told_with_its_words(asking: Asking, python_http: Transport) -> None:
    text = await asking.call(python_http, "fail")
    assert text.startswith("server_fail failed: ")
    assert "no luck today" in text
    assert "taken effect" not in text


async def test_names_of_any_length_and_alphabet_are_listed_and_called(
    asking: Asking, python_http: Transport
) -> None:
    names = {tool.name for tool in (await asking.list(python_http)).tools}
    assert {"a" * 100, "grüße/welt.v2"} <= names
    assert await asking.call(python_http, "a" * 100) == "long"
    assert await asking.call(python_http, "grüße/welt.v2", who="алиса") == "Grüße an алиса 👋"


async def test_all_pages_are_listed(asking: Asking) -> None:
    catalogue = await asking.list(python(MANY, "130"))
    assert [tool.name for tool in catalogue.tools] == [f"tool_{i}" for i in range(130)]


async def test_equal_tools_of_two_servers_have_names_of_their_own(
    asking: Asking, python_http: Transport
) -> None:
    names = [
        mcp_tool_name(server, tool.name)
        for server in ("one", "two")
        for tool in (await asking.list(python_http, name=server)).tools
    ]
    assert len(set(names)) == len(names)
    assert all(len(name) <= TOOL_NAME_LIMIT for name in names)


@pytest.mark.parametrize(
    ("arguments", "reason", "words"),
    [
        (("513",), Reason.LIST_TOO_LARGE, "more than the 512 tools"),
        (("100", "large"), Reason.LIST_TOO_LARGE, "larger than the 400 KB"),
        (("1", "endless"), Reason.LIST_TOO_LARGE, "more than 100 pages"),
        (("1", "loop"), Reason.SERVER_ERROR, "the same page again and again"),
    ],
)
async def test_list_that_no_status_can_hold_is_refused(
    asking: Asking, arguments: tuple[str, ...], reason: Reason, words: str
) -> None:
    with pytest.raises(ServerFailed, match=words) as failed:
        await asking.list(python(MANY, *arguments))
    assert failed.value.reason == reason


async def test_tools_that_cannot_be_told_apart_or_named_are_left_out(asking: Asking) -> None:
    catalogue = await asking.list(python(MANY, "1", "twice"))
    assert [tool.name for tool in catalogue.tools] == ["a"]
    assert "tool 'a' (its name is there twice)" in catalogue.left_out


async def test_prompt_is_read(asking: Asking, python_http: Transport) -> None:
    assert (await asking.prompt(python_http, "greet", name="Ada")).startswith("Greet Ada at ")
    with pytest.raises(ServerFailed, match="does not give its prompt other") as failed:
        await asking.prompt(python_http, "other")
    assert failed.value.reason == Reason.PROMPT_NOT_FOUND


@pytest.mark.parametrize("arguments", ["[1]", "1", "{", "null"])
async def test_arguments_that_are_no_object_reach_no_server(
    asking: Asking, python_http: Transport, arguments: str
) -> None:
    call = McpToolCall(target=target(python_http), tool="add", name="server_add", arguments=arguments)
    text = (await asking.servers.call_tool(call)).text
    assert text == "server_add was not called, its arguments are invalid: they are no JSON object"


async def test_secret_that_a_server_repeats_is_masked(asking: Asking) -> None:
    token = NamedValue(name="TOKEN", secret_path="tools/token")
    text = await asking.call(python(SERVER, "stdio", TOKEN=token), "environment")
    assert json.loads(text)["TOKEN"] == "[secret]"
    assert "s3cret" not in text
