import pytest
from pydantic import JsonValue

from agents_crds.contract.mcp import (
    NamedValue,
    SseTransport,
    StdioTransport,
    StreamableHttpTransport,
    Transport,
)
from agents_crds.v1alpha1.fields import SecretKeyRef
from agents_operator.mcpservers.target import mcp_target, secret_refs
from tests.unit.operator.objects import Manifest, mcp_server

PLAIN: JsonValue = {"name": "Region", "value": "eu"}
SECRET: JsonValue = {"name": "Key", "valueFrom": {"secretKeyRef": {"name": "maps", "key": "token"}}}
TOKEN: JsonValue = {"name": "bearer", "key": "t"}
URL = "http://maps:8000/mcp"

VALUES = (NamedValue(name="Region", value="eu"), NamedValue(name="Key", secret_path="maps/token"))
BEARER = NamedValue(name="Authorization", secret_path="bearer/t", prefix="Bearer ")


@pytest.mark.parametrize(
    ("spec", "transport", "secrets"),
    [
        (
            {"stdio": {"command": "npx", "args": ["-y"], "env": [PLAIN, SECRET]}},
            StdioTransport(command="npx", args=("-y",), env=VALUES),
            [("maps", "token")],
        ),
        (
            {"sse": {"url": URL, "headers": [PLAIN, SECRET]}},
            SseTransport(url=URL, headers=VALUES),
            [("maps", "token")],
        ),
        (
            {"streamableHttp": {"url": URL, "headers": [PLAIN, SECRET], "bearerTokenSecretRef": TOKEN}},
            StreamableHttpTransport(url=URL, headers=(*VALUES, BEARER)),
            [("maps", "token"), ("bearer", "t")],
        ),
        ({"streamableHttp": {"url": URL}}, StreamableHttpTransport(url=URL), []),
    ],
    ids=["stdio", "sse", "streamable HTTP", "without anything"],
)
def test_workers_are_told_names_of_secrets_and_no_values(
    spec: Manifest, transport: Transport, secrets: list[tuple[str, str]]
) -> None:
    server = mcp_server(spec=spec)
    assert mcp_target(server).transport == transport
    assert list(secret_refs(server)) == [SecretKeyRef(name=name, key=key) for name, key in secrets]


def test_target_has_the_name_and_the_timeouts_of_its_server() -> None:
    target = mcp_target(mcp_server(spec={"sse": {"url": URL}, "connectTimeout": "3s", "callTimeout": "2m"}))
    assert target.server == "maps"
    assert (target.connect_timeout.total_seconds(), target.call_timeout.total_seconds()) == (3, 120)
