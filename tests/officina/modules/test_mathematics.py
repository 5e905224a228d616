from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import special

from officina.errors import StudioError
from officina.modules import functions, mathematics
from officina.modules.tables import read_dataset

NAN = float("nan")


@pytest.fixture
def frame():
    return pd.DataFrame({"a": [0.25, 0.5, NAN, 0.75], "b": [1, 2, 3, 4], "s": list("wxyz")})


def calculate(bench, frame, category, function, **params):
    given = {"category": category, f"{category.lower()}_function": function, **params}
    return bench.table("apply_math_operation", given, dataset=frame)


ALONE = {
    "Abs": np.abs, "CubeRoot": np.cbrt, "Exp": np.exp, "ExpMinus1": np.expm1, "Ln": np.log,
    "LnPlus1": np.log1p, "Log10": np.log10, "Log2": np.log2, "Sqrt": np.sqrt, "Square": np.square,
    "Eps": np.spacing, "SqrtPi": lambda x: np.sqrt(np.pi * x), "Factorial": special.factorial,
    "EllipticIntegralE": special.ellipe, "EllipticIntegralK": special.ellipk, "Erf": special.erf,
    "Erfc": special.erfc, "ErfScaled": special.erfcx, "ErfInverse": special.erfinv,
    "ExponentialIntegralEin": special.expi, "Gamma": special.gamma, "GammaLn": special.gammaln,
    "Sin": np.sin, "Cos": np.cos, "Tan": np.tan, "Asin": np.arcsin, "Acos": np.arccos,
    "Atan": np.arctan, "Sinh": np.sinh, "Cosh": np.cosh, "Tanh": np.tanh, "Atanh": np.arctanh,
    "Sec": lambda x: 1 / np.cos(x), "Csc": lambda x: 1 / np.sin(x), "Cot": lambda x: 1 / np.tan(x),
    "Asech": lambda x: np.arccosh(1 / x), "Acsch": lambda x: np.arcsinh(1 / x),
    "SinDegrees": lambda x: np.sin(np.pi * x / 180), "AcosDegrees": lambda x: np.degrees(np.arccos(x)),
    "DegreesToRadians": np.radians, "Sign": np.sign, "Sinc": lambda x: np.sin(x) / x,
}  # fmt: skip


@pytest.mark.parametrize("function", ALONE)
def test_a_function_of_one_value_is_numpys_or_scipys(bench, frame, function):
    category = next(name for name, listed in mathematics.OPERATIONS.items() if function in listed)
    result = calculate(bench, frame, category, function, columns=["a"])
    expected = ALONE[function](frame["a"].to_numpy())
    np.testing.assert_allclose(result[f"{function}(a)"], expected, rtol=1e-13)


PAIRS = {
    "Atan2": np.arctan2, "Exp2": lambda x, y: y * 2**x, "Hypotenuse": np.hypot,
    "Log": lambda x, y: np.log(x) / np.log(y), "NthRoot": lambda x, y: x ** (1 / y),
    "Pow": np.power, "PairMax": np.maximum, "PairMin": np.minimum, "Add": np.add,
    "Divide": np.divide, "Multiply": np.multiply, "Subtract": np.subtract, "Mod": np.mod,
    "Beta": special.beta, "GammaRegularizedP": lambda x, a: special.gammainc(a, x),
    "GammaRegularizedQ": lambda x, a: special.gammaincc(a, x),
    "GammaRegularizedPInverse": lambda x, a: special.gammaincinv(a, x),
    "GammaRegularizedQInverse": lambda x, a: special.gammainccinv(a, x),
    "PolyGamma": lambda x, n: special.polygamma(n.astype(int), x),
}  # fmt: skip


@pytest.mark.parametrize("function", PAIRS)
def test_a_function_of_two_values_takes_a_column_or_a_constant(bench, frame, function):
    category = next(name for name, listed in mathematics.OPERATIONS.items() if function in listed)
    result = calculate(
        bench, frame, category, function,
        columns=["a"], second_argument_type="column", second_column=["b"],
    )  # fmt: skip
    a, b = frame["a"].to_numpy(), frame["b"].to_numpy()
    with np.errstate(all="ignore"):
        expected = PAIRS[function](a, b)
        constant = PAIRS[function](a, np.full(4, 3.0))
    np.testing.assert_allclose(result[f"{function}(a_b)"], expected, rtol=1e-12)
    result = calculate(bench, frame, category, function, columns=["a"], constant=3)
    np.testing.assert_allclose(result[f"{function}(a_$3)"], constant, rtol=1e-12)


def test_the_documented_examples_hold(bench):
    numbers = pd.DataFrame({"t": [0, 1, 2, 3, 4, 5], "x": [0, 1, 2, 3, 4, 5]})
    pair = {"columns": ["t"], "second_argument_type": "column", "second_column": ["x"]}
    result = calculate(bench, numbers, "Basic", "Exp2", **pair)
    assert result["Exp2(t_x)"].tolist() == [0, 2, 8, 24, 64, 160]
    one = pd.DataFrame({"Num1": [5, 0, 1], "Num2": [1, 1, 0]})
    pair = {"columns": ["Num1"], "second_argument_type": "column", "second_column": ["Num2"]}
    result = calculate(bench, one, "Operations", "Divide", **pair)
    assert result["Divide(Num1_Num2)"].tolist() == [5, 0, float("inf")]


@pytest.mark.parametrize(
    ("function", "digits", "expected"),
    [
        ("RoundDigits", 2, [1.01, -2.68, 125.0, 0.5]),
        ("RoundDigits", -1, [0, 0, 130, 0]),
        ("RoundUp", 1, [1.1, -2.7, 125.0, 0.5]),
        ("RoundDown", 1, [1.0, -2.6, 125.0, 0.5]),
        ("Truncate", 0, [1, -2, 125, 0]),
        ("Ceiling", 0, [2, -2, 125, 1]),
        ("Floor", 0, [1, -3, 125, 0]),
        ("ToEven", 0, [2, -2, 124, 0]),
        ("ToOdd", 0, [1, -3, 125, 1]),
        ("CeilingPower2", 0, [2, NAN, 128, 0.5]),
        ("Quotient", 2, [0, -1, 62, 0]),
    ],
)
def test_numbers_are_rounded(bench, function, digits, expected):
    frame = pd.DataFrame({"x": [1.005, -2.675, 125.0, 0.5]})
    mode = {"output_mode": "inplace", "constant": digits}
    result = calculate(bench, frame, "Rounding", function, **mode)
    np.testing.assert_allclose(result["x"], expected)


def test_comparisons_give_truths_and_missing_stays_missing(bench, frame):
    result = calculate(bench, frame, "Compare", "GreaterThan", columns=["a"], constant=0.5)
    assert result["GreaterThan(a_$0.5)"].tolist() == [False, False, pd.NA, True]
    result = calculate(bench, frame, "Compare", "EqualTo", columns=["b"], constant=10)
    assert result["EqualTo(b_$10)"].tolist() == [False] * 4
    assert result["EqualTo(b_$10)"].dtype == bool


def test_the_output_mode_appends_replaces_or_gives_results_only(bench, frame):
    folder = bench.put(frame, {"b": {"role": "label"}})
    for mode, names in (
        ("append", ["a", "b", "s", "Square(a)", "Square(b)"]),
        ("inplace", ["a", "b", "s"]),
        ("result_only", ["Square(a)", "Square(b)"]),
    ):
        params = {"basic_function": "Square", "output_mode": mode}
        outputs = bench.run("apply_math_operation", params, dataset=folder)
        result, roles = read_dataset(outputs["results"])
        assert list(result.columns) == names
        assert roles == ({} if mode == "result_only" else {"b": {"role": "label"}})


@pytest.mark.parametrize("name", sorted({*functions.UNARY, *functions.BINARY}))
def test_no_function_fails_on_odd_numbers(name):
    values = np.array([-1e308, -1.5, -0.0, 0.0, 0.5, 3.0, 1e308, np.inf, -np.inf, np.nan])
    for other in (-2.0, 0.0, 3.0):
        result = functions.calculate(name, values, np.full(len(values), other))
        assert result.shape == values.shape


@pytest.mark.parametrize(
    ("params", "number", "where"),
    [
        ({"columns": ["s"]}, "0017", "columns"),
        (
            {
                "category": "Operations", "columns": ["a"], "second_argument_type": "column",
                "second_column": ["s"],
            },
            "0017", "second_column",
        ),
        ({"category": "Operations", "second_argument_type": "column"}, "0003", "second_column"),
        ({"category": "Magic"}, "0002", "category"),
    ],
)  # fmt: skip
def test_what_cannot_be_calculated_names_its_field(bench, frame, params, number, where):
    with pytest.raises(StudioError, match=f"Error {number}") as caught:
        bench.run("apply_math_operation", params, dataset=frame)
    assert caught.value.where == where
