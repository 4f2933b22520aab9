"""Whether, and whose, workers are to ask an MCP server what it offers; pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from agents_crds.contract.mcp import McpFailure
from agents_crds.v1alpha1 import ConditionType, MCPServer, Reason, WorkerPool
from agents_operator.engine.conditions import find, is_true
from agents_operator.errors import Stalled, Waiting
from agents_operator.mcpservers.status import lists_size
from agents_operator.pools.contract import lacking_for_server
from agents_operator.temporal.mcp import PoolBuild
from agents_operator.temporal.places import connection_of

# A server that keeps telling of changes is not asked more often, and one with large lists less often still:
# etcd keeps each state of an object for minutes, and what ten such servers write in them would fill it.
SHORTEST_INTERVAL = timedelta(seconds=5)
BYTES_PER_SECOND = 10_000
# A kubelet brings a new Secret into running pods within two minutes, and new pods take a while to start.
PODS_LAG = timedelta(minutes=3)
LAGGING = frozenset({Reason.SECRET_NOT_FOUND, Reason.COMMAND_NOT_ALLOWED})


@dataclass(frozen=True)
class Ask:
    """Ask the server."""

    workers: PoolBuild


@dataclass(frozen=True)
class Keep:
    """Leave what was listed as it is for a while."""

    after: timedelta


def plan_server(
    server: MCPServer, pool: WorkerPool | None, *, retry_interval: timedelta, now: datetime
) -> Ask | Keep:
    """Choose what to do; raise Waiting or Stalled when nobody can ask the server."""
    workers = workers_for(server, pool, retry_interval=retry_interval)
    if pool is not None and pool.is_asleep:
        if is_listed(server) or (pool.spec.is_autoscaled and was_listed(server)):
            return Keep(server.spec.interval)
        if not pool.spec.is_autoscaled:
            raise Waiting(
                Reason.WORKER_POOL_NOT_READY,
                f"WorkerPool {workers.pool} has no worker that could list the tools and prompts: "
                "set its spec.replicas to 1",
                after=server.spec.interval,
            )
    rest = shortest_rest(server)
    since = now - server.status.refresh_time if server.status.refresh_time else rest
    if is_listed(server) and timedelta() <= since < rest:
        return Keep(rest - since)
    return Ask(workers)


def shortest_rest(server: MCPServer) -> timedelta:
    """Return how long the lists of a server are left as they are, whatever it tells."""
    size = lists_size(server.status.tools, server.status.prompts)
    written = timedelta(seconds=size / BYTES_PER_SECOND)
    return max(min(SHORTEST_INTERVAL, server.spec.interval), written)


def workers_for(server: MCPServer, pool: WorkerPool | None, *, retry_interval: timedelta) -> PoolBuild:
    """Name the workers that can ask the server something; raise Waiting or Stalled when there are none."""
    namespace, name = server.metadata.namespace, server.spec.worker_pool_ref.name
    if pool is None:
        raise Waiting(
            Reason.WORKER_POOL_NOT_FOUND,
            f"there is no WorkerPool {name} in namespace {namespace}: create it, or change "
            "spec.workerPoolRef",
            after=retry_interval,
        )
    if pool.metadata.deletion_timestamp is not None:
        raise Waiting(
            Reason.WORKER_POOL_NOT_FOUND,
            f"WorkerPool {name} is being deleted: change spec.workerPoolRef, or create it again when it is "
            "gone",
            after=retry_interval,
        )
    if pool.status.build is None:
        raise Waiting(
            Reason.WORKER_POOL_NOT_READY,
            f"no worker of WorkerPool {name} has answered yet; its own conditions say why",
            after=retry_interval,
            expected=True,
        )
    if lacking := lacking_for_server(server, pool):
        raise Stalled(Reason.WORKER_TOO_OLD, lacking)
    stdio = server.spec.stdio
    if stdio is not None and stdio.command not in pool.spec.stdio.allowed_commands:
        raise Stalled(
            Reason.COMMAND_NOT_ALLOWED,
            f"WorkerPool {name} does not allow its workers to start {stdio.command!r}: add it to "
            "spec.stdio.allowedCommands of the WorkerPool, or change spec.stdio.command",
        )
    return PoolBuild(namespace, name, pool.status.build, connection_of(pool))


def is_listed(server: MCPServer) -> bool:
    """Tell whether the lists in the status are those of the present spec."""
    ready = find(server.status.conditions, ConditionType.READY)
    return (
        is_true(server.status.conditions, ConditionType.READY)
        and ready is not None
        and ready.observed_generation == server.metadata.generation
    )


def was_listed(server: MCPServer) -> bool:
    """Tell whether there is a list, and the present spec was tried: a pool is not woken for another try."""
    ready = find(server.status.conditions, ConditionType.READY)
    tried = ready is not None and ready.observed_generation == server.metadata.generation
    return tried and server.status.refresh_time is not None


def failed(server: MCPServer, failure: McpFailure, *, retry_interval: timedelta, now: datetime) -> Waiting:
    """Say what a failure means: the lists stay, and the server is asked again, ever later."""
    known = find(server.status.conditions, ConditionType.READY)
    lasts = timedelta()
    if known is not None and known.status == "False" and known.reason == failure.reason.value:
        lasts = now - known.last_transition_time
    if failure.reason in LAGGING:
        lasts -= PODS_LAG
    pause = min(max(lasts, retry_interval), max(server.spec.interval, retry_interval))
    kept = "; what it listed before is kept" if server.status.refresh_time else ""
    return Waiting(failure.reason, f"{failure.message}{kept}", after=pause)
