from dataclasses import replace

import pytest
from pydantic import BaseModel, ConfigDict, JsonValue

from agents_crds.contract.environment import WORKER_METRICS_PORT, WorkerVariable
from agents_crds.v1alpha1 import Reason
from agents_crds.v1alpha1.podtemplate import PodTemplate
from agents_operator.errors import Stalled
from agents_operator.pools.template import Additions, worker_template
from tests.unit.operator.objects import Manifest

ADDITIONS = Additions({"pool": "gpu"}, {"name": "worker"}, {WorkerVariable.BUILD_ID: "b1"}, {"sources": []})
SECRETS = "/var/run/secrets/durable-agents.dev"
OUR_VOLUMES: list[JsonValue] = [
    {"name": "durable-agents-keys", "projected": {"sources": []}},
    {"name": "durable-agents-tmp", "emptyDir": {}},
]
OUR_MOUNTS: list[JsonValue] = [
    {"name": "durable-agents-keys", "mountPath": SECRETS, "readOnly": True},
    {"name": "durable-agents-tmp", "mountPath": "/tmp"},
]
DATA: JsonValue = {"name": "data", "emptyDir": {}}
AT_TMP: JsonValue = {"name": "data", "mountPath": "/tmp/"}
EXEC: JsonValue = {"exec": {"command": ["true"]}}


class Made(BaseModel):
    """The parts of a completed template that tests look into."""

    model_config = ConfigDict(frozen=True)
    metadata: Manifest
    spec: Manifest
    worker: Manifest


def made(
    container: Manifest | None = None, pod: Manifest | None = None, metadata: Manifest | None = None
) -> Made:
    worker: Manifest = {"name": "worker", "image": "w:1", **(container or {})}
    template: Manifest = {"spec": {"containers": [worker], **(pod or {})}}
    if metadata is not None:
        template["metadata"] = metadata
    return complete(template)


def complete(template: Manifest, additions: Additions = ADDITIONS) -> Made:
    whole = worker_template(PodTemplate.model_validate(template), additions)
    spec = whole["spec"]
    assert isinstance(spec, dict)
    containers = spec["containers"]
    assert isinstance(containers, list)
    (worker,) = (each for each in containers if isinstance(each, dict) and each["name"] == "worker")
    return Made.model_validate({**whole, "worker": worker})


def grace_of(whole: Made) -> JsonValue:
    """How long the worker is told to let its activities finish; None when it is told nothing."""
    variables = whole.worker["env"]
    assert isinstance(variables, list)
    told = {each["name"]: each["value"] for each in variables if isinstance(each, dict)}
    return told.get("DURABLE_AGENTS_GRACE")


def test_bare_template_keeps_the_restricted_pod_security_standard() -> None:
    bare = made()
    assert bare.spec["securityContext"] == {
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert bare.worker["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert bare.spec["automountServiceAccountToken"] is False
    assert bare.spec["enableServiceLinks"] is False
    assert bare.spec["volumes"] == OUR_VOLUMES
    assert bare.worker["volumeMounts"] == OUR_MOUNTS


def test_bare_template_gets_time_to_end_probes_and_last_words() -> None:
    bare = made()
    # More than the five minutes after which a model call is given up.
    assert bare.spec["terminationGracePeriodSeconds"] == 345
    assert grace_of(bare) == "335"
    assert bare.worker["terminationMessagePolicy"] == "File"
    paths = {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
    for name, path in paths.items():
        probe = bare.worker[name]
        assert isinstance(probe, dict)
        assert probe["httpGet"] == {"path": path, "port": 8081}


@pytest.mark.parametrize(
    ("own", "whole"),
    [
        ({"runAsNonRoot": False}, {"runAsNonRoot": False, "seccompProfile": {"type": "RuntimeDefault"}}),
        (
            {"fsGroup": 7, "runAsNonRoot": None},
            {"fsGroup": 7, "runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        ),
        (
            {"seccompProfile": {"type": "Localhost", "localhostProfile": "p"}},
            {"runAsNonRoot": True, "seccompProfile": {"type": "Localhost", "localhostProfile": "p"}},
        ),
        ("text", "text"),
    ],
)
def test_pod_security_of_the_user_wins_key_by_key(own: JsonValue, whole: JsonValue) -> None:
    assert made(pod={"securityContext": own}).spec["securityContext"] == whole


@pytest.mark.parametrize(
    ("own", "changed"),
    [
        ({"readOnlyRootFilesystem": False}, {"readOnlyRootFilesystem": False}),
        ({"runAsUser": 0}, {"runAsUser": 0}),
        (
            {"capabilities": {"add": ["NET_BIND_SERVICE"]}},
            {"capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}},
        ),
        ({"capabilities": {"drop": []}}, {"capabilities": {"drop": []}}),
    ],
)
def test_container_security_of_the_user_wins_key_by_key(own: Manifest, changed: Manifest) -> None:
    bare = made().worker["securityContext"]
    assert isinstance(bare, dict)
    assert made({"securityContext": own}).worker["securityContext"] == bare | changed


@pytest.mark.parametrize("kind", ["startupProbe", "livenessProbe", "readinessProbe"])
def test_probe_of_the_user_is_taken_whole_and_the_others_are_added(kind: str) -> None:
    own = made({kind: EXEC}).worker
    bare = made().worker
    assert own == bare | {kind: EXEC}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("automountServiceAccountToken", True),
        ("nodeSelector", {"a": "b"}),
    ],
)
def test_pod_field_of_the_user_wins(field: str, value: JsonValue) -> None:
    assert made(pod={field: value}).spec == made().spec | {field: value}


@pytest.mark.parametrize(
    ("period", "grace"), [(600, "590"), (60, "50"), (30, "24"), (5, "4"), (0, "0"), ("60", None)]
)
def test_worker_is_told_how_long_the_user_lets_it_finish(period: JsonValue, grace: str | None) -> None:
    own = made(pod={"terminationGracePeriodSeconds": period})
    assert own.spec["terminationGracePeriodSeconds"] == period
    assert grace_of(own) == grace


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("terminationMessagePolicy", "FallbackToLogsOnError"),
        ("imagePullPolicy", "Always"),
        ("resources", {"limits": {}}),
    ],
)
def test_container_field_of_the_user_wins(field: str, value: JsonValue) -> None:
    assert made({field: value}).worker == made().worker | {field: value}


def test_volumes_and_variables_of_the_user_keep_their_places() -> None:
    whole = made(
        {
            "volumeMounts": [{"name": "data", "mountPath": "/data"}],
            "env": [{"name": "A", "valueFrom": {"x": 1}}],
        },
        {"volumes": [DATA]},
    )
    assert whole.spec["volumes"] == [DATA, *OUR_VOLUMES]
    assert whole.worker["volumeMounts"] == [{"name": "data", "mountPath": "/data"}, *OUR_MOUNTS]
    assert whole.worker["env"] == [
        {"name": "A", "valueFrom": {"x": 1}},
        {"name": "TEMPORAL_WORKER_BUILD_ID", "value": "b1"},
        {"name": "DURABLE_AGENTS_GRACE", "value": "335"},
    ]


def test_tmp_of_the_user_is_left_alone() -> None:
    whole = made({"volumeMounts": [AT_TMP]}, {"volumes": [DATA]})
    assert whole.spec["volumes"] == [DATA, OUR_VOLUMES[0]]
    assert whole.worker["volumeMounts"] == [AT_TMP, OUR_MOUNTS[0]]


def test_labels_of_the_user_win_but_for_those_that_select_the_pods() -> None:
    assert made().metadata == {"labels": {"name": "worker", "pool": "gpu"}}
    own: Manifest = {
        "labels": {"team": "rates", "pool": "mine", "name": "rates"},
        "annotations": {"a": "b"},
        "creationTimestamp": None,
    }
    assert made(metadata=own).metadata == {
        "labels": {"team": "rates", "pool": "gpu", "name": "rates"},
        "annotations": {"a": "b"},
        "creationTimestamp": None,
    }


def test_sidecars_are_taken_as_they_are() -> None:
    proxy: Manifest = {"name": "proxy", "image": "p:1", "env": [{"name": "TEMPORAL_ADDRESS", "value": "x"}]}
    worker: Manifest = {"name": "worker", "image": "w:1"}
    init: list[JsonValue] = [{"name": "migrate", "image": "m:1"}]
    whole = complete({"spec": {"containers": [proxy, worker], "initContainers": init}})
    containers = whole.spec["containers"]
    assert isinstance(containers, list)
    assert containers[0] == proxy
    assert whole.spec["initContainers"] == init


@pytest.mark.parametrize("wrong", ["text", 7, {"a": "b"}])
def test_what_is_of_a_wrong_type_is_left_for_the_api_server_to_refuse(wrong: JsonValue) -> None:
    whole = made({"volumeMounts": wrong}, {"volumes": wrong})
    assert whole.spec["volumes"] == wrong
    assert whole.worker["volumeMounts"] == wrong


@pytest.mark.parametrize("name", ["durable-agents-keys", "durable-agents-tmp"])
def test_volume_with_a_name_of_ours_is_refused(name: str) -> None:
    with pytest.raises(Stalled, match=f"has a volume {name} of its own: give yours another name") as stalled:
        made(pod={"volumes": [DATA, {"name": name, "emptyDir": {}}]})
    assert stalled.value.reason is Reason.POD_TEMPLATE_INVALID


def test_mount_at_a_place_of_ours_is_refused() -> None:
    with pytest.raises(Stalled, match=r"containers\[0\]\.volumeMounts: .* mount yours elsewhere") as stalled:
        made({"volumeMounts": [{"name": "data", "mountPath": f"{SECRETS}/"}]})
    assert stalled.value.reason is Reason.POD_TEMPLATE_INVALID


MEASURED = replace(
    ADDITIONS, environment={**ADDITIONS.environment, WorkerVariable.METRICS_PORT: str(WORKER_METRICS_PORT)}
)
OWN_PORT: JsonValue = {"name": "debug", "containerPort": 5678}
THEIRS: JsonValue = {"name": "metrics", "containerPort": 9000}
OURS: JsonValue = {"name": "metrics", "containerPort": WORKER_METRICS_PORT}


@pytest.mark.parametrize(
    ("own", "ports"),
    [
        pytest.param(None, [OURS], id="none"),
        pytest.param([OWN_PORT], [OWN_PORT, OURS], id="another one"),
        pytest.param([THEIRS], [THEIRS], id="one of the same name"),
    ],
)
def test_worker_that_tells_metrics_names_the_port(own: JsonValue, ports: JsonValue) -> None:
    worker: Manifest = {"name": "worker", "image": "w:1", **({} if own is None else {"ports": own})}
    assert complete({"spec": {"containers": [worker]}}, MEASURED).worker["ports"] == ports


def test_worker_that_tells_none_names_no_port() -> None:
    assert "ports" not in made().worker
