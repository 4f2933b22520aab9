"""What a loop tells of itself while it goes: in its workflow's memo, and to an operator if it has one."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NoReturn

from temporalio import workflow
from temporalio.common import RetryPolicy, SearchAttributeKey

from agents_crds.contract.names import (
    INPUT_REQUIRED_ACTIVITY,
    PROGRESS_MEMO,
    STATE_ATTRIBUTE,
    WAITING_STATE,
)
from agents_crds.contract.payload import Payload
from agents_crds.contract.progress import RunProgress

QUIET = timedelta(seconds=5)
"""A loop that is over within this tells nothing, so that it costs no event."""

_STATE = SearchAttributeKey.for_keyword(STATE_ATTRIBUTE)
_TELL = timedelta(seconds=10)
# Later, the operator's sweep has seen it in the memo.
_TELL_WITHIN = timedelta(minutes=2)
_TELL_AGAIN = RetryPolicy(maximum_interval=timedelta(seconds=10))


def quiet_for(began: datetime) -> timedelta:
    """Return how long a loop still counts as a short one; zero or less when it does not."""
    return QUIET - (workflow.now() - began)


def tell_step(progress: RunProgress, began: datetime) -> None:
    """Tell what a loop does, once it is no longer a short one or told something before."""
    if quiet_for(began) <= timedelta() or _has_told():
        _note(progress)


def tell_once(progress: RunProgress) -> None:
    """Tell what a loop does, if it told nothing before."""
    if not _has_told():
        _note(progress)


@contextmanager
def telling_wait(progress: RunProgress, *, state_attribute: bool) -> Iterator[None]:
    """Tell that a loop waits for as long as the block lasts."""
    _note(progress)
    if state_attribute:
        workflow.upsert_search_attributes([_STATE.value_set(WAITING_STATE)])
    try:
        yield
    finally:
        if state_attribute:
            workflow.upsert_search_attributes([_STATE.value_unset()])


@contextmanager
def telling_operator(progress: RunProgress, queue: str | None) -> Iterator[None]:
    """Tell an operator at once that a person is asked; it never keeps up the block."""
    if queue is None:
        yield
        return
    telling: workflow.ActivityHandle[None] = workflow.start_activity(
        INPUT_REQUIRED_ACTIVITY,
        progress,
        task_queue=queue,
        start_to_close_timeout=_TELL,
        schedule_to_close_timeout=_TELL_WITHIN,
        retry_policy=_TELL_AGAIN,
    )
    # The sweep tells it as well: whether this one arrived changes nothing here.
    telling.add_done_callback(lambda done: done.cancelled() or done.exception())
    try:
        yield
    finally:
        telling.cancel()


def continue_as_new(argument: Payload) -> NoReturn:
    """Go on in a new execution with the memo as it is now: by itself, Temporal takes the first one along."""
    workflow.continue_as_new(argument, memo=workflow.memo())


def _has_told() -> bool:
    return PROGRESS_MEMO in workflow.info().raw_memo


def _note(progress: RunProgress) -> None:
    workflow.upsert_memo({PROGRESS_MEMO: progress})
