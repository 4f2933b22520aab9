"""Whether a namespace has the Secrets by which its workers get to Temporal."""

from collections.abc import Mapping
from datetime import timedelta

from pydantic import SecretStr

from agents_crds.contract.headers import NOT_A_KEY, is_header_value
from agents_crds.v1alpha1 import Reason
from agents_crds.v1alpha1.fields import SecretKeyRef
from agents_operator.errors import Waiting
from agents_operator.kubernetes.errors import ForbiddenError
from agents_operator.kubernetes.secrets import Secrets
from agents_operator.pools.temporal_target import TemporalTarget

Found = Mapping[str, Mapping[str, SecretStr]]
"""The values of Secrets, by name and key."""

LOOK_AGAIN = timedelta(seconds=30)


async def observe_temporal_secrets(secrets: Secrets, namespace: str, target: TemporalTarget) -> Found:
    """Read each Secret once; raise Waiting when the operator may not."""
    names = sorted({ref.name for ref in target.secrets})
    try:
        return {name: await secrets.read_all(namespace, name) for name in names}
    except ForbiddenError as error:
        raise Waiting(
            Reason.SECRET_NOT_FOUND,
            f"the operator may not get Secrets in namespace {namespace}: its role needs get on secrets "
            f"there, to see whether workers can get to Temporal and their payloads with {', '.join(names)}",
            after=LOOK_AGAIN,
        ) from error


def require_temporal_secrets(found: Found, namespace: str, target: TemporalTarget) -> None:
    """Raise Waiting for a key that is missing, or cannot be what it is meant for."""
    for ref in target.secrets:
        value = found[ref.name].get(ref.key)
        if value is None or not value.get_secret_value():
            raise Waiting(
                Reason.SECRET_NOT_FOUND,
                f"there is no Secret {ref.name} with key {ref.key} in namespace {namespace}, or it is empty: "
                f"workers need it {_purpose(ref, target)}",
                after=LOOK_AGAIN,
            )
        if ref == target.api_key and not is_header_value(value.get_secret_value()):
            raise Waiting(
                Reason.SECRET_INVALID,
                f"key {ref.key} of Secret {ref.name} in namespace {namespace} is not an API key: "
                f"{NOT_A_KEY}; copy it from whoever runs the Temporal server",
                after=LOOK_AGAIN,
            )


def _purpose(ref: SecretKeyRef, target: TemporalTarget) -> str:
    if ref in target.payloads.secrets:
        return "for large payloads; copy it from whoever runs the payload store"
    return "to connect to Temporal; copy it from whoever runs the Temporal server"
