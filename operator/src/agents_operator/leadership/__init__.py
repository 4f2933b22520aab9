"""One replica of the operator acts, the others stand by: by a Lease, as components of Kubernetes do it."""

from agents_operator.leadership.fence import Fence, NotLeadingError, fenced_loop, fenced_sockets
from agents_operator.leadership.leadership import Leadership
from agents_operator.leadership.lease import Leases
from agents_operator.leadership.terms import Terms

__all__ = [
    "Fence",
    "Leadership",
    "Leases",
    "NotLeadingError",
    "Terms",
    "fenced_loop",
    "fenced_sockets",
]
