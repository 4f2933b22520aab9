"""An API server takes the manifests as they are: nothing to warn of, nothing it has to be lenient about."""

from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from tests.crds.apiserver import DRY_RUN, ApiServer
from tools.parts.catalog import ROOT

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
MANIFESTS = sorted((ROOT / "crds" / "manifests").glob("*.yaml"))

every_manifest = pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: manifest.stem)


class Condition(BaseModel):
    """What the API server says about a kind."""

    type: str
    status: str


class Status(BaseModel):
    """All it says."""

    conditions: tuple[Condition, ...]


class Definition(BaseModel):
    """A CustomResourceDefinition."""

    status: Status


@every_manifest
def test_manifest_is_accepted_without_a_warning(manifest: Path, api: ApiServer) -> None:
    definition = yaml.safe_load(manifest.read_text())
    # Under a name of its own: the kinds are installed already.
    group = f"strict.{definition['spec']['group']}"
    definition["spec"]["group"] = group
    definition["metadata"]["name"] = f"{definition['spec']['names']['plural']}.{group}"
    answer = api.send("POST", DEFINITIONS, definition, params=DRY_RUN)
    assert answer.accepted, answer.content.decode()
    assert answer.warnings == ()


@every_manifest
def test_kind_is_established_with_a_structural_schema(manifest: Path, api: ApiServer) -> None:
    name = yaml.safe_load(manifest.read_text())["metadata"]["name"]
    definition = Definition.model_validate_json(api.send("GET", f"{DEFINITIONS}/{name}").content)
    conditions = {condition.type: condition.status for condition in definition.status.conditions}
    # NonStructuralSchema and KubernetesAPIApprovalPolicyConformant would stand here as well.
    assert conditions == {"NamesAccepted": "True", "Established": "True"}
