"""A Temporal client of the leader's: it asks before everything that changes something."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from google.protobuf.message import Message
from temporalio.client import Client
from temporalio.service import ServiceClient

READS = ("count_", "describe_", "get_", "list_", "query_")
"""How the names of calls begin that change nothing."""

Response = TypeVar("Response", bound=Message)


class _FencedServices(ServiceClient):
    """The services of a server, whoever calls them."""

    def __init__(self, services: ServiceClient, before_write: Callable[[], None]) -> None:
        super().__init__(services.config)
        self._services = services
        self._before_write = before_write

    @property
    def worker_service_client(self) -> Any:
        """What workers need, who change nothing in the leader's name; its type is private."""
        return self._services.worker_service_client

    def update_rpc_metadata(self, metadata: Mapping[str, str | bytes]) -> None:
        """Send other metadata from now on."""
        self._services.update_rpc_metadata(metadata)

    def update_api_key(self, api_key: str | None) -> None:
        """Use another API key from now on."""
        self._services.update_api_key(api_key)

    async def _rpc_call(
        self,
        rpc: str,
        req: Message,
        resp_type: type[Response],
        *,
        service: str,
        retry: bool,
        metadata: Mapping[str, str | bytes],
        timeout: timedelta | None,  # noqa: ASYNC109 -- as the SDK has it
    ) -> Response:
        if not rpc.startswith(READS):
            self._before_write()
        return await self._services._rpc_call(  # noqa: SLF001 -- the one place that all calls go through
            rpc, req, resp_type, service=service, retry=retry, metadata=metadata, timeout=timeout
        )


def fenced(client: Client, before_write: Callable[[], None]) -> Client:
    """Return a client on the same connection that calls `before_write` before all but reads."""
    config = client.config()
    config["service_client"] = _FencedServices(client.service_client, before_write)
    return Client(**config)
