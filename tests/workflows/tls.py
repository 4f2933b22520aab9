"""A TLS server in front of a Temporal server, which lets in only who shows a certificate."""

import asyncio
import contextlib
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

SERVER_NAME = "temporal.test"
# Bits of the characters of the tests' API keys, from RFC 7541, appendix B.
_HUFFMAN = {
    " ": "010100",
    "B": "1011101",
    "a": "00011",
    "e": "00101",
    "n": "101010",
    "o": "00111",
    "r": "101100",
    "t": "01001",
    "w": "1111000",
}


@dataclass(frozen=True)
class Certificates:
    """An authority, and what it has signed for the server and for a client."""

    folder: Path

    @classmethod
    def made(cls, folder: Path) -> "Certificates":
        """Make them all."""
        made = cls(folder)
        made._openssl("req", "-x509", *_key("ca"), "-out", "ca.crt", "-subj", "/CN=authority", "-days", "2")
        for name in ("server", "client"):
            made._openssl("req", *_key(name), "-out", f"{name}.csr", "-subj", f"/CN={name}")
            made._sign(name)
        return made

    def path(self, name: str) -> str:
        """Path of one of the files: ca.crt, server.crt, server.key, client.crt, client.key."""
        return str(self.folder / name)

    def content(self, name: str) -> bytes:
        """Read one of the files."""
        return (self.folder / name).read_bytes()

    def variables(self, address: str) -> dict[str, str]:
        """What a client's environment needs to get in."""
        return {
            "TEMPORAL_ADDRESS": address,
            "TEMPORAL_TLS": "true",
            "TEMPORAL_TLS_SERVER_NAME": SERVER_NAME,
            "TEMPORAL_TLS_SERVER_CA_CERT_PATH": self.path("ca.crt"),
            "TEMPORAL_TLS_CLIENT_CERT_PATH": self.path("client.crt"),
            "TEMPORAL_TLS_CLIENT_KEY_PATH": self.path("client.key"),
        }

    def another_client(self) -> bytes:
        """Sign the client's key once more."""
        self._sign("client", "again.crt")
        return self.content("again.crt")

    def _sign(self, name: str, certificate: str = "") -> None:
        (self.folder / f"{name}.ext").write_text(f"subjectAltName=DNS:{SERVER_NAME}")
        authority = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial")
        self._openssl(
            *("x509", "-req", "-in", f"{name}.csr", *authority, "-out", certificate or f"{name}.crt"),
            *("-days", "2", "-extfile", f"{name}.ext"),
        )

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(("openssl", *arguments), cwd=self.folder, check=True, capture_output=True)


@dataclass
class Terminator:
    """Where the server listens, and what it has heard from its clients."""

    address: str = ""
    heard: bytearray = field(default_factory=bytearray)

    def heard_key(self, api_key: str) -> bool:
        """Whether a client has sent this API key."""
        return header_text(f"Bearer {api_key}") in self.heard


def header_text(text: str) -> bytes:
    """Encode a header's value as HTTP/2 does, by the Huffman code of RFC 7541, section 5.2."""
    bits = "".join(_HUFFMAN[character] for character in text)
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


@asynccontextmanager
async def terminating_tls(certificates: Certificates, behind: str) -> AsyncIterator[Terminator]:
    """Serve TLS in front of `behind` (`host:port`) for the length of the block."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificates.path("ca.crt"))
    context.load_cert_chain(certificates.path("server.crt"), certificates.path("server.key"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])
    host, _, port = behind.rpartition(":")
    terminator = Terminator()

    async def relay(client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        try:
            server, to_server = await asyncio.open_connection(host, int(port))
        except ConnectionError:
            to_client.close()
            return
        await asyncio.gather(
            _pump(client, to_server, terminator.heard), _pump(server, to_client, bytearray())
        )

    listening = await asyncio.start_server(relay, "127.0.0.1", 0, ssl=context)
    terminator.address = "{}:{}".format(*listening.sockets[0].getsockname())
    try:
        yield terminator
    finally:
        listening.close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, copy: bytearray) -> None:
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while data := await source.read(65536):
            copy += data
            sink.write(data)
            await sink.drain()
    sink.close()


def _key(name: str) -> tuple[str, ...]:
    return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key")
