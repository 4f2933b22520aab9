"""A file that a tool of the server made can be read."""

import pytest
from mistralai.client import Mistral, errors, models

from tests.standin.files_api import content_of
from tests.unit.standin.samples import MODEL


def test_a_picture_is_read_by_the_id_that_the_answer_gives(mistral: Mistral) -> None:
    agent = mistral.beta.agents.create(model=MODEL, name="a", tools=[models.ImageGenerationTool()])
    answered = mistral.beta.conversations.start(agent_id=agent.id, inputs="Draw a picture of a cat")
    chunks = [chunk for output in answered.outputs for chunk in getattr(output, "content", ())]
    [file] = [chunk for chunk in chunks if isinstance(chunk, models.ToolFileChunk)]
    assert mistral.files.download(file_id=file.file_id).read() == content_of(file.file_id)
    mistral.beta.conversations.delete(conversation_id=answered.conversation_id)
    with pytest.raises(errors.SDKError) as refused:
        mistral.files.download(file_id=file.file_id)
    assert refused.value.status_code == 404
