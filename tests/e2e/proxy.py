"""A way to the services inside a cluster, through its API server."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.cluster import Cluster


@contextmanager
def service_url(cluster: Cluster, namespace: str, service: str, port: int) -> Iterator[str]:
    """Give an address at which a Service answers HTTP here; it outlives the pods behind the Service."""
    command = (*cluster.kubectl_command, "proxy", "--port=0")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as proxy:
        assert proxy.stdout is not None
        first = proxy.stdout.readline()
        serving = re.search(r"127\.0\.0\.1:\d+", first)
        assert serving, first
        try:
            yield f"http://{serving[0]}/api/v1/namespaces/{namespace}/services/{service}:{port}/proxy"
        finally:
            proxy.terminate()
