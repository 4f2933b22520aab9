"""The Temporal workers of one process: one on the pool's queue, one on the queue of each provider."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import Interceptor, Worker, WorkerDeploymentConfig
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from agents_worker.activities.beat import HeartbeatsFromThreads
from agents_worker.activities.chat import ChatCalls
from agents_worker.activities.mcp import McpCalls
from agents_worker.activities.model import ModelCalls
from agents_worker.activities.tools import ToolCalls
from agents_worker.activities.transcripts import Transcripts
from agents_worker.settings import Settings
from agents_worker.workflows.agent_loop import AgentLoop
from agents_worker.workflows.agent_run import AgentRun
from agents_worker.workflows.describe_mcp_server import DescribeMcpServer
from agents_worker.workflows.describe_tools import DescribeTools
from agents_worker.workflows.get_mcp_prompt import GetMcpPrompt
from agents_worker.workflows.mcp_server_changed import McpServerHasChanged
from agents_worker.workflows.own import own_workflows

WORKFLOWS = (AgentRun, AgentLoop, DescribeTools, DescribeMcpServer, GetMcpPrompt, McpServerHasChanged)
TOOL_CALLS = 100
"""Tool calls at once, and the threads for those that are not async."""
_MODEL_CALLS = 200
# They share one core: more at once only bring each nearer to the 2 s after which Temporal sees a deadlock.
_WORKFLOW_TASKS = 20

# The next task of a run that a killed worker had in its cache waits this long, instead of 10 s.
_STICKY = timedelta(seconds=3)
# A beat may be held back for 0.8 times the heartbeat timeout; then one lost beat would look like a death.
_HEARTBEAT_THROTTLE = timedelta(seconds=2)

# 0.08 MB each. Those beyond it that waited longest keep no memory, and are replayed when they go on.
_CACHED_WORKFLOWS = 250

# Loaded once for all runs: they hold values and pure functions, and what they import is not for workflows.
_SHARED_MODULES = (
    "agents_crds",
    "agents_worker.child",
    "agents_worker.connecting",
    "agents_worker.chat_messages",
    "agents_worker.messages",
    "agents_worker.text",
    "agents_worker.tools",
    # Checks answers; some of it is imported only when it is used.
    "attr",
    "attrs",
    "jsonschema",
    "jsonschema_specifications",
    "referencing",
    "rpds",
)
_OWN_WORKFLOWS = "agents_worker.workflows"


def sandbox(*, guarded: bool = False) -> SandboxedWorkflowRunner:
    """Return the runner that keeps users' workflow code deterministic, and with `guarded` ours as well.

    Ours is guarded where it is tested: a copy of it for each run would take 0.2 MB, and time.
    """
    ours = () if guarded else (_OWN_WORKFLOWS,)
    return SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions.default.with_passthrough_modules(*_SHARED_MODULES, *ours)
    )


def build_workers(
    client: Client,
    settings: Settings,
    *,
    models: ModelCalls,
    chats: ChatCalls,
    tools: ToolCalls,
    mcp: McpCalls,
    interceptors: Sequence[Interceptor] = (),
    failed: Callable[[BaseException], Awaitable[None]] | None = None,
) -> tuple[Worker, ...]:
    """Build the workers, all of one build of one Worker Deployment.

    Providers come first: a run that starts at once finds the queues of its model calls served. `failed` is
    told what ends a worker for good.
    """
    model_calls = (
        models.start_conversation,
        models.append_results,
        models.open_conversation,
        models.restart_conversation,
        chats.complete_chat,
        chats.summarize,
    )
    providers = tuple(
        _worker(
            client,
            queue,
            settings,
            activities=model_calls,
            slots=_MODEL_CALLS,
            interceptors=interceptors,
            failed=failed,
        )
        for queue in settings.provider_queues
    )
    pool = _worker(
        client,
        settings.pool_queue,
        settings,
        activities=(
            tools.call_tool,
            tools.describe_tools,
            mcp.call_mcp_tool,
            mcp.describe_mcp_server,
            mcp.get_mcp_prompt,
            Transcripts(client).load_transcript,
        ),
        workflows=(*WORKFLOWS, *own_workflows(settings.modules, WORKFLOWS, sandbox())),
        slots=TOOL_CALLS,
        interceptors=interceptors,
        failed=failed,
    )
    return (*providers, pool)


def _worker(
    client: Client,
    queue: str,
    settings: Settings,
    *,
    activities: Sequence[Callable[..., Any]],
    workflows: Sequence[type] = (),
    slots: int,
    interceptors: Sequence[Interceptor],
    failed: Callable[[BaseException], Awaitable[None]] | None,
) -> Worker:
    return Worker(
        client,
        task_queue=queue,
        activities=activities,
        workflows=workflows,
        workflow_runner=sandbox(),
        interceptors=(HeartbeatsFromThreads(), *interceptors),
        deployment_config=WorkerDeploymentConfig(
            version=WorkerDeploymentVersion(settings.deployment_name, settings.build_id),
            use_worker_versioning=True,
            # A run stays with the build that it started on.
            default_versioning_behavior=VersioningBehavior.PINNED,
        ),
        max_cached_workflows=_CACHED_WORKFLOWS,
        max_concurrent_activities=slots,
        max_concurrent_workflow_tasks=_WORKFLOW_TASKS,
        graceful_shutdown_timeout=timedelta(seconds=settings.grace),
        on_fatal_error=failed,
        sticky_queue_schedule_to_start_timeout=_STICKY,
        max_heartbeat_throttle_interval=_HEARTBEAT_THROTTLE,
    )
