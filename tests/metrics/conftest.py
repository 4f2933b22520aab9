"""Prometheus, and a platform of its own for it to look at."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.component.platform import Platform
from tests.component.running import platform, processes, running
from tests.component.tenant import NewTenant, Tenant
from tests.metrics.installs import MeasuredOperator, measured_operator
from tests.metrics.prometheus import Prometheus
from tests.metrics.rules import rules_at_once
from tools.console import Console
from tools.local.processes import Processes
from tools.local.services import STANDIN_KEY
from tools.parts.catalog import Part
from tools.parts.obtain import obtain_parts

__all__ = ["platform", "processes", "running"]

MODULES = "tests.component.functions,tests.metrics.functions"


@pytest.fixture(scope="session")
def promtool() -> Path:
    return obtain_parts((Part.PROMTOOL,), Console())[Part.PROMTOOL]


@pytest.fixture(scope="session")
def main_operator(platform: Platform, processes: Processes) -> MeasuredOperator:
    """The operator of all namespaces, running."""
    main = measured_operator(platform, processes, platform.installation)
    main.start()
    return main


@pytest.fixture(scope="session")
def prometheus(platform: Platform, processes: Processes, main_operator: MeasuredOperator) -> Prometheus:
    """Prometheus, which looks at that operator and at all workers."""
    program = obtain_parts((Part.PROMETHEUS,), Console())[Part.PROMETHEUS]
    server = Prometheus(
        program, platform.directory / "prometheus", processes, rules_at_once(), platform.directory / "workers"
    )
    server.watch_operators(main_operator.target("operator"))
    server.start()
    return server


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    return itertools.count(1)


@pytest.fixture
def new_tenant(
    platform: Platform, main_operator: MeasuredOperator, numbers: Iterator[int]
) -> Iterator[NewTenant]:
    """Make namespaces that nobody has used; they go with the test."""
    assert main_operator.operator.runs
    made: list[Tenant] = []

    def make(*, key: str = STANDIN_KEY, with_secret: bool = True, modules: str = MODULES) -> Tenant:
        tenant = Tenant(platform, f"team-{next(numbers)}")
        made.append(tenant)
        tenant.create(key=key, with_secret=with_secret, modules=modules)
        return tenant

    yield make
    platform.standin.remove_faults()
    for tenant in made:
        platform.kubectl("delete", "namespace", tenant.namespace, "--wait=false", "--ignore-not-found")


@pytest.fixture
def tenant(new_tenant: NewTenant) -> Tenant:
    """A namespace of the test's own."""
    return new_tenant()
