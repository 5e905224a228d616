"""Preparation: a list of declared steps, applied to a table one after another.

The document is `{"schema": 1, "steps": [{"op": "dropna", "columns": ["age"], ...}, ...]}`; a step may
have `"disabled": true`. Steps that are designer modules run the module itself, the others a
function whose source the pipeline carries: preview and pipeline do the same by construction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from officina.catalogue import Catalogue
from officina.data.steps import STEPS, Call, Node, Step, describe
from officina.errors import StudioError
from officina.lazy import lazy
from officina.modules.context import Context
from officina.modules.errors import INVALID_DATA, NAMES_DIFFER, column_not_found, module_error
from officina.modules.tables import Table

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
else:
    pd = lazy("pandas")
    pa = lazy("pyarrow")

SCHEMA = 1
MOST_STEPS = 200
RESERVED = frozenset({"op", "disabled"})


@dataclass(frozen=True)
class Prepared:
    """One step of a document, its parameters cleaned."""

    step: Step
    params: dict[str, Any]
    disabled: bool = False

    @property
    def data(self) -> str:
        """Which other data asset the step takes, as a key; "" when none."""
        given = self.params.get("data")
        return key_of(given) if given else ""

    def as_json(self) -> dict[str, Any]:
        """Return the step as the document holds it."""
        return {"op": self.step.op, **self.params} | ({"disabled": True} if self.disabled else {})

    def work(self, names: Sequence[str]) -> Node | Call:
        """Return what does the step on a table of these columns; an unknown one is refused."""
        for each in self.step.fields:
            if not each.is_shown(self.params):
                continue
            for name in each.columns_in(self.params[each.name]):
                if name not in names:
                    raise column_not_found(name, names, where=each.name)
        return self.step.work(self.params, names)

    @property
    def summary(self) -> str:
        """What the step does, in a line."""
        return describe(self.step.op, self.params)


@dataclass
class Outcome:
    """What a step made of the table before it."""

    names: list[str]
    table: Table | None
    error: StudioError | None = None
    notes: list[str] = field(default_factory=list)


def key_of(data: Mapping[str, str]) -> str:
    """Return under which key another table is found: name:version:file."""
    return ":".join(str(data.get(part) or "") for part in ("name", "version", "file"))


def read(document: Any) -> list[Prepared]:
    """Return the steps of a document, cleaned; a fault names its step."""
    steps = document.get("steps") if isinstance(document, Mapping) else document
    if isinstance(document, Mapping) and document.get("schema", SCHEMA) != SCHEMA:
        raise StudioError(
            f"Preparations of schema {document.get('schema')!r} are not known here.",
            where="schema", hint=f"Known: {SCHEMA}.",
        )  # fmt: skip
    if not isinstance(steps, list):
        raise StudioError(
            "A preparation is a list of steps.", where="steps",
            hint='For example {"steps": [{"op": "dropna"}]}.',
        )  # fmt: skip
    if len(steps) > MOST_STEPS:
        raise StudioError(f"More than {MOST_STEPS} steps.", where="steps", code="too_large")
    return [read_step(given, index) for index, given in enumerate(steps)]


def read_so_far(document: Any) -> tuple[list[Prepared], StudioError | None]:
    """Return the steps up to one whose form is not filled in yet, and what it lacks.

    A disabled step may be unfinished. What is no step at all is refused as `read` does.
    """
    found: list[Prepared] = []
    for index, given in enumerate(document):
        try:
            found.append(read_step(given, index))
        except StudioError as error:
            if error.where.count(".") < 2:
                raise
            if given.get("disabled") is not True:
                return found, error
            found.append(Prepared(STEPS[given["op"]], {}, True))
    return found, None


def read_step(given: Any, index: int) -> Prepared:
    """Return one step, cleaned."""
    where = f"steps.{index}"
    op = given.get("op") if isinstance(given, Mapping) else None
    step = STEPS.get(op) if isinstance(op, str) else None
    if step is None:
        raise StudioError(
            f"There is no preparation step {op!r}.", where=where,
            hint=f"Known: {', '.join(STEPS)}.",
        )  # fmt: skip
    known = {each.name for each in step.fields}
    if unknown := sorted(str(key) for key in given if key not in known | RESERVED):
        raise StudioError(
            f"{step.title} has no field {unknown[0]!r}.", where=where,
            hint=f"Known: {', '.join(sorted(known))}.",
        )  # fmt: skip
    params: dict[str, Any] = {}
    for each in step.fields:
        if not each.is_shown(params):
            params[each.name] = each.default
            continue
        try:
            params[each.name] = each.clean(given.get(each.name, each.default))
        except StudioError as error:
            error.where = f"{where}.{each.name}"
            raise
    return Prepared(step, params, given.get("disabled") is True)


def apply(table: Table, document: Any, others: Mapping[str, Table] | None = None) -> Table:
    """Return the table after all steps; the first that fails raises, naming its place."""
    result = table
    for index, outcome in enumerate(outcomes(table, read(document), others or {})):
        if outcome.error is not None:
            outcome.error.where = f"steps.{index}"
            raise outcome.error
        assert outcome.table is not None  # noqa: S101 - an outcome without an error has a table
        result = outcome.table
    return result


def outcomes(
    table: Table, steps: Sequence[Prepared], others: Mapping[str, Table]
) -> Iterator[Outcome]:
    """Yield what each step makes of the table; after one that fails there is nothing more."""
    for prepared in steps:
        names = [str(name) for name in table.frame.columns]
        if prepared.disabled:
            yield Outcome(names, table)
            continue
        notes: list[str] = []
        try:
            table = _settled(_done(prepared, table, others, notes))
        except StudioError as error:
            yield Outcome(names, None, error)
            return
        yield Outcome(names, table, None, notes)


def _done(prepared: Prepared, table: Table, others: Mapping[str, Table], notes: list[str]) -> Table:
    work = prepared.work([str(name) for name in table.frame.columns])
    other: Table | None = None
    if prepared.data:
        other = others.get(prepared.data)
        if other is None:
            raise StudioError(
                f"The data asset {prepared.params['data']['name']} is not at hand.", where="data",
                hint="Choose a data asset that holds a table.",
            )  # fmt: skip
    try:
        if isinstance(work, Node):
            return _by_module(work, table, other, notes)
        return _by_call(work, table, other)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        text = str(error.args[0]) if error.args else type(error).__name__
        raise StudioError(
            f"{prepared.step.title}: {text[:500]}", where=prepared.step.op,
            hint="Change the step, or clean its columns first.",
        ) from error  # fmt: skip


def _by_module(work: Node, table: Table, other: Table | None, notes: list[str]) -> Table:
    component = Catalogue().get(work.component)
    given = {work.first: table} | ({work.second: other} if work.second and other else {})
    bench = _Bench(component, component.clean(work.params), given, notes)
    assert component.run is not None  # noqa: S101 - built-in modules can be run
    component.run(bench)
    return bench.made[work.output]


def _by_call(work: Call, table: Table, other: Table | None) -> Table:
    given = [table] + ([other] if work.second and other is not None else [])
    frame = work.function(*(each.frame.copy() for each in given), **work.arguments)
    # As Execute Python Script does: a column that keeps its name keeps its role.
    roles = {
        str(name): dict(held[0])
        for name in frame.columns
        if (held := [each.roles[str(name)] for each in given if str(name) in each.roles])
    }
    return Table(frame, roles)


def _settled(table: Table) -> Table:
    """Return the table as the next step of a pipeline reads it back from its file."""
    frame = table.frame.reset_index(drop=True)
    frame.columns = pd.Index([str(name) for name in frame.columns], dtype=object)
    doubled = frame.columns[frame.columns.duplicated()]
    if len(doubled):
        raise module_error(
            NAMES_DIFFER, f'Two columns are called "{doubled[0]}".', where=str(doubled[0]),
            hint="Give each column its own name.",
        )  # fmt: skip
    try:
        frame = pa.Table.from_pandas(frame, preserve_index=False).to_pandas()
    except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError, TypeError) as error:
        raise module_error(
            INVALID_DATA, f"A column mixes types that one column cannot hold: {error}",
            where="dataset", hint="Make the column text or numbers with Change type.",
        ) from error  # fmt: skip
    return table.with_frame(frame)


class _Bench(Context):
    """Runs a module on tables in memory."""

    def __init__(
        self, component: Any, params: dict[str, Any], tables: Mapping[str, Table], notes: list[str]
    ) -> None:
        super().__init__(component, params, dict.fromkeys(tables, Path()), {}, _Silent())
        self.tables, self.notes = tables, notes
        self.made: dict[str, Table] = {}

    def table(self, port: str, *, allow_empty: bool = True) -> Table:
        held = self.tables[port]
        roles = {name: dict(role) for name, role in held.roles.items()}
        return Table(held.frame.copy(), roles)

    def save_table(self, port: str, table: Table) -> None:
        self.made[port] = table

    def save(self, port: str, thing: object, meta: Mapping[str, Any]) -> None:
        """A transformation is for other tables; the preview has one."""

    def warn(self, text: str) -> None:
        self.notes.append(text)


class _Silent:
    """A reporter for a module that nobody follows."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None
