"""What became of what people said to a run, and of what it asked them; pure."""

from collections.abc import Iterable
from datetime import datetime

from agents_crds.v1alpha1 import AgentRun, Condition, ConditionType, Reason
from agents_crds.v1alpha1.conversation import ToldInput
from agents_operator.engine.conditions import condition, is_true


def with_told(inputs: Iterable[ToldInput], told: Iterable[str]) -> tuple[ToldInput, ...]:
    """Note which of them the agent was told."""
    ids = frozenset(told)
    return tuple(
        ToldInput(id=each.id, state="Told") if each.id in ids and each.state == "Sent" else each
        for each in inputs
    )


def settled_inputs(run: AgentRun, told: Iterable[str]) -> tuple[ToldInput, ...]:
    """Say what became of everything that was said to a run that is over: Told, or else Refused."""
    known = {each.id for each in run.status.user_inputs if each.state == "Told"} | frozenset(told)
    return tuple(
        ToldInput(id=each.id, state="Told" if each.id in known else "Refused")
        for each in run.spec.user_inputs
    )


def no_question(conditions: Iterable[Condition], *, generation: int, now: datetime) -> tuple[Condition, ...]:
    """Take back what the run asked a person, if it did; one that never asked has no such condition."""
    if not is_true(conditions, ConditionType.INPUT_REQUIRED):
        return ()
    return (
        condition(
            ConditionType.INPUT_REQUIRED,
            "False",
            Reason.INPUT_RECEIVED,
            "the run waits for nobody",
            generation=generation,
            now=now,
        ),
    )
