"""The API server's version."""

from pydantic import BaseModel, ConfigDict

from agents_operator.errors import UnsupportedServerError
from agents_operator.kubernetes.api import KubernetesApi

# The first version with selectable fields of custom resources on by default.
OLDEST_MINOR = 31


class _Version(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    minor: str


async def require_selectable_fields(api: KubernetesApi) -> None:
    """Raise UnsupportedServerError when the API server is too old."""
    version = _Version.model_validate_json(await api.request("GET", "version"))
    if int(version.minor.rstrip("+")) < OLDEST_MINOR:
        raise UnsupportedServerError(
            f"Kubernetes 1.{version.minor} is too old: selectable fields need 1.{OLDEST_MINOR} or later"
        )
