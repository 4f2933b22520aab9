"""The operator's environment."""

import pytest
from pydantic import ValidationError

from agents_crds.contract.connection import TemporalAccess, TemporalVariablesError
from agents_crds.contract.environment import WorkerVariable
from agents_crds.v1alpha1.fields import SecretKeyRef
from agents_operator.pools.temporal_target import PayloadTarget, TemporalTarget, TemporalTls, desired_target
from agents_operator.settings import Settings, problems

CA, CLIENT, API_KEY = (
    "DURABLE_AGENTS_TEMPORAL_CA_SECRET",
    "DURABLE_AGENTS_TEMPORAL_CLIENT_CERT_SECRET",
    "DURABLE_AGENTS_TEMPORAL_API_KEY_SECRET",
)
STORE = "DURABLE_AGENTS_PAYLOAD_STORE"
PLAIN = {"TEMPORAL_ADDRESS": "temporal:7233", "TEMPORAL_NAMESPACE": "agents"}
NAME_RULE = "must be lowercase letters, digits, '-' and '.', beginning and ending with a letter or digit"


def target(monkeypatch: pytest.MonkeyPatch, **variables: str) -> TemporalTarget:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return desired_target(TemporalAccess.of_environment(PLAIN | variables), Settings())


def test_workers_use_the_operators_own_server(monkeypatch: pytest.MonkeyPatch) -> None:
    assert target(monkeypatch) == TemporalTarget("temporal:7233", "agents")


def test_empty_settings_name_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    assert target(monkeypatch, **{CA: "", CLIENT: "", API_KEY: ""}) == TemporalTarget(
        "temporal:7233", "agents"
    )


def test_workers_get_the_secrets_that_the_settings_name(monkeypatch: pytest.MonkeyPatch) -> None:
    tls = {"TEMPORAL_TLS": "true", "TEMPORAL_TLS_SERVER_NAME": "temporal.example.com"}
    made = target(monkeypatch, **tls, **{CA: "ca/ca.crt", CLIENT: "pair", API_KEY: "temporal/api-key"})
    ca = SecretKeyRef(name="ca", key="ca.crt")
    assert made.tls == TemporalTls("temporal.example.com", ca, "pair")
    assert made.api_key == SecretKeyRef(name="temporal", key="api-key")


def test_an_api_key_alone_turns_tls_on(monkeypatch: pytest.MonkeyPatch) -> None:
    made = target(monkeypatch, DURABLE_AGENTS_TEMPORAL_API_KEY_FILE="/key", **{API_KEY: "temporal/api-key"})
    assert made.tls == TemporalTls()


def test_secrets_for_tls_without_tls_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        TemporalVariablesError, match=r"TLS with Temporal \(ca, pair\): set TEMPORAL_TLS to true"
    ):
        target(monkeypatch, **{CA: "ca/ca.crt", CLIENT: "pair"})


def test_workers_keep_payloads_as_the_operator_does(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = {STORE: "s3://payloads", f"{STORE}_ENDPOINT": "https://s3.test"}
    own = {f"{STORE}_ACCESS_KEY_FILE": "/own/id", f"{STORE}_SECRET_KEY_FILE": "/own/key"}
    secrets = {f"{STORE}_ACCESS_KEY_SECRET": "store/id", f"{STORE}_SECRET_KEY_SECRET": "store/key"}
    made = target(monkeypatch, **shared, **own, **secrets)
    access, secret = SecretKeyRef(name="store", key="id"), SecretKeyRef(name="store", key="key")
    assert made.payloads == PayloadTarget(
        {WorkerVariable(name): shared[name] for name in shared}, access, secret
    )


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({STORE: "s3://payloads", f"{STORE}_ACCESS_KEY_SECRET": "store/id"}, "set both or neither"),
        (
            {f"{STORE}_ACCESS_KEY_SECRET": "store/id", f"{STORE}_SECRET_KEY_SECRET": "store/key"},
            f"set {STORE} to s3://BUCKET",
        ),
    ],
)
def test_keys_of_no_store_are_refused(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], says: str
) -> None:
    with pytest.raises(TemporalVariablesError, match=says):
        target(monkeypatch, **variables)


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        (CA, "ca", "must be NAME/KEY: the name of a Secret and one of its keys"),
        (CA, "/ca.crt", f"name: {NAME_RULE}"),
        (API_KEY, "Temporal/api-key", f"name: {NAME_RULE}"),
        (CLIENT, "pair/tls.crt", NAME_RULE),
        (
            "DURABLE_AGENTS_HEALTH_PORT",
            "http",
            "Input should be a valid integer, unable to parse string as an integer",
        ),
    ],
)
def test_a_malformed_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, says: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert problems(refused.value).startswith(f"{variable}: {says}")


@pytest.mark.parametrize("key", ["a/b", ""])
def test_a_key_that_no_secret_has_is_refused(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv(CA, f"ca/{key}")
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert problems(refused.value).startswith(f"{CA}: key: ")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("LEASE_DURATION", "2s", "must be between 3s and 1h"),
        ("LEASE_DURATION", "2h", "must be between 3s and 1h"),
        ("IDENTITY", "one; leader", "String should match pattern"),
    ],
)
def test_lease_that_cannot_be_kept_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(f"DURABLE_AGENTS_{name}", value)
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert problems(refused.value).startswith(f"DURABLE_AGENTS_{name}: {message}")
