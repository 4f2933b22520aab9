"""Rules and loads that tests share."""

from datetime import timedelta

from agents_operator.autoscaling.load import Load, Unknown
from agents_operator.autoscaling.rules import Scaled

RULES = Scaled(
    fewest=0,
    most=10,
    most_by="maxReplicas",
    runs_per_worker=50,
    backlog_per_worker=100,
    scale_down_after=timedelta(minutes=1),
    idle_timeout=timedelta(minutes=5),
)
AT_LEAST_TWO = Scaled(2, 10, "maxReplicas", 50, 100, timedelta(minutes=1), timedelta(minutes=5))
NOTHING = Load()
AWAY = Unknown("Temporal cannot be reached (UNAVAILABLE)")
