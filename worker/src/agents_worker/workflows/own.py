"""The workflows of users, found in the modules that the worker is told of."""

import importlib
import inspect
from collections.abc import Collection, Iterable

from temporalio import workflow
from temporalio.worker import WorkflowRunner

from agents_crds.contract.environment import WorkerVariable
from agents_worker.tools.errors import ToolDefinitionError


def own_workflows(
    modules: Iterable[str], taken: Collection[type], runner: WorkflowRunner
) -> tuple[type, ...]:
    """Collect the workflow classes of modules; raise ToolDefinitionError where one cannot be served.

    An event loop must run.
    """
    named = {_name(each): each for each in taken}
    found: dict[type, None] = {}
    for module in modules:
        for value in vars(importlib.import_module(module)).values():
            if not inspect.isclass(value) or value in found or value in taken or not _is_workflow(value):
                continue
            other = named.setdefault(_name(value), value)
            if other is not value:
                raise ToolDefinitionError(
                    f"two workflows are named {_name(value)}: {_origin(other)} and {_origin(value)} of "
                    f"{WorkerVariable.MODULES}; rename one of them by @workflow.defn(name=...)"
                )
            _require_loadable(value, runner)
            found[value] = None
    return tuple(found)


def _require_loadable(value: type, runner: WorkflowRunner) -> None:
    defined = workflow._Definition.must_from_class(value)  # noqa: SLF001
    if not defined.sandboxed:
        return
    try:
        runner.prepare_workflow(defined)
    except Exception as error:  # whatever a user's module raises when it is imported in the sandbox
        raise ToolDefinitionError(
            f"workflow {_origin(value)} of {WorkerVariable.MODULES} cannot be loaded in Temporal's sandbox "
            f"({type(error).__name__}); the log has the whole of it: import what is not for workflows by "
            "workflow.unsafe.imports_passed_through(), or in another module"
        ) from error


def _is_workflow(value: type) -> bool:
    # Temporal has no public way to read what `@workflow.defn` noted.
    return workflow._Definition.from_class(value) is not None  # noqa: SLF001


def _name(value: type) -> str | None:
    return workflow._Definition.must_from_class(value).name  # noqa: SLF001


def _origin(value: type) -> str:
    return f"{value.__module__}.{value.__qualname__}"
