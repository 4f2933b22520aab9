"""Which parts there are, in which versions, and which of those found on a machine will do."""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
GO_MODULE = ROOT / "tools" / "kube"
NPM_PACKAGE = ROOT / "tools" / "parts" / "npm"


class Part(StrEnum):
    """A program that this repository runs or packs, by the name it is called by."""

    ETCD = "etcd"
    APISERVER = "kube-apiserver"
    CONTROLLER_MANAGER = "kube-controller-manager"
    KUBECTL = "kubectl"
    HELM = "helm"
    KIND = "kind"
    KUBE = "kube"  # every Kubernetes component in one binary
    COREDNS = "coredns"
    PROVISIONER = "local-path-provisioner"
    MCP_SERVER_EVERYTHING = "mcp-server-everything"  # the reference server of MCP's makers
    GITOPS_HEALTH = "gitops-health"  # how Argo CD and Flux judge an object
    PROMETHEUS = "prometheus"
    PROMTOOL = "promtool"  # Prometheus' checks of rules and expressions

    @property
    def variable(self) -> str:
        """The environment variable that names a program to use instead."""
        return self.upper().replace("-", "_")


class Group(StrEnum):
    """The parts that one purpose needs."""

    LOCAL = "local"
    TEST = "test"
    CLUSTER = "cluster"
    NODE = "node"

    @property
    def parts(self) -> tuple[Part, ...]:
        """Its parts, in the order in which they are obtained."""
        match self:
            case Group.LOCAL:
                return (Part.ETCD, Part.APISERVER, Part.CONTROLLER_MANAGER, Part.KUBECTL)
            case Group.TEST:
                return (
                    *Group.LOCAL.parts,
                    Part.HELM,
                    Part.MCP_SERVER_EVERYTHING,
                    Part.GITOPS_HEALTH,
                    *PROMETHEUS_PARTS,
                )
            case Group.CLUSTER:
                return (Part.KUBECTL, Part.HELM, Part.KIND)
            case Group.NODE:
                return (Part.KUBE, Part.COREDNS, Part.PROVISIONER)


NPM_PARTS = (Part.MCP_SERVER_EVERYTHING,)
PROMETHEUS_PARTS = (Part.PROMETHEUS, Part.PROMTOOL)
ALWAYS_BUILT = (*Group.NODE.parts, *NPM_PARTS, Part.GITOPS_HEALTH, *PROMETHEUS_PARTS)
"""Neither looked for on the machine nor downloaded."""


@dataclass(frozen=True)
class Parts:
    """The programs of the local platform, each ready to run."""

    etcd: Path
    apiserver: Path
    controller_manager: Path
    kubectl: Path


class Version(NamedTuple):
    """The part of a version that compatibility depends on."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


@dataclass(frozen=True)
class Module:
    """A program whose Go module is published: what to build of it, in which version, and how."""

    package: str
    version: str
    go: str
    two_core_minutes: float
    stamps: tuple[tuple[str, str], ...] = ()
    directory: Path | None = None
    """Where a go.mod of our own pins it, and all it depends on; None: its own go.mod does."""
    tags: tuple[str, ...] = ()


MODULES = {
    Part.HELM: Module(
        "helm.sh/helm/v3/cmd/helm",
        "3.22.0",
        go="1.26.0",
        two_core_minutes=2,
        # As helm's own build has it: without, charts that ask for a Kubernetes later than 1.20 do not render.
        stamps=(
            ("helm.sh/helm/v3/internal/version.version", "v3.22.0"),
            ("helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor", "37"),
            ("helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor", "37"),
        ),
    ),
    Part.KIND: Module("sigs.k8s.io/kind", "0.33.0", go="1.24.0", two_core_minutes=0.5),
    Part.COREDNS: Module(
        "coredns",
        "1.12.4",
        go="1.24.0",
        two_core_minutes=1,
        # A main package of our own: with the plugins of a cluster alone it takes a third of the time.
        directory=ROOT / "tools" / "kind" / "coredns",
    ),
    Part.PROVISIONER: Module(
        "github.com/rancher/local-path-provisioner",
        "0.0.30",
        go="1.24.0",
        two_core_minutes=0.5,
        # With the client library of tools/kube, most of it is compiled already.
        directory=ROOT / "tools" / "kind" / "provisioner",
    ),
    Part.GITOPS_HEALTH: Module(
        "gitops-health",
        "0.92.0",  # of Flux's library
        go="1.25.0",
        two_core_minutes=1.5,  # half of it where Kubernetes was built
        # A main package of our own: neither Argo CD nor Flux has a program that judges one object.
        directory=ROOT / "tools" / "gitops",
    ),
    Part.PROMETHEUS: Module(
        "github.com/prometheus/prometheus/cmd/prometheus",
        "0.313.4",
        go="1.26.0",
        two_core_minutes=3,
        # Its own go.mod replaces a module, which `go install` of a version refuses.
        directory=ROOT / "tools" / "prometheus",
        # Without the ways to find targets in clouds, which are most of it.
        tags=("remove_all_sd",),
    ),
    Part.PROMTOOL: Module(
        "github.com/prometheus/prometheus/cmd/promtool",
        "0.313.4",
        go="1.26.0",
        two_core_minutes=1,  # after the other one
        directory=ROOT / "tools" / "prometheus",
        tags=("remove_all_sd",),
    ),
}


@dataclass(frozen=True)
class Releases:
    """The versions to obtain, without a leading `v`."""

    kubernetes: str
    etcd: str
    go: str

    def of(self, part: Part) -> str:
        """The version of `part`."""
        if part in MODULES:
            return MODULES[part].version
        return self.etcd if part is Part.ETCD else self.kubernetes


def releases(go_mod: str) -> Releases:
    """Read the versions of Kubernetes and etcd from the text of `tools/kube/go.mod`, their one place."""

    def stated(pattern: str) -> str:
        match = re.search(pattern, go_mod, re.MULTILINE)
        if match is None:
            raise ValueError(f"go.mod states no {pattern}")
        return match[1]

    return Releases(
        kubernetes=stated(r"^\s*k8s\.io/kubernetes v(\S+)"),
        etcd=stated(r"^\s*go\.etcd\.io/etcd/server/v3 v(\S+)"),
        go=stated(r"^go (\S+)"),
    )


def version_in(output: str) -> Version | None:
    """The first version in what a program printed when asked for it."""
    match = re.search(r"\bv?(\d+)\.(\d+)(?:\.\d+)", output)
    return Version(int(match[1]), int(match[2])) if match else None


OLDEST_KUBERNETES = Version(1, 31)  # the first whose custom resources have selectable fields
OLDEST = {
    Part.ETCD: Version(3, 5),
    Part.HELM: Version(3, 14),  # the first with `helm upgrade --reset-then-reuse-values`
    Part.KIND: Version(0, 27),  # the first that loads images into nodes with containerd 2
}
# Helm 4 renames flags and applies on the server's side: the charts are tested with what users of 3 get.
TOO_NEW = {Part.HELM: Version(4, 0)}


def refusal(part: Part, found: Version | None) -> str | None:
    """Why a program of this version will not do; None when it will."""
    if found is None:
        return "did not tell its version"
    oldest = OLDEST.get(part, OLDEST_KUBERNETES)
    if found < oldest:
        return f"is {found}, older than {oldest}"
    if part in TOO_NEW and found >= TOO_NEW[part]:
        return f"is {found}, {TOO_NEW[part]} and later are not tested"
    return None


def pair_refusal(apiserver: Version, controller_manager: Version) -> str | None:
    """Why these two will not work together: a controller manager must not be of another minor version."""
    if apiserver == controller_manager:
        return None
    return f"kube-apiserver is {apiserver} but kube-controller-manager is {controller_manager}"
