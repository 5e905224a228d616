"""Order and reach over plain dependencies: name -> what it waits for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from officina.errors import StudioError


def topological(dependencies: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the names so that each comes after what it depends on; a loop is a StudioError that
    shows it.
    """
    try:
        return list(TopologicalSorter(dependencies).static_order())
    except CycleError as error:
        loop = [str(name) for name in error.args[1]]
        raise StudioError(
            f"the steps wait for each other in a loop: {' -> '.join(loop)}",
            where=loop[0],
            hint="Remove one of these connections.",
        ) from None


def find_cycle(dependencies: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the names on a loop in the direction of the data, first one repeated; [] when there is
    none.
    """
    try:
        TopologicalSorter(dependencies).prepare()
    except CycleError as error:
        return [str(name) for name in error.args[1]]
    return []


def reverse(dependencies: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    """Return who depends on each name."""
    result: dict[str, set[str]] = {name: set() for name in dependencies}
    for name, sources in dependencies.items():
        for source in sources:
            result.setdefault(source, set()).add(name)
    return result


def reach(links: Mapping[str, Iterable[str]], start: str) -> set[str]:
    """Return everything that can be reached from a name, the name itself only by a loop."""
    seen: set[str] = set()
    todo = list(links.get(start, ()))
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo.extend(links.get(name, ()))
    return seen
