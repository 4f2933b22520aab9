"""What the tests of a session leave to be seen, and the secrets that must not be in it."""

import base64
import json

from tests.component.platform import Operator, Platform
from tests.component.tenant import Tenant
from tools.local.processes import Processes

OBJECTS = "agents,agentruns,modelproviders,mcpservers,workerpools,deployments,events,configmaps"
# A shorter value would be found by chance.
SHORTEST_SECRET = 8


class Evidence:
    """Collects from each namespace before it goes."""

    def __init__(self) -> None:
        self.secrets: set[str] = set()
        self.objects: dict[str, bytes] = {}

    def take(self, tenant: Tenant) -> None:
        """Note the Secrets of a namespace, also the keys that it had before, and all its other objects."""
        found = json.loads(tenant.kubectl("get", "secrets", "--output=json"))
        values = [value for item in found["items"] for value in item.get("data", {}).values()]
        texts = [base64.b64decode(value).decode(errors="replace").strip() for value in values]
        self.secrets.update(text for text in (*texts, *tenant.keys) if len(text) >= SHORTEST_SECRET)
        self.objects[tenant.namespace] = tenant.kubectl("get", OBJECTS, "--output=yaml").encode()

    def leaks(self, places: dict[str, bytes]) -> list[tuple[str, str]]:
        """Name each place where a secret is seen, plain or as Secrets show it."""
        everywhere = {**places, **{f"objects of {name}": content for name, content in self.objects.items()}}
        return [
            (place, secret)
            for place, content in everywhere.items()
            for secret in sorted(self.secrets)
            if secret.encode() in content or base64.b64encode(secret.encode()) in content
        ]


def everything_said(platform: Platform, processes: Processes, operator: Operator) -> dict[str, bytes]:
    """Read all histories, all logs, and all that the stand-in keeps but the keys it takes."""
    logs = (platform.directory / "logs").rglob("*.log")
    return {
        "histories": platform.histories(),
        "operator's log": operator.log.encode(),
        "stand-in's agents": repr(platform.standin.agents()).encode(),
        "stand-in's conversations": repr(platform.standin.conversations()).encode(),
        "local runner's log": processes.log("pods").read_bytes(),
        **{f"log {log.name}": log.read_bytes() for log in logs},
    }
