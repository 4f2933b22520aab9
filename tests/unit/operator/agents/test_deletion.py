"""The end of an Agent, and what becomes of its remote agent."""

import logging
from datetime import timedelta

import pytest

from agents_crds.v1alpha1 import AgentRunStatus, ConditionType
from agents_operator.agents.orphans import Orphans
from agents_operator.kubernetes.configmaps import ConfigMaps
from agents_operator.kubernetes.events import Events
from agents_operator.kubernetes.resources import AGENT_RUNS, AGENTS, MODEL_PROVIDERS
from tests.standin.control import StandIn
from tests.standin.faults import AnswerWith, LoseResponse
from tests.unit.operator.bench import DELETION_TIMEOUT, RETRY, Bench
from tests.unit.operator.hand import delete_by_hand, duplicate_by_hand


async def test_deleted_agent_leaves_no_remote_agent(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent()
    await bench.reconcile()
    await bench.delete(AGENTS, "finance")
    await bench.reconcile()
    assert await bench.is_gone()
    assert standin.agents() == ()
    assert await bench.orphans() == ()


async def test_remote_agent_that_is_gone_already_holds_nothing_up(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent()
    await bench.reconcile()
    delete_by_hand(standin, standin.agents()[0].id)
    await bench.delete(AGENTS, "finance")
    await bench.reconcile()
    assert await bench.is_gone()


async def test_agent_that_never_made_anything_goes_at_once(bench: Bench) -> None:
    await bench.add_agent(workerPoolRef={"name": "missing"})
    await bench.reconcile()
    await bench.delete(AGENTS, "finance")
    assert await bench.is_gone()


async def test_retained_remote_agent_stays_and_is_adopted_as_it_is(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent(deletionPolicy="Retain")
    await bench.reconcile()
    (remote,) = standin.agents()
    await bench.delete(AGENTS, "finance")
    await bench.reconcile()
    assert await bench.is_gone()
    assert standin.agents() == (remote,)
    await bench.add_agent(deletionPolicy="Retain")
    await bench.reconcile()
    assert (await bench.remote()).id == remote.id
    assert standin.agents() == (remote,)
    assert (await bench.conditions())["Ready"] == "True Synced"


async def test_retained_remote_agent_that_was_changed_is_adopted_and_corrected(
    bench: Bench, standin: StandIn
) -> None:
    await bench.add_agent(deletionPolicy="Retain")
    await bench.reconcile()
    (remote,) = standin.agents()
    await bench.delete(AGENTS, "finance")
    await bench.reconcile()
    await bench.add_agent(instructions="Answer in French.")
    await bench.reconcile()
    (adopted,) = standin.agents()
    assert adopted.id == remote.id
    assert adopted.current.instructions == "Answer in French."
    assert (await bench.remote()).version == 1


async def test_deletion_waits_for_runs_that_have_started(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent()
    await bench.reconcile()
    await bench.add_run("going", AgentRunStatus(workflow_id="tests/going"))
    await bench.add_run("waiting", AgentRunStatus())
    await bench.add_run("done", AgentRunStatus(workflow_id="tests/done", finished=True))
    await bench.add_run("foreign", AgentRunStatus(workflow_id="tests/foreign"), agent="another")
    await bench.delete(AGENTS, "finance")
    again = await bench.reconcile()
    assert again is not None
    assert len(standin.agents()) == 1
    ready = await bench.condition(ConditionType.READY)
    assert ready.reason == "Deleting"
    assert "1 unfinished run of this Agent ends: going" in ready.message
    assert await bench.events() == {}
    await bench.delete(AGENT_RUNS, "going")
    await bench.reconcile()
    assert await bench.is_gone()
    assert standin.agents() == ()


async def test_create_request_that_was_lost_is_cleaned_up(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent()
    standin.fail("POST", "/v1/agents", LoseResponse())
    await bench.reconcile()
    assert len(standin.agents()) == 1
    await bench.delete(AGENTS, "finance")
    await bench.reconcile()
    assert await bench.is_gone()
    assert standin.agents() == ()


async def test_twin_of_a_lost_create_request_goes_too(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent()
    await bench.reconcile()
    duplicate_by_hand(standin, standin.agents()[0])
    await bench.delete(AGENTS, "finance")
    await bench.reconcile()
    assert await bench.is_gone()
    assert standin.agents() == ()


async def test_remote_agent_of_another_installation_is_not_deleted(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent()
    await bench.reconcile()
    bench.operate(installation="another")
    await bench.delete(AGENTS, "finance")
    await bench.reconcile()
    assert await bench.is_gone()
    assert len(standin.agents()) == 1


async def test_deletion_that_fails_is_repeated_until_its_time_is_up(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent()
    await bench.reconcile()
    (remote,) = standin.agents()
    standin.fail("DELETE", "/v1/agents/*", AnswerWith(status=503), times=None)
    await bench.delete(AGENTS, "finance")
    again = await bench.reconcile()
    assert again is not None
    assert again <= RETRY * 1.2
    assert (await bench.conditions())["Ready"] == "False ProviderUnreachable"
    assert await bench.orphans() == ()
    bench.ahead = DELETION_TIMEOUT + timedelta(seconds=1)
    await bench.reconcile()
    assert await bench.is_gone()
    (orphan,) = await bench.orphans()
    assert remote.id in orphan
    assert standin.url in orphan
    assert "answered 503" in orphan
    assert "durable-agents-orphans" in (await bench.events())["RemoteAgentOrphaned"]


async def test_remote_agent_goes_although_key_and_provider_went_first(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent()
    await bench.reconcile()
    await bench.delete_secret()
    await bench.delete(MODEL_PROVIDERS, "default")
    await bench.delete(AGENTS, "finance")
    await bench.reconcile()
    assert await bench.is_gone()
    assert standin.agents() == ()


async def test_orphan_is_recorded_when_key_and_provider_were_gone_before_the_operator_started(
    bench: Bench, standin: StandIn
) -> None:
    await bench.add_agent()
    await bench.reconcile()
    await bench.delete_secret()
    await bench.delete(MODEL_PROVIDERS, "default")
    bench.operate()
    await bench.delete(AGENTS, "finance")
    await bench.reconcile()
    assert (await bench.conditions())["Ready"] == "False ProviderNotFound"
    bench.ahead = DELETION_TIMEOUT + timedelta(seconds=1)
    await bench.reconcile()
    assert await bench.is_gone()
    (orphan,) = await bench.orphans()
    assert standin.agents()[0].id in orphan


async def test_remote_agent_at_an_address_that_its_provider_left_is_an_orphan(
    bench: Bench, standin: StandIn
) -> None:
    await bench.add_agent()
    await bench.reconcile()
    await bench.delete(MODEL_PROVIDERS, "default")
    await bench.delete_secret()
    await bench.add_provider("default", account="other")
    await bench.delete(AGENTS, "finance")
    await bench.reconcile()
    assert not await bench.is_gone()
    bench.ahead = DELETION_TIMEOUT + timedelta(seconds=1)
    await bench.reconcile()
    assert await bench.is_gone()
    (orphan,) = await bench.orphans()
    assert standin.agents()[0].id in orphan
    assert standin.url in orphan


async def test_orphan_that_cannot_be_recorded_is_logged_and_told(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    await bench.add_agent()
    await bench.reconcile()
    logger = logging.getLogger("tests")
    orphans = Orphans(
        bench.world,
        ConfigMaps(bench.api, "no-such-namespace"),
        Events(bench.api, "tests", logger),
        installation="tests",
        logger=logger,
    )
    remote = await bench.remote()
    await orphans.record(await bench.agent(), remote, "the key is gone", now=bench.now())
    (error,) = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    for needed in (remote.id, remote.url, "the key is gone"):
        assert needed is not None
        assert needed in error
    note = (await bench.events())["RemoteAgentOrphaned"]
    assert "could not be recorded in ConfigMap no-such-namespace/durable-agents-orphans" in note


async def test_suspended_agent_can_be_deleted(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent()
    await bench.reconcile()
    await bench.edit(suspend=True)
    await bench.delete(AGENTS, "finance")
    await bench.reconcile()
    assert await bench.is_gone()
    assert standin.agents() == ()
