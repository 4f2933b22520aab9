"""Instructions from a ConfigMap: waited for, followed once, and kept while they are gone."""

from pydantic import JsonValue

from agents_crds.v1alpha1 import ConditionType
from agents_operator.engine.world import Key
from tests.standin.control import StandIn
from tests.unit.operator.agents.account import SYNCED, only, times_told
from tests.unit.operator.agents.asking import RETRY
from tests.unit.operator.bench import Bench
from tests.unit.operator.namespace import core
from tests.unit.operator.objects import Manifest

FROM_MAP: Manifest = {"configMapKeyRef": {"name": "prompts", "key": "support"}}


async def set_map(bench: Bench, **texts: str | None) -> None:
    """Put texts into the ConfigMap of the instructions; None takes one out."""
    data: JsonValue = {**texts}
    await bench.api.request(
        "PATCH",
        f"api/v1/namespaces/{bench.namespace}/configmaps/prompts",
        query={"fieldManager": "tests"},
        body={**core("ConfigMap", "prompts"), "data": data},
        content_type="application/apply-patch+yaml",
    )


async def delete_map(bench: Bench) -> None:
    await bench.api.request("DELETE", f"api/v1/namespaces/{bench.namespace}/configmaps/prompts")


async def prompted(bench: Bench) -> None:
    await bench.add_agent(instructions=None, instructionsFrom=FROM_MAP)


async def test_instructions_are_the_text_of_the_configmap(bench: Bench, standin: StandIn) -> None:
    await set_map(bench, support="Be kind.")
    await prompted(bench)
    await bench.reconcile()
    assert only(standin).current.instructions == "Be kind."
    known = (await bench.agent()).status.instructions
    assert known is not None
    assert known.text == "Be kind."
    assert await bench.conditions() == SYNCED
    before = await bench.agent()
    await bench.reconcile()
    assert (await bench.agent()).metadata.resource_version == before.metadata.resource_version


async def test_changed_text_wakes_the_agent_and_is_one_update(bench: Bench, standin: StandIn) -> None:
    await set_map(bench, support="Be kind.")
    await prompted(bench)
    await bench.reconcile()
    await bench.texts.sweep()
    assert bench.woken == set()
    await set_map(bench, support="Be brief.", unused="Whatever.")
    await bench.texts.sweep()
    assert [key.name for key in bench.woken] == ["finance"]
    await bench.reconcile()
    await bench.reconcile()
    assert only(standin).current.instructions == "Be brief."
    assert standin.counters().agents_updated == 1
    bench.woken.clear()
    await bench.texts.sweep()
    assert bench.woken == set()


async def test_configmap_that_is_missing_is_waited_for(bench: Bench, standin: StandIn) -> None:
    await prompted(bench)
    again = await bench.reconcile()
    assert again is not None
    assert again <= RETRY * 1.2
    assert (await bench.conditions())["ResolvedRefs"] == "False ConfigMapNotFound"
    assert "there is no ConfigMap prompts" in (await bench.events())["ConfigMapNotFound"]
    await set_map(bench, other="Whatever.")
    await bench.texts.sweep()
    assert len(bench.woken) == 1
    await bench.reconcile()
    refs = await bench.condition(ConditionType.RESOLVED_REFS)
    assert "no text under key support, but under other" in refs.message
    await set_map(bench, support="Be kind.")
    await bench.reconcile()
    assert await bench.conditions() == SYNCED
    assert only(standin).versions[-1].number == 0


async def test_agent_serves_on_its_last_text_and_says_so_once(bench: Bench, standin: StandIn) -> None:
    await set_map(bench, support="Be kind.")
    await prompted(bench)
    await bench.reconcile()
    await delete_map(bench)
    await bench.texts.sweep()
    assert len(bench.woken) == 1
    await bench.reconcile()
    told = await bench.agent()
    assert await bench.conditions() == SYNCED | {"Degraded": "True ConfigMapNotFound"}
    await bench.reconcile()
    assert (await bench.agent()).metadata.resource_version == told.metadata.resource_version
    assert await times_told(bench, "ConfigMapNotFound") == 1
    assert only(standin).current.instructions == "Be kind."
    bench.woken.clear()
    await bench.texts.sweep()
    assert bench.woken == set()
    await set_map(bench, support="Be kind.")
    await bench.texts.sweep()
    assert len(bench.woken) == 1
    await bench.reconcile()
    assert await bench.conditions() == SYNCED
    assert standin.counters().agents_updated == 0


async def test_agents_that_need_no_text_are_not_looked_after(bench: Bench) -> None:
    await set_map(bench, support="Be kind.")
    await prompted(bench)
    await bench.add_agent("own")
    await bench.reconcile()
    await bench.edit(suspend=True)
    await bench.see_everything()
    await set_map(bench, support="Be brief.")
    await bench.texts.sweep()
    assert bench.woken == set()
    await bench.edit(suspend=False)
    await bench.reconcile()
    await set_map(bench, support="Be bold.")
    bench.world.agents.forget(Key.of(await bench.agent()))
    await bench.texts.sweep()
    assert bench.woken == set()


async def test_change_wakes_an_agent_once_whatever_keeps_it_from_reading_the_text(bench: Bench) -> None:
    await set_map(bench, support="Be kind.")
    await bench.add_agent(
        instructions=None, instructionsFrom=FROM_MAP, tools=[{"function": {"name": "no_such_tool"}}]
    )
    await bench.reconcile()
    await bench.texts.sweep()
    assert bench.woken == set()
    await bench.edit(tools=[])
    await bench.reconcile()
    await bench.edit(tools=[{"function": {"name": "no_such_tool"}}])
    await bench.reconcile()
    await set_map(bench, support="Be brief.")
    await bench.texts.sweep()
    assert len(bench.woken) == 1
    bench.woken.clear()
    await bench.texts.sweep()
    assert bench.woken == set()


async def test_instructions_of_the_spec_itself_take_the_place_of_a_text(
    bench: Bench, standin: StandIn
) -> None:
    await set_map(bench, support="Be kind.")
    await prompted(bench)
    await bench.reconcile()
    await bench.edit(instructionsFrom=None, instructions="Be brief.")
    await bench.reconcile()
    assert only(standin).current.instructions == "Be brief."
    assert (await bench.agent()).status.instructions is None


async def test_local_session_has_them_too_and_keeps_them_while_they_are_gone(
    bench: Bench, standin: StandIn
) -> None:
    await set_map(bench, support="Be kind.")
    await bench.add_agent(session="Local", instructions=None, instructionsFrom=FROM_MAP)
    await bench.reconcile()
    assert await bench.conditions() == SYNCED
    await delete_map(bench)
    bench.operate()
    await bench.reconcile()
    assert await bench.conditions() == {**SYNCED, "Degraded": "True ConfigMapNotFound"}
    known = (await bench.agent()).status.instructions
    assert known is not None
    assert known.text == "Be kind."
    assert standin.counters().requests == {}
