"""How long a loop waits for its provider."""

from datetime import timedelta

import pytest

from agents_worker.messages import KeyWait
from agents_worker.workflows.waiting import key_failed, key_given_up, throttle_pause, throttled
from tests.unit.worker.loops import STATE


@pytest.mark.parametrize(
    ("met", "retry_after", "seconds"),
    [
        (0, None, 1),
        (1, None, 2),
        (4, None, 16),
        (5, None, 30),
        (9, None, 30),
        (10, None, 60),
        (11, None, 120),
        (12, None, 240),
        (13, None, 300),
        (5000, None, 300),
        (3, 0, 1),
        (0, 90, 90),
        (9, 2.5, 2.5),
        (50, 2.5, 2.5),
        (0, 7200, 7200),
    ],
)
def test_a_429_is_waited_out_as_the_provider_says_or_ever_longer(
    met: int, retry_after: float | None, seconds: float
) -> None:
    state = STATE.model_copy(update={"throttled": met})
    told = None if retry_after is None else timedelta(seconds=retry_after)
    assert throttle_pause(state, told, 0.0).total_seconds() == seconds
    assert throttle_pause(state, told, 1.0).total_seconds() == pytest.approx(min(seconds * 1.2, seconds + 60))


@pytest.mark.parametrize(
    ("failures", "minutes", "given_up"),
    [
        (1, 0, False),
        (29, 4.9, False),
        (30, 5, True),
        (2, 20, False),
        (3, 20, True),
    ],
)
def test_a_key_has_its_time_to_be_put_right(failures: int, minutes: float, given_up: bool) -> None:  # noqa: FBT001  # a table
    wait = KeyWait(interval=timedelta(seconds=10), window=timedelta(minutes=5), least_attempts=3)
    began, state = STATE.deadline, STATE
    for nth in range(failures):
        state = key_failed(state, began + timedelta(seconds=nth))
    assert key_given_up(state, wait, began + timedelta(minutes=minutes)) == given_up


def test_a_429_says_that_the_key_is_right() -> None:
    state = throttled(key_failed(STATE, STATE.deadline))
    assert (state.throttled, state.key_failures, state.key_failing_since) == (1, 0, None)
