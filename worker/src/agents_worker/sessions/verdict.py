"""What follows from a failed model call.

Retriable are 408, 409 (the conversation is locked), 425, 5xx and transport errors; other 4xx are final. 429
and a key that is missing or refused are waited out by the workflow and never count. `x-should-retry`
overrides both ways.
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePosixPath

from agents_crds.v1alpha1.conditions import Reason
from agents_worker.sessions.failures import Answered, Failure, KeyMissing, Unreachable

_RETRIABLE = frozenset({408, 409, 425, 429})
_KEYLESS = (
    "The provider answered 401: it wants a key. Put one into a Secret, and name it in spec.apiKeySecretRef "
    "of the ModelProvider"
)


@dataclass(frozen=True)
class Patience:
    """How long the worker puts up with a provider that fails."""

    attempts: int = 10
    """After so many a provider error is final."""
    window: timedelta = timedelta(minutes=15)
    """After so long it is final too, but only after `least_attempts`: each may have taken minutes."""
    least_attempts: int = 3
    key_window: timedelta = timedelta(minutes=5)
    """Time for a key to be put right: keys rotate, and mounted Secrets follow within two minutes."""
    key_interval: timedelta = timedelta(seconds=10)
    settle: timedelta = timedelta(seconds=120)
    """Time for the provider to finish a call whose answer was lost; its lock was seen to last 90 s."""


@dataclass(frozen=True)
class Effort:
    """What was put into a call so far."""

    attempts: int
    elapsed: timedelta


@dataclass(frozen=True)
class Throttle:
    """Wait outside the activity, then call again."""

    message: str
    retry_after: timedelta | None


@dataclass(frozen=True)
class AwaitKey:
    """Wait outside the activity until the key is put right, then call again; `reason` is for giving up."""

    reason: Reason
    message: str


@dataclass(frozen=True)
class TryAgain:
    """Let Temporal repeat the attempt, after `delay` or by its own backoff."""

    reason: Reason
    message: str
    delay: timedelta | None


@dataclass(frozen=True)
class GiveUp:
    """The call failed for good."""

    reason: Reason
    message: str


Verdict = Throttle | AwaitKey | TryAgain | GiveUp


def judge(failure: Failure, effort: Effort, patience: Patience, *, key_path: str, gone: GiveUp) -> Verdict:
    """Decide what follows from a failure; `gone` is what a 404 means for this call."""
    match failure:
        case KeyMissing(message):
            return AwaitKey(Reason.SECRET_NOT_FOUND, message)
        case Unreachable(message):
            return _retry(message, None, effort, patience)
        case Answered(status=401):
            return _unauthorized(key_path)
        case Answered(status=429) if _retriable(failure):
            return Throttle(_said(failure), failure.retry_after)
        case Answered() if _retriable(failure):
            return _retry(_said(failure), failure.retry_after, effort, patience)
        case Answered():
            return gone if failure.status == 404 else GiveUp(_final_reason(failure), _said(failure))


def _final_reason(answer: Answered) -> Reason:
    if answer.kind == "invalid_model" or answer.code in {"1500", "model_not_found"}:
        return Reason.MODEL_NOT_FOUND
    if answer.status == 429 or answer.status >= 500:
        return Reason.PROVIDER_ERROR
    return Reason.PROVIDER_REJECTED


def _retriable(answer: Answered) -> bool:
    if answer.should_retry is not None:
        return answer.should_retry
    # A success that cannot be read is asked for again: the next attempt finds what it did.
    return answer.status in _RETRIABLE or answer.status >= 500 or answer.status < 300


def _retry(message: str, delay: timedelta | None, effort: Effort, patience: Patience) -> TryAgain | GiveUp:
    out_of_time = effort.elapsed >= patience.window and effort.attempts >= patience.least_attempts
    if effort.attempts >= patience.attempts or out_of_time:
        tries = f"{effort.attempts} attempts in {int(effort.elapsed.total_seconds())} s"
        return GiveUp(Reason.PROVIDER_ERROR, f"{message} ({tries})")
    return TryAgain(Reason.PROVIDER_ERROR, message, _within(patience.window - effort.elapsed, delay))


def _within(left: timedelta, delay: timedelta | None) -> timedelta | None:
    # With no time left, Temporal's own backoff leads to the least number of attempts.
    return min(delay, left) if delay is not None and left > timedelta() else None


def _unauthorized(key_path: str) -> AwaitKey | GiveUp:
    if not key_path:
        return GiveUp(Reason.PROVIDER_UNAUTHORIZED, _KEYLESS)
    return AwaitKey(Reason.PROVIDER_UNAUTHORIZED, _refused(key_path))


def _refused(key_path: str) -> str:
    # In words of our own: the provider's may repeat a part of the key.
    path = PurePosixPath(key_path)
    return (
        f"The provider answered 401: it refused the key {path.name} of the Secret {path.parent}. "
        "Put a valid key there"
    )


def _said(answer: Answered) -> str:
    return f"The provider answered {answer.status}: {answer.message}"
