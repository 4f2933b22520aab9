"""/metrics over HTTP, for Prometheus."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from agents_crds.contract.sdk_metrics import SdkMetrics
from agents_crds.telemetry.logs import LogFormat, set_up_core


@asynccontextmanager
async def metrics_page(
    port: int | None, registry: CollectorRegistry, form: LogFormat = LogFormat.TEXT
) -> AsyncIterator[None]:
    """Serve the registry and what Temporal's SDK tells while the block runs; no port, no page.

    To be entered before the first client of Temporal is made.
    """
    if port is None:
        set_up_core(form)
        yield
        return
    # A second series for each, of when it began.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    sdk = SdkMetrics.serving(form)

    def page() -> bytes:
        return generate_latest(registry) + sdk.read()

    async def answer(_: web.Request) -> web.Response:
        # With 1,000 Agents whose runs ended and 10,000 runs that go it takes 0.6 s.
        body = await asyncio.to_thread(page)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    application = web.Application()
    application.router.add_get("/metrics", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, port=port).start()
        yield
    finally:
        await runner.cleanup()
