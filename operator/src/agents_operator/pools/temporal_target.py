"""The Temporal server that workers use, and what they need to get in."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agents_crds.contract.connection import TemporalAccess, TemporalVariablesError
from agents_crds.contract.conversion import PayloadSettings
from agents_crds.contract.environment import WorkerVariable
from agents_crds.contract.names import SECRETS_DIR, secret_path
from agents_crds.contract.store import Bucket
from agents_crds.v1alpha1 import TemporalConnection
from agents_crds.v1alpha1.fields import SecretKeyRef
from agents_crds.v1alpha1.temporalconnection import TemporalTls as ConnectionTls
from agents_operator.settings import Settings

# The keys of a Secret of type kubernetes.io/tls.
CERTIFICATE_KEY = "tls.crt"
PRIVATE_KEY_KEY = "tls.key"


@dataclass(frozen=True)
class TemporalTls:
    """How workers and the server know each other; Secrets are those of the workers' own namespaces."""

    server_name: str | None = None
    """Name in the server's certificate, where it is not the address's."""
    ca: SecretKeyRef | None = None
    """Certificate authority of the server, where it is not one of the image's."""
    client_certificate: str | None = None
    """Secret of type kubernetes.io/tls."""

    @property
    def environment(self) -> dict[WorkerVariable, str]:
        """What a worker's container is told."""
        variables: dict[WorkerVariable, str] = {}
        if self.server_name:
            variables[WorkerVariable.TEMPORAL_TLS_SERVER_NAME] = self.server_name
        if self.ca:
            variables[WorkerVariable.TEMPORAL_TLS_SERVER_CA_CERT_PATH] = mounted(self.ca)
        if pair := self.key_pair:
            certificate, key = pair
            variables[WorkerVariable.TEMPORAL_TLS_CLIENT_CERT_PATH] = mounted(certificate)
            variables[WorkerVariable.TEMPORAL_TLS_CLIENT_KEY_PATH] = mounted(key)
        return variables

    @property
    def secrets(self) -> tuple[SecretKeyRef, ...]:
        """What a worker's pod must mount."""
        return (*([self.ca] if self.ca else []), *(self.key_pair or ()))

    @property
    def key_pair(self) -> tuple[SecretKeyRef, SecretKeyRef] | None:
        """The keys with the client's certificate and its private key."""
        if not self.client_certificate:
            return None
        return (
            SecretKeyRef(name=self.client_certificate, key=CERTIFICATE_KEY),
            SecretKeyRef(name=self.client_certificate, key=PRIVATE_KEY_KEY),
        )


@dataclass(frozen=True)
class PayloadTarget:
    """What workers do with payloads; the Secrets are those of their own namespaces."""

    variables: Mapping[WorkerVariable, str] = field(default_factory=dict)
    """Those of the operator itself, as far as they hold anywhere."""
    access_key: SecretKeyRef | None = None
    secret_key: SecretKeyRef | None = None

    @property
    def codec(self) -> str | None:
        """The user's own codec."""
        return self.variables.get(WorkerVariable.PAYLOAD_CODEC)

    @property
    def environment(self) -> dict[WorkerVariable, str]:
        """What a worker's container is told."""
        files = {
            WorkerVariable.PAYLOAD_STORE_ACCESS_KEY_FILE: self.access_key,
            WorkerVariable.PAYLOAD_STORE_SECRET_KEY_FILE: self.secret_key,
        }
        return {**self.variables, **{name: mounted(ref) for name, ref in files.items() if ref}}

    @property
    def secrets(self) -> tuple[SecretKeyRef, ...]:
        """What a worker's pod must mount."""
        return tuple(ref for ref in (self.access_key, self.secret_key) if ref)


@dataclass(frozen=True)
class TemporalTarget:
    """The Temporal server that workers use; without `tls` they speak to it in plain text."""

    address: str
    namespace: str
    tls: TemporalTls | None = None
    api_key: SecretKeyRef | None = None
    """Temporal's API key, in a Secret of the workers' own namespaces."""
    payloads: PayloadTarget = field(default_factory=PayloadTarget)

    @property
    def environment(self) -> dict[WorkerVariable, str]:
        """What a worker's container is told."""
        variables = {
            WorkerVariable.TEMPORAL_ADDRESS: self.address,
            WorkerVariable.TEMPORAL_NAMESPACE: self.namespace,
            # Said either way: the image may say otherwise, and an API key alone would turn it on.
            WorkerVariable.TEMPORAL_TLS: "true" if self.tls else "false",
        }
        if self.tls:
            variables |= self.tls.environment
        if self.api_key:
            variables[WorkerVariable.TEMPORAL_API_KEY_FILE] = mounted(self.api_key)
        return variables | self.payloads.environment

    @property
    def secrets(self) -> tuple[SecretKeyRef, ...]:
        """What a worker's pod must mount, each key at `secret_path` below SECRETS_DIR."""
        to_connect = (*(self.tls.secrets if self.tls else ()), *([self.api_key] if self.api_key else []))
        return (*to_connect, *self.payloads.secrets)


def desired_target(access: TemporalAccess, settings: Settings) -> TemporalTarget:
    """Send the workers to the operator's own server, with the Secrets that the settings name.

    Raises TemporalVariablesError when these are for TLS, and the operator's own connection is without.
    """
    tls = TemporalTls(access.server_name, settings.temporal_ca_secret, settings.temporal_client_cert_secret)
    if not access.tls and tls.secrets:
        names = ", ".join(sorted({secret.name for secret in tls.secrets}))
        raise TemporalVariablesError(
            f"the settings name Secrets for TLS with Temporal ({names}): "
            f"set {WorkerVariable.TEMPORAL_TLS} to true"
        )
    return TemporalTarget(
        address=access.address,
        namespace=access.namespace,
        tls=tls if access.tls else None,
        api_key=settings.temporal_api_key_secret,
        payloads=_payloads(access.payloads, settings),
    )


def connection_target(connection: TemporalConnection, payloads: PayloadTarget) -> TemporalTarget:
    """Send the workers where a TemporalConnection leads; with payloads they do as everywhere else."""
    spec = connection.spec
    return TemporalTarget(
        address=spec.address,
        namespace=spec.namespace,
        tls=None if spec.tls is None else _tls(spec.tls),
        api_key=spec.api_key_secret_ref,
        payloads=payloads,
    )


def _tls(tls: ConnectionTls) -> TemporalTls:
    ca, certificate = tls.ca_secret_ref, tls.client_certificate_secret_ref
    return TemporalTls(
        server_name=tls.server_name,
        ca=None if ca is None else SecretKeyRef(name=ca.name, key=ca.key),
        client_certificate=None if certificate is None else certificate.name,
    )


def _payloads(payloads: PayloadSettings, settings: Settings) -> PayloadTarget:
    access_key, secret_key = (
        settings.payload_store_access_key_secret,
        settings.payload_store_secret_key_secret,
    )
    if (access_key is None) != (secret_key is None):
        raise TemporalVariablesError(
            "the settings payload_store_access_key_secret and payload_store_secret_key_secret come together: "
            "set both or neither"
        )
    if access_key and not isinstance(payloads.place, Bucket):
        raise TemporalVariablesError(
            "the settings name a Secret with the key of a payload store: "
            f"set {WorkerVariable.PAYLOAD_STORE} to s3://BUCKET"
        )
    return PayloadTarget(payloads.variables, access_key, secret_key)


def mounted(ref: SecretKeyRef) -> str:
    """Path of a Secret's key in a worker's container."""
    return f"{SECRETS_DIR}/{secret_path(ref.name, ref.key)}"
