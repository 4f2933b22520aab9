"""What a failed request to Temporal means."""

from temporalio.service import RPCError, RPCStatusCode

_AWAY = "Temporal cannot be reached"
_WORDS = {
    RPCStatusCode.DEADLINE_EXCEEDED: "Temporal does not answer in time",
    RPCStatusCode.RESOURCE_EXHAUSTED: "Temporal takes no more requests for now",
}


class TemporalUnreachableError(Exception):
    """Temporal could not be reached, or was too busy: the same request may succeed later."""


def rpc_failure(error: RPCError) -> Exception:
    """Tell a server that is away from a request that is wrong."""
    match error.status:
        case (
            RPCStatusCode.UNAVAILABLE
            | RPCStatusCode.DEADLINE_EXCEEDED
            | RPCStatusCode.RESOURCE_EXHAUSTED
            | RPCStatusCode.CANCELLED
            | RPCStatusCode.ABORTED
        ):
            return TemporalUnreachableError(f"{_WORDS.get(error.status, _AWAY)} ({error.status.name})")
        case _:
            return error
