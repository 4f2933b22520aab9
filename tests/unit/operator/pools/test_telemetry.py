"""What workers are told of how to tell what they do."""

import json

import pytest

from agents_crds.contract.environment import WorkerVariable
from agents_crds.telemetry.asked import TracingVariablesError
from agents_crds.v1alpha1.fields import SecretKeyRef
from agents_operator.pools.telemetry import worker_telemetry
from agents_operator.settings import Settings

COLLECTOR = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}
HEADERS = SecretKeyRef(name="collector", key="headers")


def test_workers_are_told_nothing_unless_asked() -> None:
    told = worker_telemetry(Settings(otlp_headers_secret=HEADERS), {"OTEL_TRACES_SAMPLER": "always_on"})
    assert (told.environment, told.secrets) == ({}, ())


def test_workers_tell_the_operators_collector_with_a_key_of_their_own_namespace() -> None:
    own = {**COLLECTOR, "OTEL_EXPORTER_OTLP_HEADERS": "authorization=key"}
    told = worker_telemetry(Settings(otlp_headers_secret=HEADERS), own)
    assert json.loads(told.environment[WorkerVariable.TELEMETRY]) == COLLECTOR
    assert told.environment[WorkerVariable.OTLP_HEADERS_FILE].endswith("/collector/headers")
    assert told.secrets == (HEADERS,)


def test_workers_write_their_logs_as_the_operator_does() -> None:
    told = worker_telemetry(Settings.model_validate({"log_format": "json", "metrics_port": 8082}), {})
    assert told.environment[WorkerVariable.LOG_FORMAT] == "json"
    assert WorkerVariable.METRICS_PORT in told.environment


def test_a_protocol_that_is_not_spoken_is_refused() -> None:
    with pytest.raises(TracingVariablesError, match="http/protobuf"):
        worker_telemetry(Settings(), {**COLLECTOR, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})
