"""An upload that is cut goes on where it stopped, and its digest is checked at the end."""

from __future__ import annotations

import errno
import hashlib
import os
import random
from collections.abc import Iterator
from typing import Any

import pytest

from officina.errors import StudioError
from registry import services as registry
from registry.models import StoredBlob, Upload
from registry.services import uploading

BASE = "/api/v1/workspaces/lab/uploads"


@pytest.fixture
def begin(home: Any, cast: Any) -> Any:
    def start(data: bytes, **more: Any) -> Upload:
        return uploading.begin_upload(
            workspace=cast.lab, user=cast.owner, name="big.bin", size=len(data), **more
        )

    return start


def torn(data: bytes, at: int) -> Iterator[bytes]:
    yield data[:at]
    raise ConnectionResetError(errno.ECONNRESET, "the line was cut")


def test_a_file_cut_at_random_bytes_arrives_whole(begin: Any, lab: Any) -> None:
    dice = random.Random(7)
    data = dice.randbytes(700_001)
    upload = begin(data, sha256=hashlib.sha256(data).hexdigest())
    cuts = 0
    while upload.offset < len(data):
        left = data[upload.offset :]
        try:
            uploading.append(
                upload, offset=upload.offset, chunks=torn(left, dice.randrange(1, 90_000))
            )
        except ConnectionResetError:
            cuts += 1
    blob = uploading.finish(upload)
    assert cuts >= 8
    assert registry.store().read(blob.sha256) == data
    assert not uploading.part_file(upload).exists()
    assert StoredBlob.objects.filter(workspace=lab, sha256=blob.sha256).exists()


def test_bytes_changed_on_the_way_are_not_stored(begin: Any) -> None:
    data = b"x" * 1000
    upload = begin(data, sha256=hashlib.sha256(data).hexdigest())
    uploading.append(upload, offset=0, chunks=[b"y" * 1000])
    with pytest.raises(StudioError, match="have the digest"):
        uploading.finish(upload)
    assert not StoredBlob.objects.exists()
    upload.refresh_from_db()
    assert upload.offset == 0
    uploading.append(upload, offset=0, chunks=[data])
    assert uploading.finish(upload).size == 1000


def test_a_wrong_offset_tells_the_right_one(begin: Any) -> None:
    upload = begin(b"abcdef")
    uploading.append(upload, offset=0, chunks=[b"abc"])
    with pytest.raises(StudioError, match="stands at byte 3, not 5"):
        uploading.append(upload, offset=5, chunks=[b"f"])


def test_more_than_announced_is_refused(begin: Any) -> None:
    upload = begin(b"abc")
    with pytest.raises(StudioError, match="More than the announced"):
        uploading.append(upload, offset=0, chunks=[b"abcd"])
    assert upload.offset == 0


def test_an_unfinished_file_is_not_stored(begin: Any) -> None:
    upload = begin(b"abc")
    uploading.append(upload, offset=0, chunks=[b"ab"])
    with pytest.raises(StudioError, match="2 of 3 bytes"):
        uploading.finish(upload)


def test_a_full_disk_says_so_and_keeps_what_arrived(
    begin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = begin(b"a" * 30)

    def chunks() -> Iterator[bytes]:
        yield b"a" * 10
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(StudioError, match="storage is full"):
        uploading.append(upload, offset=0, chunks=chunks())
    upload.refresh_from_db()
    assert upload.offset == 10


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a\\b", "a/../b", "", "C:/x"])
def test_a_name_that_leads_outside_is_refused(name: str, home: Any, cast: Any) -> None:
    with pytest.raises(StudioError, match="refused"):
        uploading.begin_upload(workspace=cast.lab, user=cast.owner, name=name, size=1)


@pytest.mark.parametrize("size", [-1, True, "7", 10**15, None, 1.5])
def test_a_size_that_is_none_is_refused(size: Any, home: Any, cast: Any) -> None:
    with pytest.raises(StudioError, match="0 to"):
        uploading.begin_upload(workspace=cast.lab, user=cast.owner, name="a", size=size)


def test_two_senders_do_not_mix(begin: Any) -> None:
    upload = begin(b"abcdef")

    def second() -> Iterator[bytes]:
        yield b"abc"
        with pytest.raises(StudioError, match="Another request"):
            uploading.append(Upload.objects.get(pk=upload.pk), offset=0, chunks=[b"zzz"])
        yield b"def"

    uploading.append(upload, offset=0, chunks=second())
    assert registry.store().read(uploading.finish(upload).sha256) == b"abcdef"


def test_over_http_from_begin_to_tree(home: Any, cast: Any) -> None:
    client = cast.client("contributor")
    begun = client.post(BASE, {"name": "a/b.csv", "size": 6}, format="json")
    assert begun.status_code == 201, begun.content
    at = f"{BASE}/{begun.json()['upload']}"
    for offset, part in ((0, b"x,y"), (3, b"\n1,")):
        sent = client.patch(
            at,
            part,
            content_type="application/octet-stream",
            headers={"Upload-Offset": str(offset)},
        )
        assert sent.json()["offset"] == offset + len(part)
    assert client.get(at).json()["offset"] == 6
    stored = client.post(f"{at}/finish").json()
    assert stored["sha256"] == hashlib.sha256(b"x,y\n1,").hexdigest()
    files = {stored["name"]: {"sha256": stored["sha256"], "size": stored["size"]}}
    tree = client.post("/api/v1/workspaces/lab/trees", {"files": files}, format="json").json()
    assert tree["stored"]


def test_another_persons_upload_is_not_found(begin: Any, cast: Any) -> None:
    upload = begin(b"abc")
    for who in ("contributor", "outsider"):
        assert cast.client(who).get(f"{BASE}/{upload.guid}").status_code == 404
    assert cast.client("reader").get(f"{BASE}/{upload.guid}").status_code == 403


def test_a_canceled_upload_leaves_nothing(begin: Any, cast: Any) -> None:
    upload = begin(b"abc")
    uploading.append(upload, offset=0, chunks=[b"ab"])
    assert cast.client("owner").delete(f"{BASE}/{upload.guid}").status_code == 204
    assert not uploading.part_file(upload).exists()


def test_what_nobody_touches_for_two_days_goes(begin: Any) -> None:
    from django.utils import timezone

    stale, fresh = begin(b"abc"), begin(b"abc")
    Upload.objects.filter(pk=stale.pk).update(changed=timezone.now() - uploading.STALE * 2)
    assert uploading.drop_stale_uploads() == 1
    assert list(Upload.objects.all()) == [fresh]


def test_many_small_files_go_in_one_request(home: Any, cast: Any) -> None:
    from officina.storage import frames

    client, base = cast.client("contributor"), "/api/v1/workspaces/lab"
    contents = {f"f/{number}.txt": b"row %d" % (number % 90) for number in range(100)}
    files = {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()}
    listing = {name: {"sha256": sha, "size": len(contents[name])} for name, sha in files.items()}
    missing = client.post(f"{base}/trees", {"files": listing}, format="json").json()["missing"]
    assert len(missing) == 90
    by_digest = {sha: contents[name] for name, sha in files.items()}
    body = frames.pack((sha, by_digest[sha]) for sha in missing)
    sent = client.put(f"{base}/blobs", body, content_type="application/octet-stream")
    assert (sent.status_code, sent.json()) == (201, {"stored": 90})
    for size in (0, 10**30):
        lie = {**listing, "f/3.txt": {**listing["f/3.txt"], "size": size}}
        answer = client.post(f"{base}/trees", {"files": lie}, format="json")
        assert answer.status_code == 400
        assert answer.json()["error"]["message"] == f"f/3.txt has 5 bytes, not {size}."
    assert client.post(f"{base}/trees", {"files": listing}, format="json").json()["stored"]


def test_one_wrong_file_refuses_all_that_came_with_it(home: Any, cast: Any) -> None:
    from officina.storage import frames

    client, good = cast.client("contributor"), hashlib.sha256(b"good").hexdigest()
    body = frames.pack([(good, b"good"), ("0" * 64, b"wrong")])
    sent = client.put("/api/v1/workspaces/lab/blobs", body, content_type="application/octet-stream")
    assert sent.status_code == 400 and "not " + "0" * 64 in sent.content.decode()
    assert not StoredBlob.objects.exists() and not registry.store().exists(good)
    refused = cast.client("reader").put(
        "/api/v1/workspaces/lab/blobs", body, content_type="application/octet-stream"
    )
    assert refused.status_code == 403


def test_bytes_that_are_here_are_not_sent_again(begin: Any, cast: Any) -> None:
    data = b"known bytes"
    sha256 = hashlib.sha256(data).hexdigest()
    registry.receive_blob(workspace=cast.lab, sha256=sha256, chunks=[data])
    upload = begin(data, sha256=sha256)
    assert (upload.finished, upload.offset) == (True, len(data))
    assert uploading.finish(upload).size == len(data)
    # Another workspace's bytes give nothing away: they have to be sent.
    theirs = hashlib.sha256(b"theirs").hexdigest()
    registry.receive_blob(workspace=cast.elsewhere, sha256=theirs, chunks=[b"theirs"])
    assert not begin(b"theirs", sha256=theirs).finished


def test_what_a_restart_forgot_is_read_again_before_it_is_stored(begin: Any) -> None:
    """Digests are made on the way in; without them the file itself is read, a part of a time."""
    data = random.Random(3).randbytes(3_000_000)
    upload = begin(data, sha256=hashlib.sha256(data).hexdigest())
    uploading.append(upload, offset=0, chunks=[data[:1_000_000]])
    uploading._digests.clear()
    uploading.append(upload, offset=1_000_000, chunks=[data[1_000_000:]])
    assert uploading.check(upload, seconds=0) == 0
    assert uploading.check(upload, seconds=60) == len(data)
    assert registry.store().read(uploading.finish(upload).sha256) == data


def test_the_file_on_the_disk_is_what_counts_after_a_power_cut(begin: Any) -> None:
    upload = begin(b"abcdef")
    uploading.append(upload, offset=0, chunks=[b"abcdef"])
    os.truncate(uploading.part_file(upload), 2)
    with pytest.raises(StudioError, match="2 of 6 bytes"):
        uploading.finish(upload)
    uploading._digests.clear()
    uploading.append(upload, offset=2, chunks=[b"cdef"])
    assert uploading.finish(upload).sha256 == hashlib.sha256(b"abcdef").hexdigest()


def test_the_same_file_begun_again_goes_on(begin: Any) -> None:
    """As after the page was loaded anew, or from a second one."""
    data = b"0123456789"
    sha256 = hashlib.sha256(data).hexdigest()
    first = begin(data, sha256=sha256)
    uploading.append(first, offset=0, chunks=[data[:4]])
    second = begin(data, sha256=sha256)
    assert (second.guid, second.offset) == (first.guid, 4)
    uploading.append(second, offset=4, chunks=[data[4:]])
    assert uploading.finish(second) == uploading.finish(first)
    with pytest.raises(StudioError, match="is finished"):
        uploading.append(first, offset=4, chunks=[data[4:]])
    assert begin(data, sha256=sha256).finished
