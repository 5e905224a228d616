"""Palette category Data Transformation: Apply Math Operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from officina.catalogue import Param, Port, module
from officina.columns import Column, choose, put
from officina.lazy import lazy
from officina.modules import columns
from officina.modules.errors import EMPTY_INPUT, module_error
from officina.modules.tables import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pandas as pd

    from officina.columns import Schemas
    from officina.modules import functions
    from officina.modules.context import Context
else:
    np = lazy("numpy")
    pd = lazy("pandas")
    functions = lazy("officina.modules.functions")

_ANGLES = ("Cos", "Cot", "Csc", "Sec", "Sin", "Tan")
_ARCS = tuple(f"A{name.lower()}" for name in _ANGLES)
OPERATIONS: dict[str, tuple[str, ...]] = {
    "Basic": (
        *("Abs", "Atan2", "Conj", "CubeRoot", "DoubleFactorial", "Eps", "Exp", "Exp2"),
        *("ExpMinus1", "Factorial", "Hypotenuse", "Ln", "LnPlus1", "Log", "Log10", "Log2"),
        *("NthRoot", "Pow", "Sqrt", "SqrtPi", "Square"),
    ),
    "Compare": (
        *("EqualTo", "GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo"),
        *("NotEqualTo", "PairMax", "PairMin"),
    ),
    "Operations": ("Add", "Divide", "Multiply", "Subtract"),
    "Rounding": (
        *("Ceiling", "CeilingPower2", "Floor", "Mod", "Quotient", "Remainder", "RoundDigits"),
        *("RoundDown", "RoundUp", "ToEven", "ToOdd", "Truncate"),
    ),
    "Special": (
        *("Beta", "EllipticIntegralE", "EllipticIntegralK", "Erf", "Erfc", "ErfScaled"),
        *("ErfInverse", "ExponentialIntegralEin", "Gamma", "GammaLn", "GammaRegularizedP"),
        *("GammaRegularizedPInverse", "GammaRegularizedQ", "GammaRegularizedQInverse"),
        "PolyGamma",
    ),
    "Trigonometric": tuple(
        sorted(
            (
                *(name + end for name in (*_ANGLES, *_ARCS) for end in ("", "Degrees", "h")),
                *("DegreesToRadians", "RadiansToDegrees", "Sign", "Sinc"),
            )
        )
    ),
}
# Of these the first argument alone says the result; the others need a second one.
ALONE = frozenset(
    {
        *("Abs", "Conj", "CubeRoot", "DoubleFactorial", "Eps", "Exp", "ExpMinus1", "Factorial"),
        *("Ln", "LnPlus1", "Log10", "Log2", "Sqrt", "SqrtPi", "Square", "CeilingPower2"),
        *("ToEven", "ToOdd", "EllipticIntegralE", "EllipticIntegralK", "Erf", "Erfc"),
        *("ErfScaled", "ErfInverse", "ExponentialIntegralEin", "Gamma", "GammaLn"),
        *OPERATIONS["Trigonometric"],
    }
)
TRUTHS = frozenset(set(OPERATIONS["Compare"]) - {"PairMax", "PairMin"})
_TWO = [category for category in OPERATIONS if category != "Trigonometric"]


def _choice(category: str) -> Param:
    name = f"{category.lower()}_function"
    listed = OPERATIONS[category]
    return Param(
        name, "enum", "Function", listed[0], enum=listed, visible_when={"category": category}
    )


def operation_of(params: Mapping[str, Any]) -> str:
    """Return the function that is chosen in the chosen category."""
    return str(params[f"{str(params['category']).lower()}_function"])


def _header(operation: str, column: str, second: str) -> str:
    return f"{operation}({column})" if operation in ALONE else f"{operation}({column}_{second})"


def _dollar(constant: Any) -> str | None:
    """Write a constant as headers do: $10, $0.5; None while it is an expression."""
    if not isinstance(constant, float | int):
        return None
    return f"${constant:.0f}" if constant == int(constant) else f"${constant!r}"


def _schema(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
    schema, operation = inputs.get("dataset"), operation_of(params)
    if schema is None or operation.startswith("${{"):
        return {"results": None}
    chosen = choose(schema, params["columns"]).names
    second: str | None = _dollar(params["constant"])
    if params["second_argument_type"] == "column":
        others = choose(schema, params["second_column"]).names
        second = others[0] if others else None
    if chosen is None or (second is None and operation not in ALONE):
        return {"results": None}
    kind = "boolean" if operation in TRUTHS else "number"
    mode = params["output_mode"]
    made = [
        Column(name if mode == "inplace" else _header(operation, name, second or ""), kind)
        for name in chosen
    ]
    return {"results": tuple(made) if mode == "result_only" else put(schema, *made)}


@module(
    name="apply_math_operation",
    title="Apply Math Operation",
    category="Data Transformation",
    inputs=[Port("dataset", "dataset", label="Dataset")],
    outputs=[Port("results", "dataset", label="Results dataset")],
    params=[
        Param("category", "enum", "Category", "Basic", enum=tuple(OPERATIONS)),
        *(_choice(category) for category in OPERATIONS),
        Param("columns", "columns", "Column set", columns.NUMERIC),
        Param(
            "second_argument_type",
            "enum",
            "Second argument type",
            "constant",
            enum=("constant", "column"),
            visible_when={"category": _TWO},
            help="Base, power, divisor, digits and the like; functions of one value ignore it.",
        ),
        Param(
            "constant",
            "number",
            "Constant second argument",
            0.0,
            visible_when={"second_argument_type": "constant", "category": _TWO},
        ),
        Param(
            "second_column",
            "columns",
            "Second argument column",
            single=True,
            optional=True,
            visible_when={"second_argument_type": "column", "category": _TWO},
        ),
        Param(
            "output_mode",
            "enum",
            "Output mode",
            "append",
            enum=("append", "inplace", "result_only"),
        ),
    ],
    summary="{category}: {columns}",
    doc="Apply one function to each chosen column, alone or with a constant or another column. "
    "New columns are called Function(a_b), Function(a_$constant) or Function(a). A missing value "
    "gives a missing value; where a function is not defined the result is missing or infinite.",
    schema=_schema,
)
def apply_math_operation(ctx: Context) -> None:
    """Calculate with the chosen columns."""
    table, params = ctx.table("dataset"), ctx.params
    operation = operation_of(params)
    chosen = columns.select_numeric(table, params["columns"], where="columns")
    second, other = _dollar(params["constant"]), np.float64(params["constant"])
    if params["second_argument_type"] == "column" and operation not in ALONE:
        second, other = _second(table, params["second_column"])
    mode = params["output_mode"]
    made = {
        name if mode == "inplace" else _header(operation, name, second or ""): _result(
            operation, table.frame[name], other
        )
        for name in chosen
    }
    if mode == "result_only":
        ctx.save_table("results", Table(pd.DataFrame(made)))
        return
    kept = table.frame.drop(columns=[name for name in made if name in table.frame])
    frame = pd.concat([kept, pd.DataFrame(made, index=kept.index)], axis=1)
    order = [*table.frame.columns, *(name for name in made if name not in table.frame)]
    result = table.with_frame(frame[order])
    for name in made:
        result.roles.get(name, {}).pop("categorical", None)
    ctx.save_table("results", result)


def _second(table: Table, selector: Any) -> tuple[str, Any]:
    where = "second_column"
    if not selector:
        raise module_error(
            EMPTY_INPUT,
            "The second argument column is not chosen.",
            where=where,
            hint="Choose a column, or a constant as second argument.",
        )
    columns.select_one(table, selector, where=where)
    [name] = columns.select_numeric(table, selector, where=where)
    return name, columns.numbers(table.frame[name])


def _result(operation: str, series: pd.Series[Any], other: Any) -> pd.Series[Any]:
    values = columns.numbers(series)
    other = np.broadcast_to(other, values.shape)
    unknown = np.isnan(values) | (operation not in ALONE and np.isnan(other))
    # A missing order or digit must not become a whole number on its way.
    result = functions.calculate(operation, values, np.where(np.isnan(other), 0.0, other))
    if operation in TRUTHS:
        found = pd.Series(result.astype(bool), index=series.index)
        return found.astype("boolean").mask(unknown) if unknown.any() else found
    return pd.Series(np.where(unknown, np.nan, result), index=series.index, dtype="float64")
