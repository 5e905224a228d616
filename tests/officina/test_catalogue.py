from __future__ import annotations

import subprocess
import sys

import pytest

from officina.catalogue import BUILT_IN, Catalogue, Component, Param, Port
from officina.errors import StudioError


def component(name: str = "weigh", version: str = "1", **more: object) -> Component:
    return Component(
        name=name,
        version=version,
        inputs=(Port("data", "dataset"),),
        outputs=(Port("out", "dataset"),),
        params=(
            Param("share", "number", default=0.5, min=0, max=1),
            Param("count", "integer"),
            Param("mode", "enum", default="a", enum=("a", "b")),
            Param("key", "string", visible_when={"mode": "b"}),
            Param("note", "string", optional=True),
        ),
        **more,  # type: ignore[arg-type]
    )


def test_declarations_load_without_the_heavy_libraries():
    script = (
        "import sys\n"
        "from officina.catalogue import Catalogue\n"
        "for item in Catalogue().all():\n"
        "    item.to_spec(); item.problems({})\n"
        "heavy = {'sklearn', 'pandas', 'numpy', 'joblib', 'pickle', 'pyarrow', '_pickle'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


def test_every_built_in_module_is_declared_under_its_own_name_and_can_run():
    for name in BUILT_IN:
        found = Catalogue().get(name)
        assert found.name == name
        assert callable(found.run)
        assert found.title and found.doc and found.category
        assert found.outputs or found.inputs


def test_an_unknown_name_answers_with_the_nearest_ones():
    with pytest.raises(StudioError) as caught:
        Catalogue().get("split_date")
    assert caught.value.code == "not_found"
    assert "split_data" in caught.value.hint


def test_an_unknown_version_answers_with_the_known_ones():
    with pytest.raises(StudioError) as caught:
        Catalogue().get("split_data", "7")
    assert caught.value.code == "not_found"
    assert "Known versions: 1" in caught.value.hint


def test_an_old_name_finds_the_module_that_replaces_it():
    assert Catalogue().get("select_columns_in_dataset").name == "select_columns"


def test_a_doubled_name_and_version_is_refused():
    with pytest.raises(StudioError) as caught:
        Catalogue().extended([component(), component()])
    assert caught.value.code == "conflict"
    with pytest.raises(StudioError):
        Catalogue().extended([component("split_data", "2")])
    hidden = Catalogue().extended([component("split_data", "2"), component()], hide_taken=True)
    assert hidden.get("split_data").type == "module"
    assert component().name in hidden


def test_the_newest_version_is_given_unless_one_is_asked_for():
    catalogue = Catalogue().extended([component(version=v) for v in ("2", "10", "9")])
    assert catalogue.get("weigh").version == "10"
    assert catalogue.get("weigh", "9").version == "9"
    assert "weigh" not in Catalogue()


def test_a_doubled_input_is_refused():
    with pytest.raises(StudioError, match="twice"):
        Component("x", inputs=(Port("a", "dataset"),), params=(Param("a"),))


def test_parameters_get_their_types_and_defaults():
    cleaned = component().clean({"count": "3", "share": "0.25"})
    assert cleaned == {"share": 0.25, "count": 3, "mode": "a", "key": None, "note": None}


@pytest.mark.parametrize(
    ("params", "where"),
    [
        ({"count": "many"}, "count"),
        ({"count": 1.5}, "count"),
        ({"count": True}, "count"),
        ({}, "count"),
        ({"count": 1, "share": 2}, "share"),
        ({"count": 1, "share": float("nan")}, "share"),
        ({"count": 1, "share": "inf"}, "share"),
        ({"count": 1, "mode": "c"}, "mode"),
        ({"count": 1, "mode": "b"}, "key"),
        ({"count": 1, "counts": 1}, "counts"),
        ({"count": 1, "note": ["a"]}, "note"),
    ],
)
def test_a_bad_parameter_is_named(params, where):
    with pytest.raises(StudioError) as caught:
        component().clean(params)
    assert caught.value.where == where
    assert caught.value.code == "invalid"
    assert caught.value.hint


def test_every_bad_parameter_is_listed():
    problems = component().problems({"count": "x", "share": -1, "sharr": 1})
    assert {problem.where for problem in problems} == {"count", "share", "sharr"}


def test_an_expression_passes_when_it_is_allowed_only():
    params = {"count": "${{parent.inputs.n}}"}
    assert component().clean(params, allow_expressions=True)["count"] == params["count"]
    with pytest.raises(StudioError):
        component().clean(params)


@pytest.mark.parametrize(
    "value",
    [{"rules": []}, {"rules": [{"by": "colour"}]}, {"rules": [{"by": "names", "value": []}]}, 3],
)
def test_a_broken_column_selector_is_refused(value):
    with pytest.raises(StudioError) as caught:
        Param("columns", "columns").clean(value)
    assert caught.value.where == "columns"


def test_a_list_of_names_is_a_column_selector():
    cleaned = Param("columns", "columns").clean(["Größe", "a,b"])
    assert cleaned == {"rules": [{"include": True, "by": "names", "value": ["Größe", "a,b"]}]}


def test_the_node_text_comes_from_the_parameters():
    split = Catalogue().get("split_data")
    assert split.describe({"fraction": 0.8}) == "rows 0.8"
    chosen = Catalogue().get("train_model").clean({"label": "y"})
    assert Catalogue().get("train_model").describe(chosen) == "Label: y"


def test_each_built_in_survives_the_way_through_its_document():
    for item in Catalogue().all():
        assert Component.from_spec(item.to_spec()) == Component(
            **{**item.__dict__, "run": None, "replaces": ()}
        )


def test_a_command_component_keeps_its_command_and_types():
    spec = {
        "name": "prep",
        "version": "2",
        "type": "command",
        "command": "python a.py",
        "inputs": {
            "data": {"type": "uri_folder"},
            "size": {"type": "number", "default": 0.2, "min": 0},
            "kind": {"type": "string", "enum": ["a", "b"], "optional": True},
        },
        "outputs": {"o": {"type": "uri_file"}},
    }
    built = Component.from_spec(spec)
    assert [port.name for port in built.inputs] == ["data"]
    assert built.clean({}) == {"size": 0.2, "kind": None}
    assert built.to_spec()["command"] == "python a.py"


def test_an_unknown_input_type_is_named_with_the_nearest_one():
    with pytest.raises(StudioError) as caught:
        Component.from_spec({"name": "x", "inputs": {"a": {"type": "uri_foldr"}}})
    assert caught.value.where == "inputs.a.type"
    assert "uri_folder" in caught.value.hint


def test_an_import_that_is_to_be_made_anew_is_not_reused():
    load = Catalogue().get("import_data")
    assert load.reusable(load.clean({}))
    assert not load.reusable(load.clean({"regenerate_output": True}))
