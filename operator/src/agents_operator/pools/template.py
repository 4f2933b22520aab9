"""The pods of a pool: the user's template, and what a worker needs beside it; pure."""

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pydantic import JsonValue

from agents_crds.contract.environment import WORKER_HEALTH_PORT, WorkerVariable
from agents_crds.contract.names import SECRETS_DIR
from agents_crds.v1alpha1 import Reason
from agents_crds.v1alpha1.podtemplate import RESERVED, WORKER, Container, PodTemplate
from agents_operator.errors import Stalled

Json = dict[str, JsonValue]

KEYS_VOLUME = "durable-agents-keys"
METRICS_PORT_NAME = "metrics"
TMP_VOLUME = "durable-agents-tmp"
TMP = "/tmp"  # noqa: S108 -- the pod's own


def _probe(path: str, *, period: int, failures: int) -> JsonValue:
    return {
        "httpGet": {"path": path, "port": WORKER_HEALTH_PORT},
        "periodSeconds": period,
        "timeoutSeconds": 5,
        "failureThreshold": failures,
    }


POD: Json = {
    # Workers never talk to the API server.
    "automountServiceAccountToken": False,
    # Services of the namespace would become variables that look like ours.
    "enableServiceLinks": False,
    # A model call of five minutes is finished, and not made again. A pod without one ends at once.
    "terminationGracePeriodSeconds": 345,
}
# Of the time that the kubelet gives a pod, for what a worker does when its activities are finished.
_STOP_SECONDS = 10
POD_SECURITY: Json = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
CONTAINER: Json = {
    # Importing the modules with tools may take minutes.
    "startupProbe": _probe("/healthz", period=2, failures=150),
    "livenessProbe": _probe("/healthz", period=10, failures=6),
    "readinessProbe": _probe("/readyz", period=5, failures=3),
    # For the pool's conditions: what the worker writes there, and not its log, which may hold secrets.
    "terminationMessagePolicy": "File",
}
CONTAINER_SECURITY: Json = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
}


@dataclass(frozen=True)
class Additions:
    """What the operator adds whatever the template says."""

    identity: dict[str, str]
    """Labels by which the Deployment knows its pods."""
    labels: dict[str, str]
    """Further labels, which the user may set otherwise."""
    environment: dict[WorkerVariable, str]
    keys: Json
    """The projected volume that has the Secrets."""


def worker_template(template: PodTemplate, additions: Additions) -> Json:
    """Complete a template; what the user set stays, and what has a wrong type the API server may complain of.

    Ours comes last in each list, so that the API server's complaints name places of the user's own template.
    Raises Stalled when the user took a name or a path that is ours.
    """
    _require_ours_free(template)
    pod = template.spec
    worker = next(container for container in pod.containers if container.name == WORKER)
    tmp = TMP not in _mount_paths(worker)
    volumes: list[JsonValue] = [{"name": KEYS_VOLUME, "projected": additions.keys}]
    if tmp:
        volumes.append({"name": TMP_VOLUME, "emptyDir": {}})
    metadata = template.metadata.manifest() if template.metadata else {}
    whole = _completed(pod.manifest(), POD)
    variables = _variables(additions, whole)
    labels = (template.metadata and template.metadata.labels) or {}
    return {
        **template.manifest(),
        "metadata": {**metadata, "labels": {**additions.labels, **labels, **additions.identity}},
        "spec": {
            **whole,
            "securityContext": _filled(pod.others.get("securityContext"), POD_SECURITY),
            "containers": [
                _worker(container, variables, _ports(additions), tmp=tmp)
                if container is worker
                else container.manifest()
                for container in pod.containers
            ],
            "volumes": _extended(pod.others.get("volumes"), volumes),
        },
    }


def _worker(container: Container, variables: list[JsonValue], ports: list[Json], *, tmp: bool) -> Json:
    mounts: list[JsonValue] = [{"name": KEYS_VOLUME, "mountPath": SECRETS_DIR, "readOnly": True}]
    if tmp:
        mounts.append({"name": TMP_VOLUME, "mountPath": TMP})
    return {
        **_completed(container.manifest(), CONTAINER),
        "env": [*(variable.manifest() for variable in container.env or ()), *variables],
        **_with_ports(container.others.get("ports"), ports),
        "volumeMounts": _extended(container.others.get("volumeMounts"), mounts),
        "securityContext": _filled(container.others.get("securityContext"), CONTAINER_SECURITY),
    }


def _ports(additions: Additions) -> list[Json]:
    port = additions.environment.get(WorkerVariable.METRICS_PORT)
    return [{"name": METRICS_PORT_NAME, "containerPort": int(port)}] if port else []


def _with_ports(own: JsonValue, ports: list[Json]) -> Json:
    """Add ports, but those whose name the user took for another one."""
    taken = set(_texts(own, "name"))
    ours: list[JsonValue] = [port for port in ports if port["name"] not in taken]
    return {"ports": _extended(own, ours)} if ours else {}


def renewed(template: Json, additions: Additions) -> Json:
    """Give the pods of an earlier build, as the API server has them, the environment and the keys of now.

    All else is the build's own, and stays.
    """
    match template.get("spec"):
        case dict(pod):
            variables = _variables(additions, pod)
            containers = _each(pod.get("containers"), lambda each: _with_environment(each, variables))
            volumes = _each(pod.get("volumes"), lambda each: _with_keys(each, additions.keys))
            return {**template, "spec": {**pod, "containers": containers, "volumes": volumes}}
        case _:
            return template


def _with_environment(container: Json, variables: list[JsonValue]) -> Json:
    known = container.get("env")
    if container.get("name") != WORKER or not isinstance(known, list):
        return container
    own = (each for each in known if not any(name.startswith(RESERVED) for name in _texts([each], "name")))
    return {**container, "env": [*own, *variables]}


def _with_keys(volume: Json, keys: Json) -> Json:
    known = volume.get("projected")
    if volume.get("name") != KEYS_VOLUME or not isinstance(known, dict):
        return volume
    # An empty list is a null in the API server; what it fills in, such as the files' mode, stays.
    same = (known.get("sources") or []) == keys["sources"]
    return volume if same else {**volume, "projected": {**known, **keys}}


def _each(items: JsonValue, change: Callable[[Json], Json]) -> JsonValue:
    """Change each object of a list."""
    if not isinstance(items, list):
        return items
    return [change(item) if isinstance(item, dict) else item for item in items]


def _variables(additions: Additions, pod: Json) -> list[JsonValue]:
    variables = additions.environment | _grace(pod.get("terminationGracePeriodSeconds"))
    return [{"name": name.value, "value": value} for name, value in variables.items()]


def _grace(period: JsonValue) -> dict[WorkerVariable, str]:
    """Tell a worker how long its activities may take to finish before the kubelet ends the pod."""
    if not isinstance(period, int):
        return {}  # the API server will complain
    return {WorkerVariable.GRACE: str(period - min(_STOP_SECONDS, period // 5))}


def _completed(own: Json, defaults: Json) -> Json:
    """Add what is left out, each as a whole: no part of our probe goes into another one."""
    return own | {name: value for name, value in defaults.items() if own.get(name) is None}


def _filled(own: JsonValue, defaults: JsonValue) -> JsonValue:
    """Add what is left out, at every depth."""
    match own, defaults:
        case None, _:
            return defaults
        case dict(), dict():
            return own | {name: _filled(own.get(name), value) for name, value in defaults.items()}
        case _:
            return own


def _extended(own: JsonValue, more: list[JsonValue]) -> JsonValue:
    match own:
        case None:
            return more
        case list():
            return [*own, *more]
        case _:
            return own


def _require_ours_free(template: PodTemplate) -> None:
    taken = {KEYS_VOLUME, TMP_VOLUME} & set(_texts(template.spec.others.get("volumes"), "name"))
    if taken:
        raise Stalled(
            Reason.POD_TEMPLATE_INVALID,
            f"spec.template.spec.volumes: the operator has a volume {min(taken)} of its own: "
            "give yours another name",
        )
    for index, container in enumerate(template.spec.containers):
        if container.name == WORKER and SECRETS_DIR in _mount_paths(container):
            raise Stalled(
                Reason.POD_TEMPLATE_INVALID,
                f"spec.template.spec.containers[{index}].volumeMounts: the operator mounts the API keys at "
                f"{SECRETS_DIR}: mount yours elsewhere",
            )


def _mount_paths(container: Container) -> set[str]:
    return {posixpath.normpath(path) for path in _texts(container.others.get("volumeMounts"), "mountPath")}


def _texts(items: JsonValue, field: str) -> Iterator[str]:
    """Read a field of each item, as far as they have it."""
    for item in items if isinstance(items, list) else ():
        match item:
            case {**fields} if isinstance(text := fields.get(field), str):
                yield text
            case _:
                continue
