"""Stops the platform and keeps its state."""

import time

from tools.console import Console
from tools.errors import ExpectedError
from tools.local.kubectl import Kubectl, agents
from tools.local.platform import PROCESSES, STOP_ORDER, Layout
from tools.local.processes import Processes
from tools.local.services import StandIn

_REMOVAL_SECONDS = 60.0


def down(layout: Layout, console: Console) -> None:
    """Remove what Agents made at a real provider, then stop everything; raises when something was left."""
    with layout.alone():
        processes = layout.processes()
        if not any(processes.pid(name) for name in PROCESSES):
            console.say("nothing runs")
            return
        try:
            left = _remove_agents(layout, processes, console)
        except ExpectedError as error:
            left = f"could not look for Agents to remove: {error}"
        for names in STOP_ORDER:
            processes.stop(*names)
        console.say(f"stopped; state stays in {layout.directory}")
    if left:
        raise ExpectedError(left)


def _remove_agents(layout: Layout, processes: Processes, console: Console) -> str | None:
    """Delete all Agents when one may have a counterpart at a real provider; say what was left."""
    if processes.pid("kube-apiserver") is None:
        return None
    kubectl = Kubectl(layout.directory / "bin" / "kubectl", layout.kubeconfig)
    standin = StandIn(layout.ports().standin, layout.directory)
    if not _has_real_provider(kubectl, standin) or not agents(kubectl):
        return None
    if processes.pid("operator") is None:
        return (
            "the operator did not run, so remote agents were not removed: `make up`, then `make down` again"
        )
    console.say("removing the Agents and what they are at the provider")
    kubectl("delete", "agents", "--all", "--all-namespaces", "--wait=false")
    deadline = time.monotonic() + _REMOVAL_SECONDS
    while (left := agents(kubectl)) and time.monotonic() < deadline:
        time.sleep(0.3)
    if not left:
        console.say("Agents removed")
        return None
    return (
        f"not removed within {_REMOVAL_SECONDS:.0f}s: {', '.join(left)}. "
        "They are removed when the operator runs again (`make up`); "
        f"the end of {processes.log('operator')}:\n{processes.tail('operator')}"
    )


def _has_real_provider(kubectl: Kubectl, standin: StandIn) -> bool:
    urls = kubectl("get", "modelproviders", "--all-namespaces", "--output=jsonpath={.items[*].spec.url}")
    return any(url != standin.url for url in urls.split())
