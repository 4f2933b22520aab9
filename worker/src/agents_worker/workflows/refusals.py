"""How a model call fails for its workflow: what it waits for, or why it is over."""

from dataclasses import dataclass, replace
from datetime import timedelta

from temporalio.exceptions import ApplicationError

from agents_crds.contract.run import LoopState
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.messages import THROTTLED, KeyWait, Repeats

_REASONS = frozenset(reason.value for reason in Reason)


@dataclass(frozen=True)
class Throttled:
    """The provider refused a model call with 429."""

    retry_after: timedelta | None
    repeated: int = 0
    """Attempts of a Local session's call, here and below, that were sent, never answered and made again."""


@dataclass(frozen=True)
class KeyFailed:
    """The provider's key is missing or refused; `reason` is for giving up."""

    reason: Reason
    message: str
    wait: KeyWait
    repeated: int = 0


@dataclass(frozen=True)
class ModelFailed:
    """A model call failed for good."""

    reason: Reason
    message: str
    repeated: int = 0


Refusal = Throttled | KeyFailed | ModelFailed


def counted(state: LoopState, refusal: Refusal) -> LoopState:
    """Count the repeated attempts of a call that failed."""
    return state.model_copy(update={"repeated_calls": state.repeated_calls + refusal.repeated})


def refusal_of(cause: BaseException | None) -> Refusal:
    """Read the failure of a model call's activity."""
    match cause:
        case ApplicationError(details=[*_, {"repeated_calls": _} as repeats]):
            return replace(_refusal(cause), repeated=Repeats.model_validate(repeats).repeated_calls)
        case _:
            return _refusal(cause)


def _refusal(cause: BaseException | None) -> Refusal:
    match cause:
        case ApplicationError(type=type_, details=[float() | int() as seconds, *_]) if type_ == THROTTLED:
            return Throttled(timedelta(seconds=seconds))
        case ApplicationError(type=type_) if type_ == THROTTLED:
            return Throttled(None)
        case ApplicationError(type=str(type_), message=message, details=[{"window": _} as wait, *_]) if (
            type_ in _REASONS
        ):
            return KeyFailed(Reason(type_), message, KeyWait.model_validate(wait))
        case ApplicationError(type=str(type_), message=message) if type_ in _REASONS:
            return ModelFailed(Reason(type_), message)
        case _:
            return ModelFailed(Reason.WORKFLOW_FAILED, f"The model call failed in the worker: {cause}")
