"""YAML from people is read safely: bounded, plain, and with the place of each mistake."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from officina.documents import load_yaml
from officina.errors import StudioError


def refusal(text: str | bytes | Path) -> StudioError:
    with pytest.raises(StudioError) as caught:
        load_yaml(text)
    return caught.value


def test_plain_values_keep_their_types() -> None:
    text = "a: 1\nb: 1.5\nc: yes\nd: text\ne: null\nf: [1, two]\ng: 2024-01-02\nh: 10:30\ni: 0x1f\n"
    assert load_yaml(text) == {
        "a": 1,
        "b": 1.5,
        "c": True,
        "d": "text",
        "e": None,
        "f": [1, "two"],
        "g": "2024-01-02",
        "h": "10:30",
        "i": 31,
    }


def test_a_leading_zero_is_not_octal() -> None:
    assert load_yaml("version: 010") == {"version": 10}


def test_a_python_tag_is_refused_with_its_place() -> None:
    error = refusal("a: 1\nb: !!python/object/apply:os.system ['true']\n")
    assert error.where == "<text>:2:4"
    assert "not allowed" in error.message


def test_a_key_given_twice_is_refused() -> None:
    error = refusal("a: 1\nb: 2\na: 3\n")
    assert error.where == "<text>:3:1"
    assert "'a' is given twice" in error.message


def test_broken_yaml_names_file_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "job.yml"
    path.write_text("a: 1\nb: [1, 2\nc: 3\n")
    error = refusal(path)
    assert error.where.startswith(f"{path}:3:")


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    assert refusal(tmp_path / "no.yml").code == "not_found"


def test_ten_megabytes_are_refused_fast(tmp_path: Path) -> None:
    path = tmp_path / "bomb.yml"
    path.write_bytes(b"a: [" + b"1," * 5_000_000 + b"1]")
    start = time.process_time()
    assert refusal(path).code == "too_large"
    assert time.process_time() - start < 5


def test_billion_laughs_are_refused_fast() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for level in range(1, 12):
        lines.append(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]")
    start = time.process_time()
    assert refusal("\n".join(lines)).code == "too_large"
    assert time.process_time() - start < 10


def test_merge_bombs_are_refused_fast() -> None:
    lines = ["m0: &m0 {k0: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]}"]
    for level in range(1, 30):
        lines.append(f"m{level}: &m{level} {{<<: [*m{level - 1}, *m{level - 1}, *m{level - 1}]}}")
    start = time.process_time()
    assert refusal("\n".join(lines)).code == "too_large"
    assert time.process_time() - start < 10


def test_deep_nesting_is_refused() -> None:
    assert refusal("[" * 20_000).code == "too_large"
    assert refusal("[" * 60 + "]" * 60).code == "too_large"


def test_an_alias_to_its_own_parent_is_refused() -> None:
    assert "contains it" in refusal("a: &a\n  b: *a\n").message


def test_aliases_and_merges_within_reason_are_read() -> None:
    text = "base: &base {x: 1, y: 2}\nother:\n  <<: *base\n  y: 3\nlist: [*base]\n"
    data = load_yaml(text)
    assert data["other"] == {"x": 1, "y": 3}
    assert data["list"] == [{"x": 1, "y": 2}]


def test_two_documents_in_a_file_are_refused() -> None:
    assert "more than one" in refusal("a: 1\n---\nb: 2\n").message


def test_bytes_that_are_not_utf8_are_refused() -> None:
    assert "UTF-8" in refusal(b"a: \xff\xfe\n").message
    assert "YAML" in refusal("a: \x00\n").message


def test_a_number_of_absurd_length_is_refused() -> None:
    assert "not a number" in refusal("a: " + "9" * 5000).message


def test_json_is_read_too() -> None:
    assert load_yaml('{"a": [1, {"b": null}]}') == {"a": [1, {"b": None}]}


def test_nothing_is_none() -> None:
    assert load_yaml("") is None
