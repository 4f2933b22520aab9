"""Which contracts this operator speaks with workers, and what an older one lacks."""

from agents_crds.contract import CONTRACT, OLDEST_CONTRACT, SECOND_CONTRACT
from agents_crds.contract.tools import ToolCatalogue
from agents_crds.v1alpha1 import AgentRunSpec, AgentSpec, MCPServer, Reason, WorkerPool
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


def lacking(spec: AgentSpec, run: AgentRunSpec | None, pool: WorkerPool) -> str | None:
    """Say what of an Agent or of its run the pool's workers would pass over; None for nothing."""
    return _lacking([*needs_of_agent(spec), *(_needs_of_run(run) if run else ())], pool)


def lacking_for_server(server: MCPServer, pool: WorkerPool) -> str | None:
    """Say that the pool's workers cannot call an MCPServer; None when they can."""
    return _lacking([f"the tools of MCPServer {server.metadata.name}"], pool)


def spoken_contract(pool: WorkerPool) -> int:
    """Return the contract of a pool's workers; those of the first did not tell it."""
    return pool.status.contract or 1


def require_codec(catalogue: ToolCatalogue, codec: str | None) -> None:
    """Raise Stalled when the worker cannot read what the user's own codec makes of payloads."""
    if codec is not None and catalogue.contract < SECOND_CONTRACT:
        raise Stalled(
            Reason.WORKER_TOO_OLD,
            f"payloads are encoded by {codec}, which needs workers of contract {SECOND_CONTRACT}, and this "
            f"one speaks {catalogue.contract}: rebuild the image on this release's worker",
        )


def needs_of_agent(spec: AgentSpec) -> list[str]:
    """Name the fields of an Agent that workers of the first contract would pass over."""
    asked = {
        "spec.outputSchema": spec.output_schema is not None,
        "spec.session Local": spec.session == "Local",
        "spec.limits.maxTotalTokens": spec.limits.max_total_tokens is not None,
        "spec.limits.waitForInput": spec.limits.wait_for_input is not None,
        "spec.handoffs": bool(spec.handoffs),
        "spec.tools[].mcp": any(tool.mcp for tool in spec.tools),
        "spec.tools[].builtin": any(tool.builtin for tool in spec.tools),
        "spec.tools[].documentLibrary": any(tool.document_library for tool in spec.tools),
        "spec.tools[].connector": any(tool.connector for tool in spec.tools),
    }
    return [field for field, is_asked in asked.items() if is_asked]


def _needs_of_run(spec: AgentRunSpec) -> list[str]:
    asked = {
        "the run's spec.limits.maxTotalTokens": spec.limits is not None
        and spec.limits.max_total_tokens is not None,
        "the run's spec.messages": spec.messages is not None,
        "the run's spec.continueFrom": spec.continue_from is not None,
        "the run's spec.userInputs": bool(spec.user_inputs),
    }
    return [field for field, is_asked in asked.items() if is_asked]


def _lacking(needs: list[str], pool: WorkerPool) -> str | None:
    spoken = spoken_contract(pool)
    if spoken >= SECOND_CONTRACT or not needs:
        return None
    return (
        f"{' and '.join(needs)} need workers of contract {SECOND_CONTRACT}, and those of WorkerPool "
        f"{pool.metadata.name} speak {spoken}: rebuild its image on this release's worker"
    )
