"""README's way into a cluster, word for word but for the cluster: README's own may be in use."""

import pytest

from tests.e2e.cluster import Cluster
from tests.e2e.installation import Installation
from tests.e2e.readme import commands, in_cluster, run


@pytest.mark.smoke
def test_quick_start_of_the_readme_works_as_it_stands(kind_cluster: Cluster, bare: Installation) -> None:
    script = in_cluster("\n".join(commands("In a cluster")), kind_cluster.target)
    output = run(script, kind_cluster.environ())
    assert "agentrun.durable-agents.dev/hello-1   hello   True        Succeeded" in output
    assert "get_interest_rate" in output
    assert bare.installed
