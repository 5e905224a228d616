"""Environments: what a document asks for, locked by hash and built once."""

from officina.environments.build import Prepared, environment_key, prepare
from officina.environments.curated import DEFAULT, curated_names
from officina.environments.overlay import overlay
from officina.environments.spec import Requirements, parse

__all__ = [
    "DEFAULT",
    "Prepared",
    "Requirements",
    "curated_names",
    "environment_key",
    "overlay",
    "parse",
    "prepare",
]
