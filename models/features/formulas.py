"""Derived channels: the catalog's formulas, computed on whole columns."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.formula import Formula

Floats = NDArray[np.float64]
BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: np.divide,
    ast.Mod: np.mod,
    ast.Pow: np.float_power,
}
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": np.abs,
    "sqrt": np.sqrt,
    "log": np.log,
    "exp": np.exp,
    "min": lambda *values: reduce(np.minimum, values),
    "max": lambda *values: reduce(np.maximum, values),
}


def evaluate(formula: Formula, channels: Mapping[str, Floats]) -> Floats:
    """The formula row by row; NaN where a channel is, and where the formula has no finite value (1 / 0, log of -1)."""
    with np.errstate(all="ignore"):
        value = np.asarray(_value(formula.tree, channels), dtype=np.float64)
    return np.where(np.isfinite(value), value, np.nan)


def _value(node: ast.expr, channels: Mapping[str, Floats]) -> Any:
    match node:
        case ast.Name(id=name):
            return channels[name]
        case ast.Constant(value=int(value) | float(value)):
            return np.float64(value)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, channels)
        case ast.UnaryOp(operand=operand):
            return _value(operand, channels)
        case ast.BinOp(left=left, op=sign, right=right):
            return BINARY[type(sign)](_value(left, channels), _value(right, channels))
        case ast.Compare(left=left, ops=[sign], comparators=[right]):
            one, other = _value(left, channels), _value(right, channels)
            return np.where(np.isnan(one) | np.isnan(other), np.nan, COMPARISONS[type(sign)](one, other))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return FUNCTIONS[name](*(_value(argument, channels) for argument in arguments))
    raise AssertionError(f"parse_formula let {ast.dump(node)} pass")
