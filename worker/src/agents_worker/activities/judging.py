"""What a failed model call means to Temporal, and to the workflow that made it.

A failure that Temporal may repeat is raised as retryable. One that is final has the run's reason as its type,
and `THROTTLED` and one with a `KeyWait` leave the waiting to the workflow.
"""

from datetime import UTC, datetime

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from agents_crds.contract.run import ProviderSnapshot
from agents_worker.messages import THROTTLED, KeyWait, Repeats
from agents_worker.sessions.failures import Failure
from agents_worker.sessions.verdict import (
    AwaitKey,
    Effort,
    GiveUp,
    Patience,
    Throttle,
    TryAgain,
    Verdict,
    judge,
)


def judged(failure: Failure, provider: ProviderSnapshot, patience: Patience, *, gone: GiveUp) -> Verdict:
    """Judge a failure of the activity that is going on."""
    info = activity.info()
    effort = Effort(info.attempt, datetime.now(UTC) - info.scheduled_time)
    return judge(failure, effort, patience, key_path=provider.key_path, gone=gone)


def as_error(verdict: Verdict, patience: Patience, repeated: int = 0) -> ApplicationError:
    """Make the error that the activity ends with; `repeated` is for those that end the activity."""
    repeats = (Repeats(repeated_calls=repeated),) if repeated else ()
    match verdict:
        case Throttle(message, retry_after):
            return ApplicationError(
                message,
                None if retry_after is None else retry_after.total_seconds(),
                *repeats,
                type=THROTTLED,
                non_retryable=True,
                category=ApplicationErrorCategory.BENIGN,
            )
        case AwaitKey(reason, message):
            wait = KeyWait(
                interval=patience.key_interval,
                window=patience.key_window,
                least_attempts=patience.least_attempts,
            )
            return ApplicationError(message, wait, *repeats, type=reason.value, non_retryable=True)
        case TryAgain(reason, message, delay):
            return ApplicationError(message, type=reason.value, next_retry_delay=delay)
        case GiveUp(reason, message):
            return ApplicationError(message, *repeats, type=reason.value, non_retryable=True)
