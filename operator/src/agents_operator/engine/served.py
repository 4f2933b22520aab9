"""What the operator serves: the namespaces that it was given, or all at once, which None stands for."""

from collections.abc import Callable, Iterable

from agents_operator.kubernetes.access import Right

Namespaces = Callable[[], tuple[str | None, ...]]
"""Tells which are served at this moment."""

PERMISSIONS = "files/permissions.yaml of the Helm chart lists what it needs"


class Served:
    """Which namespaces are served, and why the others are not."""

    def __init__(self, namespaces: tuple[str, ...]) -> None:
        """None named means all at once."""
        self._unserved: dict[str | None, str] = {
            namespace: f"{named(namespace)} not served yet" for namespace in namespaces or (None,)
        }

    @property
    def wanted(self) -> tuple[str | None, ...]:
        """All of them, served or not."""
        return tuple(self._unserved)

    def now(self) -> tuple[str | None, ...]:
        """Those that are served."""
        return tuple(namespace for namespace, why in self._unserved.items() if not why)

    def tell(self, namespace: str | None, why: str) -> bool:
        """Note why a namespace is not served, or that it is (an empty text); return whether that is new."""
        before = self._unserved[namespace]
        self._unserved[namespace] = why
        return why != before

    def why_none(self) -> str:
        """Say why nothing is served; empty when something is."""
        return "" if self.now() else "; ".join(self._unserved.values())


def named(namespace: str | None) -> str:
    """Name a namespace as the beginning of a sentence on it."""
    return "all namespaces are" if namespace is None else f"namespace {namespace} is"


def refusal(namespace: str | None, missing: Iterable[Right]) -> str:
    """Say that a namespace is not served for want of rights, and what to do; empty when none is missing."""
    rights = _enumerated(missing)
    if not rights:
        return ""
    if namespace is None:
        return f"nothing is served: the operator may not {rights} in all namespaces; {PERMISSIONS}"
    return (
        f"{named(namespace)} not served: the operator may not {rights} there: "
        "create the namespace and upgrade the Helm release, or take it out of watchNamespaces"
    )


def _enumerated(rights: Iterable[Right]) -> str:
    kinds: dict[str, list[str]] = {}
    for right in rights:
        kinds.setdefault(right.verb, []).append(right.plural)
    return " and ".join(f"{verb} {', '.join(plurals)}" for verb, plurals in kinds.items())
