"""Loops as values, for the tests of their decisions."""

from datetime import UTC, datetime, timedelta

from agents_crds.contract.run import (
    AgentSnapshot,
    Limits,
    LoopInput,
    LoopState,
    ProviderSnapshot,
    ToolRoute,
    Usage,
)
from agents_crds.v1alpha1.fields import JsonSchema
from agents_worker.messages import Entry, FunctionCall, Handoff, Message, ModelAnswer

STATE = LoopState(deadline=datetime(2025, 1, 1, tzinfo=UTC))
TOKENS = Usage(prompt_tokens=3, completion_tokens=2, total_tokens=5)
ROUTE = ToolRoute(name="pay", queue="q", idempotent=False, timeout=timedelta(minutes=1))
PROVIDER = ProviderSnapshot(name="default", url="http://provider.test", key_path="k", queue="p")
A, B = (FunctionCall(tool_call_id=name, name=f"tool_{name}", arguments="{}") for name in "ab")
ASKING = FunctionCall(tool_call_id="d", name="send_mail", arguments="{}", confirmation="pending")


def snapshot(name: str, *tools: ToolRoute, schema: JsonSchema | None = None) -> AgentSnapshot:
    return AgentSnapshot(
        name=name,
        remote_id=f"ag_{name}",
        remote_version=0,
        provider=PROVIDER,
        tools=tools,
        output_schema=schema,
    )


def loop(*, schema: JsonSchema | None = None, **limits: int) -> LoopInput:
    return LoopInput(
        agent=snapshot("finance", ROUTE, schema=schema),
        input="What is the rate?",
        limits=Limits(max_turns=3, timeout=timedelta(hours=1)).model_copy(update=limits),
        conversation_metadata={},
    )


def team(*others: AgentSnapshot) -> LoopInput:
    return loop().model_copy(update={"handoffs": others})


def said(text: str) -> Message:
    return Message(text=text)


def to(name: str, remote_id: str = "") -> Handoff:
    return Handoff(next_id=remote_id or f"ag_{name}", next_name=f"ns.{name}")


def answer(*entries: Entry) -> ModelAnswer:
    return ModelAnswer(conversation_id="conv_1", entries=entries, usage=TOKENS)
