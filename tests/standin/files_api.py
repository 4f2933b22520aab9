"""The files that the tools of the server made: each can be read while a conversation has it."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.standin.errors import ApiError, not_found, unauthorized
from tests.standin.responses import json_response
from tests.standin.state import State
from tests.standin.wire import to_json

_PNG = b"\x89PNG\r\n\x1a\n"


def content_of(file_id: str) -> bytes:
    """Return what is in a file; no text, as of a picture."""
    return _PNG + file_id.encode() * 1_000


class FilesApi:
    """Reads files; they are bytes, which no other answer is."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> tuple[Route, ...]:
        """Return what is served."""
        return (Route("/v1/files/{file_id}/content", self._content, methods=["GET"]),)

    async def _content(self, request: Request) -> Response:
        try:
            file_id = self._known(request)
        except ApiError as error:
            return json_response(to_json(error.body), error.status)
        return Response(content_of(file_id), media_type="application/octet-stream")

    def _known(self, request: Request) -> str:
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self._state.keys:
            raise unauthorized()
        file_id: str = request.path_params["file_id"]
        conversations = self._state.conversations.values()
        if not any(f'"file_id":"{file_id}"' in each.model_dump_json(by_alias=True) for each in conversations):
            raise not_found("File", file_id)
        return file_id
