"""What the admission policies forbid, to whom, and what they let pass."""

import pytest
from pydantic import JsonValue

from tests.charts.cluster import ROOT, Cluster
from tests.charts.conftest import ADMIN, DEPLOYER, STATUS, TEAM
from tests.charts.helm import NAMESPACE, RELEASE
from tests.charts.people import KEYED_TEMPORAL, SPECS, Person, from_secret, pool_spec, server_spec

OPERATOR = f"system:serviceaccount:{NAMESPACE}:{RELEASE}-operator"
LABEL: JsonValue = {"metadata": {"labels": {"edited": "yes"}, "finalizers": ["example.com/mine"]}}

NAMES_SECRET = {
    "variable": pool_spec(
        {"env": [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}
    ),
    "variables": pool_spec({"envFrom": [{"configMapRef": {"name": "c"}}, {"secretRef": {"name": "s"}}]}),
    "init container": pool_spec(
        initContainers=[{"name": "init", "image": "init:1", "envFrom": [{"secretRef": {"name": "s"}}]}]
    ),
    "sidecar": pool_spec(
        containers=[
            {"name": "worker", "image": "worker:1"},
            {"name": "sidecar", "image": "sidecar:1", "envFrom": [{"secretRef": {"name": "s"}}]},
        ]
    ),
    "volume": pool_spec(volumes=[{"name": "v", "secret": {"secretName": "s"}}]),
    "projected volume": pool_spec(
        volumes=[
            {"name": "tmp", "emptyDir": {}},
            {
                "name": "v",
                "projected": {"sources": [{"configMap": {"name": "c"}}, {"secret": {"name": "s"}}]},
            },
        ]
    ),
    "csi volume": pool_spec(
        volumes=[{"name": "v", "csi": {"driver": "d", "nodePublishSecretRef": {"name": "s"}}}]
    ),
    "azure volume": pool_spec(volumes=[{"name": "v", "azureFile": {"secretName": "s", "shareName": "x"}}]),
    "iscsi volume": pool_spec(
        volumes=[
            {"name": "v", "iscsi": {"targetPortal": "t", "iqn": "i", "lun": 0, "secretRef": {"name": "s"}}}
        ]
    ),
    "pull secret": pool_spec(imagePullSecrets=[{"name": "s"}]),
}
NAMES_NONE = {
    "nothing": pool_spec(),
    "plain variables": pool_spec(
        {"env": [{"name": "A", "value": "b"}, {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}]}
    ),
    "nulls": pool_spec(
        {"env": [{"name": "A", "valueFrom": None}], "envFrom": None},
        volumes=None,
        initContainers=None,
        imagePullSecrets=None,
    ),
    "other volumes": pool_spec(
        volumes=[{"name": "a", "emptyDir": {}}, {"name": "b", "configMap": {"name": "c"}}]
    ),
    "what is no volume": pool_spec(volumes="none"),
}
SERVERS: dict[str, JsonValue] = {
    "bearer token": server_spec(bearerTokenSecretRef={"name": "s"}),
    "header": server_spec(headers=[{"name": "X-Team", "value": "blue"}, from_secret("X-Key", "s")]),
    "header of sse": {"sse": {"url": "http://tools:8000/sse", "headers": [from_secret("X-Key", "s")]}},
    "variable": {"stdio": {"command": "npx", "env": [{"name": "A", "value": "b"}, from_secret("KEY", "s")]}},
}
POOLS = {
    "an image": pool_spec({"image": "other:1"}),
    "a command": pool_spec({"command": ["sh", "-c", "cat /var/run/secrets/durable-agents.dev/*/*"]}),
    "an account": pool_spec(serviceAccountName="robot"),
    "the host": pool_spec({"securityContext": {"privileged": True}}, hostPID=True),
}


def variables_from(*secrets: str) -> JsonValue:
    """Return a pool with a variable from each of these Secrets."""
    return pool_spec(
        {
            "env": [
                {"name": f"KEY_{number}", "valueFrom": {"secretKeyRef": {"name": secret, "key": "k"}}}
                for number, secret in enumerate(secrets)
            ]
        }
    )


@pytest.fixture
def root(cluster: Cluster) -> Person:
    """May do everything, but for what policies forbid."""
    return cluster.person(ROOT)


@pytest.mark.parametrize("plural", SPECS)
def test_only_the_operator_writes_status(plural: str, root: Person, cluster: Cluster) -> None:
    denied = root.patches(plural, TEAM, STATUS, part="/status")
    assert not denied.allowed
    assert f"only the operator ({OPERATOR}) writes status" in denied.message
    assert cluster.person(OPERATOR).patches(plural, TEAM, STATUS, part="/status").allowed


def test_provider_names_a_secret_that_its_author_may_get(admin: Person, key_holder: Person) -> None:
    denied = admin.creates("modelproviders", TEAM)
    assert not denied.allowed
    assert f"names Secret mistral, which {ADMIN} is not allowed to get in namespace {TEAM}" in denied.message
    assert key_holder.creates("modelproviders", TEAM).allowed


def test_provider_cannot_be_pointed_at_another_secret(key_holder: Person, admin: Person) -> None:
    change: JsonValue = {"spec": {"apiKeySecretRef": {"name": "foreign"}}}
    for person in (key_holder, admin):
        assert "names Secret foreign" in person.patches("modelproviders", TEAM, change).message


def test_provider_without_a_key_needs_no_right_to_any(admin: Person) -> None:
    keyless: dict[str, JsonValue] = {"protocol": "ChatCompletions", "url": "http://vllm:8000/v1"}
    assert admin.creates("modelproviders", TEAM, keyless).allowed
    keyed: JsonValue = {**keyless, "apiKeySecretRef": {"name": "foreign"}}
    assert "names Secret foreign" in admin.creates("modelproviders", TEAM, keyed).message


@pytest.mark.parametrize(
    ("named", "field"),
    [
        ({"apiKeySecretRef": {"name": "s", "key": "api-key"}}, "spec.apiKeySecretRef"),
        ({"tls": {"caSecretRef": {"name": "s"}}}, "spec.tls.caSecretRef"),
        ({"tls": {"clientCertificateSecretRef": {"name": "s"}}}, "spec.tls.clientCertificateSecretRef"),
    ],
)
def test_temporal_connection_names_secrets_that_its_author_may_get(
    named: dict[str, JsonValue], field: str, admin: Person, key_holder: Person
) -> None:
    spec: JsonValue = {"address": "temporal.example.com:7233", **named}
    denied = admin.creates("temporalconnections", TEAM, spec)
    assert not denied.allowed
    assert f"{field} names Secret s, which {ADMIN} is not allowed to get" in denied.message
    assert key_holder.creates("temporalconnections", TEAM, spec).allowed


def test_api_key_of_a_temporal_connection_is_sent_elsewhere_only_by_who_may_get_it(
    cluster: Cluster, admin: Person, key_holder: Person
) -> None:
    cluster.add_object("temporalconnections", "keyed", TEAM, KEYED_TEMPORAL)
    elsewhere: JsonValue = {"spec": {"address": "elsewhere.example.com:7233"}}
    assert not admin.patches("temporalconnections", TEAM, elsewhere, name="keyed").allowed
    assert key_holder.patches("temporalconnections", TEAM, elsewhere, name="keyed").allowed


@pytest.mark.parametrize("spec", SERVERS.values(), ids=SERVERS)
def test_mcp_server_names_secrets_that_its_author_may_get(
    spec: JsonValue, admin: Person, key_holder: Person
) -> None:
    denied = admin.creates("mcpservers", TEAM, spec)
    assert not denied.allowed
    assert f"spec names Secret s, which {ADMIN} is not allowed to get in namespace {TEAM}" in denied.message
    assert key_holder.creates("mcpservers", TEAM, spec).allowed


def test_mcp_server_without_secrets_needs_no_right_to_any(admin: Person) -> None:
    assert admin.creates("mcpservers", TEAM).allowed
    assert admin.patches("mcpservers", TEAM, {"spec": {"interval": "1h"}}).allowed


def test_address_of_an_mcp_server_with_a_secret_is_changed_only_by_who_may_get_it(
    cluster: Cluster, admin: Person, key_holder: Person
) -> None:
    cluster.add_object("mcpservers", "keyed", TEAM, server_spec(bearerTokenSecretRef={"name": "s"}))
    elsewhere: JsonValue = {"spec": {"streamableHttp": {"url": "http://elsewhere:8000/mcp"}}}
    assert not admin.patches("mcpservers", TEAM, elsewhere, name="keyed").allowed
    assert admin.patches("mcpservers", TEAM, LABEL, name="keyed").allowed
    assert key_holder.patches("mcpservers", TEAM, elsewhere, name="keyed").allowed


def test_mcp_server_over_stdio_is_written_by_who_may_create_pods(
    cluster: Cluster, admin: Person, deployer: Person
) -> None:
    spec: dict[str, JsonValue] = {"stdio": {"command": "npx", "args": ["-y", "server"]}}
    cluster.add_object("mcpservers", "started", TEAM, spec)
    denied = admin.creates("mcpservers", TEAM, spec)
    assert f"is running a command in the pods of its WorkerPool, which {ADMIN} is not" in denied.message
    other: JsonValue = {"spec": {"stdio": {"env": [{"name": "NODE_OPTIONS", "value": "--import=data:x"}]}}}
    assert not admin.patches("mcpservers", TEAM, other, name="started").allowed
    assert admin.patches("mcpservers", TEAM, LABEL, name="started").allowed
    assert deployer.creates("mcpservers", TEAM, spec).allowed
    assert deployer.patches("mcpservers", TEAM, other, name="started").allowed


def test_the_one_foreign_secret_of_an_mcp_server_is_found(key_holder: Person) -> None:
    headers: list[JsonValue] = [from_secret(f"X-{number}", f"s{number}") for number in range(16)]
    token: JsonValue = {"name": "s16"}
    full = server_spec(headers=headers, bearerTokenSecretRef=token)
    assert key_holder.creates("mcpservers", TEAM, full).allowed
    for spec in (
        server_spec(headers=headers, bearerTokenSecretRef={"name": "foreign"}),
        server_spec(headers=[*headers[:15], from_secret("X-Last", "foreign")], bearerTokenSecretRef=token),
    ):
        assert "names Secret foreign" in key_holder.creates("mcpservers", TEAM, spec).message


@pytest.mark.parametrize("plural", ["mcpservers", "modelproviders", "temporalconnections", "workerpools"])
def test_what_leaves_the_spec_alone_passes(plural: str, admin: Person) -> None:
    assert admin.patches(plural, TEAM, LABEL).allowed


@pytest.mark.parametrize("spec", NAMES_SECRET.values(), ids=NAMES_SECRET)
def test_pool_names_secrets_that_its_author_may_get(
    spec: JsonValue, deployer: Person, key_holder: Person
) -> None:
    denied = deployer.creates("workerpools", TEAM, spec)
    assert not denied.allowed
    assert f"spec.template names Secret s, which {DEPLOYER} is not allowed to get" in denied.message
    assert key_holder.creates("workerpools", TEAM, spec).allowed


@pytest.mark.parametrize("spec", NAMES_NONE.values(), ids=NAMES_NONE)
def test_pool_without_secrets_needs_no_right_to_any(spec: JsonValue, deployer: Person) -> None:
    assert deployer.creates("workerpools", TEAM, spec).allowed


def test_the_one_foreign_secret_among_many_is_found(key_holder: Person) -> None:
    secrets = [*("s" for _ in range(30)), *(f"s{number}" for number in range(12))]
    assert key_holder.creates("workerpools", TEAM, variables_from(*secrets)).allowed
    denied = key_holder.creates("workerpools", TEAM, variables_from(*secrets, "foreign", *secrets))
    assert "names Secret foreign" in denied.message


def test_sixteen_secrets_can_be_named_and_more_by_who_may_get_all(key_holder: Person, root: Person) -> None:
    secrets = [f"s{number}" for number in range(17)]
    assert key_holder.creates("workerpools", TEAM, variables_from(*secrets[:16])).allowed
    denied = key_holder.creates("workerpools", TEAM, variables_from(*secrets))
    assert "names more than 16 Secrets" in denied.message
    assert root.creates("workerpools", TEAM, variables_from(*secrets)).allowed


def test_image_of_a_pool_with_a_secret_is_changed_only_by_who_may_get_it(
    cluster: Cluster, admin: Person, deployer: Person, key_holder: Person
) -> None:
    pool = pool_spec(imagePullSecrets=[{"name": "s"}])
    cluster.add_object("workerpools", "keyed", TEAM, pool)
    scaled: JsonValue = {"spec": {"replicas": 3}}
    changed: JsonValue = {"spec": pool_spec({"image": "other:1"}, imagePullSecrets=[{"name": "s"}])}
    assert admin.patches("workerpools", TEAM, scaled, name="keyed").allowed
    assert not deployer.patches("workerpools", TEAM, changed, name="keyed").allowed
    assert key_holder.patches("workerpools", TEAM, changed, name="keyed").allowed


@pytest.mark.parametrize("spec", POOLS.values(), ids=POOLS)
def test_a_template_is_written_by_who_may_create_pods(
    spec: JsonValue, admin: Person, deployer: Person
) -> None:
    for denied in (
        admin.creates("workerpools", TEAM, spec),
        admin.patches("workerpools", TEAM, {"spec": spec}),
    ):
        assert not denied.allowed
        assert f"is creating pods, which {ADMIN} is not allowed to do in namespace {TEAM}" in denied.message
    assert deployer.creates("workerpools", TEAM, spec).allowed
    assert deployer.patches("workerpools", TEAM, {"spec": spec}).allowed
