"""docs/temporal.md, as far as a machine can read it."""

import re

import yaml

from agents_crds.v1alpha1 import TemporalConnection, WorkerPool
from agents_operator.pools.temporal_target import PayloadTarget, connection_target
from agents_operator.temporal.places import connection_of
from tools.parts.catalog import ROOT

PAGE = (ROOT / "docs" / "temporal.md").read_text()


def test_example_is_a_pool_that_works_by_a_connection() -> None:
    [block] = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.M | re.S)
    first, second = yaml.safe_load_all(block)
    connection, pool = TemporalConnection.model_validate(first), WorkerPool.model_validate(second)
    assert connection_of(pool) == connection.metadata.name
    target = connection_target(connection, PayloadTarget())
    assert {secret.name for secret in target.secrets} == {"temporal-ca", "temporal-tls", "temporal"}
