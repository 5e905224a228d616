"""The functions of Apply Math Operation, by category; each takes and gives arrays of floats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from collections.abc import Callable

    Array = np.ndarray[Any, Any]


def _rounding(one: Callable[[Array], Array]) -> Callable[[Array, Array], Array]:
    """Apply a rounding of whole numbers at so many digits after the point."""

    def rounded(values: Array, digits: Array) -> Array:
        scale = np.power(10.0, np.abs(digits))
        up = np.where(digits >= 0, values * scale, values / scale)
        done = one(_decimal(up))
        return np.where(digits >= 0, done / scale, done * scale)

    return rounded


def _decimal(values: Array) -> Array:
    """Return the values with 15 digits: 1.005 * 100 is a little less than 100.5 in binary."""
    unit = np.power(10.0, 14 - np.floor(np.log10(np.abs(values))))
    found = np.rint(values * unit) / unit
    return np.where(np.isfinite(found), found, values)


def _half_away(values: Array) -> Array:
    return np.copysign(np.floor(np.abs(values) + 0.5), values)


def _away(values: Array) -> Array:
    return np.copysign(np.ceil(np.abs(values)), values)


def _to_odd(values: Array) -> Array:
    return np.asarray(2 * np.rint((values - 1) / 2) + 1)


def _to_even(values: Array) -> Array:
    return np.asarray(2 * np.rint(values / 2))


def _quotient(values: Array, by: Array) -> Array:
    return np.trunc(values / by)


def _root(values: Array, order: Array) -> Array:
    odd = (np.mod(order, 2) == 1) & (values < 0)
    return np.where(odd, -np.power(np.abs(values), 1 / order), np.power(values, 1 / order))


def _log(values: Array, base: Array) -> Array:
    return np.log(values) / np.log(base)


def _double_factorial(values: Array) -> Array:
    whole = (values >= 0) & (np.mod(values, 1) == 0)
    found: Array = special.factorial2(np.where(whole, values, 0).astype("int64"))
    return np.where(whole, found, np.nan)


def _poly_gamma(values: Array, order: Array) -> Array:
    return np.asarray(special.polygamma(order.astype("int64"), values))


def _inverse(one: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """Return the function of 1/x: the arc secant is the arc cosine of it."""
    return lambda values: one(1 / values)


def _reciprocal(one: Callable[[Array], Array]) -> Callable[[Array], Array]:
    return lambda values: 1 / one(values)


def _of_degrees(one: Callable[[Array], Array]) -> Callable[[Array], Array]:
    return lambda values: one(np.radians(values))


def _in_degrees(one: Callable[[Array], Array]) -> Callable[[Array], Array]:
    return lambda values: np.degrees(one(values))


UNARY: dict[str, Callable[[Array], Array]] = {
    "Abs": np.abs,
    "Conj": np.conj,
    "CubeRoot": np.cbrt,
    "DoubleFactorial": _double_factorial,
    "Eps": lambda values: np.spacing(np.abs(values)),
    "Exp": np.exp,
    "ExpMinus1": np.expm1,
    "Factorial": special.factorial,
    "Ln": np.log,
    "LnPlus1": np.log1p,
    "Log10": np.log10,
    "Log2": np.log2,
    "Sqrt": np.sqrt,
    "SqrtPi": lambda values: np.sqrt(values * np.pi),
    "Square": np.square,
    "CeilingPower2": lambda values: np.exp2(np.ceil(np.log2(values))),
    "ToEven": _to_even,
    "ToOdd": _to_odd,
    "EllipticIntegralE": special.ellipe,
    "EllipticIntegralK": special.ellipk,
    "Erf": special.erf,
    "Erfc": special.erfc,
    "ErfScaled": special.erfcx,
    "ErfInverse": special.erfinv,
    "ExponentialIntegralEin": special.expi,
    "Gamma": special.gamma,
    "GammaLn": special.gammaln,
    "Sign": np.sign,
    "Sinc": lambda values: np.sinc(values / np.pi),
    "DegreesToRadians": np.radians,
    "RadiansToDegrees": np.degrees,
}

_CIRCULAR: dict[str, Callable[[Array], Array]] = {"Sin": np.sin, "Cos": np.cos, "Tan": np.tan}
_HYPERBOLIC: dict[str, Callable[[Array], Array]] = {
    "Sinh": np.sinh,
    "Cosh": np.cosh,
    "Tanh": np.tanh,
}
_RECIPROCALS = {"Csc": "Sin", "Sec": "Cos", "Cot": "Tan"}
UNARY |= _CIRCULAR | _HYPERBOLIC
UNARY |= {name: _reciprocal(UNARY[of]) for name, of in _RECIPROCALS.items()}
UNARY |= {f"{name}h": _reciprocal(UNARY[f"{of}h"]) for name, of in _RECIPROCALS.items()}
UNARY |= {f"{name}Degrees": _of_degrees(UNARY[name]) for name in (*_CIRCULAR, *_RECIPROCALS)}
UNARY |= {"Asin": np.arcsin, "Acos": np.arccos, "Atan": np.arctan}
UNARY |= {"Asinh": np.arcsinh, "Acosh": np.arccosh, "Atanh": np.arctanh}
UNARY |= {
    f"A{name.lower()}": _inverse(UNARY[f"A{of.lower()}"]) for name, of in _RECIPROCALS.items()
}
UNARY |= {
    f"A{name.lower()}h": _inverse(UNARY[f"A{of.lower()}h"]) for name, of in _RECIPROCALS.items()
}
UNARY |= {
    f"A{name.lower()}Degrees": _in_degrees(UNARY[f"A{name.lower()}"])
    for name in (*_CIRCULAR, *_RECIPROCALS)
}

BINARY: dict[str, Callable[[Array, Array], Array]] = {
    "Atan2": np.arctan2,
    "Exp2": lambda power, factor: factor * np.exp2(power),
    "Hypotenuse": np.hypot,
    "Log": _log,
    "NthRoot": _root,
    "Pow": np.power,
    "EqualTo": np.equal,
    "GreaterThan": np.greater,
    "GreaterThanOrEqualTo": np.greater_equal,
    "LessThan": np.less,
    "LessThanOrEqualTo": np.less_equal,
    "NotEqualTo": np.not_equal,
    "PairMax": np.maximum,
    "PairMin": np.minimum,
    "Add": np.add,
    "Divide": np.divide,
    "Multiply": np.multiply,
    "Subtract": np.subtract,
    "Ceiling": _rounding(np.ceil),
    "Floor": _rounding(np.floor),
    "Mod": np.mod,
    "Quotient": _quotient,
    "Remainder": np.remainder,
    "RoundDigits": _rounding(_half_away),
    "RoundDown": _rounding(np.trunc),
    "RoundUp": _rounding(_away),
    "Truncate": _rounding(np.trunc),
    "Beta": special.beta,
    "GammaRegularizedP": lambda values, a: special.gammainc(a, values),
    "GammaRegularizedPInverse": lambda values, a: special.gammaincinv(a, values),
    "GammaRegularizedQ": lambda values, a: special.gammaincc(a, values),
    "GammaRegularizedQInverse": lambda values, a: special.gammainccinv(a, values),
    "PolyGamma": _poly_gamma,
}


def calculate(name: str, values: Array, other: Array) -> Array:
    """Apply a function to a column of floats; `other` is the second argument where it has one.

    Where it is not defined the result is NaN or infinite, as IEEE 754 says, without a warning.
    """
    with np.errstate(all="ignore"):
        if name in UNARY:
            return np.asarray(UNARY[name](values))
        return np.asarray(BINARY[name](values, other))
