"""Runs the operator: `python -m agents_operator`."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import partial
from math import ceil
from typing import Any, NoReturn

import kopf
from prometheus_client import CollectorRegistry
from pydantic import ValidationError
from temporalio.worker import Worker

from agents_crds.contract.connection import TemporalAccess, TemporalVariablesError
from agents_crds.telemetry.asked import TracingVariablesError
from agents_crds.telemetry.logs import set_up_logging
from agents_operator.clients import Clients
from agents_operator.controllers import Controllers
from agents_operator.engine.invalid import Invalid
from agents_operator.engine.kopf_settings import kopf_settings
from agents_operator.engine.serve import Serve
from agents_operator.engine.served import Served
from agents_operator.engine.watch import watch, watch_everything
from agents_operator.errors import UnsupportedServerError
from agents_operator.health import Health
from agents_operator.installation import find_installation
from agents_operator.kubernetes.access import Access
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.configmaps import ConfigMaps
from agents_operator.kubernetes.connection import ApiServer, agent_of, find_api_server
from agents_operator.kubernetes.events import Events
from agents_operator.kubernetes.version import require_selectable_fields
from agents_operator.leadership import Fence, Leadership, Leases, Terms, fenced_loop, fenced_sockets
from agents_operator.metrics import (
    LeaderCollector,
    Measures,
    measured_api,
    measured_provider,
    metrics_page,
)
from agents_operator.mistral import load_sdk, provider_http
from agents_operator.pools.telemetry import worker_telemetry
from agents_operator.pools.temporal_target import TemporalTarget, desired_target
from agents_operator.settings import Settings, problems
from agents_operator.startup import until_reachable
from agents_operator.temporal.connection import connect
from agents_operator.temporal.fenced import fenced
from agents_operator.temporal.retention import describe_namespace
from agents_operator.temporal.search_attributes import register_state_attribute
from agents_operator.temporal.servers import TemporalServer
from agents_operator.tracing.runs import Collector, RunTraces
from agents_operator.tracing.start import telling

# An API server stores JSON of up to 10,000 levels, and json.loads, kopf's too, takes one call for each.
DEEPEST_CALLS = 20_000
SIGNALS = (signal.SIGTERM, signal.SIGINT)


async def until_signalled(work: Coroutine[None, None, None]) -> None:
    """Do the work, until it is done or SIGTERM or SIGINT comes before `Stop` takes these over.

    The first process of a container goes on after a SIGTERM that it does not handle.
    """
    task = asyncio.create_task(work, name="operator")
    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


class Stop:
    """Whether SIGTERM or SIGINT came since `listen`."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    def listen(self) -> None:
        """Take these signals over from whoever had them."""
        for number in SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, self.asked.set)


async def main(
    settings: Settings,
    connection: TemporalAccess,
    target: TemporalTarget,
    fence: Fence,
    logger: logging.Logger,
    *,
    collector: Collector | None,
) -> None:
    """Wait for the servers, then serve until SIGTERM or SIGINT."""
    server = find_api_server(kopf_settings())
    # The pod's name; the host's may be cut short, and the chart says it.
    identity = settings.identity or os.environ.get("HOSTNAME") or "operator"
    leader, replica = agent_of(identity, "leader"), agent_of(identity, "replica")
    health, metrics = Health(), CollectorRegistry()
    measures = Measures(metrics)
    async with (
        health.serve(settings.health_port),
        metrics_page(settings.metrics_port, metrics, settings.log_format),
        server.session(leader, measured_api(measures), sockets=fenced_sockets(fence)) as leader_session,
        server.session(replica, measured_api(measures)) as session,
        # A Lease cannot wait for a connection until a burst of others is over.
        server.session(replica, measured_api(measures)) as lease_session,
        provider_http(fence.require) as http,
    ):
        measured_provider(http, measures)
        api = KubernetesApi(session)
        leader_api = KubernetesApi(leader_session, before_write=fence.require)
        await until_reachable(
            "the API server", lambda: require_selectable_fields(api), health.wait_for, logger
        )
        temporal = await until_reachable(
            f"Temporal at {connection.address}", lambda: connect(connection), health.wait_for, logger
        )
        configmaps = ConfigMaps(api, settings.namespace)
        installation = await until_reachable(
            f"the installation id in namespace {settings.namespace}",
            lambda: find_installation(settings.installation, configmaps),
            health.wait_for,
            logger,
        )
        logger.info("installation %s, Temporal namespace %s", installation, temporal.namespace)
        state_attribute = await until_reachable(
            "Temporal's search attributes",
            lambda: register_state_attribute(temporal, logger),
            health.wait_for,
            logger,
        )
        events = Events(leader_api, identity, logger)
        namespace = await describe_namespace(temporal, logger)
        own = TemporalServer.of(
            fenced(temporal, fence.require),
            installation,
            target,
            retention=namespace.retention,
            state_attribute=state_attribute,
            namespace_id=namespace.id,
        )
        clients = Clients(
            api=leader_api,
            replica_api=api,
            events=events,
            temporal=own,
            fenced=lambda client: fenced(client, fence.require),
            converter=temporal.data_converter,
            http=http,
            traces=RunTraces(collector, now=now),
            worker_telemetry=worker_telemetry(settings, os.environ),
        )
        served = Served(settings.watch_namespaces)
        controllers = Controllers(
            settings, installation, clients, served, measures, leads=fence.leads, now=now, logger=logger
        )
        metrics.register(LeaderCollector(controllers.world, controllers.queues.all, fence.leads))
        invalid = Invalid(leader_api, events, leads=fence.leads, now=now, logger=logger)
        registry = watch_everything(controllers.world, invalid, measures.watched)
        leadership = Leadership(
            Leases(KubernetesApi(lease_session), settings.namespace, f"durable-agents-{installation}"),
            fence,
            end,
            identity=identity,
            terms=Terms(ceil(settings.lease_duration.total_seconds())),
            logger=logger,
        )
        log_in(registry, server, replica)
        worker = controllers.reports.worker(own)
        stop = Stop()
        serving = Serve(
            served,
            Access(api),
            controllers.resync,
            partial(watch, registry, stop.listen),
            retry_interval=settings.retry_interval,
            review_interval=settings.resync_interval,
            logger=logger,
        )
        health.attend(
            lambda: leadership.undecided or served.why_none(),
            controllers.queues.all,
            lambda: leadership.standing,
        )
        async with connection.following_secrets(temporal, logger, stop.asked.set):
            leading = partial(lead, leadership, controllers, invalid)
            await serve(serving, controllers, leading, worker, stop)


async def lead(leadership: Leadership, controllers: Controllers, invalid: Invalid) -> None:
    """Wait for the Lease, and do what only one replica does for as long as it is held."""
    async with leadership.held(), asyncio.TaskGroup() as tasks:
        tasks.create_task(invalid.tell())
        await controllers.lead()


async def serve(
    serving: Serve,
    controllers: Controllers,
    leading: Callable[[], Coroutine[None, None, None]],
    worker: Worker,
    stop: Stop,
) -> None:
    """Watch, answer reports, and lead or stand by, until a signal asks to stop."""
    async with worker:
        stop.listen()
        tasks = (
            asyncio.create_task(stop.asked.wait(), name="signals"),
            # The first to be ended: what goes on meanwhile is what the next leader finds.
            asyncio.create_task(leading(), name="lead"),
            asyncio.create_task(controllers.stand_by(), name="stand by"),
            asyncio.create_task(serving.run(), name="serve"),
        )
        # Neither of these ends by itself: when one does, so must the process.
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            await ended(task)


async def ended(task: asyncio.Task[Any]) -> None:
    """End a task and wait for it; raise what it failed with."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def log_in(registry: kopf.OperatorRegistry, server: ApiServer, agent: str) -> None:
    """Let kopf use a session of its own: it closes the session on a 401, and asks for another."""

    @kopf.on.login(registry=registry)
    async def login(**_: object) -> kopf.AiohttpSession:
        return kopf.AiohttpSession(server=server.url, aiohttp_session=server.session(agent))


def end(why: str) -> NoReturn:
    """End the process at once, in the middle of whatever it does: another one may do that now."""
    logging.getLogger("agents_operator").critical("ending: %s", why)
    os._exit(1)


def now() -> datetime:
    """Return the time of this moment."""
    return datetime.now(UTC)


def run() -> None:
    """Read the environment and serve; exit with a message when that cannot be."""
    sys.setrecursionlimit(DEEPEST_CALLS)
    try:
        settings = Settings()
    except ValidationError as error:
        sys.exit(f"agents_operator: {problems(error)}")
    set_up_logging(settings.log_format, settings.log_level)
    for chatty in ("httpx2", "kopf.objects"):
        # One line a request and a watch event, which say nothing that a decision does not.
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logger = logging.getLogger("agents_operator")
    try:
        connection = TemporalAccess.of_environment(os.environ)
        target = desired_target(connection, settings)
        # Not in the first reconcile, when there is a Lease to renew.
        load_sdk()
        fence = Fence(end)
        with (
            telling(os.environ, settings.otlp_headers_file) as collector,
            asyncio.Runner(loop_factory=lambda: fenced_loop(fence)) as runner,
        ):
            work = main(settings, connection, target, fence, logger, collector=collector)
            runner.run(until_signalled(work))
    except (TemporalVariablesError, TracingVariablesError, UnsupportedServerError, kopf.LoginError) as error:
        sys.exit(f"agents_operator: {error}")


if __name__ == "__main__":
    run()
    logging.shutdown()
    # Temporal's core crashes in about one of ten interpreter teardowns.
    os._exit(0)
