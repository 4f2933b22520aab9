"""How long a Lease lasts, and what follows from it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Terms:
    """Times in seconds since the last renewal; of 15, the holder writes for 10 and renews every 2."""

    duration: int = 15
    """Anybody may take the Lease who has seen no renewal for so long."""

    @property
    def deadline(self) -> float:
        """When the holder ends that could not renew: well before anybody takes the Lease."""
        return self.duration * 2 / 3

    @property
    def attempt(self) -> float:
        """Longest attempt to take or to renew it: one that hangs leaves time for a second one."""
        return self.duration / 3

    @property
    def pause(self) -> float:
        """Between two renewals, or two looks at who holds it."""
        return self.duration * 2 / 15
