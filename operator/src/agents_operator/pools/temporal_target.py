"""The Temporal server that workers use, and what they need to get in."""

from dataclasses import dataclass

from agents_crds.contract.connection import TemporalConnection, TemporalVariablesError
from agents_crds.contract.environment import WorkerVariable
from agents_crds.contract.names import SECRETS_DIR, secret_path
from agents_crds.v1alpha1.fields import SecretKeyRef
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
        if pair := self._key_pair:
            certificate, key = pair
            variables[WorkerVariable.TEMPORAL_TLS_CLIENT_CERT_PATH] = mounted(certificate)
            variables[WorkerVariable.TEMPORAL_TLS_CLIENT_KEY_PATH] = mounted(key)
        return variables

    @property
    def secrets(self) -> tuple[SecretKeyRef, ...]:
        """What a worker's pod must mount."""
        return (*([self.ca] if self.ca else []), *(self._key_pair or ()))

    @property
    def _key_pair(self) -> tuple[SecretKeyRef, SecretKeyRef] | None:
        if not self.client_certificate:
            return None
        return (
            SecretKeyRef(name=self.client_certificate, key=CERTIFICATE_KEY),
            SecretKeyRef(name=self.client_certificate, key=PRIVATE_KEY_KEY),
        )


@dataclass(frozen=True)
class TemporalTarget:
    """The Temporal server that workers use; without `tls` they speak to it in plain text."""

    address: str
    namespace: str
    tls: TemporalTls | None = None
    api_key: SecretKeyRef | None = None
    """Temporal's API key, in a Secret of the workers' own namespaces."""

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
        return variables

    @property
    def secrets(self) -> tuple[SecretKeyRef, ...]:
        """What a worker's pod must mount, each key at `secret_path` below SECRETS_DIR."""
        return (*(self.tls.secrets if self.tls else ()), *([self.api_key] if self.api_key else []))


def desired_target(connection: TemporalConnection, settings: Settings) -> TemporalTarget:
    """Send the workers to the operator's own server, with the Secrets that the settings name.

    Raises TemporalVariablesError when these are for TLS, and the operator's own connection is without.
    """
    tls = TemporalTls(
        connection.server_name, settings.temporal_ca_secret, settings.temporal_client_cert_secret
    )
    if not connection.tls and tls.secrets:
        names = ", ".join(sorted({secret.name for secret in tls.secrets}))
        raise TemporalVariablesError(
            f"the settings name Secrets for TLS with Temporal ({names}): "
            f"set {WorkerVariable.TEMPORAL_TLS} to true"
        )
    return TemporalTarget(
        address=connection.address,
        namespace=connection.namespace,
        tls=tls if connection.tls else None,
        api_key=settings.temporal_api_key_secret,
    )


def mounted(ref: SecretKeyRef) -> str:
    """Path of a Secret's key in a worker's container."""
    return f"{SECRETS_DIR}/{secret_path(ref.name, ref.key)}"
