"""The eight calls of Azure's blob protocol that its clients make, ending in the content store."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import http_date

from officina.errors import HTTP_STATUS, StudioError
from officina.storage.paths import check_name
from registry import services as registry
from studio.facades.azureml import blocks, containers, wire
from studio.facades.azureml.signing import Grant, check
from studio.lib import limits
from studio.lib.files import Part, span_of
from studio.runs import logs
from studio.workspaces.access import PUBLIC, Access

CHUNK = 256 << 10
LONGEST_LIST = 8 << 20
# As Azure has it: of a longer part no digest is made, which would have to be held in memory.
MOST_DIGESTED = 4 << 20
CODES = {
    "unauthenticated": "InvalidAuthenticationInfo",
    "forbidden": "AuthenticationFailed",
    "not_found": "BlobNotFound",
    "conflict": "BlobAlreadyExists",
    "too_large": "RequestBodyTooLarge",
    "storage_full": "InsufficientAccountPermissions",
}
Answer = HttpResponseBase


def blob(request: HttpRequest, account: str, container: str, path: str = "") -> Answer:
    """Answer one call on a container or a blob; the signature in the address says what it may do."""
    try:
        handler, write = _call(request, path)
        grant = check(
            request.GET.get("sig", ""),
            account=account.lower(), container=container, path=path, write=write,
        )  # fmt: skip
        if path.endswith("/") and not write:
            # How the client asks whether a name is a folder: no blob is called so.
            raise _absent(path)
        if path:
            check_name(path)
        return handler(request, grant, path)
    except StudioError as error:
        return _problem(request, error)


# Every call asks for a signature itself; there is no session and no bearer token here.
blob.access = Access(PUBLIC)  # type: ignore[attr-defined]
blob.csrf_exempt = True  # type: ignore[attr-defined]
blob.takes = {"PUT": limits.FILE}  # type: ignore[attr-defined]


def _call(request: HttpRequest, path: str) -> tuple[Callable[..., Answer], bool]:
    comp = request.GET.get("comp", "").lower()
    method = request.method or ""
    found: Any = None
    if path:
        found = {
            ("GET", ""): (_get, False),
            ("HEAD", ""): (_head, False),
            ("PUT", ""): (_put, True),
            ("PUT", "block"): (_put_block, True),
            ("PUT", "blocklist"): (_put_list, True),
            ("PUT", "metadata"): (_put_metadata, True),
            ("GET", "metadata"): (_head, False),
            ("HEAD", "metadata"): (_head, False),
        }.get((method, comp))
    elif method == "GET" and comp == "list":
        found = (_list, False)
    elif method in {"GET", "HEAD"} and request.GET.get("restype", "").lower() == "container":
        found = (_container, False)
    if found is None:
        raise StudioError(
            f"{method} with comp={comp!r} is not a call that the studio knows.",
            hint="It knows PUT, GET and HEAD of blobs, blocks, block lists, metadata and lists.",
            code="method_not_allowed",
        )
    return found


def _problem(request: HttpRequest, error: StudioError) -> HttpResponse:
    status = 405 if error.code == "method_not_allowed" else HTTP_STATUS.get(error.code, 400)
    code = CODES.get(error.code, "InvalidInput")
    message = escape(f"{error.message} {error.hint}".strip())
    text = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'
    answer = HttpResponse(
        b"" if request.method == "HEAD" else text, status=status, content_type="application/xml"
    )
    answer["x-ms-error-code"] = code
    return answer


def _chunks(request: HttpRequest) -> Iterator[bytes]:
    while chunk := request.read(CHUNK):
        yield chunk


def _metadata(request: HttpRequest) -> dict[str, str]:
    found = {
        name[len("x-ms-meta-") :].lower().replace("-", "_"): value[:8192]
        for name, value in request.headers.items()
        if name.lower().startswith("x-ms-meta-")
    }
    if sum(len(k) + len(v) for k, v in found.items()) > 8192:
        raise StudioError("Metadata is at most 8 KiB.", code="too_large", where="x-ms-meta")
    return found


def _refuse_existing(request: HttpRequest, grant: Grant, path: str) -> None:
    if request.headers.get("If-None-Match") != "*":
        return
    if containers.find(grant.workspace, grant.container, path) is not None:
        raise StudioError("The blob exists already.", code="conflict", where=path)


def _put(request: HttpRequest, grant: Grant, path: str) -> HttpResponse:
    """Store a whole blob from one request."""
    _refuse_existing(request, grant, path)
    stored = registry.store().put_stream(_chunks(request), limit=blocks.MOST_BYTES)
    return _named(request, grant, path, stored)


def _put_block(request: HttpRequest, grant: Grant, path: str) -> HttpResponse:
    blocks.stage(
        workspace=grant.workspace, container=grant.container, path=path,
        block=request.GET.get("blockid", ""), chunks=_chunks(request),
    )  # fmt: skip
    return HttpResponse(status=201)


def _put_list(request: HttpRequest, grant: Grant, path: str) -> HttpResponse:
    """Join the blocks that the list names into the blob."""
    _refuse_existing(request, grant, path)
    place = {"workspace": grant.workspace, "container": grant.container, "path": path}
    wanted = _block_ids(request.read(LONGEST_LIST + 1))
    bytes_ = blocks.joined(**place, blocks=wanted)  # type: ignore[arg-type]
    stored = registry.store().put_stream(bytes_, limit=blocks.MOST_BYTES)
    answer = _named(request, grant, path, stored)
    blocks.drop(**place)  # type: ignore[arg-type]
    return answer


def _block_ids(raw: bytes) -> list[str]:
    if len(raw) > LONGEST_LIST:
        raise StudioError("The block list is too long.", code="too_large")
    # Entities could grow without bounds; no client declares any.
    if b"<!" in raw:
        raise StudioError("The block list may not declare a document type.", where="blocklist")
    try:
        root = ET.fromstring(raw)  # noqa: S314 - without a document type there are no entities
    except ET.ParseError as error:
        raise StudioError(f"The block list is not XML: {error}", where="blocklist") from error
    found = [each.text or "" for each in root if each.tag in {"Latest", "Uncommitted", "Committed"}]
    if root.tag != "BlockList" or len(found) > blocks.MOST_BLOCKS:
        raise StudioError("That is not a block list.", where="blocklist")
    return found


def _named(request: HttpRequest, grant: Grant, path: str, stored: Any) -> HttpResponse:
    kind = request.headers.get("x-ms-blob-content-type") or ""
    row = containers.put(
        workspace=grant.workspace, container=grant.container, path=path, blob=stored,
        metadata=_metadata(request), content_type=kind,
    )  # fmt: skip
    item = containers.Item(row.path, row.sha256, row.size, row.changed)
    answer = HttpResponse(status=201)
    answer["ETag"] = item.etag
    answer["Last-Modified"] = http_date(item.changed.timestamp())
    answer["x-ms-request-server-encrypted"] = "false"
    return answer


def _put_metadata(request: HttpRequest, grant: Grant, path: str) -> HttpResponse:
    done = containers.set_metadata(
        workspace=grant.workspace, container=grant.container, path=path, metadata=_metadata(request)
    )
    if not done:
        raise _absent(path)
    item = _item(grant, path)
    return HttpResponse(
        headers={"ETag": item.etag, "Last-Modified": http_date(item.changed.timestamp())}
    )


def _absent(path: str) -> StudioError:
    return StudioError(f"There is no blob {path!r}.", code="not_found", where=path)


def _item(grant: Grant, path: str) -> containers.Item:
    item = containers.find(grant.workspace, grant.container, path)
    if item is None:
        raise _absent(path)
    return item


def _describe(answer: HttpResponseBase, item: containers.Item) -> None:
    answer["ETag"] = item.etag
    answer["Last-Modified"] = http_date(item.changed.timestamp())
    answer["Accept-Ranges"] = "bytes"
    answer["x-ms-blob-type"] = "BlockBlob"
    answer["x-ms-server-encrypted"] = "false"
    answer["x-ms-creation-time"] = http_date(item.changed.timestamp())
    for name, value in item.metadata.items():
        answer[f"x-ms-meta-{name}"] = value
    # What people upload is never ours to run in a browser.
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "sandbox; default-src 'none'"


def _head(request: HttpRequest, grant: Grant, path: str) -> HttpResponse:
    item = _item(grant, path)
    answer = HttpResponse(content_type="application/octet-stream")
    _describe(answer, item)
    answer["Content-Length"] = str(item.size)
    return answer


def _get(request: HttpRequest, grant: Grant, path: str) -> Answer:
    """Send a blob, or the range that is asked for."""
    item = _item(grant, path)
    if (wanted := request.headers.get("If-Match")) and wanted not in {"*", item.etag}:
        answer = HttpResponse(status=412)
        answer["x-ms-error-code"] = "ConditionNotMet"
        return answer
    growing = None
    if item.run is not None:
        growing = logs.read_log(run=item.run, offset=0, limit=logs.MOST).data
        item = replace(item, size=len(growing))
    given = request.headers.get("x-ms-range") or request.headers.get("Range") or ""
    span = span_of(given, item.size)
    start, end = span or (0, item.size)
    if span and start == end:
        answer = HttpResponse(status=416)
        answer["Content-Range"] = f"bytes */{item.size}"
        answer["x-ms-error-code"] = "InvalidRange"
        return answer
    source = registry.store().open(item.sha256) if growing is None else BytesIO(growing)
    source.seek(start)
    sent = FileResponse(Part(source, end - start), content_type="application/octet-stream")
    sent.block_size = CHUNK
    sent["Content-Length"] = str(end - start)
    _describe(sent, item)
    if span:
        sent.status_code = 206
        sent["Content-Range"] = f"bytes {start}-{end - 1}/{item.size}"
        if request.headers.get("x-ms-range-get-content-md5", "").lower() == "true":
            if end - start > MOST_DIGESTED:
                sent.close()
                raise StudioError(
                    f"A digest is made of at most {MOST_DIGESTED >> 20} MiB.",
                    where="x-ms-range-get-content-md5",
                )
            source.seek(start)
            digest = hashlib.md5(source.read(end - start), usedforsecurity=False).digest()
            sent["Content-MD5"] = b64encode(digest).decode()
            source.seek(start)
    return sent


def _container(request: HttpRequest, grant: Grant, path: str) -> HttpResponse:
    return HttpResponse(headers={"ETag": '"0x1"', "x-ms-has-immutability-policy": "false"})


def _list(request: HttpRequest, grant: Grant, path: str) -> HttpResponse:
    """List blobs by prefix, flat or folder by folder."""
    prefix = request.GET.get("prefix", "")[:1024]
    delimiter = request.GET.get("delimiter", "")
    after = request.GET.get("marker", "")[:1024]
    asked = request.GET.get("maxresults", "")
    most = min(int(asked), containers.MOST_LISTED) if asked.isdigit() and int(asked) else 5000
    if grant.path:
        raise StudioError("The signature is for one file.", code="forbidden", where="sig")
    with_metadata = "metadata" in request.GET.get("include", "")
    # Of a folder all names are read and one is told.
    read = containers.MOST_LISTED * 20 if delimiter else most
    items = containers.below(grant.workspace, grant.container, prefix, after=after, most=read)
    parts: list[str] = []
    folder, following = "", items[read].path if len(items) > read else ""
    for item in items[:read]:
        if folder and item.path.startswith(folder):
            continue
        if len(parts) >= most:
            following = item.path
            break
        within, found, _ = item.path[len(prefix) :].partition(delimiter or "\0")
        folder = prefix + within + delimiter if found else ""
        if folder:
            parts.append(f"<BlobPrefix><Name>{escape(folder)}</Name></BlobPrefix>")
        else:
            parts.append(_listed(item, with_metadata))
    if folder and following.startswith(folder):
        # The rest of a folder that is told already: go on behind it.
        following = folder[:-1] + chr(ord(folder[-1]) + 1)
    text = (
        '<?xml version="1.0" encoding="utf-8"?>'
        f"<EnumerationResults ContainerName={quoteattr(grant.container)}>"
        f"<Prefix>{escape(prefix)}</Prefix><Blobs>{''.join(parts)}</Blobs>"
        f"<NextMarker>{escape(following)}</NextMarker></EnumerationResults>"
    )
    return HttpResponse(text, content_type="application/xml")


def _listed(item: containers.Item, with_metadata: bool) -> str:
    facts = "".join(
        f"<{name}>{escape(value)}</{name}>"
        for name, value in item.metadata.items()
        if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name)
    )
    metadata = f"<Metadata>{facts}</Metadata>" if with_metadata else ""
    when = http_date(item.changed.timestamp())
    return (
        f"<Blob><Name>{escape(item.path)}</Name><Properties><Creation-Time>{when}</Creation-Time>"
        f"<Last-Modified>{when}</Last-Modified><Etag>{escape(item.etag.strip(chr(34)))}</Etag>"
        f"<Content-Length>{item.size}</Content-Length>"
        "<Content-Type>application/octet-stream</Content-Type><BlobType>BlockBlob</BlobType>"
        f"</Properties>{metadata}</Blob>"
    )


_ACCOUNT = r"^blob/(?P<account>[0-9a-f]{32})\.blob\.[A-Za-z0-9.-]+/(?P<container>[A-Za-z0-9_.-]+)"
urlpatterns = [
    wire.route(_ACCOUNT + r"/?$", blob),
    wire.route(_ACCOUNT + r"/(?P<path>.+)$", blob),
]
