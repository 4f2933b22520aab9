"""Agents whose provider does not take what they refer to now: they serve on as they are."""

import pytest
from pydantic import JsonValue

from agents_crds.v1alpha1 import ConditionType, Reason
from tests.standin.control import StandIn
from tests.standin.faults import AnswerWith
from tests.unit.operator.agents.account import ONE_AGENT, SYNCED, only, times_told
from tests.unit.operator.agents.test_configmap_instructions import delete_map, prompted, set_map
from tests.unit.operator.bench import RETRY, Bench
from tests.unit.operator.hand import KEY

REFUSAL = AnswerWith(status=422, body={"detail": [{"loc": ["body", "instructions"], "msg": "too rude"}]})


async def served(bench: Bench) -> None:
    await set_map(bench, support="Be kind.")
    await prompted(bench)
    await bench.reconcile()
    assert await bench.conditions() == SYNCED


async def test_refused_change_of_a_source_leaves_the_agent_serving_and_says_so_once(
    bench: Bench, standin: StandIn
) -> None:
    await served(bench)
    before = await bench.remote()
    standin.fail("PATCH", ONE_AGENT, REFUSAL, times=2)
    await set_map(bench, support="Be rude.")
    again = await bench.reconcile()
    assert again is not None
    assert again > RETRY * 1.2
    assert await bench.conditions() == SYNCED | {"Degraded": "True ProviderRejected"}
    told = (await bench.condition(ConditionType.DEGRADED)).message
    assert f"remote agent {before.id} stays at version 0" in told
    assert "too rude" in told
    known = await bench.agent()
    assert known.status.remote == before
    assert known.status.instructions is not None
    assert known.status.instructions.text == only(standin).current.instructions == "Be kind."
    await bench.reconcile()
    assert (await bench.agent()).metadata.resource_version == known.metadata.resource_version
    assert await times_told(bench, "ProviderRejected") == 1
    await bench.reconcile()
    assert only(standin).current.instructions == "Be rude."
    assert await bench.conditions() == SYNCED


async def test_refused_text_is_not_what_is_fallen_back_on(bench: Bench, standin: StandIn) -> None:
    await served(bench)
    standin.fail("PATCH", ONE_AGENT, REFUSAL)
    await set_map(bench, support="Be rude.")
    await bench.reconcile()
    await delete_map(bench)
    await bench.reconcile()
    assert await bench.conditions() == SYNCED | {"Degraded": "True ConfigMapNotFound"}
    assert standin.counters().agents_updated == 0


async def test_refused_spec_is_no_agent_that_serves(bench: Bench, standin: StandIn) -> None:
    await served(bench)
    standin.fail("PATCH", ONE_AGENT, REFUSAL, times=2)
    await bench.edit(description="Is rude.")
    for _ in range(2):
        await bench.reconcile()
        assert (await bench.conditions())["Ready"] == "False ProviderRejected"


@pytest.mark.parametrize("is_known", [True, False], ids=["provider is known to be away", "provider is away"])
async def test_provider_that_is_away_leaves_an_agent_serving_whose_source_has_changed(
    bench: Bench, standin: StandIn, *, is_known: bool
) -> None:
    await served(bench)
    await set_map(bench, support="Be rude.")
    if is_known:
        await bench.set_provider("default", "False", Reason.PROVIDER_UNREACHABLE)
    else:
        standin.fail("PATCH", ONE_AGENT, AnswerWith(status=503))
    again = await bench.reconcile()
    assert again is not None
    assert again <= RETRY * 1.2
    reason = "ProviderNotReady" if is_known else "ProviderUnreachable"
    assert await bench.conditions() == SYNCED | {"Degraded": f"True {reason}"}
    await bench.set_provider("default", "True", Reason.AVAILABLE)
    await bench.reconcile()
    assert only(standin).current.instructions == "Be rude."
    assert await bench.conditions() == SYNCED


async def test_provider_that_is_away_makes_no_agent_ready_that_was_not(
    bench: Bench, standin: StandIn
) -> None:
    await served(bench)
    standin.set_keys(["another"])
    await bench.reconcile()
    assert (await bench.conditions())["Ready"] == "False ProviderUnauthorized"
    await set_map(bench, support="Be rude.")
    standin.set_keys([KEY])
    standin.fail("GET", ONE_AGENT, AnswerWith(status=503))
    await bench.reconcile()
    assert (await bench.conditions())["Ready"] == "False ProviderUnreachable"


async def test_refusal_of_what_needs_nothing_sent_is_no_change_of_a_source(
    bench: Bench, standin: StandIn
) -> None:
    await served(bench)
    standin.fail("GET", ONE_AGENT, REFUSAL)
    await bench.reconcile()
    assert (await bench.conditions())["Ready"] == "False ProviderRejected"


@pytest.mark.parametrize("status", [401, 404], ids=["key is refused", "model is unknown"])
async def test_agent_that_no_run_could_use_is_not_ready(bench: Bench, standin: StandIn, status: int) -> None:
    await served(bench)
    await set_map(bench, support="Be rude.")
    body: JsonValue = {"message": "no model mistral-small-latest", "type": "invalid_model"}
    standin.fail("PATCH", ONE_AGENT, AnswerWith(status=status, body=body))
    await bench.reconcile()
    assert (await bench.condition(ConditionType.READY)).status == "False"
