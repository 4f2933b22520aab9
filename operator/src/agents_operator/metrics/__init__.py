"""What the operator tells Prometheus; docs/metrics.md lists it."""

from agents_operator.metrics.measures import Measures
from agents_operator.metrics.page import metrics_page
from agents_operator.metrics.requests import measured_api, measured_provider
from agents_operator.metrics.world import LeaderCollector
from agents_operator.metrics.written import Writes

__all__ = ["LeaderCollector", "Measures", "Writes", "measured_api", "measured_provider", "metrics_page"]
