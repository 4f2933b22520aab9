import re

import pytest

from tools.containers.base import OFFICIAL_PYTHON
from tools.images.build import Built, table
from tools.images.catalog import IMAGES, index_arguments, prefix_in, references
from tools.parts.catalog import ROOT
from tools.version import python_version, semantic, version


@pytest.mark.parametrize(
    ("python", "elsewhere"),
    [
        ("0.1.0", "0.1.0"),
        ("0.1.0.dev0", "0.1.0-dev"),
        ("0.2.0.dev3", "0.2.0-dev.3"),
        ("1.0.0rc1", "1.0.0-rc.1"),
    ],
)
def test_version_is_spelled_for_images_and_charts(python: str, elsewhere: str) -> None:
    assert semantic(python) == elsewhere


def test_version_with_no_semantic_spelling_is_refused() -> None:
    with pytest.raises(ValueError, match=r"1\.0\.0\.post1 is neither a release"):
        semantic("1.0.0.post1")


def test_images_are_named_by_prefix_and_version() -> None:
    named = references(prefix_in({"IMAGES": "registry.example.com/team/"}), "0.1.0")
    assert named["worker-node"] == "registry.example.com/team/worker-node:0.1.0"
    assert (
        references(prefix_in({}), version())["operator"]
        == f"durable-agents/operator:{semantic(python_version())}"
    )


def test_index_and_proxies_are_passed_on_and_uv_is_told_of_pips_index() -> None:
    assert index_arguments({"PIP_INDEX_URL": "https://a/simple", "HTTPS_PROXY": "", "HOME": "/h"}) == {
        "PIP_INDEX_URL": "https://a/simple",
        "UV_DEFAULT_INDEX": "https://a/simple",
    }
    assert index_arguments({}) == {}


def test_table_has_a_line_for_each_image() -> None:
    lines = table([Built("a/b:1", 12_400_000, 3), Built("a/worker-node:1", 400_000_000, 3)]).splitlines()
    assert lines == ["IMAGE                SIZE", "a/b:1               12 MB", "a/worker-node:1    400 MB"]


@pytest.mark.parametrize("path", sorted({image.dockerfile for image in IMAGES}))
def test_dockerfile_starts_from_the_official_image_unless_told_otherwise(path: str) -> None:
    text = (ROOT / path).read_text()
    assert f"ARG BASE_IMAGE={OFFICIAL_PYTHON}\n" in text
    assert "ARG BUILD_IMAGE=${BASE_IMAGE}\n" in text
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) <= {
        "${BASE_IMAGE}",
        "${BUILD_IMAGE}",
        "tools",
        "worker",
    }
