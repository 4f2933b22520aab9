"""Two installs that share a Temporal namespace and a Mistral account."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.component.platform import Platform, running_neighbour
from tests.component.tenant import Tenant
from tests.user import stays
from tools.console import Console
from tools.parts.obtain import obtain


@pytest.fixture
def neighbour(platform: Platform, tmp_path: Path) -> Iterator[Platform]:
    """Another cluster with another installation, on the same Temporal and the same stand-in."""
    with running_neighbour(platform, tmp_path, obtain(Console())) as other:
        yield other


def test_installs_leave_each_others_things_alone(
    platform: Platform, neighbour: Platform, tenant: Tenant
) -> None:
    twin = Tenant(neighbour, tenant.namespace)
    twin.create()
    # The same names on both sides.
    tenant.ready_agent("reader")
    twin.ready_agent("reader")
    hold = platform.standin.hold("POST", "/v1/conversations", times=None)
    tenant.apply_run("reading", "reader")
    twin.apply_run("reading", "reader")
    platform.standin.wait_until_held(hold, at_least=2)
    # Several sweeps of both, while both have a workflow that goes on.
    for _ in stays(lambda: None, seconds=5):
        assert platform.workflow_status(tenant.workflow_of("reading")) == "RUNNING"
        assert platform.workflow_status(twin.workflow_of("reading")) == "RUNNING"
    platform.standin.release(hold)
    tenant.wait("agentrun/reading", "Succeeded")
    twin.wait("agentrun/reading", "Succeeded")
    assert tenant.workflow_of("reading") != twin.workflow_of("reading")
    assert len(tenant.remote_agents()) == 1
    assert len(twin.remote_agents()) == 1
    tenant.delete("agent/reader")
    for remote in stays(twin.remote_agents, seconds=3):
        assert len(remote) == 1
    twin.finished_run("reading-2", "reader")
