"""What the operator is told, and the Secrets that come with it."""

import json

import pytest

from tests.charts.helm import (
    CLOUD,
    OPERATOR,
    PLAIN,
    Helm,
    Values,
    container_of,
    each_set,
    of_kind,
    variables_of,
)
from tools.local.services import STANDIN_KEY

SECRETS = "/var/run/secrets/durable-agents.dev"
TRACED: Values = {
    "tracing": {
        "endpoint": "https://collector.example.com:4318/otlp",
        "headersSecretRef": {"name": "collector", "key": "token"},
        "sampleRatio": 0.25,
        "captureMessageContent": True,
    }
}
STORED: Values = {
    "payloads": {
        "store": {
            "url": "s3://agents/payloads",
            "endpoint": "https://minio.example.com:9000",
            "region": "eu-1",
            "secretRef": {"name": "minio", "accessKeyId": "id", "secretAccessKey": "key"},
        },
        "codec": "ours.codec:make",
    }
}


def test_operator_is_told_where_temporal_is_and_what_workers_mount(helm: Helm) -> None:
    variables = variables_of(of_kind(helm.render(CLOUD), "Deployment")[OPERATOR])
    assert variables == {
        "DURABLE_AGENTS_LOG_LEVEL": "INFO",
        "DURABLE_AGENTS_METRICS_PORT": "8082",
        "TEMPORAL_ADDRESS": "eu.example.com:7233",
        "TEMPORAL_NAMESPACE": "agents.a1b2c",
        "TEMPORAL_TLS": "true",
        "TEMPORAL_TLS_SERVER_NAME": "temporal.example.com",
        "TEMPORAL_TLS_SERVER_CA_CERT_PATH": f"{SECRETS}/temporal-ca/ca.crt",
        "TEMPORAL_TLS_CLIENT_CERT_PATH": f"{SECRETS}/temporal-client/tls.crt",
        "TEMPORAL_TLS_CLIENT_KEY_PATH": f"{SECRETS}/temporal-client/tls.key",
        "DURABLE_AGENTS_TEMPORAL_API_KEY_FILE": f"{SECRETS}/temporal-key/token",
        "DURABLE_AGENTS_TEMPORAL_CA_SECRET": "temporal-ca/ca.crt",
        "DURABLE_AGENTS_TEMPORAL_CLIENT_CERT_SECRET": "temporal-client",
        "DURABLE_AGENTS_TEMPORAL_API_KEY_SECRET": "temporal-key/token",
    }


def test_operator_is_told_where_payloads_go_and_what_workers_mount(helm: Helm) -> None:
    variables = variables_of(of_kind(helm.render({**PLAIN, **STORED}), "Deployment")[OPERATOR])
    assert {name: value for name, value in variables.items() if "PAYLOAD" in name} == {
        "DURABLE_AGENTS_PAYLOAD_STORE": "s3://agents/payloads",
        "DURABLE_AGENTS_PAYLOAD_STORE_ENDPOINT": "https://minio.example.com:9000",
        "DURABLE_AGENTS_PAYLOAD_STORE_REGION": "eu-1",
        "DURABLE_AGENTS_PAYLOAD_STORE_ACCESS_KEY_FILE": f"{SECRETS}/minio/id",
        "DURABLE_AGENTS_PAYLOAD_STORE_SECRET_KEY_FILE": f"{SECRETS}/minio/key",
        "DURABLE_AGENTS_PAYLOAD_STORE_ACCESS_KEY_SECRET": "minio/id",
        "DURABLE_AGENTS_PAYLOAD_STORE_SECRET_KEY_SECRET": "minio/key",
        "DURABLE_AGENTS_PAYLOAD_CODEC": "ours.codec:make",
    }


def test_operator_is_told_where_traces_go_and_what_workers_mount(helm: Helm) -> None:
    variables = variables_of(of_kind(helm.render({**PLAIN, **TRACED}), "Deployment")[OPERATOR])
    assert {name: value for name, value in variables.items() if "OTEL" in name or "OTLP" in name} == {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector.example.com:4318/otlp",
        "DURABLE_AGENTS_OTLP_HEADERS_FILE": f"{SECRETS}/collector/token",
        "DURABLE_AGENTS_OTLP_HEADERS_SECRET": "collector/token",
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": "0.25",
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true",
    }


def test_operator_of_a_bare_collector_is_told_no_more_than_that(helm: Helm) -> None:
    values: Values = {**PLAIN, "tracing": {"endpoint": "http://collector:4318"}}
    variables = variables_of(of_kind(helm.render(values), "Deployment")[OPERATOR])
    assert {name for name in variables if "OTEL" in name or "OTLP" in name} == {"OTEL_EXPORTER_OTLP_ENDPOINT"}


def test_operator_is_told_how_to_write_its_log(helm: Helm) -> None:
    variables = variables_of(of_kind(helm.render({**PLAIN, "logFormat": "json"}), "Deployment")[OPERATOR])
    assert variables["DURABLE_AGENTS_LOG_FORMAT"] == "json"


@pytest.mark.parametrize(
    "values",
    [CLOUD, {**PLAIN, **STORED}, {**PLAIN, **TRACED}, {**CLOUD, **STORED, **TRACED}],
    ids=["Temporal's", "the store's", "the collector's", "all"],
)
def test_each_file_that_a_variable_names_is_mounted(helm: Helm, values: Values) -> None:
    deployment = of_kind(helm.render(values), "Deployment")[OPERATOR]
    (volume,) = (
        each for each in deployment["spec"]["template"]["spec"]["volumes"] if each["name"] == "temporal"
    )
    mounted = {
        f"{SECRETS}/{item['path']}": (source["secret"]["name"], item["key"])
        for source in volume["projected"]["sources"]
        for item in source["secret"]["items"]
    }
    named = {value for value in variables_of(deployment).values() if value.startswith(SECRETS)}
    assert set(mounted) == named
    assert all(path == f"{SECRETS}/{secret}/{key}" for path, (secret, key) in mounted.items())


@each_set
def test_no_secret_reaches_a_variable(values: Values, helm: Helm) -> None:
    for deployment in of_kind(helm.render(values), "Deployment").values():
        assert "secretKeyRef" not in json.dumps(container_of(deployment))
        assert STANDIN_KEY not in json.dumps(deployment)
