"""A server may repeat the key that it was sent: what is said of its answers is without it."""

from collections.abc import Mapping

from pydantic import SecretStr


def without_key(text: str, key: SecretStr | None) -> str:
    """Return the text with `…` in place of the key."""
    return text if key is None else text.replace(key.get_secret_value(), "…")


def without_key_in(headers: Mapping[str, str], key: SecretStr | None) -> dict[str, str]:
    """Return headers, their names in lower case, with `…` in place of the key."""
    return {name.lower(): without_key(value, key) for name, value in headers.items()}
