from agents_crds.contract.environment import WorkerVariable
from agents_crds.v1alpha1.fields import SecretKeyRef
from agents_operator.pools.temporal_target import PayloadTarget, TemporalTarget, TemporalTls

CA = SecretKeyRef(name="ca", key="ca.crt")
API_KEY = SecretKeyRef(name="temporal")
MOUNTED = "/var/run/secrets/durable-agents.dev"


def test_a_server_in_plain_text_needs_no_secret() -> None:
    target = TemporalTarget("temporal:7233", "agents")
    assert target.secrets == ()
    assert target.environment == {
        "TEMPORAL_ADDRESS": "temporal:7233",
        "TEMPORAL_NAMESPACE": "agents",
        "TEMPORAL_TLS": "false",
    }


def test_everything_that_gets_in_is_mounted_and_named() -> None:
    target = TemporalTarget("temporal:7233", "agents", TemporalTls("temporal.test", CA, "pair"), API_KEY)
    assert target.environment == {
        "TEMPORAL_ADDRESS": "temporal:7233",
        "TEMPORAL_NAMESPACE": "agents",
        "TEMPORAL_TLS": "true",
        "TEMPORAL_TLS_SERVER_NAME": "temporal.test",
        "TEMPORAL_TLS_SERVER_CA_CERT_PATH": f"{MOUNTED}/ca/ca.crt",
        "TEMPORAL_TLS_CLIENT_CERT_PATH": f"{MOUNTED}/pair/tls.crt",
        "TEMPORAL_TLS_CLIENT_KEY_PATH": f"{MOUNTED}/pair/tls.key",
        "DURABLE_AGENTS_TEMPORAL_API_KEY_FILE": f"{MOUNTED}/temporal/api-key",
    }
    assert target.secrets == (
        CA,
        SecretKeyRef(name="pair", key="tls.crt"),
        SecretKeyRef(name="pair", key="tls.key"),
        API_KEY,
    )


def test_a_server_with_a_public_certificate_needs_only_the_api_key() -> None:
    target = TemporalTarget("temporal:7233", "agents", TemporalTls(), API_KEY)
    assert target.secrets == (API_KEY,)
    assert target.environment[WorkerVariable.TEMPORAL_TLS] == "true"


def test_workers_are_told_where_payloads_go_and_get_the_key() -> None:
    variables = {WorkerVariable.PAYLOAD_STORE: "s3://payloads", WorkerVariable.PAYLOAD_CODEC: "ours:make"}
    access, secret = SecretKeyRef(name="store", key="id"), SecretKeyRef(name="store", key="key")
    payloads = PayloadTarget(variables, access, secret)
    target = TemporalTarget("temporal:7233", "agents", api_key=API_KEY, payloads=payloads)
    assert target.secrets == (API_KEY, access, secret)
    assert (
        target.environment.items()
        >= {
            "DURABLE_AGENTS_PAYLOAD_STORE": "s3://payloads",
            "DURABLE_AGENTS_PAYLOAD_STORE_ACCESS_KEY_FILE": f"{MOUNTED}/store/id",
            "DURABLE_AGENTS_PAYLOAD_STORE_SECRET_KEY_FILE": f"{MOUNTED}/store/key",
            "DURABLE_AGENTS_PAYLOAD_CODEC": "ours:make",
        }.items()
    )
