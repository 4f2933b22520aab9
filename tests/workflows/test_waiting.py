"""Runs whose provider refuses their calls for long: they wait without a slot, and say so."""

from datetime import UTC, datetime, timedelta

import pytest

from agents_crds.v1alpha1.conditions import Reason
from tests.standin.control import APPEND
from tests.standin.faults import AnswerWith
from tests.workflows.bench import KEY, Bench
from tests.workflows.speaking import ask, asking, notes, say, seen, shown, waiting_loop
from tests.workflows.temporal import pauses
from tests.workflows.test_run import call, script

pytestmark = pytest.mark.asyncio(loop_scope="session")

TWO_HOURS = {"retry-after": "7200"}


async def test_a_long_wait_is_a_timer_that_a_listing_shows(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    bench.standin.set_scenario(script((call("get_rate", year=2023),)))
    bench.standin.fail("POST", APPEND, AnswerWith(status=429, headers=TWO_HOURS))
    handle = await bench.start_loop(waiting_loop(agent))
    progress = await shown(handle, "Waiting", "The provider limits the rate (429)")
    assert progress.until is not None
    left = progress.until - datetime.now(UTC)
    assert timedelta(hours=1, minutes=59) < left < timedelta(hours=2, minutes=2)
    assert (progress.turns, progress.agent, progress.usage.total_tokens > 0) == (1, "agent", True)
    assert (await seen(handle)).state == "Waiting"
    listed = [each.id async for each in bench.client.list_workflows("DurableAgentsState = 'Waiting'")]
    assert handle.id in listed
    [pause] = await pauses(handle)
    assert timedelta(hours=2) <= pause <= timedelta(hours=2, minutes=1)
    assert not (await handle.describe()).raw_description.pending_activities
    await handle.terminate()


async def test_a_short_pause_is_not_told(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    bench.standin.set_scenario(script((call("get_rate", year=2023),)))
    bench.standin.fail("POST", APPEND, AnswerWith(status=429, headers={"retry-after": "1"}))
    handle = await bench.start_loop(waiting_loop(agent))
    assert (await bench.finished(handle)).result.reason == Reason.SUCCEEDED
    assert [note for note in await notes(handle) if note.progress.step == "Waiting"] == []


async def test_a_run_whose_key_is_put_right_goes_on_and_no_longer_waits(bench: Bench) -> None:
    agent = await bench.agent(key_path=f"{bench.unique}/api-key")
    handle = await bench.start_loop(waiting_loop(agent))
    progress = await shown(handle, "Waiting")
    assert "api-key" in progress.message
    bench.write_key(bench.unique, KEY)
    assert (await bench.finished(handle)).result.reason == Reason.SUCCEEDED
    after = await seen(handle)
    assert (after.state, after.progress and after.progress.step) == (None, "CallingModel")


async def test_runs_wait_also_where_temporal_does_not_know_the_search_attribute(bench: Bench) -> None:
    agent = await asking(bench)
    bench.standin.set_scenario(script((ask("Which year?"),)))
    loop = waiting_loop(agent).model_copy(update={"state_attribute": False})
    handle = await bench.start_loop(loop)
    await shown(handle, "WaitingForInput")
    assert (await seen(handle)).state is None
    await say(handle, "a", "2023")
    assert (await bench.finished(handle)).result.reason == Reason.SUCCEEDED
