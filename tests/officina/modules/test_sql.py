from __future__ import annotations

import sqlite3

import pandas as pd
import pytest
from sklearn import datasets

from officina.catalogue import Catalogue
from officina.columns import Column
from officina.errors import StudioError
from officina.modules import queries
from officina.modules.tables import read_dataset

MODULE = "apply_sql_transformation"


@pytest.fixture
def people():
    return pd.DataFrame(
        {
            "id": [1, 2, 3],
            "größe": [1.5, None, 1.7],
            "da": [True, False, True],
            "tag": pd.to_datetime(["2020-01-01", None, "2021-06-01"]),
            "art": pd.Categorical(["x", None, "y"], categories=["y", "x"]),
            "name": ["Ann", 'B"o', None],
        }
    )


def query(bench, script, **tables):
    return bench.table(MODULE, {"sql_script": script}, **tables)


def test_the_default_query_gives_the_table_with_its_types_and_roles(bench, people):
    folder = bench.put(people, {"id": {"role": "label"}, "art": {"categorical": True}})
    outputs = bench.run(MODULE, {}, table1=folder)
    frame, roles = read_dataset(outputs["results"])
    pd.testing.assert_frame_equal(frame, people)
    assert roles == {"id": {"role": "label"}, "art": {"categorical": True}}


def test_three_tables_are_joined_and_grouped_as_pandas_would(bench):
    iris = datasets.load_iris(as_frame=True).frame
    kinds = pd.DataFrame({"target": [0, 1, 2], "kind": ["setosa", "versicolor", "virginica"]})
    more = pd.DataFrame({"kind": ["setosa", "virginica"]})
    script = """
        select t2.kind, count(*) as n, avg("petal width (cm)") as width
        from t1 join t2 on t1.target = t2.target join t3 on t3.kind = t2.kind
        group by t2.kind order by t2.kind
    """
    frame = query(bench, script, table1=iris, table2=kinds, table3=more)
    joined = iris.merge(kinds).merge(more)
    expected = joined.groupby("kind", as_index=False).agg(
        n=("target", "size"), width=("petal width (cm)", "mean")
    )
    pd.testing.assert_frame_equal(frame, expected)


def test_statements_build_on_each_other_and_the_last_one_counts(bench, people):
    script = """
        create table tall as select * from t1 where größe > 1.6; -- a comment; with a semicolon
        insert into tall (id, name) values (9, 'x;y');
        select id, name from tall order by id desc; /* the end */
    """
    frame = query(bench, script, table1=people)
    assert frame["id"].tolist() == [9, 3]
    assert frame["name"].tolist()[:1] == ["x;y"]


def test_chance_is_the_same_in_each_run(bench, people):
    script = "select random() as r, hex(randomblob(4)) as h from t1"
    first, second = (query(bench, script, table1=people) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    assert first["r"].nunique() == 3


def test_new_columns_get_the_types_of_their_values(bench, people):
    script = "select id * 2 as i, größe / 2 as f, 'a' || id as s, nullif(id, 2) as n from t1"
    frame = query(bench, script, table1=people)
    assert [str(kind) for kind in frame.dtypes] == ["int64", "float64", "str", "Int64"]


def test_a_result_without_rows_keeps_its_columns(bench, people):
    frame = query(bench, "select id, größe from t1 where id > 99", table1=people)
    assert (len(frame), list(frame.columns)) == (0, ["id", "größe"])


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("attach database '{file}' as other", "ATTACH"),
        ("vacuum into '{file}'", "VACUUM"),
        ("pragma writable_schema = 1", "PRAGMA"),
        ("select load_extension('{file}')", "load_extension"),
        ("create virtual table v using fts5(a)", "not allowed"),
        ("select name from pragma_table_info('t1')", "not allowed"),
        ("select writefile('{file}', 'x')", "writefile"),
        ("create trigger tr after insert on t1 begin delete from t1; end", "not allowed"),
        ("detach main", "not allowed"),
    ],
)
def test_nothing_beyond_the_tables_can_be_reached(bench, people, tmp_path, script, said):
    file = tmp_path / "other.db"
    with pytest.raises(StudioError, match="Error 0069") as caught:
        query(bench, script.format(file=file), table1=people)
    assert said in str(caught.value)
    assert not file.exists()


@pytest.mark.parametrize(
    ("script", "number", "said"),
    [
        ("select nope from t1", "0069", "no such column: nope"),
        ("select * from t2", "0069", "no such table: t2"),
        ("selec", "0069", "syntax error"),
        ("create table x (a)", "0069", "gives no rows"),
        ("", "0069", "gives no rows"),
        ("select 1 as a, 2 as a", "0010", '"a"'),
        ("select zeroblob(1000000000)", "0069", "too big"),
        ("select * from (values (1), ('x'))", "0018", "mixes types"),
    ],
)
def test_a_script_that_fails_says_what_the_database_said(bench, people, script, number, said):
    with pytest.raises(StudioError, match=f"Error {number}") as caught:
        query(bench, script, table1=people)
    assert said in str(caught.value)
    if number == "0069" and "such" in said:
        assert "t1: id, größe" in caught.value.hint


def test_a_script_without_an_end_is_stopped():
    database = queries.Database(seconds=0.2)
    database.lock()
    endless = "with recursive c(x) as (select 1 union all select x + 1 from c) select sum(x) from c"
    with pytest.raises(sqlite3.Error) as caught:
        database.run(endless)
    assert "0.2" not in str(database.fault(caught.value, {}))
    assert "ran longer" in str(database.fault(caught.value, {}))


def test_names_that_differ_only_in_case_are_refused(bench):
    with pytest.raises(StudioError, match="Error 0010"):
        query(bench, "select 1", table1=pd.DataFrame({"a": [1], "A": [2]}))


def schema(script, **tables):
    rule = Catalogue().get(MODULE).schema
    given = {"table1": None, "table2": None, "table3": None} | tables
    return rule({"sql_script": script}, given)["results"]


def test_the_columns_are_known_before_a_run():
    one = (Column("id", "integer", "label"), Column("größe", "number"))
    two = (Column("id", "integer"), Column("na me", "string"))
    assert schema("select * from t1", table1=one) == one
    found = schema('select t1.größe, "na me", 1 as n from t1, t2', table1=one, table2=two)
    assert found == (one[1], two[1], Column("n"))
    assert schema("select * from t2", table1=one) is None
    assert schema("select", table1=one) is None
    assert schema("attach 'x' as y", table1=one) is None
    script = "with recursive c(x) as (select 1 union all select x + 1 from c) select sum(x) from c"
    assert schema(script) is None
