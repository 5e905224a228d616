"""What is known about the columns of a table before anything has run.

A module says with `schema=` how the columns of its outputs follow from its parameters and the
columns of its inputs. Such a rule is a plain function of light values: no pandas, no data.

    @module(..., schema=rules.same("dataset", "results"))
    @module(..., schema=my_rule)   # my_rule(params, inputs) -> {"results": schema or None}

`params` holds every parameter with its type and default; `inputs` every data port, None where the
columns are unknown. An output that the answer leaves out is unknown.
"""

from __future__ import annotations

from officina.columns.rules import (
    added,
    any_unknown,
    chain,
    each,
    fixed,
    kept,
    per_column,
    removed,
    same,
    unknown,
)
from officina.columns.schema import (
    Column,
    Rule,
    Schema,
    Schemas,
    column,
    drop,
    named,
    names,
    put,
    rename,
    schema_from_json,
    schema_to_json,
    take,
)
from officina.columns.selecting import Chosen, choose, chosen_columns

__all__ = [
    "Chosen",
    "Column",
    "Rule",
    "Schema",
    "Schemas",
    "added",
    "any_unknown",
    "chain",
    "choose",
    "chosen_columns",
    "column",
    "drop",
    "each",
    "fixed",
    "kept",
    "named",
    "names",
    "per_column",
    "put",
    "removed",
    "rename",
    "same",
    "schema_from_json",
    "schema_to_json",
    "take",
    "unknown",
]
