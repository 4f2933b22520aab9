"""How the operator gets to the API server: in a pod by its service account, elsewhere by a kubeconfig."""

from dataclasses import dataclass
from pathlib import Path

import aiohttp
import kopf

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
# 3,000 objects at once over kopf's unlimited connector took 930 MB and drew 504s; 2,500 over 32 took 122 MB.
CONNECTIONS = 32
AGENT = "durable-agents-operator"


def agent_of(identity: str, role: str) -> str:
    """Name a replica, and what it does: the audit log of the API server then tells them apart."""
    return f"{AGENT} ({identity}; {role})"


@dataclass(frozen=True)
class ApiServer:
    """Where the API server is and who we are to it."""

    url: str
    info: kopf.ConnectionInfo
    in_cluster: bool

    def session(
        self,
        agent: str = AGENT,
        *traces: aiohttp.TraceConfig,
        sockets: aiohttp.SocketFactoryType | None = None,
    ) -> aiohttp.ClientSession:
        """Open a session with connections of its own; the caller closes it.

        `agent` is who asks, as the audit log of the API server shows it; `sockets` makes the sockets.
        """
        return aiohttp.ClientSession(
            base_url=self.url.rstrip("/") + "/",
            connector=aiohttp.TCPConnector(
                limit=CONNECTIONS, ssl=self.info.as_ssl_context(), socket_factory=sockets
            ),
            middlewares=(self._authenticate,),
            headers={"User-Agent": agent},
            trace_configs=list(traces),
        )

    def token(self) -> str | None:
        """Return the bearer token; a pod's is read from its file each time."""
        if self.in_cluster:
            return (SERVICE_ACCOUNT / "token").read_text(encoding="utf-8").strip()
        return self.info.token

    async def _authenticate(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Use the token of this moment: the kubelet replaces a pod's about once an hour."""
        if token := self.token():
            request.headers["Authorization"] = f"Bearer {token}"
        return await handler(request)


def find_api_server(settings: kopf.OperatorSettings) -> ApiServer:
    """Find the API server, the pod's own before `KUBECONFIG`; raise kopf.LoginError when there is none."""
    in_pod = kopf.login_with_service_account(settings=settings)
    info = in_pod or kopf.login_with_kubeconfig(settings=settings)
    if info is None or not info.server:
        raise kopf.LoginError("no API server: run in a pod with a service account, or set KUBECONFIG")
    return ApiServer(url=info.server, info=info, in_cluster=in_pod is not None)
