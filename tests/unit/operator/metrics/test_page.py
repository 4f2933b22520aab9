"""The page itself."""

import asyncio
import threading

import httpx2
from prometheus_client import CollectorRegistry

from agents_operator.metrics import Measures, metrics_page
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
