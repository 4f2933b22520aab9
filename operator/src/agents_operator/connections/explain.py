"""What it means that a Temporal does not let the operator in, and what to do; pure."""

import re

from temporalio.service import RPCError, RPCStatusCode

from agents_crds.v1alpha1 import Reason
from agents_operator.pools.temporal_target import TemporalTarget

LONGEST_WORDS = 300
_REFUSALS = frozenset({RPCStatusCode.UNAUTHENTICATED, RPCStatusCode.PERMISSION_DENIED})
_BUSY = frozenset({RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.RESOURCE_EXHAUSTED})
# What Temporal's client says of files that the API server has taken as they came.
_UNUSABLE = {
    "NoCertificatesPresented": "tls.crt of Secret {secret} is no certificate: put one there in PEM",
    "PrivateKeyParseError": "tls.key of Secret {secret} is no private key: put that of tls.crt there in PEM",
    "InconsistentKeys": "tls.key of Secret {secret} is not the key of its tls.crt: put both there together",
}
_UNTRUSTED = {
    "UnknownIssuer": "shows a certificate of an authority that is not known: name it in spec.tls.caSecretRef",
    "NotValidForName": "shows a certificate for another name: set spec.tls.serverName to one that it is for",
    "InvalidContentType": "does not speak TLS: leave out spec.tls, or change spec.address",
}
_HUNG_UP = re.compile(
    r"close_notify|connection closed|broken pipe|connection reset|received fatal alert|hyper::Error\(Io"
)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')


def refused_connection(words: str, target: TemporalTarget) -> tuple[Reason, str]:
    """Explain what Temporal's client says of a connection that does not come about."""
    where = f"Temporal at {target.address}"
    secret = target.tls.client_certificate if target.tls else None
    for known, remedy in _UNUSABLE.items():
        if known in words and secret:
            return Reason.SECRET_INVALID, remedy.format(secret=secret)
    if "code: Unauthenticated" in words or "code: PermissionDenied" in words:
        return _unauthorized(where, spoken(words), target)
    for known, explained in _UNTRUSTED.items():
        if known in words:
            return Reason.TEMPORAL_UNREACHABLE, f"{where} {explained}"
    if _HUNG_UP.search(words):
        return _hung_up(where, target)
    return Reason.TEMPORAL_UNREACHABLE, f"{where} cannot be reached ({spoken(words)}): check spec.address"


def refused_request(error: RPCError, target: TemporalTarget) -> tuple[Reason, str]:
    """Explain what the server answered to the first question."""
    where = f"Temporal at {target.address}"
    if error.status in _REFUSALS:
        return _unauthorized(where, error.message, target)
    if error.status is RPCStatusCode.NOT_FOUND:
        return Reason.TEMPORAL_NAMESPACE_NOT_FOUND, (
            f"{where} has no namespace {target.namespace}: create it there, or create another "
            "TemporalConnection with the right spec.namespace"
        )
    words = f"{error.status.name}: {error.message[:LONGEST_WORDS]}"
    if error.status in _BUSY:
        return Reason.TEMPORAL_UNREACHABLE, (
            f"{where} does not answer in time ({words}): check its load, and what is on the way there"
        )
    return Reason.TEMPORAL_UNREACHABLE, f"{where} cannot be used now ({words})"


def spoken(words: str) -> str:
    """Take out of the words of Temporal's client what is meant for people."""
    words = words.partition(", metadata:")[0]
    quoted = tuple(dict.fromkeys(_QUOTED.findall(words)))
    return (": ".join(quoted) or words)[:LONGEST_WORDS]


def _unauthorized(where: str, words: str, target: TemporalTarget) -> tuple[Reason, str]:
    refused = f"{where} does not let the operator in ({words[:LONGEST_WORDS]})"
    key = target.api_key
    if key is not None:
        remedy = f"put an API key for namespace {target.namespace} into Secret {key.name}, key {key.key}"
    elif target.tls is not None and target.tls.client_certificate:
        remedy = (
            f"put a certificate for namespace {target.namespace} into Secret {target.tls.client_certificate}"
        )
    else:
        remedy = "name what it asks for in spec.apiKeySecretRef or spec.tls.clientCertificateSecretRef"
    return Reason.TEMPORAL_UNAUTHORIZED, f"{refused}: {remedy}"


def _hung_up(where: str, target: TemporalTarget) -> tuple[Reason, str]:
    """Explain a server that ends the connection: a TLS server tells nobody why."""
    if target.tls is None:
        return Reason.TEMPORAL_UNREACHABLE, f"{where} hung up: if it speaks TLS, set spec.tls"
    if target.tls.client_certificate is None:
        return Reason.TEMPORAL_UNAUTHORIZED, (
            f"{where} hung up: if it wants a certificate, name one in spec.tls.clientCertificateSecretRef"
        )
    return Reason.TEMPORAL_UNAUTHORIZED, (
        f"{where} hung up: check whether it takes the certificate in Secret {target.tls.client_certificate}"
    )
