"""What a failed request to Temporal means."""

from temporalio.service import RPCError, RPCStatusCode


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
            return TemporalUnreachableError(f"Temporal cannot be reached ({error.status.name})")
        case _:
            return error
