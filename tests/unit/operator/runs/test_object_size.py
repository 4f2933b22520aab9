"""Whatever happened in a run, its AgentRun stays under 20 KB, but for the spec."""

import json
from datetime import timedelta

import pytest
from pydantic import JsonValue

from agents_crds.contract.entries import RunEntry, ToolCallEntry
from agents_crds.contract.run import AgentIdentity, AgentUsage, LoopResult, RunMemo, RunOutcome, Usage
from agents_crds.v1alpha1 import AgentRun, AgentRunStatus, ConditionType, Reason
from agents_crds.v1alpha1.conversation import ToldInput
from agents_crds.v1alpha1.limits import PATH_LIMIT, USER_INPUT_LIMIT
from agents_operator.engine.conditions import condition, with_conditions
from agents_operator.runs.status import outcome_status, started_status
from agents_operator.temporal.workflows import StartedWorkflow
from tests.unit.operator.objects import NOW, run
from tests.unit.operator.runs.test_entries import HUGE

LONGEST = 20_000
MANY = 10**12
USAGE = Usage(prompt_tokens=MANY, completion_tokens=MANY, total_tokens=MANY, connector_tokens=MANY)
AGENTS = tuple(AgentIdentity(name=f"{n:02}{'x' * 61}", id="a" * 256, version=MANY) for n in range(32))
WORKFLOW = f"{'i' * 40}/{'n' * 63}/{'u' * 36}"
CHARACTERS = {
    "letters": "x",
    "quotes": '"',
    "backslashes": "\\",
    "lines": "\n",
    "control characters": "\x00",
    "escapes of terminals": "\x1b",
    "what Go escapes": "<",
    "line separators": "\u2028",
    "two bytes": "é",
    "three bytes": "€",
    "four bytes": "😀",
    "all of them": 'x"\\\n\x00\x1b<\u2028é€😀',
}


def as_kept(value: JsonValue) -> bytes:
    """Write JSON as the API server does."""
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        written = written.replace(character, f"\\u{ord(character):04x}")
    return written.encode()


def worst(character: str, *, structured: bool) -> RunOutcome:
    long = character * 40_000
    calls = (ToolCallEntry(agent=long, name=long, arguments=long, result=long),) * 40
    entries: tuple[RunEntry, ...] = (*HUGE, *calls)
    result = LoopResult(
        reason=Reason.OUTPUT_INVALID,
        message=long,
        text=json.dumps([character * 1_300], ensure_ascii=False) if structured else long,
        turns=1_000,
        usage=USAGE,
        conversation_id="c" * 256,
        structured=structured,
        answered_by=long,
        path=tuple(f"{n}{long}" for n in range(PATH_LIMIT + 20)),
        agents=tuple(AgentUsage(agent=each.name, turns=1_000, usage=USAGE) for each in AGENTS),
        entries=entries,
        entries_omitted=MANY,
        text_bytes=None if structured else MANY,
    )
    return RunOutcome(
        result=result,
        agent_id=AGENTS[0].id,
        agent_version=MANY,
        started_at=NOW,
        finished_at=NOW + timedelta(days=30),
        agents=AGENTS,
    )


def going(character: str) -> AgentRun:
    """Return a run of which the operator has recorded all that it can while it goes."""
    memo = RunMemo(namespace="n", name="r", uid="u", agent_id=AGENTS[0].id, agent_version=MANY, agents=AGENTS)
    started = StartedWorkflow(run_id="r" * 36, start_time=NOW, memo=memo, fresh=True)
    status = started_status(run(), WORKFLOW, started)
    waiting = condition(
        ConditionType.INPUT_REQUIRED, "True", Reason.INPUT_REQUIRED, character * 5_000, generation=1, now=NOW
    )
    told = tuple(ToldInput(id=f"{n:063}", state="Refused") for n in range(USER_INPUT_LIMIT))
    update = {"conditions": with_conditions(status.conditions, waiting), "user_inputs": told}
    return run(spec={"ttlSecondsAfterFinished": 60}, status=status.model_copy(update=update).manifest())


@pytest.mark.parametrize("structured", [False, True], ids=["text", "json"])
@pytest.mark.parametrize("character", CHARACTERS.values(), ids=CHARACTERS)
def test_the_worst_that_can_be_stays_under_20_kb(character: str, *, structured: bool) -> None:
    before = going(character)
    status = outcome_status(
        before, WORKFLOW, worst(character, structured=structured), now=NOW, retention=timedelta(days=3)
    )
    assert len(as_kept(before.status.manifest())) < LONGEST
    kept = len(as_kept(status.manifest()))
    assert 10_000 < kept < LONGEST
    assert AgentRunStatus.model_validate(status.manifest()) == status
    assert status.output is not None
    assert len(status.output.entries) + status.output.entries_omitted == MANY + 48
    assert status.agents[0].name == AGENTS[0].name


def test_a_run_with_one_agent_has_room_for_all_that_is_shown() -> None:
    entries = tuple(ToolCallEntry(agent="a", name="f", arguments="{}", result="r" * 900) for _ in range(20))
    outcome = worst("x", structured=False)
    result = outcome.result.model_copy(update={"entries": entries, "agents": (), "path": ("a",)})
    alone = outcome.model_copy(update={"result": result, "agents": ()})
    status = outcome_status(run(), WORKFLOW, alone, now=NOW)
    assert status.output is not None
    assert len(status.output.text) == 8_192
    assert len(status.output.entries) == 6
