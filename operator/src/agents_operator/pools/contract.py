"""Which contracts this operator speaks with workers, and what an older one lacks."""

from agents_crds.contract import CONTRACT, LIMITS_CONTRACT, OLDEST_CONTRACT
from agents_crds.contract.tools import ToolCatalogue
from agents_crds.v1alpha1 import AgentSpec, Reason, WorkerPool
from agents_crds.v1alpha1.agentrun import RunLimits
from agents_operator.errors import Stalled


def require_known_contract(catalogue: ToolCatalogue) -> None:
    """Raise Stalled when the worker speaks a contract that this operator does not."""
    if OLDEST_CONTRACT <= catalogue.contract <= CONTRACT:
        return
    older = catalogue.contract < OLDEST_CONTRACT
    raise Stalled(
        Reason.WORKER_TOO_OLD if older else Reason.WORKER_TOO_NEW,
        f"the worker speaks contract {catalogue.contract} and this operator {OLDEST_CONTRACT} to {CONTRACT}: "
        + ("rebuild the image on this release's worker" if older else "upgrade the operator first"),
    )


def lacking(spec: AgentSpec, own: RunLimits | None, pool: WorkerPool) -> str | None:
    """Say what of an Agent or of a run's own limits the pool's workers would pass over; None for nothing."""
    spoken = pool.status.contract or 1
    asked = {
        "spec.outputSchema": spec.output_schema,
        "spec.limits.maxTotalTokens": spec.limits.max_total_tokens or (own and own.max_total_tokens),
    }
    needs = [field for field, value in asked.items() if value is not None]
    if spoken >= LIMITS_CONTRACT or not needs:
        return None
    return (
        f"{' and '.join(needs)} need workers of contract {LIMITS_CONTRACT}, and those of WorkerPool "
        f"{pool.metadata.name} speak {spoken}: rebuild its image on this release's worker"
    )
