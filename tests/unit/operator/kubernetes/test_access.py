"""The operator asks about its own rights."""

from collections.abc import Iterator

import aiohttp
import yaml

from agents_operator.kubernetes.access import TO_WATCH, Access, Right
from agents_operator.kubernetes.api import KubernetesApi
from tests.unit.operator.kubernetes.scripted import ScriptedServer, failure
from tools.local.control_plane import ControlPlane
from tools.local.install import Permissions, PolicyRule, operator_roles
from tools.local.kubeconfig import OPERATOR, read_kubeconfig

KINDS = ["agents", "agentruns", "mcpservers", "modelproviders", "temporalconnections", "workerpools"]


def granted(resources: list[str], verbs: list[str]) -> PolicyRule:
    return PolicyRule(apiGroups=["durable-agents.dev"], resources=resources, verbs=verbs)


async def test_missing_rights_of_a_namespace_are_named_and_those_of_all_namespaces(
    control_plane: ControlPlane, session: aiohttp.ClientSession, namespaces: Iterator[str]
) -> None:
    namespace = next(namespaces)
    kubectl = control_plane.kubectl()
    kubectl("create", "namespace", namespace)
    rules = [granted(KINDS, ["list"]), granted(KINDS[1:], ["watch"])]
    roles = operator_roles(Permissions(served=rules, own=[]), home=namespace, served=(namespace,))
    kubectl.apply(yaml.safe_dump_all(roles[:2]))
    token = read_kubeconfig(control_plane.kubeconfig(OPERATOR.name).read_text()).token
    session.headers["Authorization"] = f"Bearer {token}"
    access = Access(KubernetesApi(session))
    assert await access.missing(namespace) == (Right("watch", "agents"),)
    assert await access.missing("nowhere") == TO_WATCH
    assert await access.missing(None) == TO_WATCH


async def test_administrator_misses_nothing(session: aiohttp.ClientSession) -> None:
    assert await Access(KubernetesApi(session)).missing(None) == ()


async def test_operator_that_may_not_even_ask_tries() -> None:
    async with ScriptedServer() as server:
        for _ in TO_WATCH:
            server.will_answer(403, failure("selfsubjectaccessreviews is forbidden"))
        assert await Access(server.api).missing("team") == ()
