"""Earlier builds take up new providers in a real API server, which fills in and orders what it is given."""

import json

import pytest

from agents_crds.v1alpha1.fields import SecretKeyRef
from agents_operator.kubernetes.deployments import Deployments, WorkerDeployment
from agents_operator.kubernetes.errors import ConflictError
from agents_operator.kubernetes.resources import WORKER_POOLS
from agents_operator.pools.deployment import (
    PoolProvider,
    Surroundings,
    deployment_name,
    renewed_manifest,
    worker_deployment_manifest,
)
from agents_operator.pools.temporal_target import TemporalTarget
from tests.unit.operator.bench import Bench

API_KEY = SecretKeyRef(name="temporal")
OPEN = TemporalTarget("temporal:7233", "agents")
GUARDED = TemporalTarget("temporal:7233", "agents", api_key=API_KEY)
MISTRAL = PoolProvider("default", SecretKeyRef(name="mistral"))
EU = PoolProvider("eu", SecretKeyRef(name="mistral-eu"))


async def test_earlier_build_is_brought_to_any_surroundings_by_one_write(bench: Bench) -> None:
    pool = await bench.stored(WORKER_POOLS, "default")
    deployments, name = Deployments(bench.api), deployment_name(pool, "b0")

    async def observed() -> WorkerDeployment:
        (found,) = await deployments.of_pool(bench.namespace, "default", pool.metadata.uid)
        return found

    first = Surroundings("inst", OPEN, ())
    await deployments.apply(bench.namespace, name, worker_deployment_manifest(pool, "b0", first))
    made = await observed()
    assert renewed_manifest(pool, made, first) is None
    for around in (
        Surroundings("inst", OPEN, (MISTRAL,)),
        Surroundings("inst", GUARDED, (MISTRAL, EU)),
        Surroundings("inst", OPEN, (EU,)),
        first,
    ):
        manifest = renewed_manifest(pool, await observed(), around)
        assert manifest is not None
        await deployments.apply(bench.namespace, name, manifest)
        assert renewed_manifest(pool, await observed(), around) is None
    assert (await observed()).spec.template == made.spec.template


async def test_build_that_was_renewed_and_is_current_again_is_what_its_spec_says(bench: Bench) -> None:
    pool = await bench.stored(WORKER_POOLS, "default")
    deployments, name = Deployments(bench.api), deployment_name(pool, "b0")
    for around in (Surroundings("inst", OPEN, ()), Surroundings("inst", GUARDED, (MISTRAL,))):
        await deployments.apply(bench.namespace, name, worker_deployment_manifest(pool, "b0", around))
    (found,) = await deployments.of_pool(bench.namespace, "default", pool.metadata.uid)
    renewed = renewed_manifest(pool, found, Surroundings("inst", GUARDED, (MISTRAL, EU)))
    await deployments.apply(bench.namespace, name, renewed)
    plain = Surroundings("inst", OPEN, (MISTRAL,))
    await deployments.apply(bench.namespace, name, worker_deployment_manifest(pool, "b0", plain))
    (found,) = await deployments.of_pool(bench.namespace, "default", pool.metadata.uid)
    assert renewed_manifest(pool, found, plain) is None
    assert "DURABLE_AGENTS_TEMPORAL_API_KEY_FILE" not in str(found.spec.template)


async def test_earlier_build_that_somebody_has_deleted_meanwhile_is_not_made_again(bench: Bench) -> None:
    pool = await bench.stored(WORKER_POOLS, "default")
    deployments, name = Deployments(bench.api), deployment_name(pool, "b0")
    around = Surroundings("inst", OPEN, ())
    await deployments.apply(bench.namespace, name, worker_deployment_manifest(pool, "b0", around))
    (found,) = await deployments.of_pool(bench.namespace, "default", pool.metadata.uid)
    renewed = renewed_manifest(pool, found, Surroundings("inst", OPEN, (EU,)))
    await deployments.delete(bench.namespace, name)
    with pytest.raises(ConflictError):
        await deployments.apply(bench.namespace, name, renewed)


async def test_earlier_build_of_an_operator_that_told_no_grace_is_told_that_of_its_own_pods(
    bench: Bench,
) -> None:
    pool = await bench.stored(WORKER_POOLS, "default")
    deployments, name = Deployments(bench.api), deployment_name(pool, "b0")
    around = Surroundings("inst", OPEN, ())
    manifest = json.loads(json.dumps(worker_deployment_manifest(pool, "b0", around)))
    pod = manifest["spec"]["template"]["spec"]
    pod["terminationGracePeriodSeconds"] = 60
    (worker,) = pod["containers"]
    worker["env"] = [each for each in worker["env"] if each["name"] != "DURABLE_AGENTS_GRACE"]
    await deployments.apply(bench.namespace, name, manifest)
    (found,) = await deployments.of_pool(bench.namespace, "default", pool.metadata.uid)
    await deployments.apply(bench.namespace, name, renewed_manifest(pool, found, around))
    (found,) = await deployments.of_pool(bench.namespace, "default", pool.metadata.uid)
    renewed = json.dumps(found.spec.template)
    assert '{"name": "DURABLE_AGENTS_GRACE", "value": "50"}' in renewed
    assert '"terminationGracePeriodSeconds": 60' in renewed
