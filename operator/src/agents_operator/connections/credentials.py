"""What the Secrets of a TemporalConnection hold."""

import ssl
from dataclasses import dataclass, field
from datetime import timedelta

from agents_crds.v1alpha1 import Reason
from agents_crds.v1alpha1.fields import SecretKeyRef
from agents_operator.errors import Waiting
from agents_operator.kubernetes.secrets import Secrets
from agents_operator.pools.temporal_secrets import (
    Found,
    observe_temporal_secrets,
    require_temporal_secrets,
)
from agents_operator.pools.temporal_target import TemporalTarget


@dataclass(frozen=True)
class Credentials:
    """What it takes to get in; two that are equal get in the same way."""

    ca: bytes | None = None
    certificate: bytes | None = field(default=None, repr=False)
    private_key: bytes | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)


async def observe_credentials(
    secrets: Secrets, namespace: str, target: TemporalTarget, *, retry_interval: timedelta
) -> Credentials:
    """Read what a target names; raise Waiting while it is not there, or cannot be what it is meant for."""
    found = await observe_temporal_secrets(secrets, namespace, target)
    require_temporal_secrets(found, namespace, target)
    return credentials(found, target, retry_interval=retry_interval)


def credentials(found: Found, target: TemporalTarget, *, retry_interval: timedelta) -> Credentials:
    """Take out of Secrets what a target names of them; raise Waiting when an authority is none."""
    tls = target.tls
    certificate, private_key = tls.key_pair if tls is not None and tls.key_pair is not None else (None, None)
    ca = tls.ca if tls is not None else None
    authority = _value(found, ca)
    if ca is not None and authority is not None and not is_authority(authority):
        raise Waiting(
            Reason.SECRET_INVALID,
            f"key {ca.key} of Secret {ca.name} is no certificate authority: put its certificate there in PEM",
            after=retry_interval,
        )
    return Credentials(
        ca=_encoded(authority),
        certificate=_encoded(_value(found, certificate)),
        private_key=_encoded(_value(found, private_key)),
        api_key=_value(found, target.api_key),
    )


def is_authority(pem: str) -> bool:
    """Tell whether a text has certificates; Temporal's client passes over one that has none."""
    # Between certificates anything may stand, such as a name with an umlaut.
    certificates = pem.encode("ascii", "replace").decode()
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=certificates)
    except (ssl.SSLError, ValueError):
        return False
    return True


def _value(found: Found, ref: SecretKeyRef | None) -> str | None:
    return None if ref is None else found[ref.name][ref.key].get_secret_value()


def _encoded(text: str | None) -> bytes | None:
    return None if text is None else text.encode()
