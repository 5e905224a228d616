"""The kinds of datastores: what each asks for, which of it is secret, and what opens it."""

from __future__ import annotations

import difflib
import importlib
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from officina.errors import StudioError
from officina.parameters import Param

if TYPE_CHECKING:
    from collections.abc import Mapping

    from officina.storage.datastores.databases import Database
    from officina.storage.datastores.places import Files

FILES, TABLES, NONE = "files", "tables", "none"


@dataclass(frozen=True)
class Kind:
    """One kind: `params` are kept in the row, `secrets` in the key vault; `opener` is a lazy path."""

    name: str
    title: str
    azure_type: str
    gives: str
    opener: str
    params: tuple[Param, ...] = ()
    secrets: tuple[Param, ...] = ()
    modules: tuple[str, ...] = ()
    install: str = ""
    help: str = ""
    icon: str = "database"


def _text(name: str, label: str, help: str = "", **more: Any) -> Param:
    return Param(name, "string", label=label, help=help, **more)


def _maybe(name: str, label: str, help: str = "", **more: Any) -> Param:
    return Param(name, "string", label=label, help=help, optional=True, **more)


_ACCOUNT = (
    _text("account_name", "Storage account", "The account's name, without the host."),
    _text("container_name", "Container"),
    _maybe("prefix", "Folder", "Only what lies below this folder is seen."),
    _maybe("endpoint_url", "Endpoint", "Only for Azurite or another cloud."),
)
_ACCOUNT_SECRETS = (
    _maybe("account_key", "Account key"),
    _maybe("sas_token", "SAS token"),
)


def _server(port: int) -> tuple[Param, ...]:
    return (
        _text("server_name", "Server", "A host name or address."),
        Param("port", "integer", label="Port", default=port, min=1, max=65535),
        _text("database_name", "Database"),
        _maybe("user_name", "User"),
        Param("tls", "boolean", label="Require TLS", default=False),
    )


_PASSWORD = (_maybe("password", "Password"),)
_HERE = "officina.storage.datastores"

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "folder", "Local folder or mounted share", "AzureFile", FILES,
            f"{_HERE}.places:open_folder",
            (
                _text("path", "Folder", "On the studio's machine; OFFICINA_DATASTORE_FOLDERS opens it."),
                Param("read_only", "boolean", label="Read only", default=False),
            ),
            icon="folder",
        ),
        Kind(
            "s3", "S3-compatible", "AmazonS3", FILES, f"{_HERE}.places:open_s3",
            (
                _text("bucket", "Bucket"),
                _maybe("prefix", "Folder", "Only what lies below this folder is seen."),
                _maybe("endpoint_url", "Endpoint", "https://… of MinIO, Ceph or another; blank for Amazon."),
                _maybe("region", "Region"),
                Param("anonymous", "boolean", label="Public bucket, no key", default=False),
            ),
            (
                _maybe("access_key", "Access key", visible_when={"anonymous": False}),
                _maybe("secret_key", "Secret key", visible_when={"anonymous": False}),
            ),
            ("s3fs",), "s3fs", icon="stack-2",
        ),
        Kind(
            "azure_blob", "Azure Blob container", "AzureBlob", FILES, f"{_HERE}.containers:open_azure",
            _ACCOUNT, _ACCOUNT_SECRETS, ("azure.storage.blob",), "azure-storage-blob", icon="stack-2",
        ),
        Kind(
            "adls_gen2", "Azure Data Lake Gen2", "AzureDataLakeGen2", FILES,
            f"{_HERE}.containers:open_azure",
            (
                *_ACCOUNT,
                _maybe(
                    "authority_url", "Sign-in address",
                    "Only for a service principal of another cloud, such as https://login.chinacloudapi.cn.",
                ),
            ),
            (
                *_ACCOUNT_SECRETS,
                _maybe("tenant_id", "Tenant"), _maybe("client_id", "Client"),
                _maybe("client_secret", "Client secret"),
            ),
            ("azure.storage.blob", "azure.identity"), "azure-storage-blob azure-identity", icon="stack-2",
        ),
        Kind(
            "http", "Web address", "HTTP", FILES, f"{_HERE}.web:open_web",
            (
                _text("url", "Address", "https://… of the folder that paths are added to."),
                _maybe("user_name", "User"),
            ),
            (_maybe("password", "Password"), _maybe("bearer", "Bearer token")),
            help="Web servers list no files: give paths.", icon="world",
        ),
        Kind(
            "postgresql", "PostgreSQL", "AzurePostgreSql", TABLES,
            f"{_HERE}.databases:open_postgresql", _server(5432), _PASSWORD, ("psycopg",), "psycopg[binary]",
        ),
        Kind(
            "mysql", "MySQL or MariaDB", "AzureMySql", TABLES, f"{_HERE}.databases:open_mysql",
            _server(3306), _PASSWORD, ("pymysql",), "pymysql",
        ),
        Kind(
            "azure_sql", "Azure SQL or SQL Server", "AzureSqlDatabase", TABLES,
            f"{_HERE}.databases:open_azure_sql",
            _server(1433), _PASSWORD, ("pymssql",), "pymssql",
        ),
        Kind(
            "adls_gen1", "Azure Data Lake Gen1", "AzureDataLakeGen1", NONE, "",
            (_text("store_name", "Store"),),
            (_maybe("tenant_id", "Tenant"), _maybe("client_id", "Client"), _maybe("client_secret", "Client secret")),
            help="Microsoft retired Gen1 in February 2024: it is kept as a record and cannot be read.",
        ),
        Kind(
            "dbfs", "Databricks file system", "DBFS", NONE, "",
            (_maybe("workspace_url", "Databricks workspace"), _maybe("path", "Path")),
            help="Only a Databricks workspace can read it: it is kept as a record. Copy the files to a "
            "bucket, or mount it and register the folder.",
        ),
    )
}  # fmt: skip


def kind_named(name: str) -> Kind:
    """Return a kind by its name or Azure's; an unknown one is refused with the known ones."""
    for kind in KINDS.values():
        if name in (kind.name, kind.azure_type) and name:
            return kind
    near = difflib.get_close_matches(name, KINDS, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(KINDS)}."
    raise StudioError(f"There is no kind of datastore {name!r}.", hint=hint, where="kind")


def clean(
    kind: Kind, given: Mapping[str, Any], *, keep_secrets: bool = False
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return (config, secrets) with declared types; a name that is not declared is refused.

    With `keep_secrets`, a blank secret is left out: the caller keeps the one it has.
    """
    known = {param.name for param in (*kind.params, *kind.secrets)}
    for name in given:
        if name not in known:
            hint = f"{kind.title} takes {', '.join(sorted(known)) or 'nothing'}."
            raise StudioError(f"{kind.title} has no field {name!r}.", hint=hint, where=name)
    config = {param.name: param.clean(given.get(param.name)) for param in kind.params}
    secrets = {
        param.name: str(param.clean(given.get(param.name)))
        for param in kind.secrets
        if given.get(param.name) not in (None, "") or not (keep_secrets or param.optional)
    }
    return {key: value for key, value in config.items() if value is not None}, secrets


def open_files(kind: Kind, config: Mapping[str, Any], secrets: Mapping[str, str]) -> Files:
    """Open a datastore of files; one that has none, or cannot be used here, says so."""
    found: Files = _open(kind, FILES, config, secrets)
    return found


def open_database(kind: Kind, config: Mapping[str, Any], secrets: Mapping[str, str]) -> Database:
    """Open a datastore of tables; one that has none, or cannot be used here, says so."""
    found: Database = _open(kind, TABLES, config, secrets)
    return found


def check_gives(kind: Kind, gives: str) -> None:
    """Refuse a kind that cannot be used here, or holds tables where files are wanted or the reverse."""
    if kind.gives == NONE:
        raise StudioError(
            f"{kind.title} cannot be used by this studio.", hint=kind.help, where="datastore",
            code="unavailable",
        )  # fmt: skip
    if kind.gives != gives:
        has, lacks = ("tables", "files") if gives == FILES else ("files", "tables")
        hint = "Write a query." if gives == FILES else "Give a path."
        raise StudioError(f"{kind.title} holds {has}, not {lacks}.", hint=hint, where="datastore")


def _open(kind: Kind, gives: str, config: Mapping[str, Any], secrets: Mapping[str, str]) -> Any:
    check_gives(kind, gives)
    for module in kind.modules:
        try:
            importlib.import_module(module)
        except ImportError as error:
            raise StudioError(
                f"{kind.title} needs {' and '.join(kind.install.split())}, which is not installed: {error}.",
                hint=f"Have the administrator run: pip install {shlex.join(kind.install.split())}. {kind.help}".strip(),
                where="datastore", code="unavailable",
            ) from None  # fmt: skip
    module_name, _, function = kind.opener.partition(":")
    return getattr(importlib.import_module(module_name), function)(config, secrets)
