"""MCP servers as pods and as processes of the workers, by the examples as they stand."""

import re

import pytest

from agents_crds.v1alpha1 import AgentRun
from tests.e2e.tenant import PATIENCE, Tenant
from tools.parts.catalog import ROOT

SUM = "The sum of 271 and 314 is 585."


def test_server_over_stdio_runs_inside_the_worker(tenant: Tenant, everything_image: str) -> None:
    apply(tenant, "mcp-stdio", image=everything_image)
    assert SUM in answer(tenant, "mcp-stdio-1")


@pytest.mark.parametrize("transport", ["streamable-http", "sse"])
def test_server_over_http_runs_as_a_deployment(transport: str, tenant: Tenant, everything_image: str) -> None:
    apply(tenant, f"mcp-{transport}", image=everything_image)
    assert SUM in answer(tenant, f"mcp-{transport}-1")


def test_travel_desk_is_a_small_system(tenant: Tenant, travel_desk_image: str) -> None:
    apply(tenant, "travel-desk", image=travel_desk_image)
    assert re.search(r"From Bern to Paris: train \d{3}, \d\d\.\d\d EUR", answer(tenant, "travel-desk-1"))
    assert tenant.get(AgentRun, "travel-desk-1").status.path == ("clerk", "rail-expert")


def apply(tenant: Tenant, example: str, *, image: str) -> None:
    """Apply an example, with the image that was built by its Dockerfile."""
    manifests = [path.read_text() for path in sorted((ROOT / "examples" / example).glob("*.yaml"))]
    written = re.sub(r"image: my/\S+", f"image: {image}", "\n---\n".join(manifests))
    tenant.kubectl("apply", "--filename=-", stdin=written)


def answer(tenant: Tenant, run: str) -> str:
    """Wait for a run's success, and return its answer."""
    tenant.wait(f"agentrun/{run}", "Succeeded", timeout=PATIENCE)
    output = tenant.get(AgentRun, run).status.output
    assert output is not None
    return output.text
