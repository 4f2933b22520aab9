"""Credentials for a local API server: a kubeconfig, tokens and a signing key."""

import base64
import csv
import io
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import yaml
from pydantic import Base64Bytes, BaseModel, ConfigDict, Field


@dataclass(frozen=True)
class User:
    """Someone the API server knows by a token."""

    name: str
    groups: tuple[str, ...] = ()


ADMIN = User("admin", ("system:masters",))
OPERATOR = User("operator")


def token_file(tokens: Mapping[User, str]) -> str:
    """Text for `--token-auth-file`: token, name, uid, groups."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for user, token in tokens.items():
        row = [token, user.name, user.name]
        writer.writerow([*row, ",".join(user.groups)] if user.groups else row)
    return out.getvalue()


def kubeconfig(*, user: User, token: str, server: str, authority: bytes) -> str:
    """Text of a kubeconfig with one context; `authority` is PEM."""
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "local",
            "clusters": [
                {
                    "name": "local",
                    "cluster": {
                        "server": server,
                        "certificate-authority-data": base64.b64encode(authority).decode(),
                    },
                }
            ],
            "users": [{"name": user.name, "user": {"token": token}}],
            "contexts": [{"name": "local", "context": {"cluster": "local", "user": user.name}}],
        },
        sort_keys=False,
    )


@dataclass(frozen=True)
class Server:
    """How to reach an API server; `authority` is PEM."""

    address: str
    authority: str
    token: str


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class _Cluster(_Frozen):
    server: str
    authority: Base64Bytes = Field(alias="certificate-authority-data")


class _ClusterEntry(_Frozen):
    cluster: _Cluster


class _Token(_Frozen):
    token: str


class _UserEntry(_Frozen):
    user: _Token


class _Kubeconfig(_Frozen):
    clusters: tuple[_ClusterEntry]
    users: tuple[_UserEntry]


def read_kubeconfig(text: str) -> Server:
    """Read back what `kubeconfig` wrote."""
    config = _Kubeconfig.model_validate(yaml.safe_load(text))
    cluster, token = config.clusters[0].cluster, config.users[0].user.token
    return Server(cluster.server, cluster.authority.decode(), token)


def new_signing_key() -> str:
    """A fresh P-256 private key in PEM for service account tokens.

    SEC 1 lets the public key be left out; the bytes around the secret are RFC 5915's structure. A secret
    below 2^255 is always below the curve's order.
    """
    secret = bytearray(secrets.token_bytes(32))
    secret[0] &= 0x7F
    der = bytes.fromhex("303102010104 20") + secret + bytes.fromhex("a00a06082a8648ce3d030107")
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN EC PRIVATE KEY-----\n{body}-----END EC PRIVATE KEY-----\n"
