import logging
from collections.abc import Callable

import pytest
from pydantic import JsonValue, ValidationError

from agents_crds.v1alpha1 import AgentRun, ModelProvider
from agents_operator.engine.invalid import Invalid, describe
from agents_operator.engine.world import Key
from agents_operator.kubernetes.events import Events
from agents_operator.kubernetes.resources import AGENT_RUNS, AGENTS, MODEL_PROVIDERS, M, Resource
from tests.unit.operator.kubernetes.scripted import CONFLICT, Asked, ScriptedServer
from tests.unit.operator.objects import DELETED, NOW, Manifest, agent, condition, provider, run


def refused(resource: Resource[M], body: JsonValue) -> ValidationError:
    with pytest.raises(ValidationError) as refusal:
        resource.model.model_validate(body)
    return refusal.value


def broken_run(status: Manifest | None = None) -> Manifest:
    return run().manifest() | {"spec": {"agentRef": {"name": "finance"}}, "status": status or {}}


def broken_provider() -> Manifest:
    return provider().manifest() | {"spec": {}}


def invalid(server: ScriptedServer, leads: Callable[[], bool] = lambda: True) -> Invalid:
    logger = logging.getLogger("test")
    events = Events(server.api, "operator-1", logger)
    return Invalid(server.api, events, leads=leads, now=lambda: NOW, logger=logger)


def test_every_field_that_does_not_fit_is_named() -> None:
    body = provider().manifest() | {"spec": {"url": "ftp://x", "apiKeySecretRef": {}}}
    message = describe(refused(MODEL_PROVIDERS, body))
    assert "spec.url: " in message
    assert "spec.apiKeySecretRef.name: Field required" in message


def test_message_does_not_repeat_the_value() -> None:
    body = provider().manifest() | {
        "spec": {"url": "https://user:hunter2@x", "apiKeySecretRef": {"name": "m"}}
    }
    assert "hunter2" not in describe(refused(MODEL_PROVIDERS, body))


async def test_owner_is_told_by_a_condition_and_an_event() -> None:
    async with ScriptedServer() as server:
        body = broken_run()
        server.will_answer(200, {})
        server.will_answer(201, {})
        await invalid(server).refuse(AGENT_RUNS, body, refused(AGENT_RUNS, body))
        assert server.requests == ["PATCH status", "POST events"]
        written = AgentRun.model_validate(run().manifest() | {"status": status_of(server.asked[0])}).status
        (said,) = written.conditions
        assert (said.type, said.status, said.reason) == ("Succeeded", "False", "InvalidObject")
        assert said.message == "spec: exactly one of input, messages and inputFrom"


async def test_replica_that_stands_by_tells_nobody_until_it_leads() -> None:
    async with ScriptedServer() as server:
        leads = [False]
        standby, body = invalid(server, lambda: leads[0]), broken_run()
        await standby.refuse(AGENT_RUNS, body, refused(AGENT_RUNS, body))
        assert server.requests == []
        leads[0] = True
        server.will_answer(200, {})
        server.will_answer(201, {})
        await standby.tell()
        await standby.tell()
        assert server.requests == ["PATCH status", "POST events"]


async def test_object_that_was_corrected_or_went_meanwhile_is_none_to_tell_of() -> None:
    async with ScriptedServer() as server:
        standby, body = invalid(server, lambda: False), broken_run()
        await standby.refuse(AGENT_RUNS, body, refused(AGENT_RUNS, body))
        standby.forget(Key.of(run()))
        await standby.tell()
        assert server.requests == []


async def test_one_that_cannot_be_told_does_not_hold_up_the_others() -> None:
    async with ScriptedServer() as server:
        standby = invalid(server, lambda: False)
        await standby.refuse(AGENT_RUNS, broken_run(), refused(AGENT_RUNS, broken_run()))
        await standby.refuse(MODEL_PROVIDERS, broken_provider(), refused(MODEL_PROVIDERS, broken_provider()))
        server.will_answer(500, {})
        server.will_answer(200, {})
        server.will_answer(201, {})
        await standby.tell()
        assert server.requests == ["PATCH status", "PATCH status", "POST events"]


async def test_other_kinds_are_told_by_their_own_summary() -> None:
    async with ScriptedServer() as server:
        body = broken_provider()
        server.will_answer(200, {})
        server.will_answer(201, {})
        await invalid(server).refuse(MODEL_PROVIDERS, body, refused(MODEL_PROVIDERS, body))
        written = ModelProvider.model_validate(
            provider().manifest() | {"status": status_of(server.asked[0])}
        ).status
        assert [said.type for said in written.conditions] == ["Ready"]


async def test_owner_learns_what_holds_an_object_that_is_being_deleted() -> None:
    async with ScriptedServer() as server:
        going = agent(deletionTimestamp=DELETED, finalizers=["durable-agents.dev/remote-agent"])
        body = going.manifest() | {"spec": {}}
        server.will_answer(200, {})
        server.will_answer(201, {})
        await invalid(server).refuse(AGENTS, body, refused(AGENTS, body))
        told = str(status_of(server.asked[0]))
    assert "take durable-agents.dev/remote-agent out of metadata.finalizers; spec: exactly one of" in told


async def test_owner_who_was_told_is_not_told_again() -> None:
    async with ScriptedServer() as server:
        told = condition(
            "Succeeded", "False", "InvalidObject", "spec: exactly one of input, messages and inputFrom"
        )
        body = broken_run({"conditions": [told]})
        await invalid(server).refuse(AGENT_RUNS, body, refused(AGENT_RUNS, body))
        assert server.requests == []


async def test_owner_who_was_told_at_length_is_not_told_again() -> None:
    nameless: list[JsonValue] = [{"function": {}}] * 50
    body = agent().manifest() | {"spec": {"model": "m", "tools": nameless}}
    async with ScriptedServer() as server:
        server.will_answer(200, {})
        server.will_answer(201, {})
        await invalid(server).refuse(AGENTS, body, refused(AGENTS, body))
        body["status"] = status_of(server.asked[0])
        await invalid(server).refuse(AGENTS, body, refused(AGENTS, body))
        assert server.requests == ["PATCH status", "POST events"]


async def test_object_that_changed_meanwhile_is_left_to_the_next_event() -> None:
    async with ScriptedServer() as server:
        body = broken_run()
        server.will_answer(409, CONFLICT)
        await invalid(server).refuse(AGENT_RUNS, body, refused(AGENT_RUNS, body))
        assert server.requests == ["PATCH status"]


def status_of(written: Asked) -> JsonValue:
    assert isinstance(written.body, dict)
    return written.body["status"]
