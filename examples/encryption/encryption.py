"""Encrypts all that runs hand to Temporal. docs/payloads.md tells how to use it."""

import os
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, MultiFernet
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

ENCODING = b"binary/fernet"


class Encryption(PayloadCodec):
    """Encrypts every payload, and reads those from before there was a key as they are."""

    def __init__(self, keys: Sequence[str]) -> None:
        # The first key encrypts; the others still decrypt what they encrypted.
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt, with all that says what a payload is."""
        return [
            Payload(metadata={"encoding": ENCODING}, data=self._fernet.encrypt(payload.SerializeToString()))
            for payload in payloads
        ]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt what is encrypted."""
        return [
            Payload.FromString(self._fernet.decrypt(payload.data))
            if payload.metadata.get("encoding") == ENCODING
            else payload
            for payload in payloads
        ]


def encryption() -> Encryption:
    """Make the codec with the keys in the file PAYLOAD_KEYS_FILE: one a line, the newest first."""
    return Encryption(Path(os.environ["PAYLOAD_KEYS_FILE"]).read_text().split())
