"""A Local session against a chat server that has nothing of this project: llama.cpp's own."""

from collections.abc import Iterator
from typing import Literal

import pytest

from agents_crds.contract.run import AgentSnapshot
from agents_crds.contract.transcript import InputMessage, ModelMessage, TextPart
from agents_crds.v1alpha1.conditions import Reason
from agents_crds.v1alpha1.fields import JsonSchema
from tests.chat_servers.bigrams import SAID, THOUGHT
from tests.chat_servers.llama_cpp import ChatServer, running_llama_cpp
from tests.workflows.bench import Bench, loop_input
from tests.workflows.local_agents import local_agent
from tests.workflows.temporal import scheduled

pytestmark = pytest.mark.asyncio(loop_scope="session")

WINDOW = 2_048
YEAR = JsonSchema({"type": "object", "properties": {"year": {"type": "integer"}}, "required": ["year"]})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatServer]:
    with running_llama_cpp(tmp_path_factory.mktemp("llama-cpp"), window=WINDOW) as server:
        yield server


def served(bench: Bench, server: ChatServer, *tools: str, schema: JsonSchema | None = None) -> AgentSnapshot:
    agent = local_agent(
        bench, *tools, protocol="ChatCompletions", model=server.model, schema=schema, polling=True
    )
    key_path = bench.write_key(f"llama-{bench.unique}", server.key)
    provider = agent.provider.model_copy(update={"url": f"{server.url}/v1", "key_path": key_path})
    return agent.model_copy(update={"provider": provider})


async def test_tools_are_called_and_an_answer_is_given(bench: Bench, server: ChatServer) -> None:
    handle = await bench.start(served(bench, server, "get_rate"), "Get the rate 3 times.")
    result = (await bench.finished(handle)).result
    assert (result.reason, result.text, result.turns) == (Reason.SUCCEEDED, SAID, 4)
    assert (await scheduled(handle)).count("call_tool") == 3
    assert result.usage.total_tokens > 0


async def test_thoughts_are_kept_between_turns(bench: Bench, server: ChatServer) -> None:
    result = (await bench.run(served(bench, server, "get_rate"), "Think, and get the rate.")).result
    assert (result.reason, result.text) == (Reason.SUCCEEDED, SAID)
    thoughts = [each.reasoning for each in result.transcript if isinstance(each, ModelMessage)]
    assert str(thoughts[0]["reasoning_content"]).strip() == THOUGHT


async def test_an_answer_fits_its_schema(bench: Bench, server: ChatServer) -> None:
    result = (await bench.run(served(bench, server, schema=YEAR), "Hello")).result
    assert (result.reason, result.structured) == (Reason.SUCCEEDED, True)


async def test_a_refused_length_leads_to_a_summary_and_on(bench: Bench, server: ChatServer) -> None:
    before = [_said("user", "Tell a story. " * 40), _said("assistant", "Once upon a time. " * 40)]
    loop = loop_input(served(bench, server, "get_rate"), "").model_copy(
        update={"messages": (*before, _said("user", "Get the rate 9 times."))}
    )
    handle = await bench.start_loop(loop)
    result = (await bench.finished(handle)).result
    assert (result.reason, result.text) == (Reason.SUCCEEDED, SAID)
    assert (await scheduled(handle)).count("summarize") == 1
    assert result.turns >= 10


def _said(role: Literal["user", "assistant"], text: str) -> InputMessage:
    return InputMessage(role=role, content=(TextPart(text=text),))


async def test_a_model_that_is_not_there(bench: Bench, server: ChatServer) -> None:
    agent = served(bench, server)
    away = agent.provider.model_copy(update={"url": f"{server.url}/nothing"})
    result = (await bench.run(agent.model_copy(update={"provider": away}), "Hello")).result
    assert result.reason == Reason.MODEL_NOT_FOUND
