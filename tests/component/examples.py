"""The examples, as a user applies them; what needs a cluster or an image is left out or replaced."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from agents_crds.v1alpha1 import AgentRun
from agents_crds.v1alpha1.output import OutputEntry
from tests.component.evidence import Evidence
from tests.component.platform import Operator, Platform
from tests.component.tenant import Tenant
from tools.local.demo import FOR_CLUSTERS
from tools.local.environment import base_environment
from tools.local.probes import listens
from tools.local.processes import Command, Service
from tools.parts.catalog import ROOT

EXAMPLES = ROOT / "examples"


def apply_example(tenant: Tenant, example: str, changes: Mapping[str, str] | None = None) -> None:
    """Apply the manifests of an example; each text to change stands in them once. No pod ever runs here."""
    files = sorted((EXAMPLES / example).glob("*.yaml"))
    written = "\n---\n".join(file.read_text() for file in files if file.name != FOR_CLUSTERS)
    for old, new in (changes or {}).items():
        assert written.count(old) == 1, old
        written = written.replace(old, new)
    tenant.kubectl("apply", "--filename=-", stdin=written)


@contextmanager
def shared_tenant(
    platform: Platform, operator: Operator, evidence: Evidence, namespace: str, *, modules: str
) -> Iterator[Tenant]:
    """Make a namespace that several tests share."""
    if not operator.runs:
        operator.start()
    tenant = Tenant(platform, namespace)
    tenant.create(modules=modules)
    yield tenant
    evidence.take(tenant)
    platform.kubectl("delete", "namespace", namespace, "--wait=false")


def finished(tenant: Tenant, run: str) -> AgentRun:
    """Wait until a run has succeeded."""
    tenant.wait(f"agentrun/{run}", "Succeeded")
    return tenant.get(AgentRun, run)


def answer(run: AgentRun) -> str:
    """Give what a run answered."""
    assert run.status.output is not None
    return run.status.output.text


def entries(run: AgentRun) -> tuple[OutputEntry, ...]:
    """List what happened in a run."""
    assert run.status.output is not None
    return run.status.output.entries


def tool_results(run: AgentRun) -> list[str]:
    """List what the functions and the servers' tools answered."""
    return [entry.tool_call.result for entry in entries(run) if entry.tool_call is not None]


def everything_service(program: Path, mode: str, port: int) -> Service:
    """Run npm's server-everything over HTTP, in its mode `sse` or `streamableHttp`."""
    environment = {**base_environment(os.environ), "PORT": str(port)}
    return Service(Command(f"everything-{mode}", (str(program), mode), environment, ROOT), listens(port))


def figure(run: AgentRun) -> str:
    """Give what the tool of examples/python-tool has made up."""
    [result] = tool_results(run)
    assert re.match(r"\d\.\d{6} % \(", result)
    return result
