"""What is taken out of the Secrets that a TemporalConnection names."""

from datetime import timedelta

import pytest
from pydantic import SecretStr

from agents_crds.v1alpha1 import Reason
from agents_operator.connections.credentials import Credentials, credentials
from agents_operator.errors import Waiting
from agents_operator.pools.temporal_target import PayloadTarget, TemporalTarget, connection_target
from tests.unit.operator.objects import Manifest, temporal_connection
from tests.workflows.tls import Certificates

RETRY = timedelta(seconds=10)
WHOLE: Manifest = {
    "namespace": "agents",
    "tls": {
        "serverName": "temporal.test",
        "caSecretRef": {"name": "ca"},
        "clientCertificateSecretRef": {"name": "pair"},
    },
    "apiKeySecretRef": {"name": "temporal", "key": "token"},
}


def target(spec: Manifest) -> TemporalTarget:
    return connection_target(temporal_connection(spec=spec), PayloadTarget())


def found(**secrets: dict[str, str]) -> dict[str, dict[str, SecretStr]]:
    return {
        name: {key: SecretStr(value) for key, value in content.items()} for name, content in secrets.items()
    }


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> str:
    return Certificates.made(tmp_path_factory.mktemp("certificates")).content("ca.crt").decode()


def test_everything_that_is_named_is_taken(authority: str) -> None:
    secrets = found(ca={"ca.crt": authority}, pair={"tls.crt": "a", "tls.key": "b"}, temporal={"token": "c"})
    assert credentials(secrets, target(WHOLE), retry_interval=RETRY) == Credentials(
        ca=authority.encode(), certificate=b"a", private_key=b"b", api_key="c"
    )


def test_a_server_that_asks_for_nothing_is_given_nothing() -> None:
    assert credentials({}, target({}), retry_interval=RETRY) == Credentials()


@pytest.mark.parametrize(
    "pem", ["half of a certificate", "-----BEGIN CERTIFICATE-----\nhalf\n-----END CERTIFICATE-----", "ü"]
)
def test_authority_that_is_none_is_named(pem: str) -> None:
    tls: Manifest = {"tls": {"caSecretRef": {"name": "ca", "key": "own.crt"}}}
    with pytest.raises(Waiting) as waiting:
        credentials(found(ca={"own.crt": pem}), target(tls), retry_interval=RETRY)
    assert waiting.value.reason is Reason.SECRET_INVALID
    assert waiting.value.message == (
        "key own.crt of Secret ca is no certificate authority: put its certificate there in PEM"
    )


def test_what_secrets_hold_is_in_no_log() -> None:
    shown = repr(Credentials(certificate=b"secret", private_key=b"secret", api_key="secret"))
    assert "secret" not in shown


def test_workers_are_told_to_get_in_as_the_operator_does() -> None:
    environment = {str(name): value for name, value in target(WHOLE).environment.items()}
    assert environment["TEMPORAL_ADDRESS"] == "temporal.example.com:7233"
    assert environment["TEMPORAL_NAMESPACE"] == "agents"
    assert environment["TEMPORAL_TLS_SERVER_NAME"] == "temporal.test"
    assert environment["DURABLE_AGENTS_TEMPORAL_API_KEY_FILE"].endswith("/temporal/token")
    assert {(ref.name, ref.key) for ref in target(WHOLE).secrets} == {
        ("ca", "ca.crt"),
        ("pair", "tls.crt"),
        ("pair", "tls.key"),
        ("temporal", "token"),
    }
