"""A platform for the session, an operator that every test finds running, and namespaces."""

import itertools
from collections.abc import Iterator

import pytest

from tests.component.evidence import Evidence, everything_said
from tests.component.platform import Operator, Platform
from tests.component.running import platform, processes, running
from tests.component.tenant import TEST_MODULES, NewTenant, Tenant
from tests.component.tool_servers import NewServer, ToolServer
from tools.local.processes import Processes
from tools.local.services import STANDIN_KEY

__all__ = ["platform", "processes", "running"]


@pytest.fixture(scope="session")
def session_operator(platform: Platform, processes: Processes) -> Operator:
    return platform.operator(processes)


@pytest.fixture
def operator(session_operator: Operator, request: pytest.FixtureRequest) -> Iterator[Operator]:
    """The operator, running; what it said during the test is shown when the test fails."""
    if not session_operator.runs:
        session_operator.start()
    before = len(session_operator.log)
    yield session_operator
    request.node.add_report_section("teardown", "operator's log", session_operator.log[before:][-6000:])


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    return itertools.count(1)


@pytest.fixture(scope="session")
def evidence(platform: Platform, processes: Processes, session_operator: Operator) -> Iterator[Evidence]:
    """What all tests have left to be seen, in which no secret that any of them used may be found."""
    evidence = Evidence()
    yield evidence
    assert evidence.leaks(everything_said(platform, processes, session_operator)) == []


@pytest.fixture
def new_tenant(
    platform: Platform, operator: Operator, numbers: Iterator[int], evidence: Evidence
) -> Iterator[NewTenant]:
    """Make namespaces that nobody has used; their workers end with the test."""
    assert operator.runs
    made: list[Tenant] = []

    def make(*, key: str = STANDIN_KEY, with_secret: bool = True, modules: str = TEST_MODULES) -> Tenant:
        tenant = Tenant(platform, f"tenant-{next(numbers)}")
        made.append(tenant)
        tenant.create(key=key, with_secret=with_secret, modules=modules)
        return tenant

    yield make
    platform.standin.remove_faults()
    platform.standin.set_keys([STANDIN_KEY])
    for tenant in made:
        evidence.take(tenant)
        platform.kubectl("delete", "namespace", tenant.namespace, "--wait=false", "--ignore-not-found")


@pytest.fixture
def tenant(new_tenant: NewTenant) -> Tenant:
    """A namespace of the test's own."""
    return new_tenant()


@pytest.fixture
def new_server(tenant: Tenant, processes: Processes) -> Iterator[NewServer]:
    """Describe MCP servers; their processes end with the test."""
    made: list[ToolServer] = []

    def make(name: str, *flags: str) -> ToolServer:
        made.append(ToolServer(f"{tenant.namespace}-{name}", processes, flags))
        return made[-1]

    yield make
    for server in made:
        server.kill()
