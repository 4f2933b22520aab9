"""The status of a WorkerPool."""

from datetime import datetime

from agents_crds.contract.tools import ToolCatalogue
from agents_crds.v1alpha1 import ConditionType, Reason, ToolDescription, WorkerPool, WorkerPoolStatus
from agents_operator.engine.conditions import condition, with_conditions


def ready_status(
    pool: WorkerPool, build: str, catalogue: ToolCatalogue, *, now: datetime
) -> WorkerPoolStatus:
    """Say that a worker of the current build answered, and with which tools."""
    count = len(catalogue.tools)
    return WorkerPoolStatus(
        observed_generation=pool.metadata.generation,
        build=build,
        tools=tuple(
            ToolDescription(
                name=tool.name,
                description=tool.description,
                parameters=tool.parameters,
                idempotent=tool.idempotent,
                timeout=tool.timeout,
            )
            for tool in catalogue.tools
        ),
        conditions=with_conditions(
            pool.status.conditions,
            condition(
                ConditionType.READY,
                "True",
                Reason.AVAILABLE,
                f"a worker of build {build} offers {count} tool{'' if count == 1 else 's'}",
                generation=pool.metadata.generation,
                now=now,
            ),
        ),
    )
