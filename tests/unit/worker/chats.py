"""Local sessions as values, for the tests of their decisions."""

from agents_crds.contract.names import handoff_tool_name
from agents_crds.contract.run import AgentSnapshot
from agents_crds.contract.transcript import (
    HandoffTarget,
    LocalAgent,
    ModelMessage,
    ResultMessage,
    SaidMessage,
    TranscriptCall,
    TranscriptMessage,
)
from agents_worker.chat_messages import ChatAnswer, ChatRequest
from agents_worker.workflows.transcript import said_by_user
from tests.unit.worker.loops import PROVIDER, TOKENS, snapshot


def local(name: str, *handoffs: str, window: int | None = None) -> AgentSnapshot:
    targets = tuple(HandoffTarget(agent=each, tool=handoff_tool_name(each)) for each in handoffs)
    agent = LocalAgent(model="m", instructions="Help.", handoffs=targets, context_window=window)
    return snapshot(name).model_copy(update={"remote_id": "", "local": agent})


def call(id_: str, name: str = "pay", arguments: str = "{}") -> TranscriptCall:
    return TranscriptCall(id=id_, name=name, arguments=arguments)


def called(*ids: str, words: str = "") -> ModelMessage:
    return ModelMessage(agent="finance", content=words or None, calls=tuple(call(each) for each in ids))


def result(id_: str, text: str = "paid") -> ResultMessage:
    return ResultMessage(call_id=id_, name="pay", text=text)


def asked(text: str) -> SaidMessage:
    return said_by_user(text)


def spoke(text: str) -> ModelMessage:
    return ModelMessage(agent="finance", content=text)


def request(*messages: TranscriptMessage, protocol: str = "Mistral", **agent: object) -> ChatRequest:
    return ChatRequest(
        provider=PROVIDER.model_copy(update={"protocol": protocol}),
        name="finance",
        agent=LocalAgent(model="m").model_copy(update=agent),
        messages=messages,
    )


def chat(text: str) -> ChatAnswer:
    return ChatAnswer(message=spoke(text), usage=TOKENS)
