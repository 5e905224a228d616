"""What all learners share: trainer mode, seed, ranges, and the `learner` declaration."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from officina.catalogue import BUILT_IN, Param, Port, module
from officina.columns import models
from officina.modules import ranges
from officina.modules.errors import WRONG_LEARNER, module_error

if TYPE_CHECKING:
    from officina.component import RunFunction
    from officina.modules.context import Context

# Given one value for each parameter, and the seed: a scikit-learn estimator that saw no data.
Build = Callable[[Mapping[str, Any], int], Any]

OUTPUT = Port("untrained_model", "untrained_model", label="Untrained model")
SINGLE, RANGE = {"trainer_mode": "single_parameter"}, {"trainer_mode": "parameter_range"}
TRAINER_MODE = Param(
    "trainer_mode",
    "enum",
    "Create trainer mode",
    "single_parameter",
    enum=("single_parameter", "parameter_range"),
    help="Train Model uses the first value of a range; Tune Model Hyperparameters tries all.",
)


def seed_param(name: str = "random_seed", visible_when: Mapping[str, Any] | None = None) -> Param:
    """Return the seed field that learners and samplers share."""
    return Param(
        name,
        "integer",
        "Random number seed",
        min=0,
        max=2**32 - 1,
        optional=True,
        help="Blank = drawn anew in each run, and recorded.",
        visible_when=visible_when,
    )


SEED = seed_param()


@dataclass(frozen=True)
class Tunable:
    """A learner's parameter that stands in the form twice: as one value and as a range."""

    param: Param
    values: str

    def fields(self) -> tuple[Param, Param]:
        """Return the field of the single value and the field of the range."""
        shown = dict(self.param.visible_when or {})
        single = Param(**{**self.param.__dict__, "visible_when": SINGLE | shown})
        several = Param(
            f"{self.param.name}_range",
            "string",
            f"{self.param.title} (range)",
            self.values,
            visible_when=RANGE | shown,
            help="Values as 2; 8; 32, or a span as 0.01..1 x 5 log.",
        )
        return single, several

    def choices(self, params: Mapping[str, Any]) -> list[Any]:
        """Return the values to try: one in single mode, its range otherwise."""
        if params["trainer_mode"] == "single_parameter":
            return [params[self.param.name]]
        where = f"{self.param.name}_range"
        return ranges.parse_range(
            params[where],
            where=where,
            whole=self.param.type == "integer",
            low=self.param.min,
            high=self.param.max,
        )


def whole(
    name: str,
    label: str,
    default: int,
    values: str,
    least: int = 1,
    most: int | None = None,
    *,
    visible_when: Mapping[str, Any] | None = None,
) -> Tunable:
    """Return a tunable whole number with its limits."""
    field = Param(name, "integer", label, default, least, most, visible_when=visible_when)
    return Tunable(field, values)


def number(
    name: str,
    label: str,
    default: float,
    values: str,
    least: float = 0,
    most: float | None = None,
    *,
    visible_when: Mapping[str, Any] | None = None,
) -> Tunable:
    """Return a tunable number with its limits."""
    field = Param(name, "number", label, default, least, most, visible_when=visible_when)
    return Tunable(field, values)


def learner(
    *,
    name: str,
    title: str,
    category: str,
    task: str,
    params: Iterable[Param | Tunable],
    summary: str,
    doc: str,
    seed: Param = SEED,
    unknown_categories: str | None = None,
) -> Callable[[Build], RunFunction]:
    """Declare a learner from the function that builds its estimator.

    `unknown_categories` names the switch, if there is one, for categories that training never saw.
    """
    fields = list(params)
    tunables = [item for item in fields if isinstance(item, Tunable)]
    flat: list[Param] = [TRAINER_MODE] if tunables else []
    for item in fields:
        flat.extend(item.fields() if isinstance(item, Tunable) else (item,))

    def declare(build: Build) -> RunFunction:
        def run(ctx: Context) -> None:
            _make(ctx, build, task, tunables, seed, unknown_categories)

        run.__name__, run.__doc__ = build.__name__, build.__doc__
        declared = module(
            name=name,
            title=title,
            category=category,
            outputs=[OUTPUT],
            params=[*flat, seed],
            summary=summary,
            doc=doc,
            schema=models.learner(task),
        )(run)
        declared.build = build  # type: ignore[attr-defined]
        return declared

    return declare


def _make(
    ctx: Context,
    build: Build,
    task: str,
    tunables: Iterable[Tunable],
    seed: Param,
    unknown_categories: str | None,
) -> None:
    """Build the learner with the first value of each range, and write down the others."""
    shown = [item for item in tunables if item.param.is_visible(ctx.params)]
    grid = {item.param.name: item.choices(ctx.params) for item in shown}
    # A hidden seed has no effect; drawing one would only spoil the record.
    drawn = ctx.seed() if seed.is_visible(ctx.params) else None
    first = {name: values[0] for name, values in grid.items()}
    meta = _meta(ctx, task, grid, drawn)
    if unknown_categories and not ctx.params[unknown_categories]:
        meta["unknown_categories"] = "error"
    save_untrained(ctx, build({**ctx.params, **first}, drawn or 0), meta)


def _meta(
    ctx: Context, task: str, grid: Mapping[str, list[Any]], seed: int | None
) -> dict[str, Any]:
    return {
        "kind": "untrained",
        "task": task,
        "algorithm": ctx.component.name,
        "title": ctx.component.title,
        "params": {name: value for name, value in ctx.params.items() if value is not None},
        "grid": {name: values for name, values in grid.items() if len(values) > 1},
        "first": {name: values[0] for name, values in grid.items()},
        "seed": seed,
    }


def save_untrained(ctx: Context, estimator: object, meta: Mapping[str, Any]) -> None:
    """Write the untrained model and its description to the output port."""
    ctx.save("untrained_model", estimator, meta)


def rebuild(meta: Mapping[str, Any], choice: Mapping[str, Any]) -> Any:
    """Build the estimator of an untrained model's description with other values from its range."""
    where, _, function = BUILT_IN.get(str(meta["algorithm"]), "").partition(":")
    build = (
        getattr(getattr(importlib.import_module(where), function), "build", None) if where else None
    )
    if build is None:
        raise module_error(
            WRONG_LEARNER,
            f"{meta['title']} has no parameters to try out.",
            where="untrained_model",
            hint="Wire one of the built-in learners to it.",
        )
    if "base" in meta:
        return build({"base": rebuild(meta["base"], choice)}, meta["seed"] or 0)
    return build({**meta["params"], **meta["first"], **choice}, meta["seed"] or 0)
