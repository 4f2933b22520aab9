"""Stops the platform and keeps its state."""

import time
from itertools import groupby
from operator import attrgetter

from tools.console import Console
from tools.errors import ExpectedError
from tools.local.kubectl import Kubectl, agents
from tools.local.platform import PROCESSES, STOP_ORDER, Layout
from tools.local.processes import Processes
from tools.local.unattended import Metadata, observe_unattended

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
    """Delete the Agents that must not stay at a provider elsewhere; say what was left."""
    if processes.pid("kube-apiserver") is None:
        return None
    kubectl = Kubectl(layout.directory / "bin" / "kubectl", layout.kubeconfig)
    doomed = observe_unattended(kubectl)
    if not doomed:
        return None
    if processes.pid("operator") is None:
        return (
            "the operator did not run, so remote agents were not removed: `make up`, then `make down` again"
        )
    names = {f"{each.namespace}/{each.name}" for each in doomed}
    console.say(f"removing Agents and what they are at the provider: {', '.join(sorted(names))}")
    _delete(kubectl, doomed)
    deadline = time.monotonic() + _REMOVAL_SECONDS
    while (left := names.intersection(agents(kubectl))) and time.monotonic() < deadline:
        time.sleep(0.3)
    if not left:
        console.say("Agents removed")
        return None
    return (
        f"not removed within {_REMOVAL_SECONDS:.0f}s: {', '.join(sorted(left))}. "
        "They are removed when the operator runs again (`make up`); "
        f"the end of {processes.log('operator')}:\n{processes.tail('operator')}"
    )


def _delete(kubectl: Kubectl, doomed: list[Metadata]) -> None:
    by_namespace = attrgetter("namespace")
    for namespace, group in groupby(sorted(doomed, key=by_namespace), key=by_namespace):
        names = [each.name for each in group]
        kubectl("delete", "agents", f"--namespace={namespace}", "--ignore-not-found", "--wait=false", *names)
