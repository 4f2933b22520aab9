"""The cluster and the images that the end-to-end tests are for, as `make e2e` hands them to pytest."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.errors import ExpectedError
from tools.images.catalog import references


@dataclass(frozen=True)
class Target:
    """A cluster by its kubeconfig, and what images are called; `kind` names a kind cluster made by us."""

    kubeconfig: Path
    prefix: str
    tag: str
    kind: str | None

    @property
    def images(self) -> dict[str, str]:
        """The whole name of each image, by its short one."""
        return references(self.prefix, self.tag)

    def environ(self) -> dict[str, str]:
        """The environment variables that say all this."""
        return {
            "E2E_KUBECONFIG": str(self.kubeconfig),
            "E2E_IMAGES": self.prefix,
            "E2E_TAG": self.tag,
            "E2E_KIND": self.kind or "",
        }


def is_target_given(environ: Mapping[str, str]) -> bool:
    """Tell whether tests are being run by `make e2e`."""
    return "E2E_KUBECONFIG" in environ


def target_in(environ: Mapping[str, str]) -> Target:
    """Read what `Target.environ` wrote."""
    if not is_target_given(environ):
        raise ExpectedError("the end-to-end tests need a cluster: run them by `make e2e`")
    return Target(
        Path(environ["E2E_KUBECONFIG"]),
        environ["E2E_IMAGES"],
        environ["E2E_TAG"],
        environ["E2E_KIND"] or None,
    )


def foreign_target(environ: Mapping[str, str], version: str) -> Target | None:
    """The cluster and the pushed images that the caller names, by KUBECONFIG and IMAGES both; else None.

    KUBECONFIG alone names none: many shells export it, and it may be anybody's production.
    """
    kubeconfig, images = environ.get("KUBECONFIG"), environ.get("IMAGES")
    if not (kubeconfig and images):
        return None
    return Target(Path(kubeconfig).absolute(), images.rstrip("/"), environ.get("TAG") or version, None)
