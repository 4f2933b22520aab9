"""A namespace to try things in."""

import functools
from dataclasses import dataclass

import yaml
from pydantic import JsonValue

from agents_crds.generate.manifest import KINDS, Kind
from tests.crds.apiserver import ApiServer
from tools.local.kubectl import Kubectl


@dataclass(frozen=True)
class Namespace:
    """Objects are put in through the API, which is quick; kubectl looks at them."""

    name: str
    api: ApiServer
    cluster: Kubectl

    @functools.cached_property
    def kubectl(self) -> functools.partial[str]:
        """kubectl in this namespace."""
        return functools.partial(self.cluster, f"--namespace={self.name}")

    def create(self, manifest: str) -> None:
        """Create an object from YAML."""
        parsed = yaml.safe_load(manifest)
        answer = self.api.create(_kind(parsed["kind"]), parsed, namespace=self.name, dry_run=False)
        assert answer.accepted, answer.content.decode()

    def set_status(self, kind: str, name: str, status: JsonValue) -> None:
        """Give an object a status, as the operator does."""
        answer = self.api.write_status(_kind(kind), name, status, namespace=self.name, dry_run=False)
        assert answer.accepted, answer.content.decode()


def _kind(name: str) -> Kind:
    return next(kind for kind in KINDS if kind.name == name)
