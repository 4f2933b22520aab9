"""Everything around a run: Temporal, the stand-in, workers, and the operator's side of the contract."""

import asyncio
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from mistralai.client import Mistral
from mistralai.client.models import CompletionArgs, Function, FunctionTool, JSONSchema, ResponseFormat
from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from agents_crds.contract import CONTRACT
from agents_crds.contract.mcp import McpServerRoute
from agents_crds.contract.names import AGENT_RUN_WORKFLOW, INPUT_REQUIRED_ACTIVITY, REPORT_ACTIVITY
from agents_crds.contract.progress import RunProgress
from agents_crds.contract.run import (
    AgentSnapshot,
    Limits,
    LoopInput,
    ProviderSnapshot,
    RunInput,
    RunOutcome,
    ToolRoute,
)
from agents_crds.v1alpha1.fields import JsonSchema
from agents_worker.activities.chat import ChatCalls
from agents_worker.activities.mcp import McpCalls
from agents_worker.activities.model import ModelCalls
from agents_worker.activities.room import Room
from agents_worker.activities.tools import ToolCalls
from agents_worker.sessions.providers import Providers, provider_http
from agents_worker.sessions.verdict import Patience
from agents_worker.settings import Settings
from agents_worker.tools.offer import Tools, load_tools
from agents_worker.workers import build_workers
from tests.standin.control import StandIn
from tests.workflows.temporal import make_current

TOOLS_MODULE = "tests.workflows.sample_tools"
OPERATOR_QUEUE = "test/operator"
POOL_QUEUE = "test/ns/pools/default"
PROVIDER_QUEUE = "test/ns/providers/default"
KEY = "standin-key"
KEY_PATH = "provider/api-key"
# As in production, but short.
PATIENCE = Patience(
    attempts=3,
    key_window=timedelta(seconds=20),
    key_interval=timedelta(seconds=0.2),
    settle=timedelta(seconds=0.5),
)

Handle = WorkflowHandle[object, RunOutcome]


class Reports:
    """The operator's side of the contract: takes outcomes in, and questions to people."""

    def __init__(self) -> None:
        self.taken: defaultdict[str, list[RunOutcome]] = defaultdict(list)
        self.asked: defaultdict[str, list[RunProgress]] = defaultdict(list)

    @activity.defn(name=REPORT_ACTIVITY)
    async def report(self, outcome: RunOutcome) -> None:
        """Note the outcome under the id of the workflow that reports it."""
        self.taken[activity.info().workflow_id or ""].append(outcome)

    @activity.defn(name=INPUT_REQUIRED_ACTIVITY)
    async def input_required(self, progress: RunProgress) -> None:
        """Note the question in the same way."""
        self.asked[activity.info().workflow_id or ""].append(progress)


def settings_of(secrets: Path, *, pool_queue: str = POOL_QUEUE, build: str = "b1") -> Settings:
    """Make the settings that the operator would put into the worker's environment."""
    return Settings.model_validate(
        {
            "TEMPORAL_DEPLOYMENT_NAME": pool_queue.replace("/pools", ""),
            "TEMPORAL_WORKER_BUILD_ID": build,
            "DURABLE_AGENTS_POOL_QUEUE": pool_queue,
            "DURABLE_AGENTS_PROVIDER_QUEUES": (PROVIDER_QUEUE,),
            "DURABLE_AGENTS_SECRETS_DIR": secrets,
            "WORKER_MODULES": TOOLS_MODULE,
        }
    )


@asynccontextmanager
async def serving(client: Client, settings: Settings, tools: Tools) -> AsyncIterator[None]:
    """Run the worker's own workers in this process, as the current build."""
    threads = ThreadPoolExecutor(8)
    async with provider_http() as http, McpCalls(client, settings) as mcp:
        room = Room.of(client.data_converter)
        providers = Providers(http, settings.secrets_dir, room.for_answer)
        workers = build_workers(
            client,
            settings,
            models=ModelCalls(providers, PATIENCE, room),
            chats=ChatCalls(providers, PATIENCE, room),
            tools=ToolCalls(tools, threads, room),
            mcp=mcp,
        )
        async with AsyncExitStack() as stack:
            for worker in workers:
                await stack.enter_async_context(worker)
            await make_current(client, settings.deployment_name, settings.build_id)
            yield
    threads.shutdown(wait=False)


@asynccontextmanager
async def mistral_client(standin: StandIn) -> AsyncIterator[Mistral]:
    """Call the stand-in the way the operator does."""
    async with provider_http() as http:
        yield Mistral(api_key=KEY, server_url=standin.url, async_client=http)


@asynccontextmanager
async def taking_reports(client: Client) -> AsyncIterator[Reports]:
    """Serve the operator's queue."""
    reports = Reports()
    async with Worker(client, task_queue=OPERATOR_QUEUE, activities=(reports.report, reports.input_required)):
        yield reports


@dataclass(frozen=True)
class Bench:
    """What a test works with."""

    client: Client
    standin: StandIn
    mistral: Mistral
    reports: Reports
    secrets: Path
    tools: Tools
    unique: str = field(default_factory=lambda: uuid.uuid4().hex[:8])

    async def agent(
        self,
        *tools: str,
        queue: str = POOL_QUEUE,
        key_path: str = KEY_PATH,
        schema: JsonSchema | None = None,
        name: str = "agent",
    ) -> AgentSnapshot:
        """Make an agent with these tools on the provider's side, and take the snapshot that a run gets."""
        offers = [offer for offer in self.tools.catalogue().tools if offer.name in tools]
        remote = await self.mistral.beta.agents.create_async(
            model="mistral-medium-latest",
            name=self.remote_name(name),
            tools=[
                FunctionTool(
                    function=Function(
                        name=offer.name, description=offer.description, parameters=dict(offer.parameters)
                    )
                )
                for offer in offers
            ],
            completion_args=_answering(schema),
        )
        return AgentSnapshot(
            name=name,
            remote_id=remote.id,
            remote_version=remote.version,
            provider=ProviderSnapshot(
                name="default", url=self.standin.url, key_path=key_path, queue=PROVIDER_QUEUE
            ),
            tools=tuple(
                ToolRoute(
                    name=offer.name,
                    queue=queue,
                    idempotent=offer.idempotent,
                    timeout=offer.timeout,
                    polling=offer.polling,
                )
                for offer in offers
            ),
            output_schema=schema,
        )

    def remote_name(self, name: str) -> str:
        """Name an agent as the provider knows it, which is never how its snapshot does."""
        return f"{name}-{self.unique}"

    async def linked(self, agent: AgentSnapshot, *others: AgentSnapshot) -> AgentSnapshot:
        """Let an agent hand off to others."""
        remote = await self.mistral.beta.agents.update_async(
            agent_id=agent.remote_id, handoffs=[other.remote_id for other in others]
        )
        return agent.model_copy(update={"remote_version": remote.version})

    async def start(
        self,
        agent: AgentSnapshot,
        text: str,
        *,
        max_turns: int = 5,
        limit: timedelta = timedelta(seconds=40),
        max_total_tokens: int | None = None,
        output_retries: int = 2,
    ) -> Handle:
        """Start a run, as the operator does."""
        limits = Limits(
            max_turns=max_turns,
            timeout=limit,
            max_total_tokens=max_total_tokens,
            output_retries=output_retries,
        )
        return await self.start_loop(loop_input(agent, text).model_copy(update={"limits": limits}))

    async def start_loop(self, loop: LoopInput, *, queue: str = POOL_QUEUE) -> Handle:
        """Start a run of a loop on a pool's queue."""
        run = RunInput(contract=CONTRACT, operator_queue=OPERATOR_QUEUE, loop=loop)
        return await self.client.start_workflow(
            AGENT_RUN_WORKFLOW,
            run,
            id=f"test/ns/{uuid.uuid4()}",
            task_queue=queue,
            result_type=RunOutcome,
        )

    async def finished(self, handle: Handle) -> RunOutcome:
        """Wait for the outcome, which must have been reported exactly once."""
        outcome: RunOutcome = await asyncio.wait_for(handle.result(), 45)
        assert self.reports.taken[handle.id] == [outcome.preview()]
        return outcome

    async def run_loop(self, loop: LoopInput) -> RunOutcome:
        """Run a loop to the end."""
        return await self.finished(await self.start_loop(loop))

    async def run(self, agent: AgentSnapshot, text: str, *, max_turns: int = 5) -> RunOutcome:
        """Run to the end."""
        return await self.finished(await self.start(agent, text, max_turns=max_turns))

    def results(self) -> Sequence[str]:
        """List the tool results that the provider was given, in order."""
        entries = (entry for one in self.standin.conversations() for entry in one.entries)
        return [entry.result for entry in entries if entry.type == "function.result"]

    def write_key(self, secret: str, key: str) -> str:
        """Mount a Secret; returns the path of its key."""
        path = self.secrets / secret / "api-key"
        path.parent.mkdir(exist_ok=True)
        path.write_text(key)
        return f"{secret}/api-key"


def loop_input(
    agent: AgentSnapshot, text: str, *handoffs: AgentSnapshot, mcp_servers: tuple[McpServerRoute, ...] = ()
) -> LoopInput:
    """Make what a loop gets."""
    return LoopInput(
        agent=agent,
        input=text,
        limits=Limits(max_turns=20, timeout=timedelta(seconds=40)),
        conversation_metadata={"durable-agents.dev/uid": uuid.uuid4().hex},
        handoffs=handoffs,
        mcp_servers=mcp_servers,
    )


def _answering(schema: JsonSchema | None) -> CompletionArgs:
    if schema is None:
        return CompletionArgs()
    form = JSONSchema.model_validate({"name": "output", "schema": schema, "strict": True})
    return CompletionArgs(response_format=ResponseFormat(type="json_schema", json_schema=form))


def bench_tools() -> Tools:
    """Load the sample tools as a worker does."""
    return load_tools((TOOLS_MODULE,))
