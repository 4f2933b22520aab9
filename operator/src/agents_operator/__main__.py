"""Runs the operator: `python -m agents_operator`."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Coroutine
from datetime import UTC, datetime
from functools import partial
from typing import Any

import kopf
from pydantic import ValidationError
from temporalio.worker import Worker

from agents_crds.contract.connection import TemporalConnection, TemporalVariablesError
from agents_crds.contract.names import operator_queue
from agents_operator.controllers import Clients, Controllers
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
from agents_operator.kubernetes.connection import ApiServer, find_api_server
from agents_operator.kubernetes.events import Events
from agents_operator.kubernetes.version import require_selectable_fields
from agents_operator.mistral import provider_http
from agents_operator.pools.temporal_target import TemporalTarget, desired_target
from agents_operator.settings import Settings, problems
from agents_operator.startup import until_reachable
from agents_operator.temporal.connection import connect
from agents_operator.temporal.retention import retention_of
from agents_operator.temporal.search_attributes import register_state_attribute

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
    settings: Settings, connection: TemporalConnection, target: TemporalTarget, logger: logging.Logger
) -> None:
    """Wait for the servers, then serve until SIGTERM or SIGINT."""
    server = find_api_server(kopf_settings())
    health = Health()
    async with (
        health.serve(settings.health_port),
        server.session() as session,
        provider_http() as http,
    ):
        api = KubernetesApi(session)
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
        events = Events(api, os.environ.get("HOSTNAME", "operator"), logger)
        clients = Clients(api=api, events=events, temporal=temporal, http=http)
        served = Served(settings.watch_namespaces)
        controllers = Controllers(
            settings,
            installation,
            clients,
            target,
            served,
            retention=await retention_of(temporal, logger),
            state_attribute=state_attribute,
            now=now,
            logger=logger,
        )
        registry = watch_everything(controllers.world, Invalid(api, events, now=now, logger=logger))
        log_in(registry, server)
        worker = Worker(
            temporal,
            task_queue=operator_queue(installation),
            activities=[
                controllers.report.report,
                controllers.report.input_required,
                controllers.resolve.resolve,
                controllers.mcp_changes.changed,
            ],
        )
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
        health.attend(served.why_none, controllers.queues.all)
        async with connection.following_secrets(temporal, logger, stop.asked.set):
            await serve(serving, controllers, worker, stop)


async def serve(serving: Serve, controllers: Controllers, worker: Worker, stop: Stop) -> None:
    """Watch, reconcile and answer reports until a signal asks to stop."""
    async with worker:
        stop.listen()
        tasks = (
            asyncio.create_task(stop.asked.wait(), name="signals"),
            asyncio.create_task(serving.run(), name="serve"),
            asyncio.create_task(controllers.run(), name="controllers"),
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


def log_in(registry: kopf.OperatorRegistry, server: ApiServer) -> None:
    """Let kopf use a session of its own: it closes the session on a 401, and asks for another."""

    @kopf.on.login(registry=registry)
    async def login(**_: object) -> kopf.AiohttpSession:
        return kopf.AiohttpSession(server=server.url, aiohttp_session=server.session())


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
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)-7s %(name)s %(message)s")
    for chatty in ("httpx2", "kopf.objects"):
        # One line a request and a watch event, which say nothing that a decision does not.
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logger = logging.getLogger("agents_operator")
    try:
        connection = TemporalConnection.of_environment(os.environ)
        target = desired_target(connection, settings)
        asyncio.run(until_signalled(main(settings, connection, target, logger)))
    except (TemporalVariablesError, UnsupportedServerError, kopf.LoginError) as error:
        sys.exit(f"agents_operator: {error}")


if __name__ == "__main__":
    run()
    logging.shutdown()
    # Temporal's core crashes in about one of ten interpreter teardowns.
    os._exit(0)
