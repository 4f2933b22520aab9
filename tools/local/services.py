"""The project's own processes: operator, local runner, the stand-in for Mistral, an example's server."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.local.environment import python_environment
from tools.local.install import OPERATOR_NAMESPACE
from tools.local.ports import HOST
from tools.local.probes import answers, listens
from tools.local.processes import Command, Service
from tools.local.sources import sources_version
from tools.parts.catalog import ROOT

STANDIN_KEY = "standin-key"
_MODELS = ROOT / "crds" / "src"


@dataclass(frozen=True)
class StandIn:
    """The stand-in for the Mistral API; `state` is the file it keeps its agents and counters in."""

    port: int
    state: Path

    @property
    def url(self) -> str:
        """Where it serves, to give as a provider's url."""
        return f"http://{HOST}:{self.port}"

    def prepare(self) -> None:
        """Make the directory of its state."""
        self.state.parent.mkdir(parents=True, exist_ok=True)

    @property
    def service(self) -> Service:
        """Its process."""
        return Service(
            _python(
                *("standin", "tests.standin", "--port", str(self.port), "--state", str(self.state)),
                sources=[ROOT / "tests" / "standin"],
            ),
            answers(f"{self.url}/control/counters"),
        )


@dataclass(frozen=True)
class OperatorSettings:
    """What an operator is told; `installation` None lets it make one up and keep it."""

    kubeconfig: Path
    temporal_address: str
    health_port: int
    temporal_namespace: str = "default"
    installation: str | None = None
    namespace: str = OPERATOR_NAMESPACE
    watch_namespaces: tuple[str, ...] = ()


def operator_service(
    settings: OperatorSettings, *, name: str = "operator", extra: Mapping[str, str] | None = None
) -> Service:
    """An operator's process; `extra` sets more of its `DURABLE_AGENTS_*` variables."""
    variables = {
        "KUBECONFIG": str(settings.kubeconfig),
        "TEMPORAL_ADDRESS": settings.temporal_address,
        "TEMPORAL_NAMESPACE": settings.temporal_namespace,
        "DURABLE_AGENTS_NAMESPACE": settings.namespace,
        "DURABLE_AGENTS_WATCH_NAMESPACES": ",".join(settings.watch_namespaces),
        "DURABLE_AGENTS_HEALTH_PORT": str(settings.health_port),
        # Its own after a restart too: it then takes its Lease again at once.
        "DURABLE_AGENTS_IDENTITY": name,
    }
    if settings.installation:
        variables["DURABLE_AGENTS_INSTALLATION"] = settings.installation
    command = _python(
        *(name, "agents_operator"),
        env=variables | dict(extra or {}),
        sources=[_MODELS, ROOT / "operator" / "src"],
    )
    return Service(command, answers(f"http://{HOST}:{settings.health_port}/readyz"))


def pods_service(kubeconfig: Path, directory: Path, logs: Path, *, name: str = "pods") -> Service:
    """The local runner; pid files and secrets go below `directory`, its processes' output below `logs`."""
    flags = ("--kubeconfig", str(kubeconfig), "--directory", str(directory), "--logs", str(logs))
    sources = [_MODELS, ROOT / "worker" / "src", ROOT / "tools" / "local", ROOT / "examples"]
    # It has nothing to serve: what it does shows in the status of Deployments.
    return Service(_python(name, "tools.local.pods", *flags, sources=sources), lambda: True)


def travel_desk_service(port: int) -> Service:
    """The MCP server of examples/travel-desk."""
    sources = [ROOT / "examples" / "travel-desk"]
    command = _python("travel-desk", "examples.travel-desk.server", HOST, str(port), sources=sources)
    return Service(command, listens(port))


def _python(
    name: str, module: str, *arguments: str, sources: list[Path], env: Mapping[str, str] | None = None
) -> Command:
    return Command(
        name,
        (sys.executable, "-m", module, *arguments),
        python_environment(os.environ, ROOT) | dict(env or {}),
        ROOT,
        sources_version(*sources),
    )
