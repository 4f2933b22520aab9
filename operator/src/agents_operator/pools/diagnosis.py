"""Why no worker of a build answers, as its Deployment and its pods tell; pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from agents_crds.v1alpha1 import Reason
from agents_operator.kubernetes.deployments import WorkerDeployment, selector
from agents_operator.kubernetes.pods import ContainerStatus, Ended, WorkerPod

NOT_PULLED = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)
NOT_STARTED = frozenset(
    {
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
        "PreCreateHookError",
        "PostStartHookError",
    }
)
# The node says the same with and without these words in turn, which is no news.
BACK_OFF = "ErrImagePull: "
LONGEST_WORDS = 600


@dataclass(frozen=True)
class Diagnosis:
    """What keeps the workers from answering, and what to do about it."""

    reason: Reason
    message: str


def describing(namespace: str, pool: str, build: str) -> str:
    """The command that shows all that is known of a build's pods."""
    return f"kubectl describe pods --namespace={namespace} --selector={selector(pool, build)}"


def diagnose(deployment: WorkerDeployment | None, pods: tuple[WorkerPod, ...]) -> Diagnosis | None:
    """Choose what is most worth telling; None when nothing is known to be wrong."""
    for look in (_image, _start, _crash):
        for pod in pods:
            for found in look(pod):
                return found
    for pod in pods:
        if pod.unschedulable is not None:
            return Diagnosis(
                Reason.PODS_UNSCHEDULABLE,
                f"no node takes pod {pod.metadata.name}: {pod.unschedulable}; "
                "make room, or change resources, nodeSelector, affinity or tolerations in spec.template",
            )
    if deployment is not None and deployment.refused_pods is not None:
        return Diagnosis(
            Reason.PODS_REFUSED,
            f"the pods of Deployment {deployment.metadata.name} cannot be created: "
            f"{deployment.refused_pods}; make room in the quota, or change spec.template to what is admitted",
        )
    return None


def _image(pod: WorkerPod) -> Iterator[Diagnosis]:
    for container in (*pod.init_containers, *pod.containers):
        waiting = container.state.waiting
        if waiting is not None and waiting.reason in NOT_PULLED:
            said = waiting.message.partition(BACK_OFF)[2] or waiting.message
            yield Diagnosis(
                Reason.IMAGE_PULL_FAILED,
                f"the image {container.image} of container {container.name} cannot be pulled: {said}; check "
                "its name, and for a private registry spec.template.spec.imagePullSecrets",
            )


def _start(pod: WorkerPod) -> Iterator[Diagnosis]:
    for container in (*pod.init_containers, *pod.containers):
        waiting = container.state.waiting
        if waiting is not None and waiting.reason in NOT_STARTED:
            yield Diagnosis(
                Reason.CONTAINER_NOT_STARTED,
                f"container {container.name} of pod {pod.metadata.name} cannot be started: "
                f"{waiting.message}; change spec.template accordingly",
            )


def _crash(pod: WorkerPod) -> Iterator[Diagnosis]:
    for container in pod.containers:
        if container.end is not None:
            yield _crashed(pod, container, container.end)
    for container in pod.init_containers:
        # One that has done its work ends by 0.
        if container.end is not None and container.end.exit_code != 0:
            yield _crashed(pod, container, container.end)


def _crashed(pod: WorkerPod, container: ContainerStatus, end: Ended) -> Diagnosis:
    said = last_words(end.message)
    return Diagnosis(
        Reason.WORKER_CRASHING,
        f"container {container.name} ended with exit code {end.exit_code}"
        + (f" ({end.reason})" if end.reason not in {"", "Error"} else "")
        + (f": {said}" if said else "")
        + _remedy(pod, container, end),
    )


def _remedy(pod: WorkerPod, container: ContainerStatus, end: Ended) -> str:
    if end.reason == "OOMKilled":
        return "; raise its resources.limits.memory in spec.template"
    return f"; more by: kubectl logs --previous --container={container.name} {pod.metadata.name}"


def last_words(message: str) -> str:
    """Return a termination message, or the end of a long one, on one line.

    The worker writes one sentence there, the same at each end; a log's end is there only by the user's wish.
    """
    line = " ".join(message.split())
    return line if len(line) <= LONGEST_WORDS else f"…{line[-LONGEST_WORDS:]}"
