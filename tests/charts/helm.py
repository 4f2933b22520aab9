"""Helm on this repository's charts, as a user runs it."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.parts.catalog import OLDEST_KUBERNETES, ROOT

CHARTS = ROOT / "charts"
MAIN = CHARTS / "durable-agents"
CRDS = CHARTS / "durable-agents-crds"
RELEASE = "durable-agents"
NAMESPACE = "durable-agents-system"
OPERATOR, METRICS = "durable-agents-operator", "durable-agents-metrics"

Manifest = dict[str, Any]
Values = dict[str, Any]

DEV: Values = {"dev": {"enabled": True}, "defaults": {"namespaces": ["default"]}}
PLAIN: Values = {"temporal": {"address": "temporal.example.com:7233"}}
CLOUD: Values = {
    "temporal": {
        "address": "eu.example.com:7233",
        "namespace": "agents.a1b2c",
        "tls": {
            "enabled": True,
            "serverName": "temporal.example.com",
            "caSecretRef": {"name": "temporal-ca"},
            "clientSecretRef": {"name": "temporal-client"},
        },
        "apiKeySecretRef": {"name": "temporal-key", "key": "token"},
    }
}
NAMESPACED: Values = {**PLAIN, "watchNamespaces": ["team-a", "team-b"]}
EVERYTHING: Values = {
    **CLOUD,
    "installation": "east",
    "imageRegistry": "registry.example.com/mirror",
    "watchNamespaces": ["default", NAMESPACE],
    "image": {"repository": "agents/operator", "digest": f"sha256:{'0' * 64}"},
    "imagePullSecrets": [{"name": "registry"}],
    "operator": {
        "logLevel": "DEBUG",
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "dedicated", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
        "priorityClassName": "system-cluster-critical",
        "podAnnotations": {"example.com/team": "platform"},
        "podLabels": {"example.com/team": "platform"},
        "env": [{"name": "DURABLE_AGENTS_AGENT_INTERVAL", "value": "1m"}],
        "volumes": [{"name": "authority", "configMap": {"name": "authority"}}],
        "volumeMounts": [{"name": "authority", "mountPath": "/etc/ssl/private-ca", "readOnly": True}],
    },
    "serviceAccount": {"name": "robot", "annotations": {"example.com/role": "agents"}},
    "defaults": {
        "namespaces": ["default", NAMESPACE],
        "workerPool": {
            "image": {"pullPolicy": "Always"},
            "nodeSelector": {"disk": "ssd"},
            "tolerations": [{"key": "agents", "operator": "Exists"}],
        },
    },
}
SETS = {"dev": DEV, "plain": PLAIN, "cloud": CLOUD, "namespaced": NAMESPACED, "everything": EVERYTHING}
each_set = pytest.mark.parametrize("values", SETS.values(), ids=SETS)


class HelmError(Exception):
    """What Helm said when it refused."""


@dataclass(frozen=True)
class Helm:
    """The program, for the cluster of a kubeconfig where a command needs one."""

    program: Path
    kubeconfig: Path | None = None

    def __call__(self, *arguments: str, values: Values | None = None) -> str:
        """Run a command; raise HelmError when it fails."""
        command = [str(self.program), *arguments]
        if self.kubeconfig:
            command.append(f"--kubeconfig={self.kubeconfig}")
        if values is not None:
            command.append("--values=-")
        done = subprocess.run(command, input=json.dumps(values), capture_output=True, text=True, check=False)
        if done.returncode:
            raise HelmError(done.stderr)
        return done.stdout

    def render(
        self, values: Values, *, chart: Path = MAIN, release: str = RELEASE, namespace: str = NAMESPACE
    ) -> list[Manifest]:
        """Return the manifests that an install would apply."""
        text = self.template(values, chart=chart, release=release, namespace=namespace)
        return [document for document in yaml.safe_load_all(text) if document]

    def template(
        self, values: Values, *, chart: Path = MAIN, release: str = RELEASE, namespace: str = NAMESPACE
    ) -> str:
        """Return them as Helm writes them."""
        version = f"--kube-version={OLDEST_KUBERNETES}"
        return self("template", release, str(chart), f"--namespace={namespace}", version, values=values)


def of_kind(manifests: list[Manifest], kind: str) -> dict[str, Manifest]:
    """Find the objects of a kind, by their names."""
    return {each["metadata"]["name"]: each for each in manifests if each["kind"] == kind}


def container_of(deployment: Manifest) -> Manifest:
    """Return the one container of a Deployment."""
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert isinstance(container, dict)
    return container


def variables_of(deployment: Manifest) -> dict[str, str]:
    """Return the variables of a Deployment's container that have a plain value."""
    return {each["name"]: each["value"] for each in container_of(deployment)["env"] if "value" in each}
