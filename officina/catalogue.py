"""The catalogue: what every designer module and component takes, gives and may be told.

Nothing here imports pandas, scikit-learn or pickle, so that a web process may list, check and
draw modules without ever being able to run one. `BUILT_IN` names where each declaration lives.
"""

from __future__ import annotations

import functools
import importlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from officina.component import PORT_TYPES, Component, Port, unknown_name
from officina.errors import StudioError
from officina.parameters import Param

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from officina.columns.schema import Rule
    from officina.component import RunFunction

__all__ = ["BUILT_IN", "PORT_TYPES", "Catalogue", "Component", "Param", "Port", "module"]

# Add a built-in module here: name -> "where it is declared:function of the same name".
BUILT_IN = {
    "data_asset": "officina.modules.assets:data_asset",
    "saved_model": "officina.modules.assets:saved_model",
    "saved_transform": "officina.modules.assets:saved_transform",
    "enter_data_manually": "officina.modules.data:enter_data_manually",
    "import_data": "officina.modules.data:import_data",
    "select_columns": "officina.modules.transform:select_columns",
    "clean_missing_data": "officina.modules.transform:clean_missing_data",
    "edit_metadata": "officina.modules.transform:edit_metadata",
    "split_data": "officina.modules.splitting:split_data",
    "add_columns": "officina.modules.combining:add_columns",
    "add_rows": "officina.modules.combining:add_rows",
    "join_data": "officina.modules.combining:join_data",
    "apply_math_operation": "officina.modules.mathematics:apply_math_operation",
    "apply_sql_transformation": "officina.modules.sql:apply_sql_transformation",
    "convert_to_csv": "officina.modules.converting:convert_to_csv",
    "convert_to_dataset": "officina.modules.converting:convert_to_dataset",
    "convert_to_indicator_values": "officina.modules.converting:convert_to_indicator_values",
    "group_data_into_bins": "officina.modules.binning:group_data_into_bins",
    "normalize_data": "officina.modules.normalizing:normalize_data",
    "partition_and_sample": "officina.modules.sampling:partition_and_sample",
    "remove_duplicate_rows": "officina.modules.rows:remove_duplicate_rows",
    "smote": "officina.modules.rows:smote",
    "select_columns_transform": "officina.modules.selection:select_columns_transform",
    "filter_based_feature_selection": "officina.modules.selection:filter_based_feature_selection",
    "summarize_data": "officina.modules.summary:summarize_data",
    "apply_transformation": "officina.modules.applying:apply_transformation",
    "web_service_input": "officina.modules.service:web_service_input",
    "web_service_output": "officina.modules.service:web_service_output",
    "execute_python_script": "officina.modules.script:execute_python_script",
    "export_data": "officina.modules.exporting:export_data",
    "check_data_quality": "officina.modules.quality:check_data_quality",
    "clip_values": "officina.modules.clipping:clip_values",
    "linear_regression": "officina.modules.regression:linear_regression",
    "boosted_decision_tree_regression": "officina.modules.regression:boosted_decision_tree_regression",
    "decision_forest_regression": "officina.modules.regression:decision_forest_regression",
    "fast_forest_quantile_regression": "officina.modules.regression:fast_forest_quantile_regression",
    "neural_network_regression": "officina.modules.regression:neural_network_regression",
    "poisson_regression": "officina.modules.regression:poisson_regression",
    "two_class_logistic_regression": "officina.modules.classification:two_class_logistic_regression",
    "two_class_averaged_perceptron": "officina.modules.classification:two_class_averaged_perceptron",
    "two_class_support_vector_machine": "officina.modules.classification:two_class_support_vector_machine",
    "two_class_boosted_decision_tree": "officina.modules.classification:two_class_boosted_decision_tree",
    "two_class_decision_forest": "officina.modules.classification:two_class_decision_forest",
    "two_class_neural_network": "officina.modules.classification:two_class_neural_network",
    "multiclass_logistic_regression": "officina.modules.classification:multiclass_logistic_regression",
    "multiclass_boosted_decision_tree": "officina.modules.classification:multiclass_boosted_decision_tree",
    "multiclass_decision_forest": "officina.modules.classification:multiclass_decision_forest",
    "multiclass_neural_network": "officina.modules.classification:multiclass_neural_network",
    "one_vs_all_multiclass": "officina.modules.classification:one_vs_all_multiclass",
    "one_vs_one_multiclass": "officina.modules.classification:one_vs_one_multiclass",
    "pca_based_anomaly_detection": "officina.modules.anomaly:pca_based_anomaly_detection",
    "train_anomaly_detection_model": "officina.modules.anomaly:train_anomaly_detection_model",
    "k_means_clustering": "officina.modules.clustering:k_means_clustering",
    "create_python_model": "officina.modules.python_model:create_python_model",
    "train_model": "officina.modules.train:train_model",
    "train_clustering_model": "officina.modules.clustering:train_clustering_model",
    "tune_model_hyperparameters": "officina.modules.tuning:tune_model_hyperparameters",
    "score_model": "officina.modules.score:score_model",
    "assign_data_to_clusters": "officina.modules.score:assign_data_to_clusters",
    "cross_validate_model": "officina.modules.validating:cross_validate_model",
    "evaluate_model": "officina.modules.evaluate:evaluate_model",
    "train_svd_recommender": "officina.modules.recommending:train_svd_recommender",
    "score_svd_recommender": "officina.modules.recommending:score_svd_recommender",
    "evaluate_recommender": "officina.modules.recommending:evaluate_recommender",
    "extract_n_gram_features_from_text": "officina.modules.text:extract_n_gram_features_from_text",
    "feature_hashing": "officina.modules.text:feature_hashing",
    "preprocess_text": "officina.modules.text:preprocess_text",
    "latent_dirichlet_allocation": "officina.modules.text:latent_dirichlet_allocation",
    "convert_word_to_vector": "officina.modules.text:convert_word_to_vector",
    "train_vowpal_wabbit_model": "officina.modules.vowpal:train_vowpal_wabbit_model",
    "score_vowpal_wabbit_model": "officina.modules.vowpal:score_vowpal_wabbit_model",
    "permutation_feature_importance": (
        "officina.modules.importance:permutation_feature_importance"
    ),
}


class Catalogue:
    """The components that can be placed on a canvas: the built-in ones and any added to them."""

    def __init__(
        self, components: Iterable[Component] = (), *, built_in: Mapping[str, str] | None = None
    ) -> None:
        self._built_in = dict(BUILT_IN if built_in is None else built_in)
        self._own: dict[tuple[str, str], Component] = {}
        for component in components:
            self._add(component)

    def extended(self, components: Iterable[Component], *, hide_taken: bool = False) -> Catalogue:
        """Return a new catalogue with these components as well; a taken name and version fails.

        With `hide_taken`, one that has a built-in module's name is left out: a later Officina may
        bring a module of a name that a team has used, and must not stop all its pipelines.
        """
        if hide_taken:
            components = [one for one in components if one.name not in self._built_in]
        return Catalogue((*self._own.values(), *components), built_in=self._built_in)

    def get(self, name: str, version: str | None = None) -> Component:
        """Return a component by name, the newest version unless one is given.

        Raises StudioError "not_found" that names the nearest known ones.
        """
        found = self._versions(name) or self._successors(name)
        if not found:
            known = sorted({*self._built_in, *(key[0] for key in self._own)})
            raise unknown_name(name, known, "There is no component", where="component")
        if version is None:
            return max(found, key=lambda component: _version_key(component.version))
        for component in found:
            if component.version == str(version):
                return component
        held = ", ".join(component.version for component in found)
        raise StudioError(
            f"Component {name} has no version {version}.",
            where="component",
            hint=f"Known versions: {held}.",
            code="not_found",
        )

    def all(self) -> list[Component]:
        """Return every component, ordered by category and title."""
        built_in = [load_built_in(path) for path in self._built_in.values()]
        return sorted(
            (*built_in, *self._own.values()),
            key=lambda item: (item.category, item.title, _version_key(item.version)),
        )

    def __contains__(self, name: object) -> bool:
        return name in self._built_in or any(key[0] == name for key in self._own)

    def _add(self, component: Component) -> None:
        key = (component.name, component.version)
        if component.name in self._built_in or key in self._own:
            raise StudioError(
                f"Component {component.name} version {component.version} is already there.",
                where="name",
                hint="Choose another name or raise the version.",
                code="conflict",
            )
        self._own[key] = component

    def _versions(self, name: str) -> list[Component]:
        if name in self._built_in:
            return [load_built_in(self._built_in[name])]
        return [component for key, component in self._own.items() if key[0] == name]

    def _successors(self, name: str) -> list[Component]:
        return [component for component in self.all() if name in component.replaces]


def module(
    *,
    name: str,
    version: str = "1",
    title: str,
    category: str,
    inputs: Iterable[Port] = (),
    outputs: Iterable[Port] = (),
    params: Iterable[Param] = (),
    summary: str = "",
    doc: str = "",
    deterministic: bool = True,
    replaces: Iterable[str] = (),
    schema: Rule | None = None,
    requires: Iterable[str] = (),
    extra: str = "",
) -> Callable[[RunFunction], RunFunction]:
    """Declare the function below as a designer module; it is found through `BUILT_IN`.

    The file that uses it must stay light: import pandas and the like through `officina.lazy`.
    `schema` says what columns the outputs have (see `officina.columns`). `requires` are packages
    that it imports and that may be missing, `extra` the words that say what to install then.
    """
    component = Component(
        name=name,
        version=version,
        title=title,
        category=category,
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        params=tuple(params),
        summary=summary,
        doc=doc,
        deterministic=deterministic,
        replaces=tuple(replaces),
        schema=schema,
        requires=tuple(requires),
        install=extra,
    )

    def declare(run: RunFunction) -> RunFunction:
        run.component = replace(component, run=run)  # type: ignore[attr-defined]
        return run

    return declare


@functools.cache
def load_built_in(path: str) -> Component:
    """Import one declaration by its dotted path, `package.file:function`."""
    where, _, name = path.partition(":")
    component: Component = getattr(importlib.import_module(where), name).component
    return component


def _version_key(version: str) -> tuple[tuple[int, int, str], ...]:
    return tuple(
        (1, int(part), "") if part.isdigit() else (0, 0, part)
        for part in re.split(r"[.\-+]", version)
    )
