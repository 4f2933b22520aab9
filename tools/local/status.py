"""Tells what of the platform runs."""

from tools.console import Console
from tools.local.platform import PROCESSES, Layout


def status(layout: Layout, console: Console) -> None:
    """Print one line for each process, then where to reach what."""
    processes = layout.processes()
    for name in reversed(PROCESSES):
        pid = processes.pid(name)
        console.show(f"{name:<24} {f'process {pid}' if pid else 'does not run'}")
    if processes.pid("kube-apiserver"):
        console.show(where_to_look(layout))


def where_to_look(layout: Layout) -> str:
    """What a person would look at next."""
    return "\n".join(
        [
            f"  Kubernetes     export KUBECONFIG={layout.kubeconfig}",
            "                 kubectl get agents,agentruns; kubectl describe agentrun NAME",
            f"                 (kubectl is also at {layout.directory / 'bin' / 'kubectl'})",
            f"  Temporal       http://127.0.0.1:{layout.ports().temporal_ui}",
            f"  logs           {layout.logs}",
        ]
    )
