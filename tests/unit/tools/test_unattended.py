import pytest

from tools.local.unattended import Metadata, Objects, unattended

PROVIDERS = """
  {"kind": "ModelProvider", "metadata": {"namespace": "team", "name": "mistral"},
   "spec": {"url": "https://api.mistral.ai"}},
  {"kind": "ModelProvider", "metadata": {"namespace": "team", "name": "standin"},
   "spec": {"url": "http://127.0.0.1:18000"}},
  {"kind": "ModelProvider", "metadata": {"namespace": "other", "name": "mistral"},
   "spec": {"url": "http://localhost:18001"}}
"""


def agent(namespace: str, provider: str, policy: str = "Delete", status: str = "{}") -> str:
    return f"""
  {{"kind": "Agent", "metadata": {{"namespace": "{namespace}", "name": "finance"}},
   "spec": {{"providerRef": {{"name": "{provider}"}}, "deletionPolicy": "{policy}"}},
   "status": {status}}}
"""


@pytest.mark.parametrize(
    ("manifest", "removed"),
    [
        pytest.param(agent("team", "mistral"), ["finance"], id="at a provider elsewhere"),
        pytest.param(agent("team", "mistral", "Retain"), [], id="to be retained"),
        pytest.param(agent("team", "standin"), [], id="at the stand-in"),
        pytest.param(agent("other", "mistral"), [], id="provider of that name in another namespace"),
        pytest.param(agent("team", "none"), [], id="provider unknown"),
        pytest.param(
            agent("team", "standin", status='{"remote": {"provider": "mistral"}}'),
            ["finance"],
            id="was made elsewhere",
        ),
    ],
)
def test_down_removes_only_agents_that_would_stay_at_a_provider_elsewhere(
    manifest: str, removed: list[str]
) -> None:
    objects = Objects.model_validate_json(f'{{"items": [{PROVIDERS}, {manifest}]}}')
    assert [found.name for found in unattended(objects.items)] == removed


def test_nothing_is_removed_where_there_are_no_agents() -> None:
    assert unattended(Objects.model_validate_json(f'{{"items": [{PROVIDERS}]}}').items) == []


def test_agents_are_named_with_their_namespace() -> None:
    objects = Objects.model_validate_json(f'{{"items": [{PROVIDERS}, {agent("team", "mistral")}]}}')
    assert unattended(objects.items) == [Metadata(namespace="team", name="finance")]
