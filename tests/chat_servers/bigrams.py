"""A model of a few hundred tokens whose every next one is a choice of ours, given the one before.

Its weights are written on the spot: a token is a direction of its own, nothing is mixed in between, and
the last matrix holds what wants to follow what. The chat's template tells it to call a tool or to say SAID,
and to think before. What the grammar of a call leaves open it fills as briefly as it can, with 7 for a number
and "" for a text; of several tools, or values, it takes the first by the alphabet.
"""

from itertools import chain
from pathlib import Path

from tests.chat_servers.gguf import Tensor, Value, write_model, zeros

MODEL = "bigrams"
SAID = "I have done it."
_TEMPLATE = Path(__file__).with_suffix(".jinja")
_LONGEST = 32768  # tokens
THOUGHT = "A tool can tell."  # before a call
LAST_THOUGHT = "That is all there is to do."  # before SAID
_THINKS = f"<think>\n{THOUGHT}\n</think>\n\n"
_THINKS_LAST = f"<think>\n{LAST_THOUGHT}\n</think>\n\n"
_WORDS = {
    "<|calls|>": "<tool_call>",
    "<|thinks-calls|>": _THINKS,
    _THINKS: "<tool_call>",
    "<tool_call>": "<0x0A>",
    "<|says|>": SAID,
    "<|thinks-says|>": _THINKS_LAST,
    _THINKS_LAST: SAID,
    SAID: "</s>",
}
"""What follows each of these surely."""
_WISHES = {"</s>": 20.0, '"': 13.0, "}": 12.0, "]": 11.0, ",": 9.0, ":": 9.0, "{": 8.0, "[": 7.0, "7": 6.0}
"""What is wanted wherever a grammar allows it."""
_HEAD = 32  # numbers to a head of the attention, which does nothing


def write_bigrams(path: Path) -> None:
    """Write the model."""
    tokens = _tokens()
    size = len(tokens)
    place = {token: number for number, token in enumerate(tokens)}
    rows = [[_wish(token)] * size for token in tokens]
    rows[place["<"]][place["}"]] = 11.0  # the end of a call, rather than another
    for before, after in _WORDS.items():
        rows[place[after]][place[before]] = 100.0
    identity = [float(row == column) for row in range(size) for column in range(size)]
    ones = (1.0,) * size
    tensors = (
        Tensor("token_embd.weight", (size, size), identity),
        Tensor("output_norm.weight", (size,), ones),
        Tensor("output.weight", (size, size), tuple(chain.from_iterable(rows))),
        Tensor("blk.0.attn_norm.weight", (size,), ones),
        Tensor("blk.0.ffn_norm.weight", (size,), ones),
        *(zeros(f"blk.0.attn_{part}.weight", size, size) for part in ("q", "k", "v", "output")),
        *(zeros(f"blk.0.ffn_{part}.weight", size, _HEAD) for part in ("gate", "up")),
        zeros("blk.0.ffn_down.weight", _HEAD, size),
    )
    metadata: dict[str, Value] = {
        "general.architecture": "llama",
        "general.name": MODEL,
        "llama.context_length": _LONGEST,
        "llama.embedding_length": size,
        "llama.block_count": 1,
        "llama.feed_forward_length": _HEAD,
        "llama.attention.head_count": size // _HEAD,
        "llama.attention.layer_norm_rms_epsilon": 1e-6,
        "llama.rope.dimension_count": _HEAD,
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.scores": [0.0] * size,
        "tokenizer.ggml.token_type": [_kind(token) for token in tokens],
        "tokenizer.ggml.unknown_token_id": place["<unk>"],
        "tokenizer.ggml.bos_token_id": place["<s>"],
        "tokenizer.ggml.eos_token_id": place["</s>"],
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.ggml.add_space_prefix": False,
        "tokenizer.chat_template": _TEMPLATE.read_text(encoding="utf-8"),
    }
    write_model(path, metadata, tensors)


def _wish(token: str) -> float:
    """Tell how much a token is wanted where nothing is known of the one before."""
    return _WISHES.get(token, -ord(token) / 1000 if len(token) == 1 else -200.0)


def _tokens() -> list[str]:
    """List the vocabulary, filled up to whole heads."""
    known = [
        *("<unk>", "<s>", "</s>"),
        *(f"<0x{byte:02X}>" for byte in range(256)),
        "\u2581",  # how SentencePiece writes a space
        *map(chr, range(ord("!"), ord("~") + 1)),
        *_WORDS,
        *("<|im_start|>", "<|im_end|>"),
    ]
    return [*known, *(f"<|{number}|>" for number in range(-len(known) % _HEAD))]


def _kind(token: str) -> int:
    """Name a token's kind, as GGUF numbers them: normal, control, given by the user, a byte."""
    if token.startswith("<0x"):
        return 6
    if token in {"<tool_call>", SAID, _THINKS, _THINKS_LAST}:
        return 4
    return 3 if token.startswith("<") and len(token) > 1 else 1
