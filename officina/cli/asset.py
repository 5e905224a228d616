"""`officina data|model|environment|component`: register, list, change and fetch assets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from officina.cli import calling, resolving, show
from officina.cli.calling import command
from officina.cli.changes import read_changes
from officina.cli.exits import told_to_people
from officina.errors import StudioError

Name = Annotated[str | None, typer.Option("-n", "--name", help="The asset's name.")]
Version = Annotated[str | None, typer.Option("-v", "--version", help="One version of it.")]
Label = Annotated[str | None, typer.Option("-l", "--label", help="A label, as latest.")]
File = Annotated[Path | None, typer.Option("-f", "--file", help="Its YAML or JSON file.")]
Changes = Annotated[
    list[str] | None, typer.Option("--set", help="Change the document: tags.a=b. Repeatable.")
]
Yes = Annotated[bool, typer.Option("-y", "--yes", help="Do it, without being asked.")]
VERSION_COLUMNS = ("name", "version", "type", "stage", "description")
NAME_COLUMNS = ("name", "latest version", "versions", "description")
WORDS = {
    "data": "Register, list and fetch data.",
    "model": "Register, list and fetch models.",
    "environment": "Register and list environments.",
    "component": "Register and list components.",
}


def app_of(kind: str) -> typer.Typer:
    """Return the commands of one kind of asset."""
    app = typer.Typer(help=WORDS[kind], no_args_is_help=True, rich_markup_mode=None)
    _add_create(app, kind)
    _add_reading(app, kind)
    _add_changing(app, kind)
    if kind in {"data", "model"}:
        _add_download(app, kind)
    return app


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else kind if kind == "data" else f"a {kind}"


def _add_create(app: typer.Typer, kind: str) -> None:
    def create(
        file: File = None,
        name: Name = None,
        version: Version = None,
        type_: Annotated[str | None, typer.Option("-t", "--type", help="Its type.")] = None,
        path: Annotated[str | None, typer.Option("-p", "--path", help="Its files.")] = None,
        description: Annotated[str | None, typer.Option("-d", "--description")] = None,
        tags: Annotated[list[str] | None, typer.Option("--tags", help="a=b. Repeatable.")] = None,
        image: Annotated[str | None, typer.Option("-i", "--image", hidden=True)] = None,
        conda: Annotated[str | None, typer.Option("-c", "--conda-file", hidden=True)] = None,
        build: Annotated[str | None, typer.Option("-b", "--build-context", hidden=True)] = None,
        changes: Changes = None,
        web: Annotated[bool, typer.Option("--web", help="Open its page.")] = False,
    ) -> None:
        given: dict[str, Any] = {
            "name": name,
            "version": version,
            "type": type_,
            "description": description,
        }
        given |= {"image": image, "conda_file": conda, "build": build and {"path": build}}
        document: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
        if path is not None:
            document["path"] = _seen_from(path, file)
        if tags:
            document["tags"] = read_changes(tags)
        with told_to_people(), calling.client() as client:
            if file is None and not name:
                raise StudioError(f"Which {kind}?", hint="Give --file, or --name and the rest.")
            overrides = {key: json.dumps(value) for key, value in document.items()}
            overrides |= read_changes(changes or [])
            source: Any = file if file is not None else {}
            row = client.assets(kind).create(source, set=overrides, progress=calling.note)
            _show_page(client, kind, row, web)
            if kind == "environment" and not calling.given().get("no_wait"):
                resolving.follow(client, row)
            calling.answer(row)

    create.__doc__ = f"Register a version of {_a(kind)}, from a file or from options."
    command(app, "create")(create)


def _seen_from(path: str, file: Path | None) -> str:
    """Return `--path`, which is seen from here, as the file that stands elsewhere would name it."""
    from officina.documents import parse_reference

    if file is None or path.startswith("runs:/") or not parse_reference(path).is_local:
        return path
    return str(Path(path).resolve())


def _show_page(client: Any, kind: str, row: dict[str, Any], web: bool) -> None:
    if not web:
        return
    place = {"data": "data", "model": "models"}.get(kind, f"{kind}s")
    name = quote(str(row["name"]), "")
    calling.open_page(client.page(f"{place}/{name}/{row['version']}/"))


def _add_reading(app: typer.Typer, kind: str) -> None:
    def show_one(
        name: Annotated[str, typer.Option("-n", "--name", help="The asset's name.")],
        version: Version = None,
        label: Label = None,
        web: Annotated[bool, typer.Option("--web", help="Open its page.")] = False,
    ) -> None:
        with told_to_people(), calling.client() as client:
            row = client.assets(kind).show(name, version=version, label=label)
            _show_page(client, kind, row, web)
            calling.answer(row)

    def list_all(
        name: Name = None,
        limit: Annotated[int, typer.Option("-r", "--max-results", min=1)] = 1_000_000,
        archived: Annotated[
            bool, typer.Option("--include-archived", help="Archived ones too.")
        ] = False,
        only: Annotated[bool, typer.Option("--archived-only", help="Only those.")] = False,
        stage: Annotated[str | None, typer.Option("-s", "--stage", help="Of this stage.")] = None,
    ) -> None:
        from itertools import islice

        which = "archived" if only else "all" if archived else "active"
        with told_to_people(), calling.client() as client:
            rows = client.assets(kind).list(name, archived=which)
            if stage:
                rows = (row for row in rows if row.get("stage") == stage)
            columns = VERSION_COLUMNS if name else NAME_COLUMNS
            calling.answer_list(islice(rows, limit), columns, default=show.Format.TABLE)

    show_one.__doc__ = f"Show a version of {_a(kind)}; without --version or --label, the newest."
    list_all.__doc__ = f"List {kind} names, or with --name its versions, newest first."
    command(app, "show")(show_one)
    command(app, "list")(list_all)


def _add_changing(app: typer.Typer, kind: str) -> None:
    def update(
        name: Annotated[str, typer.Option("-n", "--name", help="The asset's name.")],
        version: Version = None,
        label: Label = None,
        changes: Changes = None,
        stage: Annotated[str | None, typer.Option("-s", "--stage", help="Its stage.")] = None,
    ) -> None:
        wanted: dict[str, Any] = dict(read_changes(changes or []))
        if stage is not None:
            wanted["stage"] = stage
        with told_to_people(), calling.client() as client:
            calling.answer(
                client.assets(kind).update(name, version=version, label=label, set=wanted)
            )

    def archive(
        name: Annotated[str, typer.Option("-n", "--name", help="The asset's name.")],
        version: Version = None,
        label: Label = None,
    ) -> None:
        with told_to_people(), calling.client() as client:
            client.assets(kind).archive(name, version=version, label=label)

    def restore(
        name: Annotated[str, typer.Option("-n", "--name", help="The asset's name.")],
        version: Version = None,
        label: Label = None,
    ) -> None:
        with told_to_people(), calling.client() as client:
            client.assets(kind).restore(name, version=version, label=label)

    def delete(
        name: Annotated[str, typer.Option("-n", "--name", help="The asset's name.")],
        version: Version = None,
        yes: Yes = False,
    ) -> None:
        with told_to_people(), calling.client() as client:
            plan = client.assets(kind).delete(name, version=version, confirm=yes)
            if not yes:
                calling.note("Nothing was deleted; --yes deletes this:")
            calling.answer(plan)

    update.__doc__ = f"Change description, tags, properties or stage of {_a(kind)}."
    archive.__doc__ = f"Hide {_a(kind)}, or one version, from lists."
    restore.__doc__ = f"Show an archived {kind}, or one version, again."
    delete.__doc__ = f"Delete {_a(kind)}, or one version; without --yes say what would go."
    for verb in (update, archive, restore, delete):
        command(app, verb.__name__)(verb)


def _add_download(app: typer.Typer, kind: str) -> None:
    def download(
        name: Annotated[str, typer.Option("-n", "--name", help="The asset's name.")],
        version: Version = None,
        label: Label = None,
        folder: Annotated[Path, typer.Option("-p", "--download-path", help="Where to.")] = Path(),
    ) -> None:
        with told_to_people(), calling.client() as client:
            files = client.assets(kind).download(name, folder / name, version=version or label)
            calling.note(f"{len(files)} files in {folder / name}")

    download.__doc__ = f"Fetch the files of {_a(kind)}; every file's digest is checked."
    command(app, "download")(download)
