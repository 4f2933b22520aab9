"""How operator and workers get to Temporal: from the same variables, in the same way.

The Secrets are read again while a process runs: a new API key is used at once, and a new certificate by
the process that comes after this one.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from temporalio.client import Client
from temporalio.converter import DataConverter
from temporalio.envconfig import ClientConfigProfile

from agents_crds.contract.conversion import PayloadSettings, PayloadVariablesError
from agents_crds.contract.environment import WorkerVariable
from agents_crds.contract.headers import NOT_A_KEY, is_header_value
from agents_crds.contract.names import SECRETS_DIR

CONNECT_SECONDS = 10.0
SECRETS_SECONDS = 30.0
"""How often the files are read; the kubelet takes a minute or so to bring a new Secret there."""


class TemporalVariablesError(Exception):
    """The environment does not say how to get to Temporal; only another environment helps."""


class TemporalUnavailableError(Exception):
    """Temporal does not answer, does not let us in, or what it takes to get in is not there yet."""


@dataclass(frozen=True)
class TemporalAccess:
    """How this process gets to Temporal."""

    address: str
    profile: ClientConfigProfile
    api_key_file: Path | None = None
    secrets_dir: Path = Path(SECRETS_DIR)
    payloads: PayloadSettings = field(default_factory=PayloadSettings)

    @classmethod
    def of_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the variables `TEMPORAL_*`, as Temporal's own tools do, and those of `WorkerVariable`.

        An empty variable is one that is not set. Raises TemporalVariablesError, which names the variable.
        """
        given = {name: value for name, value in environment.items() if value}
        try:
            profile = ClientConfigProfile.load(disable_file=True, override_env_vars=given)
            payloads = PayloadSettings.of_environment(given)
        except PayloadVariablesError as error:
            raise TemporalVariablesError(str(error)) from error
        except RuntimeError as error:
            raise TemporalVariablesError(
                f"the variables TEMPORAL_* contradict each other: {error}"
            ) from error
        require_sound(profile, given)
        api_key_file = given.get(WorkerVariable.TEMPORAL_API_KEY_FILE)
        return cls(
            address=profile.address or "",
            profile=profile,
            api_key_file=Path(api_key_file) if api_key_file else None,
            secrets_dir=Path(given.get(WorkerVariable.SECRETS_DIR, SECRETS_DIR)),
            payloads=payloads,
        )

    @property
    def namespace(self) -> str:
        """The namespace in Temporal."""
        return self.profile.namespace or "default"

    @property
    def tls(self) -> bool:
        """Whether the connection is encrypted; with an API key it is, unless told otherwise."""
        if self.profile.tls is not None:
            return not self.profile.tls.disabled
        return bool(self.profile.api_key or self.api_key_file)

    @property
    def server_name(self) -> str | None:
        """Name in the server's certificate, where it is not the address's."""
        return self.profile.tls.server_name if self.profile.tls else None

    async def connect(self, *, identity: str | None = None) -> Client:
        """Connect; raise TemporalUnavailableError when that is worth another try."""
        converter = await asyncio.to_thread(self.converter)
        profile = await asyncio.to_thread(self._with_api_key)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return await Client.connect(
                    **await asyncio.to_thread(profile.to_client_connect_config),
                    data_converter=converter,
                    identity=identity,
                )
        except TimeoutError as error:  # an OSError too
            raise TemporalUnavailableError(f"no answer in {CONNECT_SECONDS:.0f} s") from error
        except OSError as error:
            raise TemporalUnavailableError(self._unreadable(error)) from error
        except RuntimeError as error:
            raise TemporalUnavailableError(str(error)) from error
        except ValueError as error:
            raise TemporalVariablesError(f"TEMPORAL_ADDRESS {self.address!r}: {error}") from error

    @contextlib.asynccontextmanager
    async def following_secrets(
        self,
        client: Client,
        logger: logging.Logger,
        end: Callable[[], None],
        *,
        every: float = SECRETS_SECONDS,
    ) -> AsyncIterator[None]:
        """Look for new Secrets every so many seconds while the block runs.

        A rotated API key is handed to the client. For a new certificate the process is asked to `end`, once
        another connection got in with it: whoever runs the process starts it again.
        """
        following = asyncio.create_task(self._follow(client, logger, end, every), name="Temporal's Secrets")
        try:
            yield
        finally:
            following.cancel()

    async def _follow(
        self, client: Client, logger: logging.Logger, end: Callable[[], None], every: float
    ) -> None:
        problem = ""
        while True:
            await asyncio.sleep(every)
            try:
                profile = await asyncio.to_thread(self._with_api_key)
                renewed = await asyncio.to_thread(self._has_new_certificate, client)
                if renewed:
                    await self.connect()
            except TemporalUnavailableError as error:
                if problem != (problem := str(error)):
                    logger.warning(
                        "the API key and the certificate for Temporal stay as they were: %s", error
                    )
                continue
            problem = ""
            if renewed:
                logger.info("the certificate for Temporal changed: ending, to connect with the new one")
                end()
                return
            if profile.api_key != client.api_key:
                client.api_key = profile.api_key
                logger.info("Temporal's API key was rotated")

    def converter(self) -> DataConverter:
        """Make what payloads are made by; raise TemporalVariablesError for a codec that cannot be had."""
        try:
            return self.payloads.data_converter()
        except PayloadVariablesError as error:
            raise TemporalVariablesError(str(error)) from error

    def _has_new_certificate(self, client: Client) -> bool:
        if self.profile.tls is None:
            return False
        try:
            now = self.profile.tls.to_connect_tls_config()
        except OSError as error:
            raise TemporalUnavailableError(self._unreadable(error)) from error
        return now != client.service_client.config.tls

    def _with_api_key(self) -> ClientConfigProfile:
        if self.api_key_file is None:
            return self.profile
        try:
            api_key = self.api_key_file.read_text(errors="replace").strip()
        except OSError as error:
            raise TemporalUnavailableError(self._unreadable(error)) from error
        if not api_key:
            raise TemporalUnavailableError(f"{self.api_key_file} is empty: {self._remedy(self.api_key_file)}")
        if not is_header_value(api_key):
            raise TemporalUnavailableError(
                f"{self.api_key_file} is no API key, {NOT_A_KEY}: {self._remedy(self.api_key_file)}"
            )
        return replace(self.profile, api_key=api_key)

    def _unreadable(self, error: OSError) -> str:
        path = Path(str(error.filename))
        return f"{path} cannot be read ({error.strerror}): {self._remedy(path)}"

    def _remedy(self, path: Path) -> str:
        if path.is_relative_to(self.secrets_dir):
            secret, key = path.parent.name, path.name
            return f"give Secret {secret} in the namespace of this pod the key {key}"
        return "mount a Secret with its content there"


def require_sound(profile: ClientConfigProfile, given: Mapping[str, str]) -> None:
    """Raise TemporalVariablesError for what the SDK would pass over or find out too late."""
    if not profile.address:
        raise TemporalVariablesError(f"{WorkerVariable.TEMPORAL_ADDRESS} is missing: set it to HOST:PORT")
    if "://" in profile.address:
        raise TemporalVariablesError(
            f"{WorkerVariable.TEMPORAL_ADDRESS} must be HOST:PORT, without {profile.address.split('://')[0]}://"
        )
    if not is_header_value(profile.api_key or ""):
        raise TemporalVariablesError(f"TEMPORAL_API_KEY is no API key: {NOT_A_KEY}")
    tls = profile.tls
    if WorkerVariable.TEMPORAL_TLS in given and (tls is None or tls.disabled is None):
        raise TemporalVariablesError(f"{WorkerVariable.TEMPORAL_TLS} must be true or false")
    if tls and (tls.client_cert is None) != (tls.client_private_key is None):
        raise TemporalVariablesError(
            f"{WorkerVariable.TEMPORAL_TLS_CLIENT_CERT_PATH} and "
            f"{WorkerVariable.TEMPORAL_TLS_CLIENT_KEY_PATH} come together: set both or neither"
        )
