"""Which parts there are, in which versions, and which of those found on a machine will do."""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
GO_MODULE = ROOT / "tools" / "kube"


class Part(StrEnum):
    """A program the local platform needs, by the name it is called by."""

    ETCD = "etcd"
    APISERVER = "kube-apiserver"
    CONTROLLER_MANAGER = "kube-controller-manager"
    KUBECTL = "kubectl"

    @property
    def variable(self) -> str:
        """The environment variable that names a program to use instead."""
        return self.upper().replace("-", "_")


@dataclass(frozen=True)
class Parts:
    """The programs, each ready to run."""

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
class Releases:
    """The versions to obtain, without a leading `v`."""

    kubernetes: str
    etcd: str
    go: str

    def of(self, part: Part) -> str:
        """The version of `part`."""
        return self.etcd if part is Part.ETCD else self.kubernetes


def releases(go_mod: str) -> Releases:
    """Read the versions from the text of `tools/kube/go.mod`, the one place that states them."""

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
OLDEST_ETCD = Version(3, 5)


def refusal(part: Part, found: Version | None) -> str | None:
    """Why a program of this version will not do; None when it will."""
    if found is None:
        return "did not tell its version"
    oldest = OLDEST_ETCD if part is Part.ETCD else OLDEST_KUBERNETES
    return f"is {found}, older than {oldest}" if found < oldest else None


def pair_refusal(apiserver: Version, controller_manager: Version) -> str | None:
    """Why these two will not work together: a controller manager must not be of another minor version."""
    if apiserver == controller_manager:
        return None
    return f"kube-apiserver is {apiserver} but kube-controller-manager is {controller_manager}"
