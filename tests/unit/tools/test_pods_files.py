import os
import sys
from pathlib import Path

import pytest

from tools.local.pods.model import (
    Container,
    EnvVar,
    Key,
    PodSpec,
    PodTemplate,
    Secret,
    SecretItem,
    SecretProjection,
    VolumeMount,
)
from tools.local.pods.process import container_argv, container_environment
from tools.local.pods.secrets import SecretFiles, apply_files, desired_files, observe_files

MISTRAL = Secret.of(Key("default", "mistral"), {"api-key": b"k", "other": b"o"})
SECRETS = {MISTRAL.key: MISTRAL}
ITEM = SecretItem(key="api-key", path="mistral/api-key")


@pytest.mark.parametrize(
    ("projection", "expected"),
    [
        (SecretProjection(name="mistral", items=(ITEM,)), SecretFiles({"keys/mistral/api-key": b"k"}, ())),
        (SecretProjection(name="mistral"), SecretFiles({"keys/api-key": b"k", "keys/other": b"o"}, ())),
        (SecretProjection(name="gone", items=(ITEM,)), SecretFiles({}, ("Secret gone",))),
        (SecretProjection(name="gone", items=(ITEM,), optional=True), SecretFiles({}, ())),
        (
            SecretProjection(name="mistral", items=(SecretItem(key="nokey", path="p"),)),
            SecretFiles({}, ("key nokey of Secret mistral",)),
        ),
        (
            SecretProjection(name="mistral", items=(SecretItem(key="nokey", path="p"),), optional=True),
            SecretFiles({}, ()),
        ),
    ],
)
def test_projected_volume_shows_the_chosen_keys(projection: SecretProjection, expected: SecretFiles) -> None:
    assert desired_files("default", {"keys": (projection,)}, SECRETS) == expected


def test_secret_of_another_namespace_is_not_shown() -> None:
    projection = SecretProjection(name="mistral", optional=True)
    assert desired_files("elsewhere", {"keys": (projection,)}, SECRETS).files == {}


def test_each_volume_shows_its_secrets_in_a_place_of_its_own() -> None:
    spec = PodSpec.model_validate(
        {
            "containers": [],
            "volumes": [
                {
                    "name": "keys",
                    "projected": {"sources": [{"secret": {"name": "mistral"}}, {"configMap": {}}]},
                },
                {
                    "name": "mine",
                    "secret": {"secretName": "mistral", "items": [{"key": "other", "path": "o"}]},
                },
                {"name": "later", "secret": {"secretName": "gone", "optional": True}},
                {"name": "scratch", "emptyDir": {}},
            ],
        }
    )
    assert desired_files("default", PodTemplate(spec=spec).secrets, SECRETS) == SecretFiles(
        {"keys/api-key": b"k", "keys/other": b"o", "mine/o": b"o"}, ()
    )


def test_files_follow_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    directory = tmp_path / "secrets"
    assert apply_files(directory, {"mistral/api-key": b"k", "gone": b"x"}) == ["gone", "mistral/api-key"]
    assert (directory / "mistral" / "api-key").stat().st_mode & 0o777 == 0o600
    assert apply_files(directory, {"mistral/api-key": b"new"}) == ["gone", "mistral/api-key"]
    assert observe_files(directory) == {"mistral/api-key": b"new"}
    assert apply_files(directory, {"mistral/api-key": b"new"}) == []


def test_secret_value_is_not_in_what_is_logged() -> None:
    secret = Secret.of(Key("default", "mistral"), {"api-key": b"not for logs"})
    assert secret.data["api-key"] not in repr(secret)


def test_container_runs_its_own_command_or_the_images() -> None:
    assert container_argv(Container(name="worker")) == (sys.executable, "-m", "agents_worker")
    assert container_argv(Container(name="worker", args=("--verbose",)))[-1] == "--verbose"
    assert container_argv(Container(name="worker", command=("sh", "-c"), args=("true",))) == (
        "sh",
        "-c",
        "true",
    )


def test_containers_variables_win_but_secrets_are_where_they_really_are() -> None:
    container = Container(
        name="worker",
        env=(
            EnvVar(name="PATH", value="/image/bin"),
            EnvVar(name="DURABLE_AGENTS_SECRETS_DIR", value="/var/run/secrets"),
            EnvVar(name="TEMPORAL_TLS_CLIENT_KEY_PATH", value="/var/run/secrets/temporal/tls.key"),
            EnvVar(name="TOKEN_FILE", value="/etc/bank/token"),
            EnvVar(name="PIN_FILE", value="/etc/pin"),
            EnvVar(name="OTHER", value="/etc/banks"),
            EnvVar(name="TMPDIR", value="/tmp/mine"),
            EnvVar(name="FROM_ELSEWHERE"),
        ),
        volume_mounts=(
            VolumeMount(name="keys", mount_path="/var/run/secrets"),
            VolumeMount(name="bank", mount_path="/etc/bank/"),
            VolumeMount(name="bank", mount_path="/etc/pin", sub_path="pin"),
            VolumeMount(name="tmp", mount_path="/tmp"),
        ),
    )
    volumes = {"keys": Path("/here/keys"), "bank": Path("/here/bank")}
    environment = container_environment(container, {"PATH": os.defpath, "HOME": "/h"}, volumes)
    assert environment == {
        "PATH": "/image/bin",
        "HOME": "/h",
        "DURABLE_AGENTS_SECRETS_DIR": "/here/keys",
        "TEMPORAL_TLS_CLIENT_KEY_PATH": "/here/keys/temporal/tls.key",
        "TOKEN_FILE": "/here/bank/token",
        "PIN_FILE": "/here/bank/pin",
        "OTHER": "/etc/banks",
        "TMPDIR": "/tmp/mine",
    }


def test_processes_of_one_machine_do_not_share_a_port_for_probes() -> None:
    container = Container(name="worker", env=(EnvVar(name="DURABLE_AGENTS_HEALTH_PORT", value="8081"),))
    assert "DURABLE_AGENTS_HEALTH_PORT" not in container_environment(container, {}, {})
