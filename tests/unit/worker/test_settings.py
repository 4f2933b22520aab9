"""The worker's environment."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from agents_crds.contract.environment import WorkerVariable
from agents_crds.contract.names import SECRETS_DIR
from agents_worker.settings import Settings

REQUIRED = {
    WorkerVariable.DEPLOYMENT_NAME: "i/ns/pool",
    WorkerVariable.BUILD_ID: "b1",
    WorkerVariable.POOL_QUEUE: "i/ns/pools/pool",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in WorkerVariable:
        monkeypatch.delenv(variable, raising=False)
    for variable, value in REQUIRED.items():
        monkeypatch.setenv(variable, value)


def test_defaults_are_those_of_the_contract() -> None:
    settings = Settings()
    assert settings.secrets_dir == Path(SECRETS_DIR)
    assert (settings.provider_queues, settings.modules) == ((), ())
    assert settings.health_port is None
    # As an operator of 0.1.0 expects, which gives its pods 60 s.
    assert settings.grace == 50


@pytest.mark.parametrize(
    ("text", "modules"),
    [("", ()), ("a", ("a",)), ("a,b.c", ("a", "b.c")), (" a , ,b,", ("a", "b"))],
)
def test_modules_are_a_comma_list(
    monkeypatch: pytest.MonkeyPatch, text: str, modules: tuple[str, ...]
) -> None:
    monkeypatch.setenv(WorkerVariable.MODULES, text)
    assert Settings().modules == modules


def test_provider_queues_are_a_json_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WorkerVariable.PROVIDER_QUEUES, '["i/ns/providers/a", "i/ns/providers/b"]')
    assert Settings().provider_queues == ("i/ns/providers/a", "i/ns/providers/b")


@pytest.mark.parametrize("variable", REQUIRED)
def test_a_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch, variable: WorkerVariable) -> None:
    monkeypatch.delenv(variable)
    with pytest.raises(ValidationError, match=variable):
        Settings()
