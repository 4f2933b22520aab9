"""What a run begins with, from the manifest to the model."""

import pytest
from pydantic import JsonValue

from agents_crds.v1alpha1 import AgentRun
from tests.component.tenant import METER, Tenant
from tests.standin.chunks import ImageUrlChunk, TextChunk
from tests.standin.conversations import Conversation
from tests.standin.entries import MessageInput
from tests.user import Manifest, condition, eventually, manifest
from tools.local import audit

IMAGE = "https://example.com/north-7.png"
LARGEST = 524_288


def said(conversation: Conversation) -> list[tuple[str, list[str]]]:
    """Who said what before the model answered: texts, and addresses of images."""
    given = [entry for entry in conversation.entries if isinstance(entry, MessageInput)]
    return [
        (entry.role, [entry.content] if isinstance(entry.content, str) else [*map(shown, entry.content)])
        for entry in given
    ]


def shown(chunk: object) -> str:
    match chunk:
        case TextChunk():
            return chunk.text
        case ImageUrlChunk():
            return chunk.url
        case _:
            raise AssertionError(f"{chunk!r} was not sent")


def configmap(name: str, **data: str) -> Manifest:
    values: dict[str, JsonValue] = {**data}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": values}


def from_key(agent: str, name: str, key: str) -> dict[str, JsonValue]:
    source: JsonValue = {"configMapKeyRef": {"name": name, "key": key}}
    return {"agentRef": {"name": agent}, "inputFrom": source}


def test_messages_and_images_reach_the_model(tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    messages: JsonValue = [
        {"content": [{"text": "I send you a meter."}, {"imageUrl": IMAGE}]},
        {"role": "assistant", "content": [{"text": "I see it."}]},
        {"content": [{"text": METER}]},
    ]
    tenant.apply(manifest("AgentRun", "looking", {"agentRef": {"name": "reader"}, "messages": messages}))
    tenant.wait("agentrun/looking", "Succeeded")
    (conversation,) = tenant.conversations()
    assert said(conversation) == [
        ("user", ["I send you a meter.", IMAGE]),
        ("assistant", ["I see it."]),
        ("user", [METER]),
    ]
    (call,) = tenant.tool_calls()
    run = tenant.get(AgentRun, "looking")
    assert run.status.output is not None
    assert call.value in run.status.output.text


def test_text_from_a_configmap_reaches_the_model_for_one_read(tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    tenant.apply(configmap("questions", first=METER))
    tenant.apply(manifest("AgentRun", "asking", from_key("reader", "questions", "first")))
    tenant.wait("agentrun/asking", "Succeeded")
    (conversation,) = tenant.conversations()
    assert said(conversation) == [("user", [METER])]
    # The log may be a moment late.
    asked = eventually(lambda: requests(tenant), lambda seen: seen.count("patch agentruns") == 2)
    assert [each for each in asked if "agentruns" in each or "configmaps" in each] == [
        "get configmaps",
        "patch agentruns",
        "patch agentruns",
    ]


def requests(tenant: Tenant) -> list[str]:
    """What the operator asked of the API server about the namespace."""
    asked = audit.requests(tenant.platform.control_plane.audit_log)
    about = [(each.verb, each.object_ref) for each in asked if each.object_ref is not None]
    return [f"{verb} {ref.resource}" for verb, ref in about if ref.namespace == tenant.namespace]


def test_run_waits_for_its_configmap_and_then_goes_on(tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    tenant.apply(manifest("AgentRun", "early", from_key("reader", "questions", "first")))
    waiting = tenant.wait_for_reason("early", "ConfigMapNotFound")
    assert waiting.status == "Unknown"
    assert f"there is no ConfigMap questions in namespace {tenant.namespace}" in waiting.message
    (event,) = eventually(lambda: tenant.events("AgentRun/early"), bool)
    assert (event.type, event.reason) == ("Warning", "ConfigMapNotFound")
    tenant.apply(configmap("questions", second=METER))
    eventually(
        lambda: condition(tenant.get(AgentRun, "early"), "Succeeded").message,
        lambda message: "has no text under key first, but under second" in message,
    )
    tenant.apply(configmap("questions", first=METER))
    tenant.wait("agentrun/early", "Succeeded")
    assert tenant.get(AgentRun, "early").status.turns == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (" \n", "key first of ConfigMap questions in namespace {namespace} is empty"),
        ("x" * (LARGEST + 1), "has 524289 bytes, and a run takes 524288 at most"),
    ],
    ids=["nothing", "too much"],
)
def test_text_that_cannot_be_used_is_said(tenant: Tenant, text: str, message: str) -> None:
    tenant.ready_agent("reader")
    # `kubectl apply` would keep a copy of it in an annotation.
    file = tenant.platform.directory / f"{tenant.namespace}.text"
    file.write_text(text)
    tenant.kubectl("create", "configmap", "questions", f"--from-file=first={file}")
    tenant.apply(manifest("AgentRun", "odd", from_key("reader", "questions", "first")))
    waiting = tenant.wait_for_reason("odd", "ConfigMapNotFound")
    assert message.format(namespace=tenant.namespace) in waiting.message


def test_run_joins_the_trace_of_its_annotation(tenant: Tenant) -> None:
    """It goes along to the worker; what is sent of it to tools is for the tests of those."""
    tenant.ready_agent("reader")
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    traced = manifest("AgentRun", "traced", {"agentRef": {"name": "reader"}, "input": METER})
    traced["metadata"] = {
        "name": "traced",
        "annotations": {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"},
    }
    tenant.apply(traced)
    tenant.wait("agentrun/traced", "Succeeded")
    own = tenant.finished_run("untraced", "reader").metadata.uid.replace("-", "")
    histories = tenant.platform.histories(tenant.namespace)
    assert f"00-{trace}-00f067aa0ba902b7-01".encode() in histories
    assert f"00-{own}-".encode() in histories
