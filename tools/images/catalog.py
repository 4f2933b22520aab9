"""Which images there are, and what they are called."""

from collections.abc import Mapping
from dataclasses import dataclass

_DEFAULT_PREFIX = "durable-agents"


@dataclass(frozen=True)
class Image:
    """One of our images; `name` follows the prefix."""

    name: str
    dockerfile: str
    target: str | None = None

    def reference(self, prefix: str, tag: str) -> str:
        """The whole name: `PREFIX/NAME:TAG`."""
        return f"{prefix}/{self.name}:{tag}"


OPERATOR = Image("operator", "operator/Dockerfile")
WORKER = Image("worker", "worker/Dockerfile", "worker")
WORKER_NODE = Image("worker-node", "worker/Dockerfile", "worker-node")
DEV = Image("dev", "tests/standin/Dockerfile")
IMAGES = (OPERATOR, WORKER, WORKER_NODE, DEV)


def prefix_in(environ: Mapping[str, str]) -> str:
    """What all names start with: IMAGES, such as `registry.example.com/team`, or `durable-agents`."""
    return (environ.get("IMAGES") or _DEFAULT_PREFIX).rstrip("/")


def references(prefix: str, tag: str) -> dict[str, str]:
    """The whole name of each image, by its short one."""
    return {image.name: image.reference(prefix, tag) for image in IMAGES}


def index_arguments(environ: Mapping[str, str]) -> dict[str, str]:
    """Build arguments that pass on an index of Python packages and proxies; neither stays in an image."""
    passed_on = (
        "PIP_INDEX_URL",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
    )
    arguments = {name: environ[name] for name in passed_on if environ.get(name)}
    # uv does not read pip's settings.
    if index := environ.get("UV_DEFAULT_INDEX") or environ.get("PIP_INDEX_URL"):
        arguments["UV_DEFAULT_INDEX"] = index
    return arguments
