"""A server that nobody here wrote, over each transport."""

import json

import pytest

from agents_crds.contract.mcp import Transport
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.mcp.failed import ServerFailed
from tests.mcp.asking import Asking


async def test_lists_its_tools_and_prompts(asking: Asking, everything: Transport) -> None:
    catalogue = await asking.list(everything)
    tools = {tool.name: tool for tool in catalogue.tools}
    assert {"echo", "get-sum", "get-tiny-image", "trigger-long-running-operation"} <= set(tools)
    assert tools["get-sum"].input_schema["type"] == "object"
    assert tools["echo"].idempotent
    assert not tools["toggle-simulated-logging"].idempotent
    prompts = {prompt.name: prompt for prompt in catalogue.prompts}
    required = [(argument.name, argument.required) for argument in prompts["args-prompt"].arguments]
    assert required == [("city", True), ("state", False)]
    assert (catalogue.server_name, catalogue.protocol_version) == ("mcp-servers/everything", "2025-11-25")
    assert catalogue.server_version


async def test_texts_come_through(asking: Asking, everything: Transport) -> None:
    assert await asking.call(everything, "echo", message="Grüße ✓\n2") == "Echo: Grüße ✓\n2"
    assert await asking.call(everything, "get-sum", a=2, b=3) == "The sum of 2 and 3 is 5."


async def test_images_are_described(asking: Asking, everything: Transport) -> None:
    text = await asking.call(everything, "get-tiny-image")
    assert "[image: image/png, 4033 bytes]" in text
    annotated = await asking.call(everything, "get-annotated-message", messageType="error", includeImage=True)
    assert annotated.splitlines() == ["Error: Operation failed", "[image: image/png, 4033 bytes]"]


async def test_resources_come_through_as_text_and_blobs_are_described(
    asking: Asking, everything: Transport
) -> None:
    text = await asking.call(everything, "get-resource-reference", resourceType="Text", resourceId=1)
    assert "[resource demo://resource/dynamic/text/1]\nResource 1: This is a plaintext resource" in text
    blob = await asking.call(everything, "get-resource-reference", resourceType="Blob", resourceId=1)
    assert "[resource demo://resource/dynamic/blob/1: text/plain, " in blob
    links = await asking.call(everything, "get-resource-links", count=2)
    assert (
        "[link to demo://resource/dynamic/text/2: Text Resource 2, Resource 2: plaintext resource]" in links
    )


async def test_structured_content_is_said_once(asking: Asking, everything: Transport) -> None:
    text = await asking.call(everything, "get-structured-content", location="Chicago")
    assert set(json.loads(text)) == {"temperature", "conditions", "humidity"}


async def test_errors_are_told(asking: Asking, everything: Transport) -> None:
    assert (await asking.call(everything, "no-such-tool")).startswith("server_no-such-tool failed: MCP error")
    wrong = await asking.call(everything, "get-sum", a="x")
    assert wrong.startswith("server_get-sum failed: ")
    assert "expected number" in wrong


async def test_long_call_with_progress_ends_with_its_result(asking: Asking, everything: Transport) -> None:
    text = await asking.call(everything, "trigger-long-running-operation", duration=1, steps=5)
    assert text == "Long running operation completed. Duration: 1 seconds, Steps: 5."


async def test_progress_gives_no_call_more_time(asking: Asking, everything: Transport) -> None:
    tool = "trigger-long-running-operation"
    text = await asking.call_within(everything, tool, 1, duration=60, steps=600)
    assert f"did not answer the call of {tool} within 1s" in text
    assert "may or may not have taken effect" in text


async def test_prompts_are_read_as_text(asking: Asking, everything: Transport) -> None:
    simple = await asking.prompt(everything, "simple-prompt")
    assert simple == "This is a simple prompt without arguments."
    assert await asking.prompt(everything, "args-prompt", city="Paris") == "What's weather in Paris?"
    resource = await asking.prompt(everything, "resource-prompt", resourceType="Text", resourceId="1")
    assert "\n\n[resource demo://resource/dynamic/text/1]\nResource 1" in resource


@pytest.mark.parametrize(
    ("prompt", "words"), [("no-such-prompt", "not found"), ("args-prompt", "Invalid arguments")]
)
async def test_prompt_that_is_refused_is_told_in_the_servers_words(
    asking: Asking, everything: Transport, prompt: str, words: str
) -> None:
    with pytest.raises(ServerFailed, match=f"does not give its prompt {prompt}: .*{words}") as failed:
        await asking.prompt(everything, prompt)
    assert failed.value.reason == Reason.PROMPT_NOT_FOUND
