"""The options that every command takes, as `az ml`'s do: how to print, and which workspace."""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from officina.cli import show

if TYPE_CHECKING:
    from officina.client import Client

Function = Callable[..., Any]
_now: dict[str, Any] = {}  # the shared options of the command that runs


def _shared(
    output: Annotated[
        str | None, typer.Option("-o", "--output", help=f"{', '.join(show.Format)}.")
    ] = None,
    query: Annotated[
        str | None, typer.Option("--query", help="A JMESPath expression over the answer.")
    ] = None,
    workspace: Annotated[
        str | None,
        typer.Option(
            "-w",
            "--workspace",
            "--workspace-name",
            help="Default: OFFICINA_WORKSPACE, or what 'configure' or 'login' kept.",
        ),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option("-g", "--resource-group", help="Taken and not used: -w names a workspace."),
    ] = None,
    subscription: Annotated[str | None, typer.Option("--subscription", hidden=True)] = None,
    quiet: Annotated[bool, typer.Option("--only-show-errors", help="No warnings.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "--debug", hidden=True)] = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", hidden=True)] = False,
) -> None:
    """Declare the options; their values are kept by `with_shared`."""


def with_shared(function: Function) -> Function:
    """Return the function as a command that takes the shared options behind its own."""
    own = inspect.signature(function).parameters
    hints = get_type_hints(function, include_extras=True)
    more = get_type_hints(_shared, include_extras=True)
    flags = " ".join(
        word
        for hint in hints.values()
        for option in getattr(hint, "__metadata__", ())
        for word in getattr(option, "param_decls", None) or ()
    )
    # A command that declares it itself keeps its own.
    shared = {
        name: each
        for name, each in inspect.signature(_shared).parameters.items()
        if name != "no_wait" or "--no-wait" not in flags
    }

    @functools.wraps(function)
    def command(**given: Any) -> Any:
        _now.clear()
        _now.update({f"{name}": given.pop(f"shared_{name}") for name in shared})
        return function(**given)

    parameters = [
        each.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
        for name, each in own.items()
    ] + [
        each.replace(
            name=f"shared_{name}", annotation=more[name], kind=inspect.Parameter.KEYWORD_ONLY
        )
        for name, each in shared.items()
    ]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    del command.__wrapped__
    return command


def command(app: typer.Typer, name: str, *, hidden: bool = False) -> Callable[[Function], Function]:
    """Return a decorator that puts a function into an app, with the shared options."""

    def add(function: Function) -> Function:
        app.command(name, hidden=hidden)(with_shared(function))
        return function

    return add


def given() -> dict[str, Any]:
    """Return the shared options of the command that runs."""
    return _now


def form(default: show.Format = show.Format.JSON) -> show.Format:
    """Return how to print: `-o`, else JSON where there is a query, else the command's own way."""
    options = given()
    wanted = options.get("output") or _configured("output")
    if not wanted:
        return show.Format.JSON if options.get("query") else default
    try:
        return show.Format(str(wanted).lower())
    except ValueError:
        known = ", ".join(show.Format)
        raise typer.BadParameter(f"{wanted!r} is not one of {known}", param_hint="-o") from None


def client() -> Client:
    """Return a client of the chosen workspace."""
    from officina.client import Client

    return Client(workspace=given().get("workspace"))


def note(text: str) -> None:
    """Tell a person something beside the answer; `--only-show-errors` leaves it out."""
    if not given().get("quiet"):
        print(text, file=sys.stderr, flush=True)


def answer(item: Any, *, default: show.Format = show.Format.JSON) -> None:
    """Print one thing, or what `--query` picks of it."""
    query, chosen = given().get("query"), form(default)
    if query:
        show.show_value(show.picked(item, str(query)), chosen)
    elif chosen is not show.Format.NONE:
        show.show_one(item, chosen)


def answer_list(
    items: Iterable[Mapping[str, Any]],
    columns: Sequence[str],
    *,
    default: show.Format = show.Format.JSON,
) -> None:
    """Print a list of things, or what `--query` picks of it."""
    query, chosen = given().get("query"), form(default)
    if query:
        show.show_value(show.picked(list(items), str(query)), chosen)
    elif chosen is not show.Format.NONE:
        show.show_list(items, columns, chosen)


def open_page(address: str) -> None:
    """Open a page for `--web`; where there is no browser, print its address."""
    import webbrowser

    if os.environ.get("OFFICINA_NO_BROWSER") or not webbrowser.open(address):
        note(address)


def _configured(key: str) -> str:
    from officina.client.profile import defaults

    return defaults().get(key, "")
