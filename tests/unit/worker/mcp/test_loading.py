import subprocess
import sys

from agents_worker.settings import Settings

LOADED = "import sys, agents_worker.__main__; sys.exit('mcp' in sys.modules)"


def test_worker_that_is_asked_about_no_server_does_without_the_sdk() -> None:
    assert subprocess.run((sys.executable, "-c", LOADED), check=False).returncode == 0


def test_commands_come_from_the_environment_and_are_none_without() -> None:
    variables = {
        "TEMPORAL_DEPLOYMENT_NAME": "i/ns/default",
        "TEMPORAL_WORKER_BUILD_ID": "b1",
        "DURABLE_AGENTS_POOL_QUEUE": "i/ns/pools/default",
    }
    assert Settings.model_validate(variables).stdio_commands == ()
    allowed = variables | {"DURABLE_AGENTS_STDIO_COMMANDS": ["npx", "uvx"]}
    assert Settings.model_validate(allowed).stdio_commands == ("npx", "uvx")
