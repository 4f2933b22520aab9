"""What a run that goes does, and what became of what people said to it."""

from collections.abc import Iterable
from datetime import datetime

from agents_crds.contract.names import RunIdentity
from agents_crds.contract.progress import RunProgress
from agents_crds.v1alpha1 import AgentRun, AgentRunStatus, Condition, ConditionType, Reason
from agents_crds.v1alpha1.agentrun import Progress
from agents_crds.v1alpha1.conversation import ToldInput, UserInput
from agents_crds.v1alpha1.fields import utc
from agents_operator.engine.conditions import condition, find, is_true, with_conditions
from agents_operator.engine.settle import Settle
from agents_operator.runs.conversing import no_question, with_told
from agents_operator.runs.entries import cut
from agents_operator.runs.record import Outcomes
from agents_operator.runs.status import usage_of
from agents_operator.temporal.servers import TemporalServer

TIME = "%Y-%m-%dT%H:%M:%SZ"


class ProgressReport:
    """Writes into AgentRuns what their workflows tell of themselves."""

    def __init__(self, outcomes: Outcomes, settle: Settle[AgentRun]) -> None:
        self._outcomes = outcomes
        self._settle = settle

    async def tell(self, server: TemporalServer, identity: RunIdentity) -> None:
        """Write what a run does now, unless it is not known, has ended, or its start was not recorded yet.

        The workflow is looked at between the read and the write, whatever led here: news may come late and
        in any order, and the write is tested on the version that was read.
        """

        async def write(run: AgentRun, now: datetime) -> None:
            look = await server.workflows.look(identity)
            if look is None or not look.is_open or run.status.workflow_id is None:
                return
            progress = look.progress or await _observed(server, identity)
            if progress is not None:
                await self._settle.write(run, progress_status(run, progress, now=now))

        await self._outcomes.amend(server.place, identity, write)


async def _observed(server: TemporalServer, identity: RunIdentity) -> RunProgress | None:
    """Find out what a run does that told nothing yet: it tells of no step that began early."""
    found = await server.workflows.collected(identity)
    return None if found is None else found.progress


def progress_status(run: AgentRun, progress: RunProgress, *, now: datetime) -> AgentRunStatus:
    """Say what the run does."""
    status = run.status
    told = with_told(status.user_inputs, progress.told)
    # The answer is on its way to the agent that asked: it waits for nobody any more.
    answered = progress.step == "WaitingForInput" and any(each.state == "Sent" for each in told)
    return status.model_copy(
        update={
            "turns": progress.turns,
            "usage": usage_of(progress.usage),
            "user_inputs": told,
            "progress": None
            if answered
            else Progress(
                step=progress.step,
                agent=cut(progress.agent),
                until=None if progress.until is None else utc(progress.until),
            ),
            "conditions": with_conditions(
                status.conditions,
                *(_going(run, now=now) if answered else _conditions(run, progress, now=now)),
            ),
        }
    )


def sent_status(run: AgentRun, inputs: Iterable[UserInput], *, now: datetime) -> AgentRunStatus:
    """Record what the run was sent; one that waited for a person waits no more."""
    sent = tuple(ToldInput(id=each.id, state="Sent") for each in inputs)
    waited = is_true(run.status.conditions, ConditionType.INPUT_REQUIRED)
    return run.status.model_copy(
        update={
            "observed_generation": run.metadata.generation,
            "user_inputs": (*run.status.user_inputs, *sent),
            "progress": None if waited else run.status.progress,
            "conditions": with_conditions(run.status.conditions, *_going(run, now=now)),
        }
    )


def _conditions(run: AgentRun, progress: RunProgress, *, now: datetime) -> tuple[Condition, ...]:
    until = "" if progress.until is None else f"{utc(progress.until):{TIME}}"
    match progress.step:
        case "Waiting":
            message = f"{progress.message or 'the provider refuses calls'}: goes on by itself at {until}"
            return (_unknown(run, Reason.WAITING, message, now=now), *_no_question(run, now=now))
        case "WaitingForInput":
            message = (
                f"answer by spec.userInputs before {until}, or the agent goes on without an answer: "
                f"{progress.message}"
            )
            question = condition(
                ConditionType.INPUT_REQUIRED,
                "True",
                Reason.INPUT_REQUIRED,
                progress.message,
                generation=run.metadata.generation,
                now=now,
            )
            return _unknown(run, Reason.INPUT_REQUIRED, message, now=now), question
        case _:
            return _going(run, now=now)


def _going(run: AgentRun, *, now: datetime) -> tuple[Condition, ...]:
    known = find(run.status.conditions, ConditionType.SUCCEEDED)
    going = (
        ()
        if known is not None and known.reason == Reason.RUNNING
        else (_unknown(run, Reason.RUNNING, "the run goes on", now=now),)
    )
    return (*going, *_no_question(run, now=now))


def _unknown(run: AgentRun, reason: Reason, message: str, *, now: datetime) -> Condition:
    return condition(
        ConditionType.SUCCEEDED, "Unknown", reason, message, generation=run.metadata.generation, now=now
    )


def _no_question(run: AgentRun, *, now: datetime) -> tuple[Condition, ...]:
    return no_question(run.status.conditions, generation=run.metadata.generation, now=now)
