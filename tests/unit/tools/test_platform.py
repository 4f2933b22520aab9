import json
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from tools.errors import ExpectedError
from tools.local.defaults import default_manifests
from tools.local.environment import base_environment, python_environment
from tools.local.install import Permissions, PolicyRule, operator_roles, parse_permissions
from tools.local.platform import Layout, Ports, settled_ports
from tools.local.provider import Provider, chosen_provider
from tools.local.services import OperatorSettings, operator_service

STANDIN = "http://127.0.0.1:18000"


def test_ports_are_kept_while_they_are_free() -> None:
    assert settled_ports(Ports(), (), lambda _: True, iter(())) == Ports()


def test_port_that_another_took_is_replaced() -> None:
    taken = Ports().temporal
    settled = settled_ports(Ports(), (), lambda port: port != taken, iter([40001]))
    assert settled == Ports(temporal=40001)


def test_running_process_keeps_its_ports() -> None:
    assert settled_ports(Ports(), {"temporal"}, lambda port: port != Ports().temporal, iter(())) == Ports()


def test_ports_are_remembered(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    assert layout.ports() == Ports()
    layout.remember(Ports(etcd=40001))
    assert Layout(tmp_path).ports() == Ports(etcd=40001)


def test_two_commands_do_not_start_the_platform_at_once(tmp_path: Path) -> None:
    with (
        Layout(tmp_path).alone(),
        pytest.raises(ExpectedError, match="another command"),
        Layout(tmp_path).alone(),
    ):
        pass


@pytest.mark.parametrize(
    ("environ", "provider"),
    [
        ({}, Provider(STANDIN, "standin-key", is_standin=True)),
        ({"MISTRAL_API_KEY": "k"}, Provider("https://api.mistral.ai", "k", is_standin=False)),
        ({"MISTRAL_SERVER_URL": "http://s"}, Provider("http://s", "standin-key", is_standin=False)),
        (
            {"MISTRAL_SERVER_URL": "http://s", "MISTRAL_API_KEY": "k"},
            Provider("http://s", "k", is_standin=False),
        ),
        ({"MISTRAL_API_KEY": ""}, Provider(STANDIN, "standin-key", is_standin=True)),
    ],
)
def test_provider_is_what_the_environment_says(environ: dict[str, str], provider: Provider) -> None:
    assert chosen_provider(environ, STANDIN) == provider


def test_key_is_never_shown_with_a_provider() -> None:
    assert "secret-key" not in repr(Provider(STANDIN, "secret-key", is_standin=False))


def test_defaults_name_the_provider_and_the_users_modules() -> None:
    text = default_manifests(Provider("http://s", "k", is_standin=False), "my.tools", "v1")
    manifests = list(yaml.safe_load_all(text))
    assert [manifest["kind"] for manifest in manifests] == ["Secret", "ModelProvider", "WorkerPool"]
    assert manifests[0]["data"] == {"api-key": "aw=="}
    assert manifests[1]["spec"]["url"] == "http://s"
    assert '"name": "WORKER_MODULES", "value": "my.tools"' in json.dumps(manifests[2])


def test_keys_of_the_caller_do_not_reach_processes() -> None:
    environ = {"PATH": "/bin", "MISTRAL_API_KEY": "k", "HTTPS_PROXY": "http://proxy"}
    base = base_environment(environ)
    assert "MISTRAL_API_KEY" not in base
    assert base["HTTPS_PROXY"] == "http://proxy"
    assert base["NO_PROXY"] == "127.0.0.1,localhost"


def test_callers_python_path_follows_the_repository(tmp_path: Path) -> None:
    environment = python_environment({"PYTHONPATH": f"/mine::{tmp_path}"}, tmp_path)
    assert environment["PYTHONPATH"] == f"{tmp_path}:/mine"


def test_operator_gets_its_roles_as_a_user() -> None:
    served = PolicyRule(apiGroups=["durable-agents.dev"], resources=["agents"], verbs=["get"])
    own = PolicyRule(apiGroups=[""], resources=["configmaps"], verbs=["create"])
    cluster_role, everywhere, role, at_home = operator_roles(Permissions(served=[served], own=[own]))
    assert cluster_role["rules"] == [served.model_dump(by_alias=True, exclude_defaults=True)]
    assert role["rules"] == [own.model_dump(by_alias=True, exclude_defaults=True)]
    assert role["metadata"] == at_home["metadata"]
    assert [binding["kind"] for binding in (everywhere, at_home)] == ["ClusterRoleBinding", "RoleBinding"]
    assert all("'User', 'name': 'operator'" in str(binding["subjects"]) for binding in (everywhere, at_home))


def test_a_misspelt_permission_is_refused() -> None:
    with pytest.raises(ValidationError, match="resource"):
        parse_permissions("served: [{apiGroups: [''], resource: [pods], verbs: [list]}]\nown: []")


def test_operator_is_told_its_installation_only_when_there_is_one() -> None:
    settings = OperatorSettings(Path("/k"), "127.0.0.1:7233", 8080, watch_namespaces=("a", "b"))
    env = operator_service(settings, extra={"DURABLE_AGENTS_SWEEP_INTERVAL": "1s"}).command.env
    assert "DURABLE_AGENTS_INSTALLATION" not in env
    assert env["DURABLE_AGENTS_WATCH_NAMESPACES"] == "a,b"
    assert env["DURABLE_AGENTS_SWEEP_INTERVAL"] == "1s"
