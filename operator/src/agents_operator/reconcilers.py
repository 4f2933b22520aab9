"""Makes the reconciler of each kind."""

from agents_operator.agents import AgentReconciler
from agents_operator.agents.instructions import PromptReader
from agents_operator.agents.prompts import Prompts
from agents_operator.agents.sources import ConfigMapTexts
from agents_operator.autoscaling.announced import Announcements
from agents_operator.autoscaling.reconcile import Autoscaler
from agents_operator.clients import Shared
from agents_operator.kubernetes.configmaps import ConfigMaps
from agents_operator.kubernetes.resources import AGENTS, MCP_SERVERS, MODEL_PROVIDERS, WORKER_POOLS
from agents_operator.kubernetes.secrets import Secrets
from agents_operator.mcpservers.reconcile import McpServerReconciler
from agents_operator.mistral import MistralConnections
from agents_operator.pools.deletion import EndRun
from agents_operator.pools.reconcile import PoolReconciler
from agents_operator.providers import ProviderReconciler
from agents_operator.runs.departures import Departures
from agents_operator.runs.reconcile import RunReconciler
from agents_operator.runs.settle import RunSettle
from agents_operator.runs.shutdown import Shutdowns


def provider_reconciler(shared: Shared) -> ProviderReconciler:
    """Make that of ModelProviders."""
    return ProviderReconciler(
        shared.world,
        shared.settle(MODEL_PROVIDERS, shared.world.providers),
        Secrets(shared.clients.api),
        MistralConnections(shared.clients.http),
        interval=shared.settings.provider_interval,
        retry_interval=shared.settings.retry_interval,
        now=shared.now,
        logger=shared.logger,
    )


def agent_reconciler(
    shared: Shared, providers: ProviderReconciler, texts: ConfigMapTexts, prompts: Prompts
) -> AgentReconciler:
    """Make that of Agents."""
    settings = shared.settings
    return AgentReconciler(
        shared.world,
        shared.settle(AGENTS, shared.world.agents),
        shared.clients.api,
        events=shared.clients.events,
        configmaps=ConfigMaps(shared.clients.api, settings.namespace),
        providers=providers.access,
        prompts=PromptReader(
            shared.world, texts, prompts, retry_interval=settings.retry_interval, now=shared.now
        ),
        installation=shared.installation,
        interval=settings.agent_interval,
        retry_interval=settings.retry_interval,
        deletion_timeout=settings.deletion_timeout,
        now=shared.now,
        logger=shared.logger,
    )


def pool_reconciler(shared: Shared, end_run: EndRun) -> PoolReconciler:
    """Make that of WorkerPools."""
    return PoolReconciler(
        shared.world,
        shared.settle(WORKER_POOLS, shared.world.pools),
        shared.clients.api,
        shared.servers,
        end_run,
        installation=shared.installation,
        interval=shared.settings.agent_interval,
        deletion_timeout=shared.settings.pool_deletion_timeout,
        telemetry=shared.clients.worker_telemetry,
        now=shared.now,
        logger=shared.logger,
    )


def autoscaler(shared: Shared, announcements: Announcements) -> Autoscaler:
    """Make that of the number of worker pods."""
    return Autoscaler(
        shared.world,
        shared.settle(WORKER_POOLS, shared.world.pools),
        shared.clients.api,
        shared.servers,
        announcements,
        events=shared.clients.events,
        installation=shared.installation,
        interval=shared.settings.autoscale_interval,
        now=shared.now,
        logger=shared.logger,
    )


def mcp_server_reconciler(shared: Shared) -> McpServerReconciler:
    """Make that of MCPServers."""
    return McpServerReconciler(
        shared.world,
        shared.settle(MCP_SERVERS, shared.world.mcp_servers),
        shared.servers,
        retry_interval=shared.settings.retry_interval,
        now=shared.now,
    )


def run_reconciler(shared: Shared, settle: RunSettle, departures: Departures) -> RunReconciler:
    """Make that of AgentRuns."""
    return RunReconciler(
        shared.world,
        settle,
        shared.clients.api,
        shared.servers,
        shutdowns=Shutdowns(
            shared.servers,
            settle,
            installation=shared.installation,
            grace=shared.settings.shutdown_grace,
            cancel_grace=shared.settings.cancel_grace,
            now=shared.now,
            logger=shared.logger,
        ),
        departures=departures,
        traces=shared.clients.traces,
        installation=shared.installation,
        now=shared.now,
        logger=shared.logger,
    )
