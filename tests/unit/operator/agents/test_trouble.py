"""Specs that cannot be, and providers that do not answer."""

from datetime import timedelta

from pydantic import JsonValue

from agents_crds.v1alpha1 import ConditionType, Reason
from tests.standin.control import StandIn, rate_limited
from tests.standin.faults import AnswerWith
from tests.unit.operator.agents.account import ONE_AGENT, SYNCED, AgentChanges, only, times_told
from tests.unit.operator.bench import RETRY, Bench


async def test_unknown_model_says_so(bench: Bench) -> None:
    await bench.add_agent(model="no-such-model")
    await bench.reconcile()
    assert await bench.conditions() == {
        "Accepted": "True Accepted",
        "ResolvedRefs": "True Resolved",
        "Ready": "False ModelNotFound",
    }
    assert "no-such-model" in (await bench.events())["ModelNotFound"]
    await bench.edit(model="mistral-small-latest")
    await bench.reconcile()
    assert await bench.conditions() == SYNCED


async def test_unknown_model_is_said_once(bench: Bench) -> None:
    await bench.add_agent(model="no-such-model")
    await bench.reconcile()
    first = await bench.agent()
    await bench.reconcile()
    await bench.reconcile()
    assert (await bench.agent()).metadata.resource_version == first.metadata.resource_version
    assert await times_told(bench, "ModelNotFound") == 1


async def test_end_of_a_reconcile_is_written_at_once(bench: Bench) -> None:
    await bench.add_agent(workerPoolRef={"name": "missing"})
    await bench.see_everything()
    seen = AgentChanges()
    bench.world.listen(seen)
    there = seen.count
    await bench.reconcile()
    assert await bench.conditions() == {
        "Accepted": "True Accepted",
        "ResolvedRefs": "False WorkerPoolNotFound",
        "Ready": "False WorkerPoolNotFound",
    }
    assert seen.count == there + 1


async def test_last_good_version_stays_on_record_when_a_newer_spec_fails(
    bench: Bench, standin: StandIn
) -> None:
    await bench.add_agent()
    await bench.reconcile()
    good = await bench.remote()
    await bench.edit(model="no-such-model")
    await bench.reconcile()
    assert await bench.remote() == good
    assert (await bench.conditions())["Ready"] == "False ModelNotFound"
    assert only(standin).current.model == "mistral-small-latest"


async def test_provider_that_cannot_be_reached_does_not_stop_an_agent_in_step(
    bench: Bench, standin: StandIn
) -> None:
    await bench.add_agent()
    await bench.reconcile()
    standin.fail("GET", ONE_AGENT, AnswerWith(status=503), times=None)
    again = await bench.reconcile()
    assert again is not None
    assert again <= RETRY * 1.2
    assert await bench.conditions() == SYNCED
    await bench.set_provider("default", "False", Reason.PROVIDER_UNREACHABLE)
    await bench.edit(limits={"maxTurns": 3})
    await bench.reconcile()
    assert await bench.conditions() == SYNCED
    assert (await bench.agent()).status.observed_generation == 2


async def test_provider_that_cannot_be_reached_holds_up_what_must_be_sent(
    bench: Bench, standin: StandIn
) -> None:
    await bench.add_agent()
    await bench.reconcile()
    await bench.set_provider("default", "False", Reason.PROVIDER_UNREACHABLE)
    await bench.edit(instructions="Answer in French.")
    await bench.reconcile()
    assert (await bench.conditions())["Ready"] == "False ProviderNotReady"
    await bench.set_provider("default", "True", Reason.AVAILABLE)
    standin.fail("PATCH", ONE_AGENT, rate_limited(45))
    again = await bench.reconcile()
    assert again is not None
    assert timedelta(seconds=36) <= again <= timedelta(seconds=54)
    assert (await bench.conditions())["Ready"] == "False ProviderUnreachable"
    await bench.reconcile()
    assert await bench.conditions() == SYNCED


async def test_refused_key_stops_the_agent_until_it_is_right(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent()
    await bench.reconcile()
    standin.set_keys(["another"])
    await bench.reconcile()
    assert (await bench.conditions())["Ready"] == "False ProviderUnauthorized"
    standin.set_keys(["the-key-of-one-account"])
    await bench.reconcile()
    assert await bench.conditions() == SYNCED


async def test_unknown_tool_names_the_pool_and_what_was_meant(bench: Bench) -> None:
    await bench.add_agent(tools=[{"function": {"name": "get_intrest_rate"}}])
    await bench.reconcile()
    refs = await bench.condition(ConditionType.RESOLVED_REFS)
    assert (refs.status, refs.reason) == ("False", "ToolNotFound")
    assert "spec.tools[0] names function get_intrest_rate" in refs.message
    assert "WorkerPool default" in refs.message
    assert "did you mean get_interest_rate" in refs.message
    assert (await bench.conditions())["Accepted"] == "True Accepted"
    await bench.offer("get_intrest_rate")
    await bench.reconcile()
    assert await bench.conditions() == SYNCED


async def test_tools_of_one_name_are_not_accepted(bench: Bench, standin: StandIn) -> None:
    rate: JsonValue = {"function": {"name": "get_interest_rate"}}
    await bench.add_agent(tools=[rate, rate])
    await bench.reconcile()
    accepted = await bench.condition(ConditionType.ACCEPTED)
    assert (accepted.status, accepted.reason) == ("False", "DuplicateTool")
    assert "spec.tools[0] and spec.tools[1]" in accepted.message
    assert (await bench.conditions())["Ready"] == "False DuplicateTool"
    assert standin.agents() == ()


async def test_status_is_written_only_when_it_changes(bench: Bench) -> None:
    await bench.add_agent(workerPoolRef={"name": "missing"})
    await bench.reconcile()
    first = await bench.agent()
    await bench.reconcile()
    assert (await bench.agent()).metadata.resource_version == first.metadata.resource_version
    assert "WorkerPoolNotFound" in await bench.events()


async def test_suspended_agent_leaves_its_remote_agent_as_it_is(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent()
    await bench.reconcile()
    await bench.edit(suspend=True, instructions="Answer in French.")
    assert await bench.reconcile() is None
    assert (await bench.conditions())["Ready"] == "False Suspended"
    assert only(standin).current.instructions == "Be brief."
    await bench.edit(suspend=False)
    await bench.reconcile()
    assert only(standin).current.instructions == "Answer in French."
    assert await bench.conditions() == SYNCED


async def test_output_schema_that_is_none_is_said_with_its_place(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent(outputSchema={"type": "object", "properties": {"rate": {"type": "decimal"}}})
    await bench.reconcile()
    assert (await bench.conditions())["Accepted"] == "False OutputSchemaInvalid"
    assert (
        "spec.outputSchema.properties.rate.type: 'decimal' is not"
        in (await bench.events())["OutputSchemaInvalid"]
    )
    assert standin.agents() == ()
