"""Containers of Azure storage accounts, blob and Data Lake Gen2, through Azure's own client.

An account with a hierarchical namespace answers the blob protocol too, so one reader serves both;
what marks its folders is left out.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from officina.errors import StudioError
from officina.storage.datastores.hosts import check_url
from officina.storage.datastores.places import Item, Listing, Remote, absent, page_of, taken
from officina.storage.paths import check_name

# Each reading from the server takes so much; a look at a table's head needs one of them.
BLOCK = 2**20
CLOUD = "blob.core.windows.net"
_KEYS = "Correct the key or the token, or give it the right to read, list and write."
_ROLES = (
    "Correct tenant, client and client secret, or give the service principal the role "
    "Storage Blob Data Contributor (Reader, to read only)."
)
# What the client's own connection objects put before the reason.
_OBJECT = re.compile(r"(?:<[\w.]+ object at 0x[0-9a-f]+>|HTTPS?Connection\([^)]*\)): ")
_AWAY = ("Failed to resolve", "timed out", "refused", "unreachable")


class Container(Remote):
    """A container below a folder of it; `rights` is what to do when its server lets nobody in."""

    def __init__(
        self, client: Any, prefix: str, *, where: str, rights: str, secrets: Iterable[str] = ()
    ) -> None:
        super().__init__(where, secrets)
        self._client = client
        self._rights = rights
        self._root = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def test(self) -> str:
        with self.told(""):
            page: Sequence[Item] = next(iter(self._pages("")), ())
        more = " or more" if len(page) >= 5000 else ""
        return f"{self._where} answers ({len(page):,}{more} entries at the top)."

    def list(self, path: str = "", *, after: str = "", limit: int = 200) -> Listing:
        folder = f"{self._full(path)}/" if path else ""
        found: list[Item] = []
        with self.told(path):
            for page in self._pages(folder):
                found += [item for item in page if item.name > after]
                # The server's pages follow one another by name, so what comes later is not needed.
                if len(found) > limit:
                    break
        return page_of(found, after, limit)

    def _pages(self, folder: str) -> Iterator[Sequence[Item]]:
        start = folder or self._root
        walk = self._client.walk_blobs(
            name_starts_with=start, include=["metadata"], delimiter="/", results_per_page=5000
        )
        for page in walk.by_page():
            rows = [*page]
            folders = {row.name.rstrip("/") for row in rows if row.name.endswith("/")}
            yield [
                self._item(row) for row in rows
                if row.name != start and not (_marks_folder(row) and row.name in folders)
            ]  # fmt: skip

    def _item(self, row: Any) -> Item:
        path = row.name.rstrip("/").removeprefix(self._root)
        if row.name.endswith("/") or _marks_folder(row):
            return Item(path.rpartition("/")[2], path, True)
        return Item(path.rpartition("/")[2], path, False, row.size, row.last_modified.timestamp())

    def size(self, path: str) -> int | None:
        return int(self._facts(path).size)

    def _facts(self, path: str) -> Any:
        with self.told(path):
            facts = self._client.get_blob_client(self._full(path)).get_blob_properties()
        if _marks_folder(facts):
            raise absent(path)
        return facts

    def open(self, path: str) -> BinaryIO:
        facts = self._facts(path)
        blob = self._client.get_blob_client(self._full(path))
        raw = _Bytes(blob, facts, lambda: self.told(path))
        return io.BufferedReader(raw, buffer_size=BLOCK)

    def walk(self, path: str) -> Iterator[tuple[str, int | None]]:
        found = False
        if path:
            with self.told(path):
                exact = self._client.list_blobs(self._full(path), include=["metadata"])
                one = next(iter(exact), None)
            if one is not None and one.name == self._full(path) and not _marks_folder(one):
                yield path, one.size
                found = True
        start = f"{self._full(path)}/" if path else self._root
        with self.told(path):
            for row in self._client.list_blobs(start, include=["metadata"]):
                if not _marks_folder(row) and not row.name.endswith("/"):
                    yield row.name.removeprefix(self._root), row.size
                    found = True
        if not found:
            raise absent(path)

    def write(self, path: str, chunks: Iterable[bytes], *, overwrite: bool) -> int:
        size = 0

        def counted() -> Iterator[bytes]:
            nonlocal size
            for chunk in chunks:
                size += len(chunk)
                yield chunk

        with self.told(path):
            # Without `overwrite` the server itself refuses a name that is taken by then.
            self._client.get_blob_client(self._full(path)).upload_blob(
                counted(), overwrite=overwrite
            )
        return size

    def _full(self, path: str) -> str:
        return f"{self._root}{check_name(path)}"

    def explain(self, error: Exception, path: str) -> StudioError | None:
        from azure.core import exceptions as azure

        code = _code(error)
        if isinstance(error, azure.ResourceExistsError):
            if code in ("BlobAlreadyExists", "UnauthorizedBlobOverwrite"):
                return taken(path)
            hint = "Try again later."
        elif isinstance(error, azure.ResourceNotFoundError):
            if path and code != "ContainerNotFound":
                return absent(path)
            hint = "Correct the names of account and container."
        elif isinstance(error, azure.AzureError):
            refused = isinstance(error, azure.ClientAuthenticationError) or getattr(
                error, "status_code", None
            ) in (401, 403)
            away = any(word in str(error) for word in _AWAY)  # of the service that gives tokens
            hint = self._rights if refused and not away else "Check the address and the network."
        elif isinstance(error, ValueError):
            hint = self._rights  # a key that is not base64, or credentials that lack a part
        else:
            return None
        return self.failed(f"{_words(error)[:300]}{f' ({code})' if code else ''}", hint)


class _Bytes(io.RawIOBase):
    """A blob read by ranges, all of one state: a change meanwhile is an error."""

    def __init__(self, blob: Any, facts: Any, told: Callable[[], Any]) -> None:
        self._blob = blob
        self._size = int(facts.size)
        self._etag = facts.etag
        self._told = told
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        from azure.core import MatchConditions

        wanted = min(len(buffer), self._size - self._at)
        if wanted <= 0:
            return 0
        with self._told():
            data = self._blob.download_blob(
                offset=self._at, length=wanted, max_concurrency=1, etag=self._etag,
                match_condition=MatchConditions.IfNotModified,
            ).readall()  # fmt: skip
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def _marks_folder(row: Any) -> bool:
    # Accounts with a hierarchical namespace show each folder as an empty blob that says so.
    return str((getattr(row, "metadata", None) or {}).get("hdi_isfolder", "")).lower() == "true"


def _words(error: Exception) -> str:
    """Return what a client's error says, on one line and without its objects."""
    lines = (_OBJECT.sub("", str(error)).strip() or type(error).__name__).splitlines()
    why = [line for line in lines if line.startswith("AuthenticationErrorDetail:")]
    return " ".join([lines[0].strip(), *(line.partition(":")[2].strip() for line in why[:1])])


def _code(error: Exception) -> str:
    code = getattr(error, "error_code", "") or ""
    return str(getattr(code, "value", code))


def open_azure(config: Mapping[str, Any], secrets: Mapping[str, str]) -> Container:
    """Open a container of an Azure storage account; it answers within seconds or says that it does not."""
    account = str(config["account_name"])
    name = str(config["container_name"])
    from azure.storage.blob import ContainerClient

    try:
        client = ContainerClient(
            _address(account, str(config.get("endpoint_url") or "")), name,
            credential=_credential(config, secrets), connection_timeout=5, read_timeout=20,
            retry_total=1, retry_connect=0, retry_read=1, initial_backoff=1, increment_base=1,
            permit_redirects=False,
        )  # fmt: skip
    except ValueError as error:
        raise StudioError(
            f"The container {name} of {account} cannot be opened: {error}.", where="datastore",
            hint="Correct the account's name and its credentials.",
        ) from None  # fmt: skip
    where = f"The container {name} of {account}"
    prefix = str(config.get("prefix") or "")
    rights = _KEYS if "client_secret" not in secrets or secrets.get("account_key") else _ROLES
    return Container(client, prefix, where=where, rights=rights, secrets=secrets.values())


def _address(account: str, endpoint: str) -> str:
    """Return the address of an account; an endpoint that does not name it has it as its path."""
    if not endpoint:
        if not account.isalnum():
            raise StudioError(
                f"{account!r} is not the name of a storage account.", where="account_name",
                hint="It has letters and digits only; give the endpoint apart.",
            )  # fmt: skip
        return f"https://{account}.{CLOUD}"
    check_url(endpoint)
    parts = urlsplit(endpoint)
    host = (parts.hostname or "").lower()
    if host.startswith(f"{account.lower()}.") or parts.path.strip("/"):
        # The blob protocol of a Data Lake's account has an address of its own.
        return endpoint.rstrip("/").replace(".dfs.", ".blob.", 1)
    return f"{endpoint.rstrip('/')}/{account}"


def _credential(config: Mapping[str, Any], secrets: Mapping[str, str]) -> Any:
    if key := secrets.get("account_key"):
        return {"account_name": str(config["account_name"]), "account_key": key}
    if token := secrets.get("sas_token"):
        from azure.core.credentials import AzureSasCredential

        return AzureSasCredential(token.lstrip("?"))
    parts = [secrets.get(each) or "" for each in ("tenant_id", "client_id", "client_secret")]
    if all(parts):
        return _service_principal(parts, str(config.get("authority_url") or ""))
    if any(parts):
        raise StudioError(
            "A service principal takes tenant, client and client secret.", where="tenant_id",
            hint="Fill in all three, or give an account key or a SAS token.",
        )  # fmt: skip
    return None


def _service_principal(parts: Sequence[str], authority: str) -> Any:
    from azure.identity import ClientSecretCredential

    more: dict[str, Any] = {}
    if authority:
        if not authority.startswith("https://"):
            raise StudioError(
                f"{authority!r} would get the client secret unprotected.", where="authority_url",
                hint="Give an https:// address.",
            )  # fmt: skip
        check_url(authority)
        # Azure's public cloud is not asked whether it knows this one.
        more = {"authority": authority, "disable_instance_discovery": True}
    return ClientSecretCredential(
        *parts, retry_total=1, connection_timeout=5, read_timeout=20, permit_redirects=False, **more
    )
