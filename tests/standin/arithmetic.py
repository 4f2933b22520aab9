"""Arithmetic in a text, and what it comes to. Pure, bounded in time and size."""

import ast
import operator
import re
from collections.abc import Callable

Number = int | float

_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}/\d{1,2}/\d{4}\b|\b(?:19|20)\d{2}-(?:19|20)\d{2}\b")
_SPOKEN = (
    (re.compile(r"(?<=\d),(?=\d{3}\b)"), ""),
    (re.compile(r"\s*(?:\bmultiplied by\b|\btimes\b|\u00d7)\s*", re.IGNORECASE), " * "),
    (re.compile(r"\s*(?:\bdivided by\b|\u00f7)\s*", re.IGNORECASE), " / "),
    (re.compile(r"\s*(?:\bto the power of\b|\^)\s*", re.IGNORECASE), " ** "),
    (re.compile(r"\s*\bplus\b\s*", re.IGNORECASE), " + "),
    (re.compile(r"\s*\bminus\b\s*", re.IGNORECASE), " - "),
)
_NUMBER = r"\d{1,60}(?:\.\d{1,30})?"
_SEPARATOR = r"\s*(?:,\s*and\s|,|\sand\s)\s*"
_LIST = re.compile(rf"\b(sum|product) of ({_NUMBER}(?:{_SEPARATOR}{_NUMBER}){{1,20}})", re.IGNORECASE)
_OPERATOR = r"(?:\*\*|//|[-+*/%])"
_TERMS = re.compile(
    rf"(?<![\w.-])[-(]{{0,9}}{_NUMBER}(?:[)\s]{{0,9}}{_OPERATOR}[-(\s]{{0,9}}{_NUMBER}){{1,40}}\){{0,9}}(?![\w-])"
)
_LARGEST = 4096  # bits of a number
_BINARY: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


def find_expressions(text: str) -> tuple[str, ...]:
    """List the expressions that a text asks for, as Python: `17 times 3` is `17 * 3`."""
    plain = _DATE.sub(" ", text)
    for pattern, symbol in _SPOKEN:
        plain = pattern.sub(symbol, plain)
    plain = _LIST.sub(_joined, plain)
    candidates = (_balanced(" ".join(found.group().split())) for found in _TERMS.finditer(plain))
    return tuple(dict.fromkeys(candidate for candidate in candidates if _is_valid(candidate)))


def evaluate(expression: str) -> str:
    """Give the value as Python prints it, or Python's error; raises SyntaxError for what is no arithmetic."""
    try:
        return str(_value(ast.parse(expression, mode="eval").body))
    except ArithmeticError as error:
        return f"{type(error).__name__}: {error}"


def _joined(found: re.Match[str]) -> str:
    symbol = " + " if found[1].lower() == "sum" else " * "
    return symbol.join(re.findall(_NUMBER, found[2]))


def _balanced(candidate: str) -> str:
    """Drop parentheses that belong to the sentence."""
    while candidate.count("(") > candidate.count(")") and candidate.startswith("("):
        candidate = candidate[1:]
    while candidate.count(")") > candidate.count("(") and candidate.endswith(")"):
        candidate = candidate[:-1]
    return candidate


def _is_valid(candidate: str) -> bool:
    try:
        evaluate(candidate)
    except SyntaxError:
        return False
    return True


def _value(node: ast.expr) -> Number:
    match node:
        case ast.Constant(value=int() | float() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _power(_value(left), _value(right))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _bounded(_BINARY[type(op)](_value(left), _value(right)))
        case _:
            raise SyntaxError(f"not arithmetic: {ast.unparse(node)}")


def _power(base: Number, exponent: Number) -> Number:
    if base < 0 and exponent != int(exponent):
        raise ArithmeticError("a negative number has no such root")
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * exponent > _LARGEST:
        raise OverflowError("the number is too large")
    power: Number = base**exponent
    return _bounded(power)


def _bounded(number: Number) -> Number:
    if isinstance(number, int) and number.bit_length() > _LARGEST:
        raise OverflowError("the number is too large")
    return number
