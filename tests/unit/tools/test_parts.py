from pathlib import Path

import pytest

from tools.errors import ExpectedError
from tools.parts.build import first_time, linker_flags
from tools.parts.catalog import GO_MODULE, Group, Part, Version, refusal, releases, version_in
from tools.parts.choice import Found, choose, observe
from tools.parts.go import is_new_enough
from tools.parts.store import Store, store_directory

NO_LINKS = Path("/nowhere/bin")
RELEASES = releases((GO_MODULE / "go.mod").read_text())


def found(version: str, *, named: bool = False, path: str = "/usr/bin/x") -> Found:
    return Found(Path(path), version_in(f"v{version}.0"), named=named)


def program(path: Path, answer: str) -> Path:
    path.write_text(f"#!/bin/sh\necho '{answer}'\n")
    path.chmod(0o755)
    return path


def test_go_mod_is_the_one_place_that_states_versions() -> None:
    assert (RELEASES.kubernetes, RELEASES.etcd) == ("1.34.4", "3.6.4")
    assert RELEASES.of(Part.ETCD) == "3.6.4"
    assert RELEASES.of(Part.KUBECTL) == "1.34.4"


@pytest.mark.parametrize(
    ("output", "version"),
    [
        ("Kubernetes v1.34.4", (1, 34)),
        ("Client Version: v1.32.4-dispatcher\nKustomize Version: v5.5.0", (1, 32)),
        ("etcd Version: 3.6.4\nGit SHA: abc\nGo Version: go1.26.8", (3, 6)),
        ("command not found", None),
    ],
)
def test_version_is_read_from_what_a_program_prints(output: str, version: tuple[int, int] | None) -> None:
    assert version_in(output) == version


@pytest.mark.parametrize(
    ("part", "version", "fits"),
    [
        (Part.APISERVER, Version(1, 31), True),
        (Part.APISERVER, Version(1, 30), False),
        (Part.KUBECTL, Version(1, 31), True),
        (Part.KUBECTL, Version(1, 28), False),
        (Part.ETCD, Version(3, 5), True),
        (Part.ETCD, Version(3, 4), False),
        (Part.ETCD, None, False),
        (Part.HELM, Version(3, 14), True),
        (Part.HELM, Version(3, 13), False),
        (Part.HELM, Version(4, 0), False),
        (Part.KIND, Version(0, 27), True),
        (Part.KIND, Version(0, 26), False),
    ],
)
def test_only_programs_of_versions_that_are_tested_are_used(
    part: Part, version: Version | None, *, fits: bool
) -> None:
    assert (refusal(part, version) is None) is fits


def test_old_program_on_path_is_passed_over_and_named_one_is_an_error() -> None:
    passed = choose({Part.KUBECTL: found("1.20")}, RELEASES)
    assert passed.use == {}
    assert "older than 1.31" in passed.passed_over[0]
    with pytest.raises(ExpectedError, match="set KUBECTL to another or unset it"):
        choose({Part.KUBECTL: found("1.20", named=True)}, RELEASES)


def test_control_plane_programs_are_used_only_when_they_fit_each_other() -> None:
    alone = choose({Part.APISERVER: found("1.33")}, RELEASES)
    assert alone.use == {}
    assert "kube-controller-manager is 1.34" in alone.passed_over[0]
    pair = {Part.APISERVER: found("1.33"), Part.CONTROLLER_MANAGER: found("1.33")}
    assert set(choose(pair, RELEASES).use) == set(pair)
    assert set(choose({Part.APISERVER: found("1.34")}, RELEASES).use) == {Part.APISERVER}


def test_environment_variable_wins_over_path(tmp_path: Path) -> None:
    on_path = program(tmp_path / "kubectl", "Client Version: v1.33.1")
    named = program(tmp_path / "my-kubectl", "Client Version: v1.34.1")
    seen = observe(Group.LOCAL.parts, {"PATH": str(tmp_path)}, NO_LINKS)
    assert seen == {Part.KUBECTL: Found(on_path, Version(1, 33), named=False)}
    environ = {"PATH": str(tmp_path), "KUBECTL": str(named)}
    assert observe(Group.LOCAL.parts, environ, NO_LINKS) == {
        Part.KUBECTL: Found(named, Version(1, 34), named=True)
    }


def test_only_the_parts_of_a_purpose_are_looked_for(tmp_path: Path) -> None:
    for name in ("kubectl", "helm", "kind"):
        program(tmp_path / name, "v1.34.1")
    environ = {"PATH": str(tmp_path)}
    assert set(observe(Group.LOCAL.parts, environ, NO_LINKS)) == {Part.KUBECTL}
    assert set(observe(Group.TEST.parts, environ, NO_LINKS)) == {Part.KUBECTL, Part.HELM}
    assert set(observe(Group.CLUSTER.parts, environ, NO_LINKS)) == {Part.KUBECTL, Part.HELM, Part.KIND}


def test_helm_built_without_its_version_is_passed_over(tmp_path: Path) -> None:
    # It takes every cluster for Kubernetes 1.20 and renders no chart of ours.
    program(tmp_path / "helm", "v3.22")
    choice = choose(observe([Part.HELM], {"PATH": str(tmp_path)}, NO_LINKS), RELEASES)
    assert choice.use == {}
    assert "helm" in choice.passed_over[0]


def test_named_program_that_does_not_run_is_an_error(tmp_path: Path) -> None:
    seen = observe([Part.ETCD], {"PATH": "/nowhere", "ETCD": str(tmp_path / "missing")}, NO_LINKS)
    with pytest.raises(ExpectedError, match="did not tell its version; set ETCD"):
        choose(seen, RELEASES)


def test_store_is_below_the_users_cache_and_named_by_versions() -> None:
    elsewhere = store_directory({"XDG_CACHE_HOME": "/c", "HOME": "/h"}, RELEASES, Part.ETCD)
    assert elsewhere.is_relative_to("/c/durable-agents")
    directory = store_directory({"HOME": "/h"}, RELEASES, Part.ETCD)
    assert directory.is_relative_to("/h/.cache/durable-agents")
    assert directory.name.startswith("kubernetes-1.34.4-etcd-3.6.4-")


def test_all_of_kubernetes_is_in_one_store_and_each_other_program_in_its_own() -> None:
    stores = {part: store_directory({"HOME": "/h"}, RELEASES, part).name for part in Part}
    assert len({stores[part] for part in (*Group.LOCAL.parts, Part.KUBE)}) == 1
    assert stores[Part.HELM] == f"helm-{RELEASES.of(Part.HELM)}"
    assert len(set(stores.values())) == 9


def test_unwritable_cache_is_told_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(ExpectedError, match="set XDG_CACHE_HOME"),
        Store(tmp_path / "file" / "store").locked(lambda: None),
    ):
        pass


def test_build_stamps_the_version_that_components_compare() -> None:
    flags = linker_flags("1.34.4")
    assert "-X k8s.io/component-base/version.gitVersion=v1.34.4" in flags
    assert "-X k8s.io/component-base/version.gitMinor=34" in flags


def test_first_build_is_announced_for_the_cores_there_are() -> None:
    assert first_time(2, 7) == "about 7 minutes on 2 cores the first time"
    assert first_time(14, 7) == "about 1 minute on 14 cores the first time"


@pytest.mark.parametrize(
    ("version", "enough"),
    [
        ("go1.26.8", True),
        ("go1.24.0", True),
        ("go1.24", True),
        ("go1.23.9", False),
        ("", False),
        ("go1.30rc1", True),
    ],
)
def test_go_older_than_go_mod_asks_for_is_not_used(version: str, *, enough: bool) -> None:
    assert is_new_enough(version, "1.24.0") is enough


def test_link_to_what_was_chosen_before_is_not_met_on_path(tmp_path: Path) -> None:
    links, elsewhere = tmp_path / "bin", tmp_path / "elsewhere"
    links.mkdir()
    elsewhere.mkdir()
    program(links / "kubectl", "v1.34.0")
    environ = {"PATH": f"{links}:{elsewhere}"}
    assert observe([Part.KUBECTL], environ, links) == {}
    there = program(elsewhere / "kubectl", "v1.34.0")
    assert observe([Part.KUBECTL], environ, links)[Part.KUBECTL].path == there
