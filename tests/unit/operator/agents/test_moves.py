"""An Agent whose spec names another provider."""

from datetime import timedelta

from pydantic import JsonValue

from agents_crds.v1alpha1 import AgentRunStatus, ConditionType
from agents_operator.kubernetes.resources import AGENT_RUNS, AGENTS, MODEL_PROVIDERS
from tests.standin.control import StandIn
from tests.standin.faults import AnswerWith, LoseResponse
from tests.unit.operator.agents.account import only
from tests.unit.operator.bench import DELETION_TIMEOUT, Bench

OTHER: JsonValue = {"name": "other"}
BACK: JsonValue = {"name": "default"}


async def moving(bench: Bench) -> None:
    """Make an Agent that is Ready at one provider, and let its spec name the other."""
    await bench.add_provider("other")
    await bench.add_agent()
    await bench.reconcile()
    await bench.edit(providerRef=OTHER)


async def replace_default(bench: Bench, *, account: str) -> None:
    """Delete the ModelProvider and make another of its name."""
    await bench.delete(MODEL_PROVIDERS, "default")
    await bench.delete_secret()
    await bench.add_provider("default", account=account)


async def test_new_remote_agent_is_made_and_the_old_one_deleted(
    bench: Bench, standin: StandIn, other_standin: StandIn
) -> None:
    await moving(bench)
    await bench.reconcile()
    (remote,) = other_standin.agents()
    recorded = await bench.remote()
    assert (recorded.id, recorded.provider, recorded.create_pending) == (remote.id, "other", None)
    assert standin.agents() == ()
    assert (await bench.conditions())["Ready"] == "True Synced"
    assert await bench.orphans() == ()


async def test_move_waits_for_runs_that_have_started(
    bench: Bench, standin: StandIn, other_standin: StandIn
) -> None:
    await moving(bench)
    await bench.add_run("going", AgentRunStatus(workflow_id="tests/going"))
    await bench.reconcile()
    assert len(standin.agents()) == 1
    assert other_standin.agents() == ()
    assert "moves to ModelProvider other" in (await bench.condition(ConditionType.READY)).message
    await bench.delete(AGENT_RUNS, "going")
    await bench.reconcile()
    assert len(other_standin.agents()) == 1
    assert standin.agents() == ()


async def test_old_one_stays_on_record_when_the_new_one_cannot_be_made(
    bench: Bench, standin: StandIn, other_standin: StandIn
) -> None:
    await moving(bench)
    old = await bench.remote()
    other_standin.fail("POST", "/v1/agents", AnswerWith(status=503))
    await bench.reconcile()
    assert (await bench.remote()).id == old.id
    assert len(standin.agents()) == 1
    await bench.reconcile()
    assert len(other_standin.agents()) == 1
    assert standin.agents() == ()


async def test_lost_answer_in_a_move_makes_no_second_agent(
    bench: Bench, standin: StandIn, other_standin: StandIn
) -> None:
    await moving(bench)
    other_standin.fail("POST", "/v1/agents", LoseResponse())
    await bench.reconcile()
    await bench.reconcile()
    assert other_standin.counters().agents_created == 1
    assert standin.agents() == ()
    assert (await bench.remote()).provider == "other"


async def test_move_that_is_called_back_leaves_nothing_at_the_other_provider(
    bench: Bench, standin: StandIn, other_standin: StandIn
) -> None:
    await moving(bench)
    other_standin.fail("POST", "/v1/agents", LoseResponse())
    await bench.reconcile()
    assert len(other_standin.agents()) == 1
    await bench.edit(providerRef=BACK)
    await bench.reconcile()
    assert other_standin.agents() == ()
    assert len(standin.agents()) == 1
    assert (await bench.remote()).create_pending is None
    assert (await bench.conditions())["Ready"] == "True Synced"


async def test_deletion_in_the_middle_of_a_move_leaves_nothing_anywhere(
    bench: Bench, standin: StandIn, other_standin: StandIn
) -> None:
    await moving(bench)
    other_standin.fail("POST", "/v1/agents", LoseResponse())
    await bench.reconcile()
    await bench.delete(AGENTS, "finance")
    await bench.reconcile()
    assert await bench.is_gone()
    assert standin.agents() == ()
    assert other_standin.agents() == ()


async def test_lost_create_request_at_the_provider_that_was_left_is_cleaned_up(
    bench: Bench, standin: StandIn, other_standin: StandIn
) -> None:
    await bench.add_provider("other")
    await bench.add_agent()
    standin.fail("POST", "/v1/agents", LoseResponse())
    await bench.reconcile()
    await bench.edit(providerRef=OTHER)
    await bench.reconcile()
    assert standin.agents() == ()
    assert (await bench.remote()).id == other_standin.agents()[0].id


async def test_old_remote_agent_is_an_orphan_when_its_provider_is_gone(
    bench: Bench, standin: StandIn, other_standin: StandIn
) -> None:
    await moving(bench)
    await bench.delete(MODEL_PROVIDERS, "default")
    bench.operate()
    await bench.reconcile()
    assert (await bench.remote()).id == other_standin.agents()[0].id
    assert (await bench.conditions())["Ready"] == "True Synced"
    (orphan,) = await bench.orphans()
    assert standin.agents()[0].id in orphan
    assert "RemoteAgentOrphaned" in await bench.events()


async def test_silent_old_provider_is_waited_for_but_not_for_ever(
    bench: Bench, standin: StandIn, other_standin: StandIn
) -> None:
    await moving(bench)
    standin.fail("GET", "/v1/agents/*", AnswerWith(status=503), times=None)
    await bench.reconcile()
    assert (await bench.conditions())["Ready"] == "False ProviderUnreachable"
    assert (await bench.remote()).provider == "default"
    bench.ahead = DELETION_TIMEOUT + timedelta(seconds=1)
    await bench.reconcile()
    assert (await bench.conditions())["Ready"] == "True Synced"
    assert (await bench.remote()).id == other_standin.agents()[0].id
    assert other_standin.counters().agents_created == 1
    assert len(await bench.orphans()) == 1


async def test_two_providers_of_one_account_share_the_remote_agent(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent()
    await bench.reconcile()
    (remote,) = standin.agents()
    await bench.add_provider("again", account="default")
    await bench.edit(providerRef={"name": "again"})
    await bench.reconcile()
    assert [found.id for found in standin.agents()] == [remote.id]
    assert (await bench.remote()).provider == "again"
    assert standin.counters().agents_created == 1


async def test_provider_of_the_same_name_at_another_address_leaves_an_orphan(
    bench: Bench, standin: StandIn, other_standin: StandIn
) -> None:
    await bench.add_agent()
    await bench.reconcile()
    await bench.add_run("going", AgentRunStatus(workflow_id="tests/going"))
    await replace_default(bench, account="other")
    asked = standin.counters()
    await bench.reconcile()
    assert (await bench.remote()).id == only(other_standin).id
    assert (await bench.remote()).url == other_standin.url
    assert (await bench.conditions())["Ready"] == "True Synced"
    (orphan,) = await bench.orphans()
    assert only(standin).id in orphan
    assert standin.url in orphan
    assert standin.counters() == asked


async def test_provider_that_is_made_again_as_it_was_changes_nothing(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent()
    await bench.reconcile()
    before = await bench.remote()
    await replace_default(bench, account="default")
    await bench.reconcile()
    assert await bench.remote() == before
    assert len(standin.agents()) == 1
    assert await bench.orphans() == ()
