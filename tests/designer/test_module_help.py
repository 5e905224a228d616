"""Every module has a help page that its declaration alone has written."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from django.test import Client

from designer.views_modules import example
from officina.catalogue import Catalogue

pytestmark = pytest.mark.django_db


def reading(cast: Any) -> Client:
    client = Client()
    client.force_login(cast.reader)
    return client


def test_a_module_tells_its_ports_parameters_and_an_example(cast: Any) -> None:
    page = reading(cast).get("/w/lab/modules/split_data/")
    text = page.content.decode()
    assert page.status_code == 200
    assert "Fraction of rows in the first output" in text
    assert "0 to 1" in text
    assert "Only when Splitting mode is" in text
    assert "azureml://registries/officina/components/split_data/versions/1" in text


def test_a_module_that_is_not_there_is_not_found(cast: Any) -> None:
    assert reading(cast).get("/w/lab/modules/split_dat/").status_code == 404


@pytest.mark.parametrize("component", Catalogue().all(), ids=lambda each: each.name)
def test_every_example_is_yaml_that_names_its_module(component: Any) -> None:
    step = yaml.safe_load(example(component))["jobs"][component.name]
    assert step["component"].endswith(f"/{component.name}/versions/{component.version}")
    known = {port.name for port in component.inputs} | {param.name for param in component.params}
    assert set(step.get("inputs") or {}) <= known
