"""What the words of Temporal's client mean; each is as the client said it."""

import pytest

from agents_crds.v1alpha1 import Reason
from agents_crds.v1alpha1.fields import SecretKeyRef
from agents_operator.connections.explain import refused_connection
from agents_operator.pools.temporal_target import TemporalTarget, TemporalTls

ADDRESS = "temporal.example.com:7233"
PLAIN = TemporalTarget(ADDRESS, "agents")
TLS = TemporalTarget(ADDRESS, "agents", TemporalTls())
PAIR = TemporalTarget(ADDRESS, "agents", TemporalTls(client_certificate="pair"))
KEYED = TemporalTarget(ADDRESS, "agents", TemporalTls(), SecretKeyRef(name="temporal", key="api-key"))

FAILED = "Failed client connect: Server connection error: tonic::transport::Error(Transport, {})"
HUNG_UP = (
    "Failed client connect: `get_system_info` call error after connection: Status { code: Unknown, message: "
    '"transport error", source: Some(tonic::transport::Error(Transport, hyper::Error(Io, Custom { kind: '
    'UnexpectedEof, error: "peer closed connection without sending TLS close_notify" }))) }'
)
INVALID = "ConnectError(Custom { kind: InvalidData, error: "
REFUSED = (
    'ConnectError(ConnectError("tcp connect error", 127.0.0.1:1, Os { code: 111, kind: ConnectionRefused, '
    'message: "Connection refused" }))'
)


@pytest.mark.parametrize(
    ("words", "target", "reason", "message"),
    [
        pytest.param(
            FAILED.format(REFUSED),
            PLAIN,
            Reason.TEMPORAL_UNREACHABLE,
            f"Temporal at {ADDRESS} cannot be reached (tcp connect error: Connection refused): check "
            "spec.address",
            id="nobody listens",
        ),
        pytest.param(
            FAILED.format("NoCertificatesPresented"),
            PAIR,
            Reason.SECRET_INVALID,
            "tls.crt of Secret pair is no certificate: put one there in PEM",
            id="no certificate",
        ),
        pytest.param(
            FAILED.format("PrivateKeyParseError"),
            PAIR,
            Reason.SECRET_INVALID,
            "tls.key of Secret pair is no private key: put that of tls.crt there in PEM",
            id="no private key",
        ),
        pytest.param(
            FAILED.format("InconsistentKeys(KeyMismatch)"),
            PAIR,
            Reason.SECRET_INVALID,
            "tls.key of Secret pair is not the key of its tls.crt: put both there together",
            id="another private key",
        ),
        pytest.param(
            FAILED.format(INVALID + "InvalidCertificate(UnknownIssuer) })"),
            TLS,
            Reason.TEMPORAL_UNREACHABLE,
            f"Temporal at {ADDRESS} shows a certificate of an authority that is not known: name it in "
            "spec.tls.caSecretRef",
            id="an authority that is not known",
        ),
        pytest.param(
            FAILED.format(
                INVALID + 'InvalidCertificate(NotValidForNameContext { expected: DnsName("x") }) })'
            ),
            TLS,
            Reason.TEMPORAL_UNREACHABLE,
            f"Temporal at {ADDRESS} shows a certificate for another name: set spec.tls.serverName to one "
            "that it is for",
            id="another name",
        ),
        pytest.param(
            FAILED.format(INVALID + "InvalidMessage(InvalidContentType) })"),
            TLS,
            Reason.TEMPORAL_UNREACHABLE,
            f"Temporal at {ADDRESS} does not speak TLS: leave out spec.tls, or change spec.address",
            id="no TLS there",
        ),
        pytest.param(
            HUNG_UP,
            PLAIN,
            Reason.TEMPORAL_UNREACHABLE,
            f"Temporal at {ADDRESS} hung up: if it speaks TLS, set spec.tls",
            id="TLS there",
        ),
        pytest.param(
            FAILED.format('hyper::Error(Canceled, "operation was canceled", "connection closed")'),
            PLAIN,
            Reason.TEMPORAL_UNREACHABLE,
            f"Temporal at {ADDRESS} hung up: if it speaks TLS, set spec.tls",
            id="TLS there, told otherwise",
        ),
        pytest.param(
            HUNG_UP,
            TLS,
            Reason.TEMPORAL_UNAUTHORIZED,
            f"Temporal at {ADDRESS} hung up: if it wants a certificate, name one in "
            "spec.tls.clientCertificateSecretRef",
            id="a certificate is wanted",
        ),
        pytest.param(
            HUNG_UP,
            PAIR,
            Reason.TEMPORAL_UNAUTHORIZED,
            f"Temporal at {ADDRESS} hung up: check whether it takes the certificate in Secret pair",
            id="another certificate is wanted",
        ),
        pytest.param(
            "Failed client connect: `get_system_info` call error after connection: Status { code: "
            'PermissionDenied, message: "no", metadata: MetadataMap { headers: {"server": "x"} } }',
            KEYED,
            Reason.TEMPORAL_UNAUTHORIZED,
            f"Temporal at {ADDRESS} does not let the operator in (no): put an API key for namespace agents "
            "into Secret temporal, key api-key",
            id="another key is wanted",
        ),
        pytest.param(
            "x" * 1000,
            PLAIN,
            Reason.TEMPORAL_UNREACHABLE,
            f"Temporal at {ADDRESS} cannot be reached ({'x' * 300}): check spec.address",
            id="words that nobody knows",
        ),
    ],
)
def test_refusal_says_what_to_do(words: str, target: TemporalTarget, reason: Reason, message: str) -> None:
    assert refused_connection(words, target) == (reason, message)
