"""What the admission policies forbid, to whom, and what they let pass."""

import pytest
from pydantic import JsonValue

from tests.charts.cluster import ROOT, Cluster, rule
from tests.charts.conftest import ADMIN, STATUS, TEAM
from tests.charts.helm import NAMESPACE, RELEASE
from tests.charts.people import SPECS, Person, pool_spec

OPERATOR = f"system:serviceaccount:{NAMESPACE}:{RELEASE}-operator"
KEY_HOLDER, DEPLOYER = "key-holder", "deployer"
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
NAMES_ACCOUNT = {
    "serviceAccountName": pool_spec(serviceAccountName="robot"),
    "serviceAccount": pool_spec(serviceAccount="robot"),
    "automountServiceAccountToken": pool_spec(automountServiceAccountToken=True),
    "volumes": pool_spec(
        volumes=[{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}]
    ),
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
def admin(cluster: Cluster) -> Person:
    """Has the role admin of ours, and no right to any Secret or pod."""
    return cluster.person(ADMIN)


@pytest.fixture
def key_holder(cluster: Cluster) -> Person:
    """Has the role too, and may get some Secrets by their names."""
    cluster.grant(KEY_HOLDER, f"{RELEASE}-admin", TEAM)
    names = ["mistral", "s", *(f"s{number}" for number in range(20))]
    cluster.allow(KEY_HOLDER, TEAM, rule("secrets", "get", names=names))
    return cluster.person(KEY_HOLDER)


@pytest.fixture
def deployer(cluster: Cluster) -> Person:
    """Has the role too, and may create pods."""
    cluster.grant(DEPLOYER, f"{RELEASE}-admin", TEAM)
    cluster.allow(DEPLOYER, TEAM, rule("pods", "create"))
    return cluster.person(DEPLOYER)


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


@pytest.mark.parametrize("plural", ["modelproviders", "workerpools"])
def test_what_leaves_the_spec_alone_passes(plural: str, admin: Person) -> None:
    assert admin.patches(plural, TEAM, LABEL).allowed


@pytest.mark.parametrize("spec", NAMES_SECRET.values(), ids=NAMES_SECRET)
def test_pool_names_secrets_that_its_author_may_get(
    spec: JsonValue, admin: Person, key_holder: Person
) -> None:
    denied = admin.creates("workerpools", TEAM, spec)
    assert not denied.allowed
    assert f"spec.template names Secret s, which {ADMIN} is not allowed to get" in denied.message
    assert key_holder.creates("workerpools", TEAM, spec).allowed


@pytest.mark.parametrize("spec", NAMES_NONE.values(), ids=NAMES_NONE)
def test_pool_without_secrets_and_accounts_needs_no_more_than_the_role(
    spec: JsonValue, admin: Person
) -> None:
    assert admin.creates("workerpools", TEAM, spec).allowed


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
    cluster: Cluster, admin: Person, key_holder: Person
) -> None:
    pool = pool_spec(imagePullSecrets=[{"name": "s"}])
    cluster.add_object("workerpools", "keyed", TEAM, pool)
    scaled: JsonValue = {"spec": {"replicas": 3}}
    changed: JsonValue = {"spec": pool_spec({"image": "other:1"}, imagePullSecrets=[{"name": "s"}])}
    assert admin.patches("workerpools", TEAM, scaled, name="keyed").allowed
    assert not admin.patches("workerpools", TEAM, changed, name="keyed").allowed
    assert key_holder.patches("workerpools", TEAM, changed, name="keyed").allowed


@pytest.mark.parametrize(("field", "spec"), NAMES_ACCOUNT.items(), ids=NAMES_ACCOUNT)
def test_pool_names_an_account_if_its_author_may_create_pods(
    field: str, spec: JsonValue, admin: Person, deployer: Person
) -> None:
    denied = admin.creates("workerpools", TEAM, spec)
    assert not denied.allowed
    assert f"spec.template.spec has {field}" in denied.message
    assert "must be allowed to create pods" in denied.message
    assert deployer.creates("workerpools", TEAM, spec).allowed
