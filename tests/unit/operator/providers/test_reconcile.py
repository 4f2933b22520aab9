"""A ModelProvider whose key is tried."""

from agents_crds.v1alpha1 import ModelProviderStatus
from agents_operator.kubernetes.resources import MODEL_PROVIDERS
from tests.standin.control import StandIn, rate_limited
from tests.standin.faults import AnswerWith
from tests.unit.operator.bench import INTERVAL, RETRY, Bench
from tests.unit.operator.hand import KEY
from tests.unit.operator.namespace import Manifest


async def ready(bench: Bench) -> tuple[str, str, str]:
    (found,) = (await bench.stored(MODEL_PROVIDERS, "default")).status.conditions
    return found.status, found.reason, found.message


async def forget(bench: Bench) -> None:
    """Let the provider be one that was never looked at."""
    provider = await bench.stored(MODEL_PROVIDERS, "default")
    await bench.api.write_status(MODEL_PROVIDERS, provider, ModelProviderStatus())


async def test_provider_that_accepts_the_key_is_ready(bench: Bench, standin: StandIn) -> None:
    await forget(bench)
    again = await bench.reconcile_provider()
    assert (await ready(bench))[:2] == ("True", "Available")
    assert standin.counters().requests == {"GET /v1/models": 1}
    assert again is not None
    assert INTERVAL * 0.8 <= again <= INTERVAL * 1.2


async def test_missing_secret_is_named_with_the_command_that_makes_it(bench: Bench) -> None:
    await bench.delete_secret()
    again = await bench.reconcile_provider()
    status, reason, message = await ready(bench)
    assert (status, reason) == ("False", "SecretNotFound")
    assert "key api-key of Secret default" in message
    assert f"kubectl create secret generic default --namespace {bench.namespace}" in message
    assert again is not None
    assert again <= RETRY * 1.2
    assert "SecretNotFound" in await bench.events("default")
    await bench.create_secret("default", KEY)
    await bench.reconcile_provider()
    assert (await ready(bench))[:2] == ("True", "Available")


async def test_refused_key_names_the_secret_and_not_the_key(bench: Bench, standin: StandIn) -> None:
    standin.set_keys(["another"])
    await bench.reconcile_provider()
    status, reason, message = await ready(bench)
    assert (status, reason) == ("False", "ProviderUnauthorized")
    assert "Secret default, key api-key" in message
    assert KEY not in message


async def test_key_that_cannot_be_sent_is_refused_before_it_is(bench: Bench, standin: StandIn) -> None:
    for key in ("kéy", "two\nlines", "\x00"):
        await bench.delete_secret()
        await bench.create_secret("default", key)
        await bench.reconcile_provider()
        assert (await ready(bench))[1] == "ProviderUnauthorized"
    await bench.delete_secret()
    await bench.create_secret("default", " \n")
    await bench.reconcile_provider()
    assert (await ready(bench))[1] == "SecretNotFound"
    assert standin.counters().requests == {}


async def test_outage_is_not_ready_and_passes(bench: Bench, standin: StandIn) -> None:
    standin.fail("GET", "/v1/models", AnswerWith(status=503))
    await bench.reconcile_provider()
    assert (await ready(bench))[:2] == ("False", "ProviderUnreachable")
    await bench.reconcile_provider()
    assert (await ready(bench))[:2] == ("True", "Available")


async def test_rate_limit_is_waited_out_without_a_word(bench: Bench, standin: StandIn) -> None:
    standin.fail("GET", "/v1/models", rate_limited(45))
    again = await bench.reconcile_provider()
    assert (await ready(bench))[:2] == ("True", "Available")
    assert again is not None
    assert again.total_seconds() >= 36


async def test_server_of_another_protocol_is_said_to_be_one(bench: Bench, standin: StandIn) -> None:
    await bench.delete(MODEL_PROVIDERS, "default")
    elsewhere: Manifest = {"url": f"{standin.url}/elsewhere", "apiKeySecretRef": {"name": "default"}}
    await bench.create(MODEL_PROVIDERS, "default", elsewhere)
    await bench.reconcile_provider()
    status, reason, message = await ready(bench)
    assert (status, reason) == ("False", "ProviderRejected")
    assert "404" in message
