"""What a failure leaves behind to look at: logs of pods, events, and all that is said of our objects."""

import json
import shutil
from pathlib import Path

from tools.errors import ExpectedError
from tools.local.kubectl import Kubectl
from tools.parts.catalog import ROOT

DIRECTORY = ROOT / ".local" / "e2e-logs"
_LAST_LINES = 5000
_DESCRIBED = (
    *("nodes", "deployments", "pods", "persistentvolumeclaims"),
    *("agents", "agentruns", "mcpservers", "modelproviders", "temporalconnections", "workerpools"),
)


def clear() -> None:
    """Forget earlier failures."""
    shutil.rmtree(DIRECTORY, ignore_errors=True)


def collect(kubectl: Kubectl, name: str) -> Path:
    """Write everything below a folder named for what failed; what cannot be had is noted in its file."""
    directory = DIRECTORY / name
    directory.mkdir(parents=True, exist_ok=True)
    events = ("get", "events", "--all-namespaces", "--sort-by=.metadata.creationTimestamp")
    _write(directory / "events.txt", kubectl, *events)
    for resource in _DESCRIBED:
        _write(directory / f"{resource}.txt", kubectl, "describe", resource, "--all-namespaces")
    for namespace, pod, restarted in _pods(kubectl):
        logs = ("logs", pod, f"--namespace={namespace}", "--all-containers", "--prefix")
        path = directory / "pods" / namespace / f"{pod}.log"
        _write(path, kubectl, *logs, f"--tail={_LAST_LINES}")
        if restarted:
            _write(path.with_suffix(".previous.log"), kubectl, *logs, f"--tail={_LAST_LINES}", "--previous")
    return directory


def _pods(kubectl: Kubectl) -> list[tuple[str, str, bool]]:
    """Namespace and name of every pod, and whether a container of it was restarted."""
    try:
        pods = json.loads(kubectl("get", "pods", "--all-namespaces", "--output=json"))["items"]
    except ExpectedError:
        return []
    return [
        (
            pod["metadata"]["namespace"],
            pod["metadata"]["name"],
            any(container["restartCount"] for container in pod["status"].get("containerStatuses", [])),
        )
        for pod in pods
    ]


def _write(path: Path, kubectl: Kubectl, *arguments: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.write_text(kubectl(*arguments))
    except ExpectedError as error:
        path.write_text(f"{error}\n")
