"""The job of an import: fetch what the studio says, check it, and ask for the next version.

`python -m officina.data.importing`, in a run that the studio made. Credentials come over the run's own
token, to this process alone; nothing that a person wrote runs in it.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from officina.errors import StudioError
from officina.storage.paths import check_name, safe_join
from officina.tracking import Run

CHUNK = 1 << 20
# Progress is a message that the studio stores: not one for every batch.
TELL_EVERY = 1.0


@dataclass
class Import:
    """One import on its way: what was asked, where it goes, and what is known of it so far."""

    order: Mapping[str, Any]
    target: Path
    run: Run
    studio: Any
    base: str
    properties: dict[str, str] = field(default_factory=dict)
    unchanged: bool = False
    _told: float = 0.0

    def say(self, text: str) -> None:
        """Write a line to the log."""
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def tell(self, fraction: float, text: str) -> None:
        """Say how far it is, at most once a second."""
        if time.monotonic() - self._told >= TELL_EVERY:
            self._told = time.monotonic()
            self.run.progress(fraction, text)
            self.say(text)

    @property
    def most_bytes(self) -> int:
        return int(self.order["limits"]["bytes"])


def perform(one: Import) -> None:
    """Fetch, check and hand over."""
    how = str(one.order["open"]["how"])
    _HOW[how](one)
    document = one.order["document"]
    if not one.unchanged:
        if document["dataType"] == "mltable":
            describe_table(one.target)
        if one.order.get("rules"):
            hold_to_rules(one)
    one.run.register_data(
        document["assetName"], "data", properties=one.properties, unchanged=one.unchanged
    )


# -- rows -------------------------------------------------------------------------------------------


def _rows(one: Import) -> None:
    from officina.data.importing_rows import write_rows
    from officina.storage import datastores

    opened, source = one.order["open"], one.order["document"]["source"]
    config = opened["config"] | {"query_seconds": one.order["limits"]["query_seconds"]}
    kind = datastores.kind_named(opened["kind"])
    database = datastores.open_database(kind, config, opened["secrets"])
    one.say(f"Connecting to {kind.title} {config['server_name']}/{config['database_name']}.")
    query = source.get("query") or database.select_of(source["tableName"])
    one.say(f"Query: {query}")
    begun = time.monotonic()
    file = one.target / "data.parquet"

    def tell(rows: int) -> None:
        if file.exists() and file.stat().st_size > one.most_bytes:
            raise _too_large(one.most_bytes)
        one.tell(0.5, f"{rows:,} rows")

    rows, notes = write_rows(database.batches(query), file, tell=tell)
    for note in notes:
        one.say(f"note: {note}.")
    spent = time.monotonic() - begun
    one.say(f"{rows:,} rows in {spent:,.1f} s, {file.stat().st_size:,} bytes of Parquet.")
    one.run.log("rows", rows)
    one.properties |= {"import.rows": str(rows)}


# -- files ------------------------------------------------------------------------------------------


def _web(one: Import) -> None:
    from officina.data.importing_web import fetch_file

    opened, known = one.order["open"], one.order.get("known") or {}
    one.say(f"Fetching {opened['url']}")

    def tell(size: int, whole: int | None) -> None:
        of = f" of {whole:,}" if whole else ""
        one.tell(size / whole if whole else 0.5, f"{size:,}{of} bytes")

    try:
        found = fetch_file(
            opened["url"], one.target, headers=opened.get("headers") or {},
            etag=known.get("etag", ""), modified=known.get("modified", ""), most=one.most_bytes,
            tell=tell,
        )  # fmt: skip
    except (OSError, http.client.HTTPException) as error:
        raise StudioError(
            f"{opened['url']} broke off: {error}", where="source.path", code="unavailable",
            hint="Try again.",
        ) from None  # fmt: skip
    one.unchanged = found.unchanged
    if found.unchanged:
        one.say(f"The server says that it is unchanged since version {known['version']}.")
        return
    one.say(f"{found.name}: {found.size:,} bytes.")
    told = {"import.etag": found.etag, "import.lastModified": found.modified}
    one.properties |= {key: value for key, value in told.items() if value}
    one.run.log("bytes", found.size)


def _files(one: Import) -> None:
    from officina.storage import datastores

    opened = one.order["open"]
    kind = datastores.kind_named(opened["kind"])
    place = datastores.open_files(kind, opened["config"], opened["secrets"])

    def save(path: str, target: Path, tell: Callable[[int], None]) -> None:
        with place.open(path) as source:
            _copy(iter(lambda: source.read(CHUNK), b""), target, tell)

    _take_all(one, place.walk(opened["path"]), save)


def _through_studio(one: Import) -> None:
    def walk() -> Iterator[tuple[str, int | None]]:
        with one.studio.stream(f"{one.base}/files") as answer:
            for line in answer.iter_lines():
                item = json.loads(line)
                if "end" in item:
                    return
                yield item["path"], item["size"]
        raise StudioError(
            "The list of files broke off.", hint="Try again.", where="source", code="unavailable"
        )

    def save(path: str, target: Path, tell: Callable[[int], None]) -> None:
        with one.studio.stream(f"{one.base}/files/{quote(path)}") as answer:
            _copy(answer.iter_bytes(CHUNK), target, tell)

    _take_all(one, walk(), save)


def _take_all(
    one: Import,
    found: Iterator[tuple[str, int | None]],
    save: Callable[[str, Path, Callable[[int], None]], None],
) -> None:
    wanted, limits = str(one.order["open"]["path"]).strip("/"), one.order["limits"]
    entries = []
    for path, size in found:
        entries.append((path, size))
        if len(entries) > limits["files"]:
            raise StudioError(
                f"{wanted or 'The datastore'} holds more than {limits['files']:,} files.",
                where="source.path", hint="Import a folder below it.", code="too_large",
            )  # fmt: skip
    whole = sum(size or 0 for _, size in entries)
    if whole > one.most_bytes:
        raise _too_large(one.most_bytes)
    one.say(f"{len(entries):,} files, {whole:,} bytes.")
    done = 0

    def tell(size: int) -> None:
        nonlocal done
        done += size
        if done > one.most_bytes:
            raise _too_large(one.most_bytes)
        one.tell(min(1.0, done / whole) if whole else 0.5, f"{done:,} of {whole:,} bytes")

    for path, _ in entries:
        inside = path.removeprefix(wanted).strip("/") or PurePosixPath(path).name
        target = safe_join(one.target, check_name(inside))
        target.parent.mkdir(parents=True, exist_ok=True)
        save(path, target, tell)
    one.say(f"{len(entries):,} files, {done:,} bytes taken.")
    one.run.log("bytes", done)
    if one.order["document"]["dataType"] == "uri_file" and len(entries) != 1:
        raise StudioError(
            f"{wanted} is {len(entries)} files, and a uri_file is one.", where="type",
            hint="Use uri_folder.",
        )  # fmt: skip


def _copy(chunks: Iterator[bytes], target: Path, tell: Callable[[int], None]) -> None:
    with target.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
            tell(len(chunk))


def _too_large(most: int) -> StudioError:
    return StudioError(
        f"It is larger than the {most:,} bytes that an import takes.", where="source",
        hint="Import a part of it, or have the administrator raise OFFICINA_IMPORT_BYTES.",
        code="too_large",
    )  # fmt: skip


_HOW: dict[str, Callable[[Import], None]] = {
    "rows": _rows, "web": _web, "files": _files, "studio": _through_studio,
}  # fmt: skip


# -- what is done with it ---------------------------------------------------------------------------


def describe_table(folder: Path) -> None:
    """Write the MLTable file of a folder that has none, so that readers know its files."""
    if (folder / "MLTable").exists():
        return
    files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    kinds = {PurePosixPath(name).suffix.lower() for name in files}
    reader = {
        ".parquet": "  - read_parquet:\n      include_path_column: false",
        ".csv": "  - read_delimited:\n      delimiter: ','\n      encoding: utf8\n"
        "      header: all_files_same_headers",
        ".jsonl": "  - read_json_lines:\n      encoding: utf8",
    }.get(next(iter(kinds)) if len(kinds) == 1 else "")
    if reader is None:
        raise StudioError(
            "This folder is no MLTable: it has no MLTable file, and its files are of several kinds.",
            where="type", hint="Import it as uri_folder.",
        )  # fmt: skip
    paths = "".join(f"  - file: ./{name}\n" for name in files)
    text = f"type: mltable\npaths:\n{paths}transformations:\n{reader}\n"
    (folder / "MLTable").write_text(text, encoding="utf-8")


def hold_to_rules(one: Import) -> None:
    """Check what came against the rules of the data asset; what fails an error is not registered."""
    from officina.data import quality

    with tempfile.TemporaryDirectory() as work:
        found = quality.check_files(
            quality.tables_in(one.target, Path(work)), one.order["rules"],
            tell=lambda done: one.run.progress(done, "checking rows"),
        )  # fmt: skip
    quality.save(found.report, Path("outputs"))
    for line in quality.telling(found.report):
        one.say(line)
    one.run.tag("quality", "passed" if found.passed else "failed")
    one.properties |= {"quality": "passed" if found.passed else "failed"}
    if not found.passed:
        raise StudioError(
            f"Nothing was registered: {quality.summary(found.report)}", where="rules",
            hint="The run's quality report shows the rows. Mend the source, or change the rules.",
        )  # fmt: skip


def main() -> int:
    """Do the import of this run; 1 when it failed in a way that it can name."""
    from officina.client.profile import Profile
    from officina.client.transport import Transport

    run = Run.get_context(allow_offline=False)
    environ = os.environ
    studio = Transport(Profile(url=environ["OFFICINA_URL"], token=environ["OFFICINA_TOKEN"]))
    workspace = quote(environ["OFFICINA_WORKSPACE"], "")
    base = f"/api/v1/workspaces/{workspace}/runs/{run.id}/import"
    try:
        order = studio.json("GET", base)
        # Which networks imports may reach is the studio's to say, not the job's.
        environ["OFFICINA_IMPORT_ALLOW"] = order.pop("allow", "")
        target = Path(environ["AZURE_ML_OUTPUT_data"])
        perform(Import(order=order, target=target, run=run, studio=studio, base=base))
    except StudioError as error:
        run.fail(error.message, code=error.code, where=error.where, hint=error.hint)
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        studio.close()
    run.complete()
    return 0


if __name__ == "__main__":
    sys.exit(main())
