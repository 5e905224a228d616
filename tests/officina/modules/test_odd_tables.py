"""Odd tables pass through every data module, or are refused with a number: nothing else happens."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from officina.errors import StudioError
from tests.officina.modules.test_columns_before_a_run import CASES
from tests.officina.modules.test_same_bytes import MORE

NAN = float("nan")


def odd_tables():
    plain = pd.DataFrame(
        {
            "n": [1, 2, 3, 4],
            "x": [0.5, 1.5, 2.5, 4.0],
            "s": ["a", "b", "c", "d"],
            "k": pd.Categorical(["p", "q", "p", "q"]),
            "t": [True, False, True, True],
            "y": [0, 1, 0, 1],
        }
    )
    dates = pd.to_datetime(
        ["2020-01-01 10:00", "1677-09-21 01:00", None, "2262-01-01"], format="mixed"
    )
    yield "no rows", plain.iloc[:0]
    yield "one row", plain.iloc[:1]
    yield "all missing", plain.assign(n=NAN, x=NAN, s=None, k=pd.Categorical([None] * 4), y=NAN)
    yield (
        "nullable",
        plain.astype({"n": "Int64", "x": "Float64", "t": "boolean"}).mask(np.eye(4, 6, dtype=bool)),
    )
    yield "dates", plain.assign(d=dates, z=dates.tz_localize("UTC"), n=dates)
    yield "infinite", plain.assign(x=[float("inf"), -float("inf"), 0, 1])
    yield "large", plain.assign(n=[2**62 + 1, -(2**62), 0, 1], x=[1e308, -1e308, 5e-324, 0])
    yield "strange texts", plain.assign(s=["", "?", "ü\n,\"'", "a" * 10_000])
    yield "numbers as categories", plain.assign(k=pd.Categorical([1, 2, 1, 2]))
    yield "doubled rows", pd.concat([plain] * 3)
    yield "other columns", pd.DataFrame({"a;b--": [1], 'q"uo"te': ["x"], " ": [2]})
    yield "no columns", pd.DataFrame()


TABLES = dict(odd_tables())
ALL = list({case[0]: case for case in [*CASES, *MORE]}.values())  # one of each module


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("kind", TABLES)
def test_an_odd_table_passes_or_is_refused_with_a_number(bench, kind):
    folder = bench.put(TABLES[kind], {"y": {"role": "label"}, "k": {"categorical": True}})
    wrong = []
    for name, params, ports in ALL:
        try:
            bench.run(name, params, **dict.fromkeys(ports, folder))
        except StudioError as error:
            if not re.match(r"Error \d{4}: ", error.message) or not error.hint:
                wrong.append(f"{name} {params}: {error.message}")
        except Exception as error:
            wrong.append(f"{name} {params}: {type(error).__name__}: {error}")
    assert wrong == []
