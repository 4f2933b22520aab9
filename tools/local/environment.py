"""What a local process gets of the environment it is started from: what it needs, and no key."""

from collections.abc import Mapping
from pathlib import Path

INHERITED = frozenset(
    {
        "HOME",
        "LANG",
        "LC_ALL",
        "PATH",
        "TMPDIR",
        "TZ",
        "USER",
        "XDG_CACHE_HOME",
        # whom to trust and how to get out
        "CURL_CA_BUNDLE",
        "REQUESTS_CA_BUNDLE",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        "ALL_PROXY",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "all_proxy",
        "http_proxy",
        "https_proxy",
        "NO_PROXY",
        "no_proxy",
    }
)
"""Names of what belongs to the machine and not to a setting of ours."""

_LOCAL = "127.0.0.1,localhost"


def base_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The inherited part; local addresses never go through a proxy."""
    base = {name: value for name, value in environ.items() if name in INHERITED}
    outside = environ.get("NO_PROXY") or environ.get("no_proxy")
    no_proxy = f"{outside},{_LOCAL}" if outside else _LOCAL
    return base | {"NO_PROXY": no_proxy, "no_proxy": no_proxy}


def python_environment(environ: Mapping[str, str], root: Path) -> dict[str, str]:
    """For a Python process that imports from the repository at `root` and from the caller's `PYTHONPATH`."""
    outside = [str(Path(entry).absolute()) for entry in environ.get("PYTHONPATH", "").split(":") if entry]
    path = ":".join([str(root), *(entry for entry in outside if entry != str(root))])
    return base_environment(environ) | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}
