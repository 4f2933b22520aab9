"""How long a loop waits for a provider that refuses its calls."""

from datetime import datetime, timedelta

from agents_crds.contract.run import LoopState
from agents_worker.messages import KeyWait

TOLD_FROM = timedelta(seconds=30)
"""A pause for a 429 that is longer is told as a wait."""

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
# Whoever refuses so often will do so for long.
_OFTEN = 10
_LONGEST_PAUSE_THEN = 300.0
_LONGEST_JITTER = 60.0


def throttled(state: LoopState) -> LoopState:
    """Note that the provider refused the next model call with 429."""
    # The key was accepted.
    update = {"throttled": state.throttled + 1, "key_failures": 0, "key_failing_since": None}
    return state.model_copy(update=update)


def throttle_pause(state: LoopState, retry_after: timedelta | None, jitter: float) -> timedelta:
    """Return how long to wait after a 429: what the provider said, else ever longer.

    Up to 30 s, and up to 5 min after ten in a row. `jitter` between 0 and 1 adds up to a fifth, and a minute
    at most, so that throttled runs do not come back together.
    """
    if retry_after is None:
        seconds = _backoff(state.throttled)
    else:
        seconds = max(retry_after.total_seconds(), _FIRST_PAUSE)
    return timedelta(seconds=seconds + jitter * min(seconds / 5, _LONGEST_JITTER))


def _backoff(met: int) -> float:
    if met < _OFTEN:
        return min(_FIRST_PAUSE * 2.0**met, _LONGEST_PAUSE)
    return min(_LONGEST_PAUSE * 2.0 ** min(met - _OFTEN + 1, _OFTEN), _LONGEST_PAUSE_THEN)


def key_failed(state: LoopState, now: datetime) -> LoopState:
    """Note that the next model call failed for the provider's key."""
    since = state.key_failing_since or now
    return state.model_copy(update={"key_failures": state.key_failures + 1, "key_failing_since": since})


def key_given_up(state: LoopState, wait: KeyWait, now: datetime) -> bool:
    """Tell whether the key had its time to be put right."""
    waited = now - (state.key_failing_since or now)
    return waited >= wait.window and state.key_failures >= wait.least_attempts
