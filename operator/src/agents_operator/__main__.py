"""Runs the operator: `python -m agents_operator`."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from datetime import UTC, datetime

import httpx2
import kopf
from temporalio.worker import Worker

from agents_crds.contract.names import operator_queue
from agents_operator.controllers import Clients, Controllers
from agents_operator.engine.invalid import Invalid
from agents_operator.engine.kopf_settings import kopf_settings
from agents_operator.engine.watch import watch_everything
from agents_operator.errors import UnsupportedServerError
from agents_operator.health import Health
from agents_operator.installation import find_installation
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.configmaps import ConfigMaps
from agents_operator.kubernetes.connection import ApiServer, find_api_server
from agents_operator.kubernetes.events import Events
from agents_operator.kubernetes.version import require_selectable_fields
from agents_operator.settings import Settings
from agents_operator.startup import until_reachable
from agents_operator.temporal.connection import connect, require_worker_deployments


async def main(settings: Settings, logger: logging.Logger) -> None:
    """Serve until SIGTERM or SIGINT."""
    server = find_api_server(kopf_settings())
    async with server.session() as session, httpx2.AsyncClient() as http:
        api = KubernetesApi(session)
        await until_reachable("the API server", lambda: require_selectable_fields(api), logger)
        temporal = await until_reachable("Temporal", connect, logger)
        await require_worker_deployments(temporal)
        installation = await find_installation(settings.installation, ConfigMaps(api, settings.namespace))
        logger.info("installation %s, Temporal namespace %s", installation, temporal.namespace)
        events = Events(api, os.environ.get("HOSTNAME", "operator"), logger)
        clients = Clients(api=api, events=events, temporal=temporal, http=http)
        controllers = Controllers(settings, installation, clients, now=now, logger=logger)
        registry = watch_everything(controllers.world, Invalid(api, events, now=now, logger=logger))
        log_in(registry, server)
        worker = Worker(
            temporal, task_queue=operator_queue(installation), activities=[controllers.report.report]
        )
        await serve(settings, registry, controllers, worker)


async def serve(
    settings: Settings, registry: kopf.OperatorRegistry, controllers: Controllers, worker: Worker
) -> None:
    """Watch, reconcile and answer reports until a signal asks to stop.

    kopf ends last: it takes every task that is younger than itself for one that hangs, and waits 5 s for it.
    """
    watching = asyncio.Event()
    watch = asyncio.create_task(
        kopf.operator(
            registry=registry,
            settings=kopf_settings(),
            standalone=True,
            clusterwide=not settings.watch_namespaces,
            namespaces=settings.watch_namespaces,
            ready_flag=watching,
        ),
        name="kopf",
    )
    try:
        async with Health(watching, controllers.queues.all).serve(settings.health_port), worker:
            reconciling = asyncio.create_task(controllers.run(), name="controllers")
            stopping = asyncio.create_task(signalled(watching), name="signals")
            # Neither kopf nor the controllers end by themselves: when one does, so must the process.
            await asyncio.wait({watch, reconciling, stopping}, return_when=asyncio.FIRST_COMPLETED)
            await ended(stopping)
            await ended(reconciling)
    finally:
        await ended(watch)


async def signalled(watching: asyncio.Event) -> None:
    """Return on SIGTERM or SIGINT; until kopf is ready, its own handlers end the process."""
    await watching.wait()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


async def ended(task: asyncio.Task[None]) -> None:
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


if __name__ == "__main__":
    environment = Settings()
    logging.basicConfig(
        level=environment.log_level, format="%(asctime)s %(levelname)-7s %(name)s %(message)s"
    )
    for chatty in ("httpx2", "kopf.objects"):
        # One line a request and a watch event, which say nothing that a decision does not.
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        asyncio.run(main(environment, logging.getLogger("agents_operator")))
    except (UnsupportedServerError, kopf.LoginError) as error:
        sys.exit(f"agents_operator: {error}")
    logging.shutdown()
    # Temporal's core crashes in about one of ten interpreter teardowns.
    os._exit(0)
