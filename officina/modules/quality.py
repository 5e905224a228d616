"""Palette category Data Transformation: Check Data Quality."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from officina.catalogue import Param, Port, module
from officina.lazy import lazy
from officina.modules.errors import INVALID_DATA, module_error
from officina.modules.tables import DATA

if TYPE_CHECKING:
    from officina.columns.schema import Schemas
    from officina.data import quality, quality_rules
    from officina.modules.context import Context
else:
    quality = lazy("officina.data.quality")
    quality_rules = lazy("officina.data.quality_rules")

EXAMPLE = """- {rule: not_null, column: age}
- {rule: between, column: age, min: 0, max: 120, severity: warning}
"""


def _columns(params: object, inputs: Schemas) -> Schemas:
    """Both outputs have the columns of the input."""
    given = inputs.get("dataset")
    return {"passing": given, "failing": given}


@module(
    name="check_data_quality",
    title="Check Data Quality",
    category="Data Transformation",
    inputs=[Port("dataset", "dataset", label="Dataset")],
    outputs=[
        Port("passing", "dataset", label="Passing rows"),
        Port("failing", "dataset", label="Failing rows"),
    ],
    params=[
        Param(
            "rules",
            "code",
            "Rules",
            EXAMPLE,
            help="A list in YAML: column_exists, not_null, unique, between, in_set, matches, "
            "row_count, fresh or expression, each with severity error or warning.",
        ),
        Param(
            "on_failure",
            "enum",
            "When a rule is not met",
            "fail",
            enum=("fail", "warn", "split"),
            help="Fail the step; go on with all rows and say so; or go on with the rows that pass.",
        ),
    ],
    summary="{on_failure}",
    doc="Hold a table to declared rules. The first 100 rows that break a rule are listed in the "
    "step's table of results. With split, rows that break a rule of severity error go to Failing "
    "rows and the others to Passing rows; else all rows go to Passing rows.",
    schema=_columns,
)
def check_data_quality(ctx: Context) -> None:
    """Check the table and hand its rows on."""
    rules = quality_rules.read_rules(str(ctx.params["rules"]))
    table = ctx.table("dataset")
    file = ctx.inputs["dataset"] / DATA
    if file.is_file():
        outcome = quality.check_files([file], rules)
    else:
        # A folder of foreign files: checked as the table that the other modules see.
        file = ctx.outputs["passing"] / DATA
        ctx.save_table("passing", table)
        outcome = quality.check_files([file], rules)
    for line in quality.telling(outcome.report):
        sys.stdout.write(f"{line}\n")
    _report(ctx, outcome)
    how = ctx.params["on_failure"]
    if how == "fail" and not outcome.passed:
        raise module_error(
            INVALID_DATA, quality.summary(outcome.report), where="rules",
            hint="Mend the data, change the rules, or choose warn or split.",
        )  # fmt: skip
    apart = outcome.failing if how == "split" else outcome.failing & False
    ctx.save_table("passing", table.with_frame(table.frame[~apart]))
    ctx.save_table("failing", table.with_frame(table.frame[apart]))


def _report(ctx: Context, outcome: quality.Outcome) -> None:
    results = outcome.report["results"]
    ctx.report.log("rules_met", sum(each["passed"] for each in results))
    ctx.report.log("rules_not_met", sum(not each["passed"] for each in results))
    ctx.report.log_table(
        "quality",
        {
            "rule": [each["words"] for each in results],
            "severity": [each["severity"] for each in results],
            "met": [each["passed"] for each in results],
            "failing rows": [each["failing"] for each in results],
            "first rows": [", ".join(str(r["row"]) for r in each["rows"]) for each in results],
        },
    )
