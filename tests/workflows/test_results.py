"""The whole of what a run brought can be had when its workers are gone."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from mistralai.client import Mistral

from agents_crds.contract.conversion import PayloadSettings
from agents_crds.contract.names import RunIdentity
from agents_crds.contract.store import Directory, StoreError
from agents_crds.v1alpha1.conditions import Reason
from agents_operator.temporal.histories import NoResultError
from agents_operator.temporal.results import Results
from agents_operator.temporal.workflows import Workflows
from tests.standin.control import StandIn
from tests.standin.faults import AnswerWith
from tests.standin.scenario import ScriptedText
from tests.workflows.bench import Bench, bench_tools, serving, settings_of, taking_reports
from tests.workflows.sample_tools import noise
from tests.workflows.stores import bench_with, store_of_kind
from tests.workflows.temporal import temporal_server
from tests.workflows.test_run import call, script

pytestmark = pytest.mark.asyncio(loop_scope="session")

LARGE = 5_000_000
ANSWER = noise(LARGE + 2)


@pytest.mark.parametrize("kind", ["directory", "s3"])
async def test_answer_and_results_of_5_mb_are_had_whole_with_no_worker_alive(
    kind: str, standin: StandIn, mistral: Mistral, secrets: Path, tmp_path: Path
) -> None:
    async with (
        store_of_kind(kind, tmp_path) as payloads,
        temporal_server("limit.historyCount.suggestContinueAsNew=10", payloads=payloads) as client,
    ):
        async with taking_reports(client) as reports, serving(client, settings_of(secrets), bench_tools()):
            bench = Bench(client, standin, mistral, reports, secrets, bench_tools())
            agent = await bench.agent("noise", "explode")
            calls = (call("noise", size=LARGE), call("explode", word="luck"))
            bench.standin.set_scenario(script(calls, (ScriptedText(text=ANSWER),)))
            handle = await bench.start(agent, "Write")
            await bench.finished(handle)
        results = Results(client)
        assert (await results.outcome(handle.id)).result.text == ANSWER
        made = [each async for each in results.calls(handle.id, handle.first_execution_run_id or "")]
        by_name = {each.activity: each for each in made}
        assert set(by_name) == {"start_conversation", "call_tool", "append_results", "report"}
        texts = [
            each.result["text"] for each in made if isinstance(each.result, dict) and "text" in each.result
        ]
        assert noise(LARGE) in texts
        assert ANSWER in str(by_name["append_results"].result)


async def test_calls_that_failed_say_why_although_a_codec_hides_it(
    standin: StandIn, mistral: Mistral, secrets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = tmp_path / "keys"
    keys.write_bytes(Fernet.generate_key())
    monkeypatch.setenv("PAYLOAD_KEYS_FILE", str(keys))
    payloads = PayloadSettings(codec="examples.encryption.encryption:encryption")
    async with bench_with(payloads, standin, mistral, secrets) as bench:
        agent = await bench.agent()
        standin.fail("POST", "/v1/conversations", AnswerWith(status=400))
        handle = await bench.start(agent, "Write")
        outcome = await bench.finished(handle)
        assert outcome.result.reason is Reason.PROVIDER_REJECTED
        results = Results(bench.client)
        first = handle.first_execution_run_id or ""
        [refused, _] = [each async for each in results.calls(handle.id, first)]
        assert refused.activity == "start_conversation"
        assert "400" in (refused.failure or "")
        assert (await results.begun(handle.id, first)).loop.input == "Write"


async def test_an_outcome_whose_store_is_away_is_waited_for_and_one_that_was_deleted_is_lost(
    standin: StandIn, mistral: Mistral, secrets: Path, tmp_path: Path
) -> None:
    store, away = tmp_path / "store", tmp_path / "away"
    async with bench_with(PayloadSettings(Directory(store)), standin, mistral, secrets) as bench:
        agent = await bench.agent()
        bench.standin.set_scenario(script((ScriptedText(text=ANSWER),)))
        handle = await bench.start(agent, "Write")
        await bench.finished(handle)
        identity = RunIdentity.of_workflow(handle.id)
        assert identity is not None
        store.rename(away)
        with pytest.raises(StoreError, match="is not there, or lacks what a history refers to"):
            await Workflows(bench.client).state(identity)
        away.rename(store)
        state = await Workflows(bench.client).state(identity)
        assert state is not None
        assert (state.lost, state.outcome and state.outcome.result.text) == ("", ANSWER)
        for path in store.rglob(f"{identity.uid}/*"):
            path.unlink()
        state = await Workflows(bench.client).state(identity)
        assert state is not None
        assert "no longer has" in state.lost
        with pytest.raises(StoreError, match="no longer has"):
            await Results(bench.client).outcome(handle.id)


async def test_what_has_no_result_says_why(bench: Bench, tmp_path: Path) -> None:
    results = Results(bench.client)
    with pytest.raises(NoResultError, match=r"Temporal no longer has workflow test/ns/nobody"):
        await results.outcome("test/ns/nobody")
    agent = await bench.agent("hang")
    bench.standin.set_scenario(script((call("hang", marker=str(tmp_path / "m")),)))
    handle = await bench.start(agent, "Wait")
    with pytest.raises(NoResultError, match="the run goes on: wait until it has finished"):
        await results.outcome(handle.id)
    await handle.terminate()
    with pytest.raises(NoResultError, match="the workflow was terminated before it had a result"):
        await results.outcome(handle.id)
