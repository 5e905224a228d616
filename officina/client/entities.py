"""The v2 shapes for scripts: inputs, outputs, assets, commands; each is the YAML's mapping inside."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from officina.documents import load_yaml, parse_reference
from officina.errors import StudioError


class Entity(dict[str, Any]):
    """A mapping whose keys are attributes too: `job.status`, `job["status"]`."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"It has no {name!r}; it has {', '.join(self)}.") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value


def without_nothing(**given: Any) -> dict[str, Any]:
    """Return what was given."""
    return {key: value for key, value in given.items() if value is not None}


def absolute(value: Any) -> Any:
    """Return a local path as it is from anywhere; other references stay."""
    if not isinstance(value, str | Path) or not str(value) or "${{" in str(value):
        return value
    text = str(value)
    return str(Path(text).resolve()) if parse_reference(text).is_local else text


class Input(Entity):
    """An input of a job, or its declaration in a component."""

    def __init__(self, *, type: str = "uri_folder", path: Any = None, **more: Any) -> None:
        super().__init__(type=type, **without_nothing(path=absolute(path), **more))


class Output(Entity):
    """An output of a job, or its declaration in a component."""

    def __init__(self, *, type: str = "uri_folder", path: Any = None, **more: Any) -> None:
        super().__init__(type=type, **without_nothing(path=path, **more))


class Asset(Entity):
    """What the four kinds of assets share."""

    kind = ""

    def __init__(self, **given: Any) -> None:
        super().__init__(**without_nothing(**given))


class Data(Asset):
    """A data asset."""

    kind = "data"

    def __init__(self, *, path: Any, type: str = "uri_folder", **more: Any) -> None:
        super().__init__(path=absolute(path), type=type, **more)


class Model(Asset):
    """A model."""

    kind = "model"

    def __init__(self, *, path: Any, type: str = "custom_model", **more: Any) -> None:
        super().__init__(path=absolute(path), type=type, **more)


class Environment(Asset):
    """An environment: image, conda_file (a path or its content), build."""

    kind = "environment"

    def __init__(self, *, conda_file: Any = None, image: str | None = None, **more: Any) -> None:
        super().__init__(conda_file=absolute(conda_file), image=image, **more)


class AmlCompute(Entity):
    """A cluster."""

    def __init__(self, *, name: str, **more: Any) -> None:
        super().__init__(type="amlcompute", name=name, **without_nothing(**more))


def read_file(source: str | Path) -> tuple[dict[str, Any], Path]:
    """Return the mapping of a YAML file and its whole path."""
    path = Path(source).resolve()
    data = load_yaml(path)
    if not isinstance(data, Mapping):
        raise StudioError("The file holds no mapping.", where=str(path))
    return dict(data), path
