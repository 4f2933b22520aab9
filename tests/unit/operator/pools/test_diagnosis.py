import pytest
from pydantic import JsonValue

from agents_crds.v1alpha1 import Reason
from agents_operator.engine.conditions import cut
from agents_operator.kubernetes.deployments import WorkerDeployment
from agents_operator.kubernetes.pods import WorkerPod
from agents_operator.pools.diagnosis import LONGEST_WORDS, describing, diagnose, last_words

WORDS = "module rates cannot be imported (ModuleNotFoundError: No module named 'pandas', rates.py line 3)"


def pod(*containers: JsonValue, init: tuple[JsonValue, ...] = (), scheduled: JsonValue = None) -> WorkerPod:
    return WorkerPod.model_validate(
        {
            "metadata": {"name": "gpu-b1-x"},
            "status": {
                "phase": "Pending",
                "containerStatuses": containers,
                "initContainerStatuses": init,
                "conditions": [] if scheduled is None else [scheduled],
            },
        }
    )


def container(
    *, waiting: JsonValue = None, ended: JsonValue = None, before: JsonValue = None, ready: bool = False
) -> JsonValue:
    state: dict[str, JsonValue] = {}
    if waiting is not None:
        state["waiting"] = waiting
    if ended is not None:
        state["terminated"] = ended
    last: dict[str, JsonValue] = {} if before is None else {"terminated": before}
    return {"name": "worker", "image": "w:1", "ready": ready, "state": state, "lastState": last}


def waiting(reason: str, message: str = "") -> JsonValue:
    return container(waiting={"reason": reason, "message": message})


def end(code: int, message: str = "", reason: str = "Error") -> JsonValue:
    return {"exitCode": code, "reason": reason, "message": message}


UNSCHEDULABLE: JsonValue = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
    "message": "0/1 nodes are available: 1 Insufficient cpu.",
}
GATED: JsonValue = {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}
CRASHED = container(waiting={"reason": "CrashLoopBackOff"}, before=end(1, f"{WORDS}\n"))
MORE = "kubectl logs --previous --container=worker gpu-b1-x"


@pytest.mark.parametrize(
    ("seen", "reason", "told"),
    [
        pytest.param(
            pod(waiting("ErrImagePull", "not found")),
            Reason.IMAGE_PULL_FAILED,
            "image w:1 of container worker cannot be pulled: not found; check its name, and for a private",
            id="image is missing",
        ),
        pytest.param(
            pod(waiting("InvalidImageName", "invalid reference")),
            Reason.IMAGE_PULL_FAILED,
            "invalid reference",
            id="image has no valid name",
        ),
        pytest.param(
            pod(init=(waiting("ErrImageNeverPull", "never"),)),
            Reason.IMAGE_PULL_FAILED,
            "cannot be pulled: never",
            id="image of an init container",
        ),
        pytest.param(
            pod(waiting("CreateContainerConfigError", "image will run as root")),
            Reason.CONTAINER_NOT_STARTED,
            "cannot be started: image will run as root; change spec.template accordingly",
            id="container may not start",
        ),
        pytest.param(
            pod(CRASHED),
            Reason.WORKER_CRASHING,
            f"container worker ended with exit code 1: {WORDS}; more by: {MORE}",
            id="crash loop",
        ),
        pytest.param(
            pod(container(ended=end(2, "bad"))), Reason.WORKER_CRASHING, "exit code 2: bad", id="just ended"
        ),
        pytest.param(
            pod(container(before=end(3, "bad"))),
            Reason.WORKER_CRASHING,
            "exit code 3: bad",
            id="started again",
        ),
        pytest.param(
            pod(container(ended=end(0, reason="Completed"))),
            Reason.WORKER_CRASHING,
            "exit code 0 (Completed); more by",
            id="not meant to end",
        ),
        pytest.param(
            pod(container(before=end(137, reason="OOMKilled"))),
            Reason.WORKER_CRASHING,
            "exit code 137 (OOMKilled); raise its resources.limits.memory in spec.template",
            id="out of memory",
        ),
        pytest.param(
            pod(init=(container(ended=end(4, "no")),)),
            Reason.WORKER_CRASHING,
            "exit code 4: no",
            id="init ends",
        ),
        pytest.param(
            pod(scheduled=UNSCHEDULABLE),
            Reason.PODS_UNSCHEDULABLE,
            "no node takes pod gpu-b1-x: 0/1 nodes are available: 1 Insufficient cpu.; make room, or change",
            id="no room",
        ),
    ],
)
def test_pod_tells_why_it_does_not_start(seen: WorkerPod, reason: Reason, told: str) -> None:
    found = diagnose(None, (pod(), seen))
    assert found is not None
    assert found.reason is reason
    assert told in found.message


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(pod(), id="new"),
        pytest.param(pod(waiting("ContainerCreating")), id="being created"),
        pytest.param(pod(container(ready=True, before=end(1))), id="recovered"),
        pytest.param(pod(container(), init=(container(ended=end(0, reason="Completed")),)), id="initialized"),
        pytest.param(pod(scheduled=GATED), id="held back"),
    ],
)
def test_pod_that_is_well_tells_nothing(seen: WorkerPod) -> None:
    assert diagnose(None, (seen,)) is None


def test_image_that_is_not_pulled_is_told_alike_whether_or_not_the_node_is_backing_off() -> None:
    pulled = diagnose(None, (pod(waiting("ErrImagePull", "no such host")),))
    backing_off = diagnose(
        None, (pod(waiting("ImagePullBackOff", 'Back-off pulling image "w:1": ErrImagePull: no such host')),)
    )
    assert pulled == backing_off


def test_what_users_can_mend_themselves_comes_first() -> None:
    found = diagnose(None, (pod(scheduled=UNSCHEDULABLE), pod(CRASHED), pod(waiting("ErrImagePull"))))
    assert found is not None
    assert found.reason is Reason.IMAGE_PULL_FAILED


@pytest.mark.parametrize(("status", "refused"), [("True", True), ("False", False)])
def test_pods_that_a_quota_refuses_are_told_by_the_deployment(status: str, *, refused: bool) -> None:
    deployment = WorkerDeployment.model_validate(
        {
            "metadata": {"name": "gpu-b1"},
            "status": {
                "conditions": [
                    {"type": "ReplicaFailure", "status": status, "message": "exceeded quota: small"}
                ]
            },
        }
    )
    found = diagnose(deployment, ())
    assert (found is not None) is refused
    if found is not None:
        assert found.reason is Reason.PODS_REFUSED
        assert found.message == (
            "the pods of Deployment gpu-b1 cannot be created: exceeded quota: small; "
            "make room in the quota, or change spec.template to what is admitted"
        )


def test_last_words_are_few_and_leave_room_for_what_to_do() -> None:
    assert last_words("one\n  two\n") == "one two"
    assert last_words("x" * 5000) == "…" + "x" * LONGEST_WORDS
    assert last_words("\n \n") == ""
    found = diagnose(None, (pod(container(ended=end(1, "x" * 5000))),))
    assert found is not None
    assert cut(found.message) == found.message
    assert found.message.endswith(MORE)


def test_pods_of_a_build_can_be_looked_at() -> None:
    assert describing("team", "gpu", "b1") == (
        "kubectl describe pods --namespace=team "
        "--selector=durable-agents.dev/pool=gpu,durable-agents.dev/build=b1"
    )
