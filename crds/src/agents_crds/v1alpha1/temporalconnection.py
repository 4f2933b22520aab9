"""TemporalConnection: a Temporal that runs can be kept in, and how to get in."""

from typing import Annotated, ClassVar

from pydantic import Field

from agents_crds.v1alpha1.base import ApiModel, Transition
from agents_crds.v1alpha1.conditions import ConditionType
from agents_crds.v1alpha1.fields import ObjectName, SecretKeyRef
from agents_crds.v1alpha1.meta import NAME_LIMIT, Conditions, Status, StoredObject, pending
from agents_crds.v1alpha1.text import HOST_PORT, Format


class CertificateRef(ApiModel):
    """Names a Secret of type kubernetes.io/tls in the same namespace."""

    name: ObjectName
    """Name of the Secret."""


class CaRef(ApiModel):
    """Names one key of a Secret in the same namespace that has a certificate authority."""

    name: ObjectName
    """Name of the Secret."""

    key: Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[-._a-zA-Z0-9]+$")] = "ca.crt"
    """Key in the Secret's data."""


class TemporalTls(ApiModel):
    """How operator, workers and the server know each other; empty, by the authorities of the image."""

    server_name: Annotated[str, Field(max_length=253)] | None = None
    """Name in the server's certificate; absent, the host of the address."""

    ca_secret_ref: CaRef | None = None
    """The authority that signed the server's certificate; absent, those that the image knows."""

    client_certificate_secret_ref: CertificateRef | None = None
    """The certificate to show to the server; absent, none."""


class TemporalConnectionSpec(ApiModel):
    """Where the server is, and how to get in."""

    address: Annotated[
        str, Field(max_length=512), Format(HOST_PORT, "must be HOST:PORT, as in temporal.example.com:7233")
    ]
    """Host and port of the server's frontend."""

    namespace: Annotated[str, Field(min_length=1, max_length=255)] = "default"
    """Namespace in Temporal, which must exist; it cannot be changed."""

    tls: TemporalTls | None = None
    """How the connection is encrypted; absent, it is not."""

    api_key_secret_ref: SecretKeyRef | None = None
    """The API key, as Temporal Cloud wants one."""

    transitions: ClassVar = (
        # Runs that go on are kept where they were started.
        Transition(
            # A reserved word of CEL, as the API server spells those.
            cel="self.__namespace__ == oldSelf.__namespace__",
            message="spec.namespace is frozen: create another TemporalConnection and another WorkerPool",
            path=".namespace",
        ),
    )


class TemporalConnectionStatus(Status):
    """What the operator observed."""

    server_version: Annotated[str, Field(max_length=64)] | None = None
    """Version of the server."""

    conditions: Conditions = ()
    """Ready."""


class TemporalConnection(StoredObject):
    """TemporalConnection is a Temporal that runs can be kept in, beside the operator's own."""

    spec: TemporalConnectionSpec
    """Where the server is, and how to get in."""

    status: TemporalConnectionStatus = TemporalConnectionStatus(conditions=pending(ConditionType.READY))
    """What the operator observed."""

    rules: ClassVar = (NAME_LIMIT,)
