"""The operator's rights one by one: read, taken away and given back, and found in what it was denied."""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from tests.user import eventually
from tools.local import audit
from tools.local.install import (
    OPERATOR_NAMESPACE,
    PERMISSIONS,
    Permissions,
    PolicyRule,
    operator_roles,
    parse_permissions,
)
from tools.local.kubeconfig import OPERATOR
from tools.local.kubectl import Kubectl

REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
# As the API server puts it: User "operator" cannot patch resource "agents/status" in API group "…" in …
DENIAL = re.compile(r'cannot (?P<verb>\w+) resource "(?P<resource>[^"]+)" in API group "(?P<group>[^"]*)"')
# What the admission plugin OwnerReferencesPermissionEnforcement answers.
OWNER_DENIAL = (
    "cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on"
)


@dataclass(frozen=True, order=True)
class Right:
    """One verb on one resource, or on the one object of that name."""

    resource: str
    verb: str
    group: str = "durable-agents.dev"
    name: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.verb, self.resource, self.group, self.name)))


BLOCK_OWNER = Right("workerpools/finalizers", "update")


def rights(rules: Iterable[PolicyRule]) -> set[Right]:
    """Split rules into rights."""
    return {
        Right(resource, verb, group, name)
        for rule in rules
        for group in rule.api_groups
        for resource in rule.resources
        for name in rule.resource_names or [""]
        for verb in rule.verbs
    }


def operator_permissions() -> Permissions:
    """Read what the operator may do."""
    return parse_permissions(PERMISSIONS.read_text())


def without(rules: Iterable[PolicyRule], right: Right) -> list[PolicyRule]:
    """Take one right out of rules, and the one to all objects, which would imply it."""
    return [
        PolicyRule(
            apiGroups=[left.group],
            resources=[left.resource],
            resourceNames=[left.name] if left.name else [],
            verbs=[left.verb],
        )
        for left in sorted(rights(rules) - {right, replace(right, name="")})
    ]


@contextmanager
def taken_away(kubectl: Kubectl, right: Right) -> Iterator[None]:
    """Leave the operator without a right for a while; it is so, and over, for the API server too."""
    whole = operator_permissions()
    rest = Permissions(served=without(whole.served, right), own=without(whole.own, right))
    _grant(kubectl, rest, right, allowed=False)
    try:
        yield
    finally:
        _grant(kubectl, whole, right, allowed=True)


def _grant(kubectl: Kubectl, permissions: Permissions, right: Right, *, allowed: bool) -> None:
    kubectl.apply(yaml.safe_dump_all(operator_roles(permissions)))
    eventually(lambda: is_allowed(kubectl, right), lambda seen: seen is allowed)


def is_allowed(kubectl: Kubectl, right: Right) -> bool:
    """Ask the API server whether the operator has a right in its own namespace, where it has them all."""
    resource, _, subresource = right.resource.partition("/")
    attributes = {
        "group": right.group,
        "resource": resource,
        "subresource": subresource,
        "name": right.name,
        "verb": right.verb,
        "namespace": OPERATOR_NAMESPACE,
    }
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": OPERATOR.name, "resourceAttributes": attributes},
    }
    answer = json.loads(kubectl("create", f"--raw={REVIEWS}", "--filename=-", stdin=json.dumps(review)))
    return bool(answer["status"]["allowed"])


class Denials:
    """What the operator was denied since this was made, whatever the names of the objects."""

    def __init__(self, audit_log: Path) -> None:
        self._audit_log = audit_log
        self._before = len(audit_log.read_text().splitlines())

    def __call__(self) -> set[Right]:
        """Name the rights that it lacked."""
        return {
            denied_right(request.response_status.message)
            for request in audit.requests(self._audit_log, skip=self._before)
            if request.response_status is not None and request.response_status.code == 403
        }


def denied_right(message: str) -> Right:
    """Read which right somebody lacks."""
    if OWNER_DENIAL in message:
        return BLOCK_OWNER
    found = DENIAL.search(message)
    assert found is not None, message
    return Right(found["resource"], found["verb"], found["group"])
