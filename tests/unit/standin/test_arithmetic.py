"""Arithmetic is found in texts, and computed as Python does, in bounded time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.standin.arithmetic import evaluate, find_expressions


@pytest.mark.parametrize(
    ("text", "expressions"),
    [
        ("What is 17 * 23?", ["17 * 23"]),
        ("Compute (17 + 4) * 3.", ["(17 + 4) * 3"]),
        ("it is odd (see 3 * 4)", ["3 * 4"]),
        ("21 times 2, and 1,000 plus 1", ["21 * 2", "1000 + 1"]),
        ("4 minus 6 divided by 3", ["4 - 6 / 3"]),
        ("2 to the power of 10", ["2 ** 10"]),
        ("the sum of 3, 4 and 5", ["3 + 4 + 5"]),
        ("the product of 12 and 13", ["12 * 13"]),
        ("5 - -3", ["5 - -3"]),
    ],
)
def test_expressions_are_found_in_words_and_in_signs(text: str, expressions: list[str]) -> None:
    assert list(find_expressions(text)) == expressions


@pytest.mark.parametrize(
    "text", ["on 2024-06-06", "from 2022-2023", "on 6/7/2024", "order ab12-34-cd", "x-12-34", "chapter 7", ""]
)
def test_dates_and_codes_are_no_arithmetic(text: str) -> None:
    assert find_expressions(text) == ()


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1/0", "ZeroDivisionError: division by zero"),
        ("9 ** 9 ** 9", "OverflowError: the number is too large"),
        ("10.0 ** 400", "OverflowError: "),
        ("(-8) ** 0.5", "ArithmeticError: a negative number has no such root"),
    ],
)
def test_what_has_no_value_says_why(expression: str, value: str) -> None:
    assert evaluate(expression).startswith(value)


@given(
    numbers=st.lists(st.integers(min_value=1, max_value=10**9), min_size=2, max_size=5),
    signs=st.lists(st.sampled_from([" + ", " - ", " * ", " / ", "*", "+"]), min_size=4, max_size=4),
)
def test_any_sum_comes_to_what_python_says(numbers: list[int], signs: list[str]) -> None:
    expression = str(numbers[0]) + "".join(
        sign + str(number) for sign, number in zip(signs, numbers[1:], strict=False)
    )
    [found] = find_expressions(f"Please compute {expression}.")
    assert evaluate(found) == str(eval(expression))


@pytest.mark.parametrize("code", ["__import__('os')", "open('x')", "[1]", "'a' * 9", "x + 1"])
def test_nothing_but_arithmetic_is_computed(code: str) -> None:
    with pytest.raises(SyntaxError):
        evaluate(code)


@pytest.mark.timeout(10)
@pytest.mark.parametrize("text", ["(" * 4000, "-" * 4000, "9*" * 2000, "1 " * 2000, "sum of " + "1, " * 1300])
def test_a_hostile_text_costs_no_time(text: str) -> None:
    find_expressions(text)
