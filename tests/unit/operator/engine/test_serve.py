"""A namespace is watched for as long as the operator may, whatever becomes of the others."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from agents_operator.engine.resync import Resync
from agents_operator.engine.serve import Serve
from agents_operator.engine.served import Served
from agents_operator.engine.watch import WatchEndedError
from agents_operator.engine.world import World
from agents_operator.kubernetes.access import TO_WATCH, Access
from agents_operator.kubernetes.api import KubernetesApi

AT_ONCE = timedelta(milliseconds=1)
NEVER = timedelta(hours=1)
LOG = logging.getLogger("test")


class Cluster:
    """An API server that has nothing and allows all in some namespaces, and watches that a test ends."""

    def __init__(self) -> None:
        self.allowed: set[str] = set()
        self.away = False
        self.lacks_a_kind = False
        self.reviews = asyncio.Queue[None]()
        self.begun = asyncio.Queue[str]()
        self.ended = asyncio.Queue[str]()
        self.fails: dict[str, asyncio.Event] = {}

    def application(self) -> web.Application:
        application = web.Application()
        application.router.add_post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", self._review)
        application.router.add_get("/{path:.*}", self._list)
        return application

    async def watch(self, namespace: str | None) -> None:
        assert namespace is not None
        fail = self.fails[namespace] = asyncio.Event()
        self.begun.put_nowait(namespace)
        try:
            await fail.wait()
            raise WatchEndedError("the watch has ended: 403")
        finally:
            self.ended.put_nowait(namespace)

    async def _review(self, request: web.Request) -> web.Response:
        self.reviews.put_nowait(None)
        if self.away:
            return web.json_response({"message": "etcd is away"}, status=500)
        asked = (await request.json())["spec"]["resourceAttributes"]
        return web.json_response({"status": {"allowed": asked["namespace"] in self.allowed}})

    async def _list(self, request: web.Request) -> web.Response:
        if self.lacks_a_kind and request.path.endswith("/mcpservers"):
            return web.json_response({"message": "the server could not find the resource"}, status=404)
        return web.json_response({"metadata": {}, "items": []})


@asynccontextmanager
async def serving(
    cluster: Cluster, *namespaces: str, review_interval: timedelta = NEVER
) -> AsyncIterator[Served]:
    served = Served(namespaces)
    async with (
        TestServer(cluster.application()) as server,
        aiohttp.ClientSession(base_url=server.make_url("/")) as session,
        asyncio.timeout(10),
    ):
        api = KubernetesApi(session)
        serve = Serve(
            served,
            Access(api),
            Resync(api, World(), served.now, LOG),
            cluster.watch,
            retry_interval=AT_ONCE,
            review_interval=review_interval,
            logger=LOG,
        )
        running = asyncio.create_task(serve.run())
        yield served
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until_reviewed_again(cluster: Cluster) -> None:
    """Wait until every right has been asked for, everywhere, since now."""
    while not cluster.reviews.empty():
        cluster.reviews.get_nowait()
    for _ in range(3 * len(TO_WATCH)):
        await cluster.reviews.get()


async def test_namespace_is_watched_once_its_rights_are_there() -> None:
    cluster = Cluster()
    async with serving(cluster, "team") as served:
        await until_reviewed_again(cluster)
        assert cluster.begun.empty()
        assert served.why_none().startswith("namespace team is not served: the operator may not list agents")
        cluster.allowed.add("team")
        assert await cluster.begun.get() == "team"
        assert served.now() == ("team",)


async def test_namespace_without_rights_keeps_no_other_from_being_served() -> None:
    cluster = Cluster()
    cluster.allowed.add("team")
    async with serving(cluster, "lost", "team") as served:
        assert await cluster.begun.get() == "team"
        assert (served.now(), served.why_none()) == (("team",), "")


async def test_kind_that_the_cluster_lacks_is_awaited_with_what_to_do() -> None:
    cluster = Cluster()
    cluster.allowed.add("team")
    cluster.lacks_a_kind = True
    async with serving(cluster, "team") as served:
        await until_reviewed_again(cluster)
        assert "upgrade the Helm chart durable-agents-crds" in served.why_none()
        cluster.lacks_a_kind = False
        assert await cluster.begun.get() == "team"


async def test_namespace_is_no_longer_watched_when_its_rights_are_gone() -> None:
    cluster = Cluster()
    cluster.allowed |= {"lost", "team"}
    async with serving(cluster, "lost", "team", review_interval=AT_ONCE) as served:
        assert {await cluster.begun.get(), await cluster.begun.get()} == {"lost", "team"}
        cluster.allowed.remove("lost")
        assert await cluster.ended.get() == "lost"
        await until_reviewed_again(cluster)
        assert served.now() == ("team",)
        assert cluster.ended.empty()


async def test_watch_that_ended_by_itself_is_begun_anew(caplog: pytest.LogCaptureFixture) -> None:
    cluster = Cluster()
    cluster.allowed.add("team")
    async with serving(cluster, "team") as served:
        assert await cluster.begun.get() == "team"
        cluster.fails["team"].set()
        assert await cluster.begun.get() == "team"
        assert served.now() == ("team",)
    assert "namespace team is not served: the watch has ended: 403" in caplog.text


async def test_watch_goes_on_while_the_api_server_cannot_tell_the_rights() -> None:
    cluster = Cluster()
    cluster.allowed.add("team")
    async with serving(cluster, "team", review_interval=AT_ONCE) as served:
        assert await cluster.begun.get() == "team"
        cluster.away = True
        await until_reviewed_again(cluster)
        assert served.now() == ("team",)
        assert cluster.ended.empty()
