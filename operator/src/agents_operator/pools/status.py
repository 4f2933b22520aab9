"""The status of a WorkerPool."""

from datetime import datetime

from pydantic import ValidationError

from agents_crds.contract.tools import OfferedTool, ToolCatalogue
from agents_crds.v1alpha1 import ConditionType, Reason, ToolDescription, WorkerPool, WorkerPoolStatus
from agents_crds.v1alpha1.workerpool import TOOL_LIMIT
from agents_operator.engine.conditions import condition, with_conditions
from agents_operator.engine.invalid import describe
from agents_operator.errors import Stalled


def ready_status(
    pool: WorkerPool, build: str, tools: tuple[ToolDescription, ...], *, now: datetime
) -> WorkerPoolStatus:
    """Say what new runs go to, and which tools it offers."""
    count = len(tools)
    return WorkerPoolStatus(
        observed_generation=pool.metadata.generation,
        build=build,
        tools=tools,
        conditions=with_conditions(
            pool.status.conditions,
            condition(
                ConditionType.READY,
                "True",
                Reason.AVAILABLE,
                f"build {build} offers {count} tool{'' if count == 1 else 's'}",
                generation=pool.metadata.generation,
                now=now,
            ),
        ),
    )


def described_tools(catalogue: ToolCatalogue) -> tuple[ToolDescription, ...]:
    """Describe what a worker offers as the status holds it; raise Stalled when it does not fit."""
    if len(catalogue.tools) > TOOL_LIMIT:
        raise Stalled(
            Reason.TOOL_INVALID,
            f"the worker offers {len(catalogue.tools)} tools and a pool has room for {TOOL_LIMIT}: "
            "spread them over several pools",
        )
    return tuple(_described(tool) for tool in catalogue.tools)


def _described(tool: OfferedTool) -> ToolDescription:
    try:
        return ToolDescription(
            name=tool.name,
            description=tool.description,
            parameters=tool.parameters,
            idempotent=tool.idempotent,
            timeout=tool.timeout,
        )
    except ValidationError as error:
        raise Stalled(Reason.TOOL_INVALID, f"tool {tool.name!r} of the worker: {describe(error)}") from error
