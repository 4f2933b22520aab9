import json

import pytest

from agents_crds.v1alpha1 import WorkerPool
from agents_crds.v1alpha1.fields import SecretKeyRef
from agents_operator.kubernetes.deployments import WorkerDeployment
from agents_operator.pools.deployment import (
    PoolProvider,
    Surroundings,
    build_of,
    remade_manifest,
    renewed_manifest,
    worker_deployment_manifest,
)
from agents_operator.pools.temporal_target import TemporalTarget
from tests.unit.operator.objects import DELETED, pool
from tests.unit.operator.pools.deployments import EU, MISTRAL, Deployment, surroundings

OLD = pool(container={"image": "worker:0", "env": [{"name": "ZONE", "value": "eu"}]})


def observed(*providers: PoolProvider, of: WorkerPool = OLD) -> WorkerDeployment:
    """The Deployment of an earlier build, as the API server has it."""
    manifest = worker_deployment_manifest(of, build_of(of), surroundings(*providers))
    found = WorkerDeployment.model_validate(manifest)
    return found.model_copy(update={"metadata": found.metadata.model_copy(update={"uid": "d-1"})})


def test_earlier_build_that_knows_every_provider_is_left_alone() -> None:
    assert renewed_manifest(pool(), observed(MISTRAL), surroundings(MISTRAL)) is None


def test_empty_list_that_the_api_server_has_as_a_null_is_no_news() -> None:
    old = observed()
    text = json.dumps(old.spec.template).replace('"sources": []', '"sources": null, "defaultMode": 420')
    spec = old.spec.model_copy(update={"template": json.loads(text)})
    assert renewed_manifest(pool(), old.model_copy(update={"spec": spec}), surroundings()) is None


@pytest.mark.parametrize(
    "now",
    [(MISTRAL, EU), (PoolProvider("default", SecretKeyRef(name="another")),), ()],
    ids=["another provider", "another Secret", "none any more"],
)
def test_earlier_build_learns_of_the_providers_and_is_else_what_it_was(now: tuple[PoolProvider, ...]) -> None:
    old = observed(MISTRAL)
    manifest = renewed_manifest(pool(), old, surroundings(*now))
    fresh = worker_deployment_manifest(OLD, old.build, surroundings(*now))
    assert isinstance(manifest, dict)
    assert isinstance(fresh, dict)
    assert manifest["spec"] == fresh["spec"]
    made = Deployment.model_validate(manifest)
    assert made.pod.containers[0].image == "worker:0"
    assert made.value("TEMPORAL_WORKER_BUILD_ID") == old.build != build_of(pool())


def test_earlier_build_forgets_what_workers_are_no_longer_told() -> None:
    with_key = TemporalTarget("temporal:7233", "agents", api_key=SecretKeyRef(name="temporal"))
    manifest = worker_deployment_manifest(OLD, build_of(OLD), Surroundings("inst", with_key, ()))
    made = Deployment.model_validate(
        renewed_manifest(pool(), WorkerDeployment.model_validate(manifest), surroundings())
    )
    assert "DURABLE_AGENTS_TEMPORAL_API_KEY_FILE" not in made.env
    assert made.value("ZONE") == "eu"


def test_earlier_build_keeps_its_number_of_pods() -> None:
    manifest = renewed_manifest(pool(replicas=3), observed(), surroundings(MISTRAL))
    assert Deployment.model_validate(manifest).spec.replicas is None


def test_earlier_build_that_is_gone_meanwhile_is_not_made_again() -> None:
    manifest = renewed_manifest(pool(), observed(), surroundings(MISTRAL))
    assert isinstance(manifest, dict)
    metadata = manifest["metadata"]
    assert isinstance(metadata, dict)
    assert (metadata["name"], metadata["uid"]) == (f"default-{build_of(OLD)}", "d-1")


def test_deployment_that_is_gone_before_its_pool_is_made_again_as_it_was_and_to_stay() -> None:
    gone, going = observed(MISTRAL), pool(deletionTimestamp=DELETED)
    made = Deployment.model_validate(remade_manifest(going, gone, surroundings(MISTRAL, EU)))
    assert (made.metadata.name, made.spec.replicas) == (f"default-{build_of(OLD)}", 1)
    assert made.pod.containers[0].image == "worker:0"
    assert "/eu" in made.value("DURABLE_AGENTS_PROVIDER_QUEUES")
    (owner,) = made.metadata.owners
    # Else the garbage collector deletes it as well.
    assert owner["blockOwnerDeletion"] is False
