"""Where an MCPServer is, as workers are told: secrets by name, never by value."""

from agents_crds.contract.mcp import (
    McpTarget,
    NamedValue,
    SseTransport,
    StdioTransport,
    StreamableHttpTransport,
    Transport,
)
from agents_crds.contract.names import secret_path
from agents_crds.v1alpha1 import MCPServer
from agents_crds.v1alpha1.fields import SecretKeyRef
from agents_crds.v1alpha1.mcpserver import EnvVar, Header, Http, MCPServerSpec, Stdio

AUTHORIZATION = "Authorization"
BEARER = "Bearer "


def mcp_target(server: MCPServer) -> McpTarget:
    """Say how workers reach the server."""
    return McpTarget(
        server=server.metadata.name,
        transport=_transport(server.spec),
        connect_timeout=server.spec.connect_timeout,
        call_timeout=server.spec.call_timeout,
    )


def secret_refs(server: MCPServer) -> tuple[SecretKeyRef, ...]:
    """Name the keys of Secrets that workers need to call the server."""
    match server.spec:
        case MCPServerSpec(stdio=Stdio(env=env)):
            return _named_in(env)
        case MCPServerSpec(sse=Http() as http) | MCPServerSpec(streamable_http=Http() as http):
            token = http.bearer_token_secret_ref
            return (*_named_in(http.headers), *([token] if token else []))
        case _:
            return ()


def _transport(spec: MCPServerSpec) -> Transport:
    match spec:
        case MCPServerSpec(stdio=Stdio(command=command, args=args, env=env)):
            return StdioTransport(command=command, args=args, env=tuple(map(_named_value, env)))
        case MCPServerSpec(sse=Http() as http):
            return SseTransport(url=http.url, headers=_headers(http))
        case MCPServerSpec(streamable_http=Http() as http):
            return StreamableHttpTransport(url=http.url, headers=_headers(http))
        case _:
            raise ValueError("an MCPServer has one of stdio, sse and streamableHttp")


def _headers(http: Http) -> tuple[NamedValue, ...]:
    headers = tuple(map(_named_value, http.headers))
    if token := http.bearer_token_secret_ref:
        path = secret_path(token.name, token.key)
        return (*headers, NamedValue(name=AUTHORIZATION, secret_path=path, prefix=BEARER))
    return headers


def _named_value(entry: EnvVar | Header) -> NamedValue:
    if entry.value_from is None:
        return NamedValue(name=entry.name, value=entry.value or "")
    ref = entry.value_from.secret_key_ref
    return NamedValue(name=entry.name, secret_path=secret_path(ref.name, ref.key))


def _named_in(entries: tuple[EnvVar, ...] | tuple[Header, ...]) -> tuple[SecretKeyRef, ...]:
    return tuple(entry.value_from.secret_key_ref for entry in entries if entry.value_from is not None)
