"""README's way into a cluster, word for word."""

import pytest

from tests.e2e.cluster import Cluster
from tests.e2e.installation import Installation
from tests.e2e.readme import commands, run


@pytest.mark.smoke
def test_quick_start_of_the_readme_works_as_it_stands(cluster: Cluster, bare: Installation) -> None:
    if not cluster.owned:
        pytest.skip("README's quick start is for a kind cluster of this machine")
    output = run("\n".join(commands("In a cluster")), cluster.environ())
    assert "agentrun.durable-agents.dev/hello-1   hello   True        Succeeded" in output
    assert "get_interest_rate" in output
    assert bare.installed
