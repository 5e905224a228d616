"""A model's flavours, signature and imports are read from its bytes; nothing of it is run."""

from __future__ import annotations

import io
import json
import os
import pickle
import random
import struct
import tarfile
import time
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from joblib.numpy_pickle import NumpyArrayWrapper
from sklearn.ensemble import RandomForestClassifier

from registry.inspection import inspect_model, onnx_files, pickles
from tests.registry.conftest import tree_of

MLMODEL = """
artifact_path: model
flavors:
  python_function: {loader_module: mlflow.sklearn, python_version: 3.11.9}
  sklearn: {pickled_model: model.pkl, sklearn_version: 1.5.2}
mlflow_version: 2.16.0
saved_input_example_info: {artifact_path: input_example.json, type: dataframe}
signature:
  inputs: '[{"type": "double", "name": "age", "required": true}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]'
"""


def scan(data: bytes) -> dict[str, Any]:
    return pickles.scan(io.BytesIO(data), size=len(data))


def report_of(files: dict[str, bytes]) -> dict[str, Any]:
    return inspect_model(tree_of(files))


@pytest.fixture(autouse=True)
def store(home: Any, db: Any) -> None:
    return


def test_an_mlflow_model_shows_flavours_signature_and_sample() -> None:
    files = {"MLmodel": MLMODEL.encode(), "input_example.json": b'{"columns": ["age"]}'}
    report = report_of({**files, "model.pkl": pickle.dumps(OrderedDict(a=1))})
    assert report["flavours"] == ["mlflow", "sklearn", "pickle"]
    assert report["signature"]["inputs"] == [{"name": "age", "type": "double", "required": "yes"}]
    assert "int64" in report["signature"]["outputs"][0]["type"]
    assert json.loads(report["sample"]) == {"columns": ["age"]}
    assert report["scans"][0]["verdict"] == "usual"


@pytest.mark.parametrize("protocol", range(6))
def test_a_call_of_the_system_is_found_in_every_protocol(protocol: int) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            import os

            return os.system, ("touch /tmp/never",)

    data = pickle.dumps({"model": [1, 2], "x": Bomb()}, protocol=protocol)
    found = pickles.scan(io.BytesIO(data), size=len(data))
    assert found["verdict"] == "dangerous"
    assert any(name.endswith("system") for name in found["dangerous"])


def test_a_name_that_is_hidden_in_the_memo_is_found() -> None:
    # `posix` is put away, other strings follow, and it is fetched again for STACK_GLOBAL.
    data = b"\x80\x04\x8c\x05posix\x94\x8c\x04junk0h\x00\x8c\x06system\x93\x8c\x01x\x85R."
    found = pickles.scan(io.BytesIO(data), size=len(data))
    assert found["dangerous"] == ["posix.system"]


def test_a_second_pickle_behind_the_first_is_read_too() -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return eval, ("1",)

    data = pickle.dumps({}) + pickle.dumps(Bomb())
    assert pickles.scan(io.BytesIO(data), size=len(data))["verdict"] == "dangerous"


def test_numpy_is_usual_and_ones_own_class_is_not() -> None:
    import numpy

    data = pickle.dumps(numpy.arange(5))
    assert pickles.scan(io.BytesIO(data), size=len(data))["verdict"] == "usual"
    data = b"cmy_team.models\nSpecial\n."
    found = pickles.scan(io.BytesIO(data), size=len(data))
    assert (found["verdict"], found["unusual"]) == ("unusual", ["my_team.models.Special"])


class Calls:
    """What loading it would call."""

    def __init__(self, maker: Any, *arguments: Any) -> None:
        self.call = maker, arguments

    def __reduce__(self) -> Any:
        return self.call


def dumped(value: Any) -> bytes:
    made = io.BytesIO()
    joblib.dump(value, made)
    return made.getvalue()


@pytest.mark.parametrize("dtype", ["f8", "i4", "?", "U7", "S3", "c16", "M8[ns]", "O"])
def test_what_stands_behind_an_array_of_joblibs_is_read_too(dtype: str) -> None:
    array = np.zeros((7, 3), "i8").astype(dtype)
    harmless = scan(dumped({"first": array, "empty": array[:0], "last": array.T}))
    assert (harmless["verdict"], harmless["complete"]) == ("usual", True), harmless
    wicked = scan(dumped([array, array, Calls(os.system, "touch /tmp/never")]))
    assert (wicked["verdict"], wicked["complete"]) == ("dangerous", True)
    assert any(name.endswith(".system") for name in wicked["dangerous"])


def test_a_forest_of_joblibs_is_read_whole() -> None:
    x = np.random.default_rng(0).normal(size=(50, 3))
    for classes in (x[:, 0] > 0, np.where(x[:, 0] > 0, "yes", "no").astype(object)):
        report = scan(dumped(RandomForestClassifier(5, random_state=0).fit(x, classes)))
        assert (report["verdict"], report["complete"]) == ("usual", True), report


def test_raw_values_that_pickle_would_run_are_found_although_joblib_passes_them() -> None:
    hidden = b"cos\nsystem\n(S'touch /tmp/never'\ntR."
    wrapper = NumpyArrayWrapper(np.ndarray, (len(hidden),), "C", np.dtype("u1"))
    del wrapper.numpy_array_alignment_bytes
    report = scan(pickle.dumps(wrapper)[:-1] + hidden + b".")
    assert (report["verdict"], report["complete"]) == ("dangerous", True)


def test_no_size_of_an_array_hides_what_comes_behind_it() -> None:
    # The product of such a shape is small in 64 bits, and so for joblib.
    whole = dumped([np.zeros(2, "u1"), Calls(os.system, "touch /tmp/never")])
    shape = pickle.dumps((2**33, 2**31 + 1), 2)[2:-1]
    assert not scan(whole.replace(b"K\x02\x85", shape, 1))["complete"]


def test_an_array_that_says_it_holds_objects_is_not_taken_for_numbers() -> None:
    # numpy believes the flags that the pickle brings, and joblib then unpickles the values.
    array = np.zeros(2, "f8")
    whole = dumped([array, Calls(os.system, "touch /tmp/never")])
    state = b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t"
    assert state in whole
    report = scan(whole.replace(state, state.replace(b"K\x00t", b"K\x3ft"), 1))
    assert not report["complete"], report


def test_a_name_that_only_the_running_pickle_knows_is_dangerous() -> None:
    made = b"\x80\x04cbuiltins\nstr\n(S'os'\ntR\x8c\x06system\x93(S'touch /tmp/never'\ntR."
    assert scan(made)["verdict"] == "dangerous"
    array = Calls(np.array, [1])
    assert scan(pickle.dumps(array, 4))["verdict"] == "usual"


def test_an_old_way_to_call_a_class_is_seen() -> None:
    for text in (b"(cos\nsystem\nS'x'\no.", b"(S'x'\nios\nsystem\n.", b"\x82\x01."):
        assert scan(text)["verdict"] == "dangerous", text


def test_noise_is_scanned_without_an_error() -> None:
    dice = random.Random(5)
    for _ in range(300):
        data = b"\x80\x04" + dice.randbytes(dice.randrange(200))
        pickles.scan(io.BytesIO(data), size=len(data))


def _field(number: int, data: bytes | int) -> bytes:
    if isinstance(data, int):
        return bytes([number << 3, data])
    size = len(data)
    length = bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])
    return bytes([number << 3 | 2]) + length + data


def onnx_model() -> bytes:
    shape = _field(1, _field(2, b"batch")) + _field(1, _field(1, 4))
    tensor = _field(1, _field(1, 1) + _field(2, shape))
    value = _field(1, b"X") + _field(2, tensor)
    graph = (
        _field(1, _field(4, b"Gemm")) + _field(2, b"iris") + _field(11, value) + _field(12, value)
    )
    return _field(1, 9) + _field(2, b"skl2onnx") + _field(7, graph) + _field(8, _field(2, 15))


def test_an_onnx_file_shows_what_goes_in_and_out() -> None:
    report = report_of({"model.onnx": onnx_model()})
    facts = report["onnx"][0]
    assert (facts["producer"], facts["graph"], facts["opsets"]) == (
        "skl2onnx",
        "iris",
        {"ai.onnx": 15},
    )
    assert facts["inputs"] == [{"name": "X", "type": "float32", "shape": ["batch", 4]}]
    assert report["flavours"] == ["onnx"]


def test_a_broken_onnx_file_is_named_and_read_no_further() -> None:
    whole, dice = onnx_model(), random.Random(3)
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(dice.randrange(1, 6)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        try:
            onnx_files.read(io.BytesIO(bytes(data)), len(data))
        except onnx_files.NotOnnx:
            continue
    report = report_of({"model.onnx": whole[:-3] + b"\xff\xff\xff"})
    assert report["flavours"] == []
    assert "no ONNX model" in report["problems"][0]


SLY_NAMES = (
    "random _os.system", "uuid os.popen", "pandas io.common.os.system", "collections _sys.modules",
    "pdb run", "timeit timeit", "cProfile run", "logging.config dictConfig", "types FunctionType",
    "numpy.testing._private.utils runstring", "torch.hub load", "torch.storage _load_from_bytes",
    "pandas.io.pickle read_pickle", "pandas read_pickle", "pandas eval", "joblib load",
    "joblib.externals.cloudpickle.cloudpickle _make_function", "cloudpickle.cloudpickle loads",
    "numpy.f2py.crackfortran getlincoef", "officina.execution.launch start", "_io open", "numpy load",
)  # fmt: skip


@pytest.mark.parametrize("name", SLY_NAMES)
def test_a_way_round_by_a_usual_library_is_dangerous_all_the_same(name: str) -> None:
    module, _, inner = name.partition(" ")
    old = f"c{module}\n{inner}\n(S'x'\ntR.".encode()
    new = b"\x80\x04" + b"".join(
        b"\x8c" + bytes([len(part)]) + part.encode() for part in (module, inner)
    ) + b"\x93)R."  # fmt: skip
    for data in (old, new):
        assert pickles.scan(io.BytesIO(data), size=len(data))["verdict"] == "dangerous"


def test_what_people_save_is_usual() -> None:
    import numpy as np
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
    from sklearn.svm import SVC

    rows, labels = np.array([[0.0, 1], [1, 0], [4, 5], [5, 4]]), ["a", "a", "b", "b"]
    several = ColumnTransformer([("n", StandardScaler(), [0]), ("c", OneHotEncoder(), [1])])
    models: list[Any] = [
        make_pipeline(several, RandomForestClassifier(3)).fit(rows, labels),
        GradientBoostingClassifier(n_estimators=2).fit(rows, labels), SVC().fit(rows, labels),
        KNeighborsClassifier(1, algorithm="kd_tree").fit(rows, labels),
        TfidfVectorizer().fit(["one two", "two three"]), FunctionTransformer(np.log1p),
        pd.DataFrame({"t": pd.to_datetime(["2026-01-01"]), "c": pd.Categorical(["x"])}),
    ]  # fmt: skip
    for model in models:
        for protocol in (2, 5):
            data = pickle.dumps(model, protocol=protocol)
            result = pickles.scan(io.BytesIO(data), size=len(data))
            assert result["verdict"] == "usual", (model, result["dangerous"], result["unusual"])


def skops(*types: str, trusted: str = "") -> bytes:
    """A file of skops whose schema names these types, and calls some of them trusted."""
    nodes = [
        {"__module__": m, "__class__": n, "__loader__": "ObjectNode", "content": {}}
        for m, _, n in (each.rpartition(".") for each in types)
    ]
    function = {"__module__": "builtins", "__class__": "function", "__loader__": "FunctionNode"}
    function["content"] = {"module_path": "numpy", "function": "log1p"}  # type: ignore[assignment]
    schema = {"content": [*nodes, function], "trusted": [trusted], "__trusted__": True}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("schema.json", json.dumps(schema))
    return out.getvalue()


@pytest.mark.parametrize(
    ("types", "verdict"),
    [
        (("sklearn.linear_model._logistic.LogisticRegression", "numpy.ndarray"), "usual"),
        (("mine.Special",), "unusual"),
        (("sklearn.pipeline.Pipeline", "os.system"), "dangerous"),
        (("operator.methodcaller",), "dangerous"),
    ],
)
def test_a_skops_file_is_judged_by_its_types_whatever_it_trusts(
    types: tuple[str, ...], verdict: str
) -> None:
    report = report_of({"model.skops": skops(*types, trusted=types[-1])})
    assert report["flavours"] == ["skops"]
    assert report["scans"][0]["verdict"] == verdict
    broken = report_of({"model.skops": b"PK\x03\x04 nothing"})
    assert "cannot be scanned" in broken["problems"][0]


def external(*places: str) -> bytes:
    """An ONNX model whose tensors lie in other files."""
    entries = [_field(1, b"location") + _field(2, place.encode()) for place in places]
    tensors = [_field(5, _field(8, b"w") + _field(13, entry)) for entry in entries]
    graph = _field(1, _field(4, b"Gemm")) + b"".join(tensors)
    return _field(1, 9) + _field(7, graph) + _field(8, _field(2, 15))


@pytest.mark.parametrize("place", ["../secret.key", "/etc/passwd", "a/../../b", "..\\x", "a\0b"])
def test_onnx_values_in_another_folder_are_dangerous(place: str) -> None:
    report = report_of({"m/model.onnx": external(place, "w.bin"), "m/w.bin": b"1"})
    assert [scan["verdict"] for scan in report["scans"]] == ["dangerous"]
    assert report["problems"] == []


def test_onnx_values_beside_the_model_are_fine_and_missing_ones_named() -> None:
    report = report_of({"m/model.onnx": external("w.bin", "v.bin"), "m/w.bin": b"1"})
    assert report["scans"] == []
    assert report["problems"] == ["m/model.onnx keeps values in v.bin, which is not here."]


def test_a_torch_file_is_scanned_inside_its_zip() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("model/data.pkl", b"cos\nsystem\n(S'x'\ntR.")
    report = report_of({"model.pt": out.getvalue()})
    assert report["scans"][0]["verdict"] == "dangerous"


@pytest.mark.parametrize(
    "text",
    ["a: [", "[]", "flavors: 7", "a: &a [1]\nflavors: {x: *a}", "flavors: {x: !!python/x 1}"],
)
def test_a_wicked_mlmodel_is_a_problem_on_the_page(text: str) -> None:
    assert "cannot be read" in report_of({"MLmodel": text.encode()})["problems"][0]


def test_other_known_files_are_named() -> None:
    report = report_of(
        {"a.h5": b"\x89HDF\r\n\x1a\n" + struct.pack("<I", 1), "b.safetensors": b"x" * 9}
    )
    assert sorted(report["flavours"]) == ["keras", "safetensors"]


def test_what_the_designer_saved_tells_its_columns() -> None:
    meta = {
        "kind": "trained", "task": "binary", "label": {"name": "leaves"},
        "signature": [{"name": "age", "type": "integer"}, {"name": "city", "type": "string"}],
    }  # fmt: skip
    files = {"model.pkl": pickle.dumps({"a": 1}), "meta.json": json.dumps(meta).encode()}
    report = report_of(files)
    assert report["flavours"] == ["designer", "pickle"]
    assert [each["name"] for each in report["signature"]["inputs"]] == ["age", "city"]
    told = {"name": "leaves", "type": "binary", "required": "yes"}
    assert report["signature"]["outputs"] == [told]


@pytest.mark.parametrize("text", [b"{", b"[]", b'{"signature": 3}', b"[" * 100_000])
def test_a_broken_description_beside_a_pickle_is_passed_over(text: bytes) -> None:
    report = report_of({"model.pkl": pickle.dumps({"a": 1}), "meta.json": text})
    assert report["flavours"] == ["pickle"]


def test_a_bomb_inside_a_torch_archive_costs_a_bounded_look() -> None:
    held = io.BytesIO()
    with (
        zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("model/data.pkl", "w", force_zip64=True) as member,
    ):
        for _ in range(200):
            member.write(b"N" * (1 << 20))
    began = time.process_time()
    report = report_of({"model.pt": held.getvalue()})
    assert time.process_time() - began < 60
    assert report["scans"][0]["complete"] is False


def test_an_archive_is_bytes_here_whatever_paths_and_links_are_in_it(tmp_path: Path) -> None:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        for name in ("../../escaped", f"{tmp_path}/absolute"):
            archive.addfile(tarfile.TarInfo(name), io.BytesIO(b""))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    assert report_of({"model.tar": held.getvalue()})["flavours"] == []
    assert not (tmp_path / "absolute").exists()
