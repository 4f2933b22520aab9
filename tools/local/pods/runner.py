"""One loop that brings local processes, secret files and statuses to what the API server says."""

import contextlib
import queue
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial

import httpx2

from tools.local.pods.cluster import (
    DEPLOYMENTS,
    SECRETS,
    Changed,
    Deleted,
    Event,
    Snapshot,
    Watched,
    follow,
    write_status,
)
from tools.local.pods.model import WORKER, Deployment, Key, Secret
from tools.local.pods.plan import Replica, Start, Stop, plan_replicas
from tools.local.pods.process import Places, ReplicaProcesses, say
from tools.local.pods.secrets import SecretFiles, apply_files, desired_files
from tools.local.pods.status import deployment_status
from tools.local.tether import Tether

POOL_LABEL = "durable-agents.dev/pool"
_TICK_SECONDS = 0.1


class Cache(dict[Key, Watched]):
    """The objects of one kind, as events tell of them; `complete` once all have been listed."""

    complete = False

    def take(self, event: Event[Watched]) -> None:
        """Apply one event."""
        match event:
            case Snapshot(objects):
                self.clear()
                self.update({each.key: each for each in objects})
                self.complete = True
            case Changed(changed):
                self[changed.key] = changed
            case Deleted(deleted):
                self.pop(deleted.key, None)


class Runner:
    """Runs the worker Deployments of a cluster until it is told to end."""

    def __init__(
        self, client: httpx2.Client, places: Places, base: Mapping[str, str], tether: Tether
    ) -> None:
        self._client, self._places, self._base, self._tether = client, places, base, tether
        self._deployments: Cache[Deployment] = Cache()
        self._secrets: Cache[Secret] = Cache()
        self._processes: dict[Key, ReplicaProcesses] = {}
        self._shown: dict[Key, SecretFiles] = {}
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def run(self, ending: threading.Event, *, stop_seconds: float) -> None:
        """Serve until `ending` is set, then end every process within `stop_seconds`."""
        self._watch(DEPLOYMENTS, Deployment, self._deployments, POOL_LABEL)
        self._watch(SECRETS, Secret, self._secrets, None)
        try:
            while not ending.is_set():
                self._take_events()
                if self._deployments.complete and self._secrets.complete:
                    self._step()
        finally:
            self._stop_all(stop_seconds)

    def _watch(self, path: str, kind: type[Watched], cache: Cache[Watched], label: str | None) -> None:
        def pump() -> None:
            try:
                for event in follow(self._client, path, kind, label=label):
                    self._inbox.put(partial(cache.take, event))
            except Exception as error:  # noqa: BLE001 -- raised again by the loop, which must not go on blind
                self._inbox.put(partial(_raise, error))

        threading.Thread(target=pump, name=f"watch {path}", daemon=True).start()

    def _take_events(self) -> None:
        with contextlib.suppress(queue.Empty):
            self._inbox.get(timeout=_TICK_SECONDS)()
            while True:
                self._inbox.get_nowait()()

    def _step(self) -> None:
        for key in self._deployments.keys() | self._processes.keys():
            if key not in self._processes:
                self._processes[key] = ReplicaProcesses(key, self._places, self._base, self._tether)
            deployment = self._deployments.get(key)
            replicas, missing = self._sync(deployment, self._processes[key])
            if deployment is not None:
                self._report(deployment, replicas, missing)
            elif self._processes[key].idle:
                del self._processes[key]
                self._shown.pop(key, None)
                shutil.rmtree(self._places.of(key), ignore_errors=True)

    def _sync(
        self, deployment: Deployment | None, processes: ReplicaProcesses
    ) -> tuple[tuple[Replica, ...], tuple[str, ...]]:
        """Bring files and processes of one Deployment in step; return its replicas and what they lack."""
        now, missing = time.monotonic(), self._show_secrets(deployment)
        replicas = processes.observe(now)
        for action in plan_replicas(deployment, replicas, now=now, startable=not missing):
            match action:
                case Stop():
                    processes.stop(action, now)
                case Start() if deployment is not None:
                    processes.start(action, deployment.spec.template, now)
                case _:
                    pass
        return processes.observe(now), missing

    def _show_secrets(self, deployment: Deployment | None) -> tuple[str, ...]:
        """Bring the secret files of a Deployment in step; return what its replicas cannot start without."""
        if deployment is None:
            return ()
        template = deployment.spec.template
        desired = desired_files(deployment.key.namespace, template.secrets, self._secrets)
        if self._shown.get(deployment.key) != desired:
            self._shown[deployment.key] = desired
            changed = apply_files(self._places.secrets(deployment.key), desired.files)
            say(deployment.key, f"secret files changed: {', '.join(changed) or 'none'}")
        return desired.missing if template.worker else (*desired.missing, f"a container named {WORKER}")

    def _report(
        self, deployment: Deployment, replicas: tuple[Replica, ...], missing: tuple[str, ...]
    ) -> None:
        now = datetime.now(UTC).replace(microsecond=0)
        status = deployment_status(deployment, replicas, missing=missing, now=now)
        if status == deployment.status:
            return
        # An outage shows in the watch; the next round writes what holds then.
        with contextlib.suppress(httpx2.HTTPError):
            if written := write_status(self._client, deployment, status):
                self._deployments[deployment.key] = written

    def _stop_all(self, longest: float) -> None:
        now = time.monotonic()
        for processes in self._processes.values():
            processes.stop_all(now, longest=longest)
        while any(not processes.idle for processes in self._processes.values()):
            time.sleep(_TICK_SECONDS)
            for processes in self._processes.values():
                processes.observe(time.monotonic())


def _raise(error: Exception) -> None:
    raise error
