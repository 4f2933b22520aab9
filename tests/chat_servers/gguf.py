"""Writes a model file: GGUF version 3, as docs/gguf.md of https://github.com/ggml-org/ggml has it."""

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_ALIGNMENT = 32
_F32 = 0
Value = str | int | float | Sequence[str | int | float]


@dataclass(frozen=True)
class Tensor:
    """Numbers in rows; the length of a row comes first in `shape`."""

    name: str
    shape: tuple[int, ...]
    numbers: Sequence[float]


def zeros(name: str, *shape: int) -> Tensor:
    """Make a tensor that does nothing."""
    return Tensor(name, shape, (0.0,) * math.prod(shape))


def write_model(path: Path, metadata: Mapping[str, Value], tensors: Sequence[Tensor]) -> None:
    """Write a model."""
    header = struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(metadata))
    header += b"".join(_text(key) + _typed(value) for key, value in metadata.items())
    blocks = [_padded(struct.pack(f"<{len(tensor.numbers)}f", *tensor.numbers)) for tensor in tensors]
    offset = 0
    for tensor, block in zip(tensors, blocks, strict=True):
        shape = struct.pack(f"<I{len(tensor.shape)}Q", len(tensor.shape), *tensor.shape)
        header += _text(tensor.name) + shape + struct.pack("<IQ", _F32, offset)
        offset += len(block)
    path.write_bytes(_padded(header) + b"".join(blocks))


def _padded(block: bytes) -> bytes:
    return block + bytes(-len(block) % _ALIGNMENT)


def _text(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack("<Q", len(encoded)) + encoded


def _typed(value: Value) -> bytes:
    """Write a value after the number of its type; an array has the type of its first value.

    Integers are unsigned, but for those of arrays: so are those that llama.cpp asks for.
    """
    if isinstance(value, str | int | float):
        kind, written = _scalar(value)
        return struct.pack("<I", kind) + written
    items = tuple(map(_scalar, value))
    kind = 5 if items[0][0] == 4 else items[0][0]
    return struct.pack("<IIQ", 9, kind, len(items)) + b"".join(written for _, written in items)


def _scalar(value: str | int | float) -> tuple[int, bytes]:
    match value:
        case str():
            return 8, _text(value)
        case bool():
            return 7, struct.pack("<?", value)
        case int():
            return 4, struct.pack("<I", value)
        case float():
            return 6, struct.pack("<f", value)
