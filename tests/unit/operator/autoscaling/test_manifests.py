"""What becomes of `mode` and `replicas` as people keep them in files."""

import pytest

from agents_operator.kubernetes.resources import WORKER_POOLS
from tests.unit.operator.bench import Bench
from tools.errors import ExpectedError
from tools.local.control_plane import ControlPlane
from tools.local.kubectl import Kubectl

POOL = """
apiVersion: durable-agents.dev/v1alpha1
kind: WorkerPool
metadata: {{name: in-git, namespace: {namespace}}}
spec:
  autoscaling: {{mode: {mode}}}
  template: {{spec: {{containers: [{{name: worker, image: worker:1}}]}}}}
"""


@pytest.fixture
def kubectl(control_plane: ControlPlane) -> Kubectl:
    return control_plane.kubectl()


SERVER, CLIENT = ("apply", "--server-side", "--field-manager=flux"), ("apply",)


@pytest.mark.parametrize(
    ("apply", "first", "then"),
    [
        pytest.param(SERVER, None, 4, id="server-side, never there"),
        pytest.param(CLIENT, None, 4, id="client-side, never there"),
        pytest.param(SERVER, 2, 4, id="server-side, taken out"),
        pytest.param(CLIENT, 2, 1, id="client-side, taken out"),
        pytest.param(SERVER, 4, 1, id="server-side, taken out, unchanged since"),
    ],
)
async def test_number_that_an_hpa_has_set_stays_where_the_file_has_none(
    bench: Bench, kubectl: Kubectl, apply: tuple[str, ...], first: int | None, then: int
) -> None:
    """But for what the page says of a number that was in the file before."""
    manifest = POOL.format(namespace=bench.namespace, mode="External")
    before = manifest if first is None else f"{manifest}  replicas: {first}\n"
    kubectl(*apply, "--filename=-", stdin=before)
    kubectl("scale", "workerpool/in-git", "--replicas=4", f"--namespace={bench.namespace}")
    kubectl(*apply, "--filename=-", stdin=manifest)
    assert (await bench.stored(WORKER_POOLS, "in-git")).spec.replicas == then


def test_off_without_quotes_is_refused_by_the_name_of_the_field_and_what_it_may_be(
    bench: Bench, kubectl: Kubectl
) -> None:
    with pytest.raises(ExpectedError) as refused:
        kubectl("apply", "--filename=-", stdin=POOL.format(namespace=bench.namespace, mode="Off"))
    assert (
        'spec.autoscaling.mode: Unsupported value: false: supported values: "Auto", "External", "Off"'
        in str(refused.value)
    )
