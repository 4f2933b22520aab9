"""A server that answers every gRPC call alike, in as much HTTP/2 as that takes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from google.protobuf.message import Message

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME_HEADER = 9
DATA, HEADERS, SETTINGS, PING = 0, 1, 4, 6
END_STREAM, END_HEADERS, ACK = 1, 4, 1


@asynccontextmanager
async def answering(
    message: Message | None = None, *, status: int = 0, words: str = ""
) -> AsyncIterator[str]:
    """Answer with a message, or with a status of gRPC, for the length of the block; gives the address."""

    async def serve(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            await source.readexactly(len(PREFACE))
            sink.write(frame(SETTINGS, 0, 0, b""))
            while True:
                head = await source.readexactly(FRAME_HEADER)
                body = await source.readexactly(int.from_bytes(head[:3]))
                type_, flags, stream = head[3], head[4], int.from_bytes(head[5:])
                if type_ == SETTINGS and not flags & ACK:
                    sink.write(frame(SETTINGS, ACK, 0, b""))
                elif type_ == PING and not flags & ACK:
                    sink.write(frame(PING, ACK, 0, body))
                elif type_ in {DATA, HEADERS} and flags & END_STREAM:
                    sink.write(answer(stream, message, status, words))
        except asyncio.IncompleteReadError:
            sink.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield "{}:{}".format(*server.sockets[0].getsockname())


def answer(stream: int, message: Message | None, status: int, words: str) -> bytes:
    """Write an answer: headers, the message if there is one, and trailers."""
    begin = headers((":status", "200"), ("content-type", "application/grpc"))
    end = headers(("grpc-status", str(status)), ("grpc-message", words))
    content = b"" if message is None else message.SerializeToString()
    data = b"" if message is None else b"\0" + len(content).to_bytes(4) + content
    return (
        frame(HEADERS, END_HEADERS, stream, begin)
        + (frame(DATA, 0, stream, data) if data else b"")
        + frame(HEADERS, END_HEADERS | END_STREAM, stream, end)
    )


def headers(*pairs: tuple[str, str]) -> bytes:
    """Write headers as literals that nobody indexes, RFC 7541, section 6.2.2."""
    parts = (part for pair in pairs for part in (b"\0", literal(pair[0]), literal(pair[1])))
    return b"".join(parts)


def literal(text: str) -> bytes:
    """Write a short string without Huffman's code."""
    return bytes([len(text)]) + text.encode()


def frame(type_: int, flags: int, stream: int, body: bytes) -> bytes:
    """Write a frame, RFC 9113, section 4.1."""
    return len(body).to_bytes(3) + bytes([type_, flags]) + stream.to_bytes(4) + body
