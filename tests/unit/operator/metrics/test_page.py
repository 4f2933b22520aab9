"""The page itself."""

import asyncio
import logging
import threading
from datetime import timedelta

import httpx2
from prometheus_client import CollectorRegistry
from temporalio.api.workflowservice.v1 import GetSystemInfoResponse
from temporalio.runtime import Runtime

from agents_crds.contract.conversion import PLAIN
from agents_crds.telemetry.logs import LogFormat, unmeasured_core
from agents_operator.connections.credentials import Credentials
from agents_operator.connections.opening import Opening
from agents_operator.metrics import Measures, metrics_page
from agents_operator.pools.temporal_target import TemporalTarget
from tests.unit.operator.connections.refusing import answering
from tools.local.ports import free_ports


async def test_without_a_port_nothing_is_served_and_nothing_runs() -> None:
    before = threading.active_count()
    async with metrics_page(None, CollectorRegistry()):
        assert threading.active_count() == before
        assert len(asyncio.all_tasks()) == 1


async def test_page_is_in_prometheus_text_format() -> None:
    (port,), registry = free_ports(1), CollectorRegistry()
    measures = Measures(registry)
    measures.reconciled("agent", 0.02, failed=True)
    async with metrics_page(port, registry), httpx2.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"http://127.0.0.1:{port}/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.text.splitlines()
    assert 'durable_agents_reconcile_errors_total{controller="agent"} 1.0' in lines
    assert any(line.startswith("process_resident_memory_bytes ") for line in lines)
    assert not [line for line in lines if "_created" in line]


async def test_the_temporals_that_users_name_are_not_on_the_page() -> None:
    (port,), registry = free_ports(1), CollectorRegistry()
    async with (
        metrics_page(port, registry),
        answering(GetSystemInfoResponse()) as address,
        httpx2.AsyncClient(trust_env=False) as http,
    ):
        await connect(address, "own", None)
        await connect(address, "theirs", unmeasured_core(LogFormat.TEXT))
        answer = await http.get(f"http://127.0.0.1:{port}/metrics")
    assert 'namespace="own"' in answer.text
    assert 'namespace="theirs"' not in answer.text


async def connect(address: str, namespace: str, runtime: Runtime | None) -> None:
    opening = Opening(
        PLAIN, "inst", retry_interval=timedelta(), logger=logging.getLogger("test"), runtime=runtime
    )
    target = TemporalTarget(address, namespace)
    client = await opening.connect(target, Credentials())
    await opening.attempt(client, target)
