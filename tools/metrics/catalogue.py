"""Which metrics there are, by the code that keeps them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric

from agents_operator.engine.world import World
from agents_operator.metrics import LeaderCollector
from agents_operator.metrics import Measures as OperatorMeasures
from agents_worker.metrics import Measures as WorkerMeasures


@dataclass(frozen=True)
class Listed:
    """A metric."""

    name: str
    type: str
    labels: tuple[str, ...]
    help: str
    of: Literal["operator", "leader", "worker"]
    """Which processes tell it."""

    @property
    def series(self) -> frozenset[str]:
        """The names that its samples have."""
        if self.type == "histogram":
            return frozenset(f"{self.name}_{part}" for part in ("bucket", "sum", "count"))
        return frozenset((self.name,))


def listed_metrics() -> tuple[Listed, ...]:
    """List all metrics of our own."""
    leader = LeaderCollector(World(), (), lambda: True)
    return (
        *(_of_measure(each, "operator") for each in _measures(OperatorMeasures(CollectorRegistry()))),
        *(_of_family(each) for each in leader.collect()),
        *(_of_measure(each, "worker") for each in _measures(WorkerMeasures(CollectorRegistry()))),
    )


def _measures(measures: object) -> Iterator[MetricWrapperBase]:
    return (each for each in vars(measures).values() if isinstance(each, MetricWrapperBase))


def _of_measure(measure: MetricWrapperBase, of: Literal["operator", "worker"]) -> Listed:
    [family] = measure.describe()
    name = f"{family.name}_total" if family.type == "counter" else family.name
    labels = measure._labelnames  # noqa: SLF001  # nothing else tells the labels of a metric without series
    return Listed(name, family.type, tuple(labels), family.documentation, of)


def _of_family(family: Metric) -> Listed:
    labels = family._labelnames  # type: ignore[attr-defined]  # noqa: SLF001
    of: Literal["operator", "leader"] = "operator" if family.name == "durable_agents_leader" else "leader"
    return Listed(family.name, family.type, tuple(labels), family.documentation, of)
