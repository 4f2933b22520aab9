"""How the environment says where Temporal is and how to get in."""

from pathlib import Path

import pytest

from agents_crds.contract.connection import (
    TemporalAccess,
    TemporalUnavailableError,
    TemporalVariablesError,
)

ADDRESS = {"TEMPORAL_ADDRESS": "temporal:7233"}


def of(**variables: str) -> TemporalAccess:
    return TemporalAccess.of_environment(ADDRESS | variables)


def test_an_address_is_enough() -> None:
    connection = of()
    assert (connection.address, connection.namespace) == ("temporal:7233", "default")
    assert not connection.tls
    assert connection.api_key_file is None


@pytest.mark.parametrize(
    ("variables", "tls"),
    [
        ({"TEMPORAL_TLS": "true"}, True),
        ({"TEMPORAL_TLS": "false"}, False),
        ({"TEMPORAL_TLS_SERVER_NAME": "temporal.example.com"}, True),
        ({"TEMPORAL_TLS": "false", "TEMPORAL_TLS_SERVER_NAME": "temporal.example.com"}, False),
        ({"TEMPORAL_API_KEY": "key"}, True),
        ({"DURABLE_AGENTS_TEMPORAL_API_KEY_FILE": "/key"}, True),
        ({"DURABLE_AGENTS_TEMPORAL_API_KEY_FILE": "/key", "TEMPORAL_TLS": "false"}, False),
    ],
)
def test_tls_is_on_when_asked_for_or_when_something_needs_it(variables: dict[str, str], *, tls: bool) -> None:
    assert of(**variables).tls is tls


def test_an_empty_variable_is_one_that_is_not_set() -> None:
    names = ("TEMPORAL_NAMESPACE", "TEMPORAL_TLS", "TEMPORAL_TLS_SERVER_NAME", "TEMPORAL_API_KEY")
    assert of(**dict.fromkeys(names, "")) == of()


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"TEMPORAL_ADDRESS": ""}, "TEMPORAL_ADDRESS is missing: set it to HOST:PORT"),
        ({"TEMPORAL_ADDRESS": "http://temporal:7233"}, "must be HOST:PORT, without http://"),
        ({"TEMPORAL_TLS": "maybe"}, "TEMPORAL_TLS must be true or false"),
        ({"TEMPORAL_TLS_CLIENT_CERT_PATH": "/tls.crt"}, "TEMPORAL_TLS_CLIENT_KEY_PATH come together"),
        (
            {"TEMPORAL_TLS_CLIENT_CERT_PATH": "/tls.crt", "TEMPORAL_TLS_CLIENT_CERT_DATA": "PEM"},
            "Cannot specify both TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_CERT_DATA",
        ),
    ],
)
def test_variables_that_cannot_work_are_named(variables: dict[str, str], says: str) -> None:
    with pytest.raises(TemporalVariablesError, match=says):
        of(**variables)


@pytest.mark.parametrize(
    "variable", ["TEMPORAL_TLS_SERVER_CA_CERT_PATH", "DURABLE_AGENTS_TEMPORAL_API_KEY_FILE"]
)
async def test_a_missing_file_is_told_as_the_secret_that_it_comes_from(tmp_path: Path, variable: str) -> None:
    path = tmp_path / "temporal" / "some-key"
    connection = of(**{variable: str(path), "DURABLE_AGENTS_SECRETS_DIR": str(tmp_path)})
    with pytest.raises(TemporalUnavailableError) as refused:
        await connection.connect()
    assert str(refused.value) == (
        f"{path} cannot be read (No such file or directory): "
        "give Secret temporal in the namespace of this pod the key some-key"
    )


async def test_a_missing_file_of_no_secret_is_named(tmp_path: Path) -> None:
    connection = of(TEMPORAL_TLS_SERVER_CA_CERT_PATH=str(tmp_path / "ca.crt"))
    with pytest.raises(TemporalUnavailableError, match=r"ca\.crt cannot be read .*: mount a Secret"):
        await connection.connect()


async def test_an_empty_api_key_is_not_sent(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("\n")
    connection = of(DURABLE_AGENTS_TEMPORAL_API_KEY_FILE=str(tmp_path / "key"))
    with pytest.raises(TemporalUnavailableError, match="key is empty: mount a Secret"):
        await connection.connect()


async def test_an_address_that_is_none_ends_the_attempts() -> None:
    with pytest.raises(TemporalVariablesError, match="TEMPORAL_ADDRESS 'a b:1'"):
        await of(TEMPORAL_ADDRESS="a b:1").connect()


async def test_an_api_key_that_no_header_can_carry_is_told_as_its_secret(tmp_path: Path) -> None:
    path = tmp_path / "temporal" / "token"
    path.parent.mkdir()
    path.write_text("sk-1\nsk-2")
    connection = of(DURABLE_AGENTS_TEMPORAL_API_KEY_FILE=str(path), DURABLE_AGENTS_SECRETS_DIR=str(tmp_path))
    with pytest.raises(
        TemporalUnavailableError, match=r"line breaks .* give Secret temporal .* the key token"
    ) as no:
        await connection.connect()
    assert "sk-1" not in str(no.value)


def test_an_api_key_of_the_environment_that_no_header_can_carry_is_refused() -> None:
    with pytest.raises(TemporalVariablesError, match="TEMPORAL_API_KEY is no API key"):
        of(TEMPORAL_API_KEY="schlüssel")
