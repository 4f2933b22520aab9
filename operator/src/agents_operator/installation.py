"""The installation id: the prefix of every name that this install has outside its cluster."""

import secrets

from agents_operator.kubernetes.configmaps import ConfigMaps
from agents_operator.kubernetes.errors import ConflictError

CONFIG_MAP = "durable-agents-installation"
KEY = "id"
ALPHABET = "abcdefghijklmnopqrstuvwxyz"


async def find_installation(configured: str | None, configmaps: ConfigMaps) -> str:
    """Return the configured id, else the one that was generated once for this cluster."""
    if configured is not None:
        return configured
    known = await configmaps.read(CONFIG_MAP, KEY)
    if known is not None:
        return known
    generated = "".join(secrets.choice(ALPHABET) for _ in range(8))
    try:
        await configmaps.create(CONFIG_MAP, KEY, generated)
    except ConflictError as error:
        # Another replica was faster.
        theirs = await configmaps.read(CONFIG_MAP, KEY)
        if theirs is None:
            raise LookupError(
                f"ConfigMap {configmaps.namespace}/{CONFIG_MAP} has no key {KEY}: "
                "put the installation id there, or delete it if this is a new install"
            ) from error
        return theirs
    return generated
