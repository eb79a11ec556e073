"""Formulas of derived channels: arithmetic, read as a Python expression of which only a little is allowed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST = 500
FUNCTIONS = {"abs": 1, "sqrt": 1, "log": 1, "exp": 1, "min": 2, "max": 2}
"""By name: how many arguments they take at least; only `min` and `max` take more."""
OPERATORS = (
    ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Mod, ast.Pow, ast.UAdd, ast.USub,
    ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that was checked: `text` as written, and the channels that it names."""

    text: str
    channels: tuple[str, ...]

    @property
    def tree(self) -> ast.expr:
        """What the text says: numbers, channels, operators, comparisons (1 or 0) and functions, nothing else."""
        return ast.parse(self.text, mode="eval").body


def parse_formula(text: str) -> Formula:
    """Read a formula such as `torque * speed * 0.10472` or `max(t1, t2) - t3 > 5`.

    Allowed are channels, numbers, `+ - * / % **`, brackets, one comparison at a time (its value is 1 or 0), and
    `abs sqrt log exp min max`. Raises ValueError for anything else, and for a formula of more than 500 characters.
    """
    text = text.strip()
    if len(text) > LONGEST:
        raise ValueError(f"the formula has {len(text)} characters: at most {LONGEST} are read")
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"{text!r} is not a formula: {error}") from error
    names = tuple(dict.fromkeys(_names(tree)))
    if not names:
        raise ValueError(f"{text!r} names no channel")
    return Formula(text, names)


def _names(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Name(id=name):
            yield name
        case ast.Constant(value=value) if isinstance(value, int | float) and not isinstance(value, bool):
            if not abs(value) <= 1e300:
                raise ValueError("a number in the formula is beyond 1e300")
        case ast.BinOp(left=left, op=operator, right=right) if isinstance(operator, OPERATORS):
            yield from _names(left)
            yield from _names(right)
        case ast.UnaryOp(op=operator, operand=operand) if isinstance(operator, OPERATORS):
            yield from _names(operand)
        case ast.Compare(left=left, ops=[operator], comparators=[right]) if isinstance(operator, OPERATORS):
            yield from _names(left)
            yield from _names(right)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
            least = FUNCTIONS[name]
            if len(arguments) < least or (least == 1 and len(arguments) > 1):
                raise ValueError(f"{name} takes {'one argument' if least == 1 else 'two arguments or more'}")
            for argument in arguments:
                yield from _names(argument)
        case _:
            raise ValueError(
                f"{ast.unparse(node)!r} may not stand in a formula: use channels, numbers, + - * / % **, one "
                f"comparison at a time, and {', '.join(FUNCTIONS)}"
            )
