"""Runs the examples on the local platform and shows what a user would look at."""

import time
from collections.abc import Iterable
from pathlib import Path
from textwrap import shorten

import yaml

from tools.console import Console
from tools.errors import ExpectedError
from tools.local.kubectl import Kubectl
from tools.local.observed import (
    Failed,
    Manifest,
    Name,
    Object,
    ObjectList,
    Reached,
    Standing,
    Waiting,
    is_awaited,
    named_manifests,
    standing,
)
from tools.local.platform import PROCESSES, Layout
from tools.local.ports import HOST
from tools.local.processes import Processes, tail
from tools.local.status import where_to_look
from tools.local.up import ensure, up
from tools.parts.catalog import ROOT

_RUN_SECONDS = 180.0
_POLL_SECONDS = 0.3
_TAIL_LINES = 15
_LINE_WIDTH = 110
_POOL = Name("WorkerPool", "default", "default")
_KINDS = "agents,agentruns,mcpservers"

OF_NPM = frozenset({"mcp-stdio", "mcp-sse", "mcp-streamable-http", "mcp-prompt"})
"""Examples whose server comes from npm: tests run them."""

OF_PEOPLE = frozenset({"ask-user"})
"""Examples whose run waits for a person: tests answer it."""

OF_USERS = frozenset({"local"})
"""Examples that need a model server of the user's own: tests give them one."""

OF_SIZE = frozenset({"big-result"})
"""Examples whose answer fills screens, and whose tool takes an image: tests run them."""

FOR_CLUSTERS = "server.yaml"
"""The file of an example with what runs its server in a cluster."""

TRAVEL_DESK = "travel-desk:8000"
"""Where the server of examples/travel-desk is in a cluster."""


def demo(layout: Layout, console: Console) -> None:
    """Start the platform, run the examples to their end, and print the answers; raises when one fails."""
    platform = up(layout, console).platform
    with layout.alone():
        ensure((platform.travel_desk,), layout.processes(), console)
    kubectl = platform.control_plane.kubectl()
    manifests = observe_examples(ROOT / "examples", travel_desk=f"{HOST}:{platform.ports.travel_desk}")
    runs = [each.name for each in manifests if each.name.kind == "AgentRun"]
    _delete(kubectl, runs)
    kubectl("apply", "--filename=-", stdin=yaml.safe_dump_all(each.document for each in manifests))
    console.say(f"applied {', '.join(str(each.name) for each in manifests)}")
    awaited = [_POOL, *(each.name for each in manifests if is_awaited(each.name))]
    ended = _wait(kubectl, awaited, layout.processes(), console)
    if problems := [f"{name}: {how.why}" for name, how in ended.items() if not isinstance(how, Reached)]:
        raise ExpectedError(_diagnosis(layout, problems))
    _show(kubectl, layout, runs, console)


def observe_examples(directory: Path, *, travel_desk: str) -> list[Manifest]:
    """The examples that can be applied again and again, with the address of a server of this machine."""
    paths = [path for path in sorted(directory.glob("*/**/*.yaml")) if path.name != FOR_CLUSTERS]
    here = [
        path
        for path in paths
        if path.relative_to(directory).parts[0] not in OF_NPM | OF_PEOPLE | OF_USERS | OF_SIZE
    ]
    texts = [path.read_text().replace(TRAVEL_DESK, travel_desk) for path in here]
    manifests = named_manifests(document for text in texts for document in yaml.safe_load_all(text))
    if not manifests:
        raise ExpectedError(f"no manifests below {directory}")
    return manifests


def _delete(kubectl: Kubectl, runs: list[Name]) -> None:
    """Delete the runs of an earlier demo: a run is frozen, so the same name again is a new object."""
    for namespace in {run.namespace for run in runs}:
        names = [run.name for run in runs if run.namespace == namespace]
        kubectl("delete", "agentruns", f"--namespace={namespace}", "--ignore-not-found", *names)


def _wait(
    kubectl: Kubectl, awaited: list[Name], processes: Processes, console: Console
) -> dict[Name, Standing]:
    """Look until all have reached their aim, one cannot, or the time is up; tell every change."""
    known: dict[Name, Standing] = {}
    running = [process for process in PROCESSES if processes.pid(process) is not None]
    deadline = time.monotonic() + _RUN_SECONDS
    while True:
        found = _observe(kubectl)
        now = {name: standing(name, found.get(name)) for name in awaited}
        for name, how in now.items():
            if how != known.get(name):
                console.say(f"{name} {shorten(_line(how), _LINE_WIDTH, placeholder=' ...')}")
        known = now
        if not _is_open(known.values()) or time.monotonic() > deadline:
            return known
        processes.require(running)
        time.sleep(_POLL_SECONDS)


def _is_open(standings: Iterable[Standing]) -> bool:
    """Whether waiting on may still help."""
    kinds = {type(each) for each in standings}
    return Waiting in kinds and Failed not in kinds


def _observe(kubectl: Kubectl) -> dict[Name, Object]:
    text = kubectl("get", "workerpools,mcpservers,agents,agentruns", "--all-namespaces", "--output=json")
    return {each.name: each for each in ObjectList.model_validate_json(text).items}


def _line(how: Standing) -> str:
    match how:
        case Waiting(why):
            return f"waits: {why}"
        case Reached(what):
            return what
        case Failed(why):
            return f"failed: {why}"


def _show(kubectl: Kubectl, layout: Layout, runs: list[Name], console: Console) -> None:
    found = _observe(kubectl)
    console.show(f"\n$ kubectl get {_KINDS}")
    console.show(kubectl("get", _KINDS))
    for run in runs:
        status = found[run].status
        way = f" ({' -> '.join(status.path)})" if len(status.path) > 1 else ""
        console.show(f"\n{run} answered{way}:\n  {status.output.text if status.output else 'nothing'}")
    console.show(f"\nWhere to look next\n{where_to_look(layout)}\n  stop it        make down")


def _diagnosis(layout: Layout, problems: list[str]) -> str:
    processes = layout.processes()
    logs = {processes.log("operator"), *(layout.logs / "workers").rglob("*.log")}
    newest = sorted(logs, key=lambda path: path.stat().st_mtime if path.exists() else 0)[-3:]
    tails = [f"the end of {path}:\n{tail(path, _TAIL_LINES)}" for path in newest if path.exists()]
    return "\n".join(["not as it should be:", *problems, "", *tails])
