"""An Agent and its remote agent, reconciled step by step."""

from agents_crds.contract.names import HASH_KEY, INSTALLATION_KEY, NAME_KEY, NAMESPACE_KEY, UID_KEY
from agents_crds.v1alpha1 import AgentStatus
from tests.standin.control import StandIn
from tests.standin.faults import LoseResponse
from tests.unit.operator.agents.account import ONE_AGENT, SYNCED, only
from tests.unit.operator.bench import INSTALLATION, INTERVAL, RETRY, Bench
from tests.unit.operator.hand import delete_by_hand, duplicate_by_hand, edit_by_hand

AGENTS = "/v1/agents"


async def test_new_agent_gets_one_remote_agent_and_is_ready(bench: Bench, standin: StandIn) -> None:
    agent = await bench.add_agent(completion={"temperature": 0.3}, description="Answers questions.")
    again = await bench.reconcile()
    remote = only(standin)
    assert remote.current.name == f"{bench.namespace}.finance"
    assert remote.current.instructions == "Be brief."
    assert remote.current.description == "Answers questions."
    assert remote.current.completion_args.temperature == 0.3
    recorded = await bench.remote()
    assert remote.current.metadata == {
        INSTALLATION_KEY: INSTALLATION,
        NAMESPACE_KEY: bench.namespace,
        NAME_KEY: "finance",
        UID_KEY: agent.metadata.uid,
        HASH_KEY: recorded.hash,
    }
    assert (recorded.id, recorded.version, recorded.provider) == (remote.id, 0, "default")
    assert recorded.create_pending is None
    assert await bench.conditions() == SYNCED
    assert (await bench.agent()).metadata.finalizers == ("durable-agents.dev/remote-agent",)
    assert await bench.events() == {}
    assert again is not None
    assert INTERVAL * 0.8 <= again <= INTERVAL * 1.2


async def test_agent_in_step_is_only_looked_at(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent()
    await bench.reconcile()
    before = await bench.agent()
    sent = standin.counters().requests
    await bench.merge_label("finance", "team", "energy")
    await bench.reconcile()
    assert changed(sent, standin) == {"GET /v1/agents/{agent_id}": 1}
    assert (await bench.agent()).status == before.status


async def test_edited_instructions_are_one_update(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent()
    await bench.reconcile()
    await bench.edit(instructions="Answer in French.")
    await bench.reconcile()
    await bench.reconcile()
    remote = only(standin)
    assert remote.current.instructions == "Answer in French."
    assert standin.counters().agents_updated == 1
    assert (await bench.remote()).version == 1
    assert (await bench.agent()).status.observed_generation == 2
    assert await bench.conditions() == SYNCED


async def test_removed_fields_are_cleared(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent(completion={"temperature": 0.3}, description="Answers questions.")
    await bench.reconcile()
    await bench.edit(completion=None, description=None, instructions=None, tools=None)
    await bench.reconcile()
    current = only(standin).current
    assert current.completion_args.temperature is None
    assert current.description is None
    assert current.instructions is None
    assert current.tools == ()


async def test_limits_are_ours_alone_and_send_nothing(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent()
    await bench.reconcile()
    await bench.edit(limits={"maxTurns": 3})
    await bench.reconcile()
    assert standin.counters().agents_updated == 0
    assert (await bench.agent()).status.observed_generation == 2


async def test_lost_answer_to_a_create_request_is_found_again(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent()
    standin.fail("POST", AGENTS, LoseResponse())
    again = await bench.reconcile()
    assert again is not None
    assert again <= RETRY * 1.2
    pending = await bench.remote()
    assert (pending.id, pending.create_pending) == (None, True)
    assert (await bench.conditions())["Ready"] == "False ProviderUnreachable"
    await bench.reconcile()
    assert (await bench.remote()).id == only(standin).id
    assert standin.counters().agents_created == 1
    assert standin.counters().agents_updated == 0


async def test_create_that_could_not_be_recorded_is_not_repeated(bench: Bench, standin: StandIn) -> None:
    agent = await bench.add_agent()
    hold = standin.hold("POST", AGENTS, at="after", times=1)
    await bench.interrupted_by(lambda: bench.merge_label("finance", "team", "energy"), standin, hold)
    assert (await bench.remote()).create_pending
    bench.operate()
    await bench.reconcile()
    assert (await bench.remote()).id == only(standin).id
    assert standin.counters().agents_created == 1
    assert agent.metadata.uid == (await bench.agent()).metadata.uid


async def test_lost_answer_to_an_update_is_not_repeated(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent()
    await bench.reconcile()
    await bench.edit(instructions="Answer in French.")
    standin.fail("PATCH", ONE_AGENT, LoseResponse())
    await bench.reconcile()
    await bench.reconcile()
    assert standin.counters().agents_updated == 1
    assert (await bench.remote()).version == 1
    assert "DriftCorrected" not in await bench.events()


async def test_two_remote_agents_of_one_agent_become_one(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent()
    await bench.reconcile()
    duplicate_by_hand(standin, only(standin))
    await bench.write_status(AgentStatus())
    await bench.reconcile()
    assert (await bench.remote()).id == only(standin).id
    assert standin.counters().agents_deleted == 1


async def test_change_by_hand_is_corrected_once(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent()
    await bench.reconcile()
    edit_by_hand(standin, only(standin).id, instructions="Be rude.")
    await bench.reconcile()
    await bench.reconcile()
    assert only(standin).current.instructions == "Be brief."
    assert standin.counters().agents_updated == 2
    assert (await bench.remote()).version == 2
    assert "somebody else changed" in (await bench.events())["DriftCorrected"]


async def test_remote_agent_deleted_by_hand_is_made_again(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent()
    await bench.reconcile()
    gone = only(standin).id
    delete_by_hand(standin, gone)
    await bench.reconcile()
    assert (await bench.remote()).id == only(standin).id
    assert gone in (await bench.events())["RemoteAgentRecreated"]
    assert await bench.conditions() == SYNCED


async def test_foreign_remote_agent_on_record_is_left_alone(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent()
    await bench.reconcile()
    foreign = only(standin).id
    bench.operate(installation="another")
    await bench.reconcile()
    own = (await bench.remote()).id
    assert {remote.id for remote in standin.agents()} == {foreign, own}
    assert own != foreign
    assert standin.counters().agents_updated == 0


def changed(before: dict[str, int], standin: StandIn) -> dict[str, int]:
    new = {route: count - before.get(route, 0) for route, count in standin.counters().requests.items()}
    return {route: count for route, count in new.items() if count}
