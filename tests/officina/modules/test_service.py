from __future__ import annotations

import pandas as pd
import pytest

from officina.errors import StudioError
from officina.modules.tables import read_dataset


def test_the_sample_stands_in_for_a_request(bench, capsys):
    folder = bench.put(pd.DataFrame({"a": [1, 2]}), {"a": {"categorical": True}})
    data = bench.run("web_service_input", {}, sample=folder)["data"]
    frame, roles = read_dataset(data)
    assert (frame["a"].tolist(), roles) == ([1, 2], {"a": {"categorical": True}})
    assert bench.run("web_service_output", {"name": "answer"}, data=data) == {}
    assert "answer: 2 rows with a" in capsys.readouterr().out


def test_a_run_without_a_sample_says_what_to_do(bench):
    with pytest.raises(StudioError, match="Error 0003") as caught:
        bench.run("web_service_input")
    assert caught.value.where == "sample"
