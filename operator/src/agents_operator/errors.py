"""The two ways in which a reconcile ends early.

`engine.settle` turns them into condition, event and requeue.
"""

from datetime import timedelta

from agents_crds.v1alpha1 import Condition, ConditionType, Reason


class Waiting(Exception):
    """What is missing may come by itself: say why, and look again after a while."""

    reached: tuple[Condition, ...] = ()
    """What the reconcile found out before it ended, to be written along; it wins over what that implies."""

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        after: timedelta,
        condition: ConditionType = ConditionType.READY,
        expected: bool = False,
    ) -> None:
        """Wait `after` at most; what is `expected` in the normal course of things makes no event."""
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.after = after
        self.expected = expected
        self.condition = condition


class Stalled(Exception):
    """Only a change of the object, or of what it refers to, helps: say which."""

    reached: tuple[Condition, ...] = ()
    """What the reconcile found out before it ended, to be written along; it wins over what that implies."""

    def __init__(
        self, reason: Reason, message: str, *, condition: ConditionType = ConditionType.READY
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.condition = condition


class UnsupportedServerError(Exception):
    """The API server or the Temporal server is too old for this operator."""
