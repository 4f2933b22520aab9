"""What the API server may refuse, and what that means for a pool."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from agents_crds.v1alpha1 import Reason
from agents_operator.errors import Stalled, Waiting
from agents_operator.kubernetes.deployments import InvalidDeploymentError
from agents_operator.kubernetes.errors import ForbiddenError, RejectedError

GRANT = ", which its role must allow"
TRY_AGAIN = timedelta(seconds=30)


@contextmanager
def refusable(what: str) -> Iterator[None]:
    """Raise Waiting or Stalled, about the pool, for a refusal of that which the API server may refuse."""
    try:
        yield
    except InvalidDeploymentError as error:
        raise Stalled(Reason.POD_TEMPLATE_INVALID, error.message) from error
    except (ForbiddenError, RejectedError) as error:
        raise Waiting(
            Reason.DEPLOYMENT_REFUSED, f"the API server refuses {what}: {error.message}", after=TRY_AGAIN
        ) from error
