"""The stand-in as a process: its state file, its end, its log."""

import json
import signal
from pathlib import Path

import httpx2
import pytest
from mistralai.client import Mistral, errors

from tests.standin.control import START, StandIn
from tests.standin.process import free_port, running_standin, start_process, wait_until_up
from tests.standin.state import read_snapshot
from tests.standin.world import Fact
from tests.unit.standin.samples import (
    KEY,
    MODEL,
    QUESTION,
    WEB_SEARCH,
    calls_of,
    create_agent,
    eventually,
    result,
    text_of,
    words_of,
)


def test_objects_and_counters_survive_a_restart(tmp_path: Path) -> None:
    options = ("--api-key", KEY, "--state", str(tmp_path / "state.json"))
    with running_standin(*options) as standin, Mistral(api_key=KEY, server_url=standin.url) as mistral:
        agent = create_agent(mistral)
        started = mistral.beta.conversations.start(agent_id=agent.id, inputs=QUESTION, metadata={"run": "1"})
        before = standin.counters()
    with running_standin(*options) as standin, Mistral(api_key=KEY, server_url=standin.url) as mistral:
        assert standin.counters() == before
        assert mistral.beta.agents.get(agent_id=agent.id) == agent
        assert len(mistral.beta.conversations.list(metadata={"run": "1"})) == 1
        answered = mistral.beta.conversations.append(
            conversation_id=started.conversation_id,
            inputs=[result(calls_of(started)[0].tool_call_id, "4.5%")],
        )
        assert "4.5%" in text_of(answered)


def test_facts_and_the_place_in_a_script_survive_a_restart(tmp_path: Path) -> None:
    script = {"turns": [{"steps": [{"call": "look"}]}, {"steps": [{"text": "second turn"}]}]}
    scenario = tmp_path / "scenario.json"
    scenario.write_text(json.dumps({"scripts": [{"input": "Look", **script}]}), encoding="utf-8")
    options = ("--api-key", KEY, "--state", str(tmp_path / "state.json"), "--scenario", str(scenario))
    with running_standin(*options) as standin, Mistral(api_key=KEY, server_url=standin.url) as mistral:
        standin.add_fact(Fact(words="zorbium", title="Zorbium", text="Zorbium is a metal."))
        started = mistral.beta.conversations.start(model=MODEL, inputs="Look")
    with running_standin(*options) as standin, Mistral(api_key=KEY, server_url=standin.url) as mistral:
        answer = result(calls_of(started)[0].tool_call_id, "nothing")
        answered = mistral.beta.conversations.append(conversation_id=started.conversation_id, inputs=[answer])
        assert text_of(answered) == "second turn"
        found = mistral.beta.conversations.start(model=MODEL, inputs="What is zorbium?", tools=[WEB_SEARCH])
        assert "Zorbium is a metal." in words_of(found)


def test_the_state_is_written_while_the_process_runs_so_that_a_kill_loses_little(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    with running_standin("--api-key", KEY, "--state", str(path)) as standin:
        with Mistral(api_key=KEY, server_url=standin.url) as mistral:
            create_agent(mistral)
        eventually(lambda: len(read_snapshot(path).agents) == 1)


def test_sigterm_ends_it_although_a_request_is_held(tmp_path: Path) -> None:
    port = free_port()
    process = start_process(port, "--state", str(tmp_path / "state.json"), log=tmp_path / "log")
    url = f"http://127.0.0.1:{port}"
    wait_until_up(url, process)
    with StandIn(url) as standin, Mistral(api_key="standin-key", server_url=url) as mistral:
        standin.hold("POST", START, abandoned="finish")
        with pytest.raises(httpx2.TimeoutException):
            mistral.beta.conversations.start(model=MODEL, inputs="hi", timeout_ms=200)
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=20)
    assert (tmp_path / "state.json").exists()


def test_no_key_is_ever_written(tmp_path: Path) -> None:
    log, state = tmp_path / "log", tmp_path / "state.json"
    with running_standin("--api-key", "key-one", "--state", str(state), log=log) as standin:
        standin.set_keys(["key-two"])
        with Mistral(api_key="key-two", server_url=standin.url) as mistral:
            create_agent(mistral)
        with Mistral(api_key="key-three", server_url=standin.url) as mistral, pytest.raises(errors.SDKError):
            create_agent(mistral)
    written = log.read_text() + state.read_text()
    assert "POST /v1/agents 200" in written
    assert "POST /v1/agents 401" in written
    assert not [key for key in ("key-one", "key-two", "key-three") if key in written]


def test_a_scenario_and_a_latency_can_be_given_at_the_start(tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.json"
    scenario.write_text('{"scripts": [{"turns": [{"steps": [{"text": "scripted"}]}]}]}', encoding="utf-8")
    options = ("--api-key", KEY, "--scenario", str(scenario), "--latency", "0.3")
    with running_standin(*options) as standin, Mistral(api_key=KEY, server_url=standin.url) as mistral:
        with pytest.raises(httpx2.TimeoutException):
            mistral.beta.conversations.start(model=MODEL, inputs="hi", timeout_ms=100)
        assert text_of(mistral.beta.conversations.start(model=MODEL, inputs="hi")) == "scripted"
