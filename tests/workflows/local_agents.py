"""Agents of Local sessions: they live in the run alone, and speak to the stand-in's chats."""

from typing import Literal

from agents_crds.contract.names import handoff_tool_name
from agents_crds.contract.run import AgentSnapshot, ProviderSnapshot, ToolRoute
from agents_crds.contract.transcript import (
    CompletionOptions,
    FunctionDefinition,
    HandoffTarget,
    LocalAgent,
)
from agents_crds.v1alpha1.fields import JsonSchema
from tests.standin.control import CHAT, OPENAI_CHAT
from tests.workflows.bench import KEY_PATH, POOL_QUEUE, PROVIDER_QUEUE, Bench

MODEL = "mistral-medium-latest"
Protocol = Literal["Mistral", "ChatCompletions"]
PROTOCOLS: tuple[Protocol, ...] = ("Mistral", "ChatCompletions")


def chat_path(protocol: Protocol) -> str:
    """Name the stand-in's route."""
    return CHAT if protocol == "Mistral" else OPENAI_CHAT


def local_agent(
    bench: Bench,
    *tools: str,
    protocol: Protocol = "Mistral",
    name: str = "agent",
    queue: str = POOL_QUEUE,
    handoffs: tuple[str, ...] = (),
    functions: tuple[FunctionDefinition, ...] = (),
    schema: JsonSchema | None = None,
    window: int | None = None,
    instructions: str = "",
    model: str = MODEL,
    polling: bool = False,
    provider_queue: str = PROVIDER_QUEUE,
) -> AgentSnapshot:
    """Make the snapshot that a run gets; `polling` allows it to call the same again and again."""
    offers = [offer for offer in bench.tools.catalogue().tools if offer.name in tools]
    own = tuple(
        FunctionDefinition(name=offer.name, description=offer.description, parameters=offer.parameters)
        for offer in offers
    )
    url = bench.standin.url if protocol == "Mistral" else f"{bench.standin.url}/openai/v1"
    return AgentSnapshot(
        name=name,
        remote_id="",
        remote_version=0,
        provider=ProviderSnapshot(
            name="default", url=url, key_path=KEY_PATH, queue=provider_queue, protocol=protocol
        ),
        tools=tuple(
            ToolRoute(
                name=offer.name,
                queue=queue,
                idempotent=offer.idempotent,
                timeout=offer.timeout,
                polling=polling or offer.polling,
            )
            for offer in offers
        ),
        output_schema=schema,
        local=LocalAgent(
            model=model,
            instructions=instructions or f"You help as {name}.",
            functions=(*own, *functions),
            handoffs=tuple(
                HandoffTarget(agent=each, tool=handoff_tool_name(each), description=f"Knows {each}")
                for each in handoffs
            ),
            options=CompletionOptions(temperature=0.2, random_seed=7),
            context_window=window,
        ),
    )


def results_told(bench: Bench) -> list[str]:
    """List the tool results of the last request, in order."""
    [chat] = bench.standin.chats()
    messages = chat.request["messages"]
    assert isinstance(messages, list)
    return [str(each["content"]) for each in messages if isinstance(each, dict) and each["role"] == "tool"]
