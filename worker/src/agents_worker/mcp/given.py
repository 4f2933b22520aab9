"""What a server is given, headers or an environment: read for each use, and kept out of all that is said."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pydantic import JsonValue
from pydantic_core import to_json

from agents_crds.contract.mcp import NamedValue
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.mcp.failed import ServerFailed
from agents_worker.secret_files import SecretUnreadableError, read_secret

_MASK = "[secret]"
# What is shorter is no secret, and to mask it would spoil every other word.
_SHORTEST_SECRET = 8


@dataclass(frozen=True)
class Given:
    """Values by their names, and which of them are secret."""

    values: Mapping[str, str]
    secrets: tuple[str, ...] = ()

    def mask(self, text: str) -> str:
        """Take the secrets out of a text, also as JSON spells them: a server may repeat what it was sent."""
        spelled = {form for secret in self.secrets for form in (secret, to_json(secret)[1:-1].decode())}
        for form in sorted(spelled, key=len, reverse=True):
            text = text.replace(form, _MASK)
        return text

    def mask_texts(self, value: JsonValue) -> JsonValue:
        """Do so with every text of a JSON value; the names of its fields stay."""
        match value:
            case str():
                return self.mask(value)
            case list():
                return [self.mask_texts(each) for each in value]
            case dict():
                return {name: self.mask_texts(each) for name, each in value.items()}
            case _:
                return value


def read_headers(headers: Iterable[NamedValue], secrets_dir: Path) -> Given:
    """Read the headers of a server's requests; raises ServerFailed."""
    given = _read(headers, secrets_dir, strip=True)
    for header in headers:
        if not all(" " <= character <= "~" for character in given.values[header.name]):
            raise _unfit(header, "line breaks or characters outside ASCII, which no header can carry")
    return given


def read_environment(variables: Iterable[NamedValue], secrets_dir: Path) -> Given:
    """Read the environment of a server's process; raises ServerFailed."""
    given = _read(variables, secrets_dir, strip=False)
    for variable in variables:
        if "\0" in given.values[variable.name]:
            raise _unfit(variable, "a NUL character, which no variable can hold")
    return given


def _read(named: Iterable[NamedValue], secrets_dir: Path, *, strip: bool) -> Given:
    values, secrets = {}, set()
    for value in named:
        if value.secret_path is None:
            values[value.name] = value.value
            continue
        text = _secret(secrets_dir, value.secret_path)
        # A file often ends with a line break that is no part of the key.
        secret = text.strip() if strip else text
        values[value.name] = f"{value.prefix}{secret}"
        secrets |= {form for form in (secret, secret.strip()) if len(form) >= _SHORTEST_SECRET}
    return Given(values, tuple(sorted(secrets)))


def _secret(secrets_dir: Path, secret_path: str) -> str:
    try:
        text = read_secret(secrets_dir, secret_path)
    except SecretUnreadableError as error:
        raise ServerFailed(Reason.SECRET_NOT_FOUND, str(error)) from error
    if not text.strip():
        path = PurePosixPath(secret_path)
        raise ServerFailed(
            Reason.SECRET_INVALID, f"The key {path.name} of Secret {path.parent} is empty: set it"
        )
    return text


def _unfit(value: NamedValue, what: str) -> ServerFailed:
    if value.secret_path is None:
        return ServerFailed(Reason.SERVER_ERROR, f"The value of {value.name} has {what}: change it")
    path = PurePosixPath(value.secret_path)
    return ServerFailed(
        Reason.SECRET_INVALID, f"The key {path.name} of Secret {path.parent} has {what}: change it"
    )
