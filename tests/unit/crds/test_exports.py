"""What `agents_crds.v1alpha1` gives by name, without having loaded it before."""

import pytest

from agents_crds import v1alpha1


@pytest.mark.parametrize("name", v1alpha1.__all__)
def test_every_name_is_found_in_its_module(name: str) -> None:
    assert getattr(v1alpha1, name) is not None


def test_a_name_that_is_not_there_is_refused_as_anywhere() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nope'"):
        _ = v1alpha1.Nope  # type: ignore[attr-defined] # that it is not there is what is tested
