"""Chat completions in two dialects, Mistral's and OpenAI's: reads, refuses, lets the model answer, counts."""

import hashlib
import json
from collections.abc import Callable

from pydantic import BaseModel, ValidationError

from tests.standin import chat_rules, openai_rules
from tests.standin.chat_answering import Said, prompt_tokens, reply
from tests.standin.chat_messages import topic_of
from tests.standin.chat_replies import as_mistral, as_openai
from tests.standin.chat_requests import Asked, ChatRequest
from tests.standin.errors import invalid_argument, invalid_request, no_such_model
from tests.standin.models_api import require_known, windows_of
from tests.standin.openai_requests import OpenAiChatRequest
from tests.standin.state import Chat, State
from tests.standin.wire import Call, Endpoint, Json, Reply

_NO_STREAM = "The stand-in does not stream chats: leave out stream, or send false"


class ChatApi:
    """The routes that end in /chat/completions."""

    def __init__(self, state: State) -> None:
        self._state = state

    def endpoints(self) -> tuple[Endpoint, ...]:
        """List the routes."""
        path = "/chat/completions"
        return (
            Endpoint("POST", f"/v1{path}", self.complete, model_call=True),
            Endpoint("POST", f"/openai/v1{path}", self.complete_openai, model_call=True, dialect="openai"),
        )

    def complete(self, call: Call) -> Reply:
        """Answer a chat as Mistral does."""
        request = call.parse_body(ChatRequest)
        if request.stream:
            raise invalid_request(_NO_STREAM)
        asked = request.asked()
        require_known(self._state, asked.model)
        tokens = prompt_tokens(asked)
        refused = chat_rules.refusal(asked.messages)
        refused = refused or chat_rules.too_large(tokens, asked.max_tokens, self._window(asked))
        if refused is not None:
            raise refused
        return self._answer(call, asked, tokens, as_mistral)

    def complete_openai(self, call: Call) -> Reply:
        """Answer a chat as OpenAI's API does."""
        try:
            request = OpenAiChatRequest.model_validate_json(call.body)
        except ValidationError as error:
            raise openai_rules.refused_body(error) from error
        if request.stream:
            raise invalid_argument(_NO_STREAM, "stream")
        asked = request.asked()
        if asked.model not in windows_of(self._state):
            raise no_such_model(asked.model)
        tokens = prompt_tokens(asked)
        refused = openai_rules.refusal(request)
        refused = refused or openai_rules.too_large(tokens, asked.max_tokens, self._window(asked))
        if refused is not None:
            raise refused
        return self._answer(call, asked, tokens, as_openai)

    def _window(self, asked: Asked) -> int:
        return windows_of(self._state)[asked.model]

    def _answer(
        self,
        call: Call,
        asked: Asked,
        tokens: int,
        write: Callable[[Asked, Said, str, int], BaseModel],
    ) -> Reply:
        """Let the model answer, count it, and keep it as the last of its transcript."""
        said = reply(asked, tokens, self._state.scenario)
        digest = hashlib.sha256(call.body).hexdigest()[:32]
        body = write(asked, said, digest, int(call.now.timestamp()))
        topic = topic_of(asked.messages)
        self._state.tally.chat(topic, asked.model, digest, len(asked.messages), said.usage)
        self._state.put_chat(
            Chat(
                topic=topic,
                model=asked.model,
                request=json.loads(call.body),
                answer=body.model_dump(mode="json"),
            )
        )
        return Json(body)
