"""TLS without set-up: an authority of our own, and a certificate that real clients accept."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import stat
import threading
from pathlib import Path

import pytest
from cryptography import x509

from studio.lib import tls


def leaf(files: tls.Files) -> x509.Certificate:
    return x509.load_pem_x509_certificates(files.certificate.read_bytes())[0]


def handshake(files: tls.Files, name: str) -> None:
    """Let a strict client and a server with these files greet each other."""
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(files.certificate, files.key)
    client_side = ssl.create_default_context(cafile=str(files.authority))
    client_side.verify_flags |= ssl.VERIFY_X509_STRICT
    ours, theirs = socket.socketpair()
    ours.settimeout(60)

    def answer() -> None:
        try:
            server_side.wrap_socket(theirs, server_side=True).close()
        except ssl.SSLError:
            theirs.close()

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        client_side.wrap_socket(ours, server_hostname=name).close()
    finally:
        ours.close()
        thread.join(60)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", "studio.example"])
def test_a_strict_client_that_trusts_the_authority_accepts_every_host(
    tmp_path: Path, name: str
) -> None:
    handshake(tls.ensure(tmp_path, hosts=["studio.example", "[::1]"]), name)


def test_another_host_is_not_accepted(tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(tls.ensure(tmp_path, hosts=[]), "other.example")


def test_a_second_start_keeps_both_certificates(tmp_path: Path) -> None:
    files = tls.ensure(tmp_path, hosts=[])
    before = (files.authority.read_bytes(), files.certificate.read_bytes())
    tls.ensure(tmp_path, hosts=[])
    assert (files.authority.read_bytes(), files.certificate.read_bytes()) == before


def test_a_new_host_gets_a_new_certificate_of_the_same_authority(tmp_path: Path) -> None:
    files = tls.ensure(tmp_path, hosts=[])
    authority = files.authority.read_bytes()
    handshake(tls.ensure(tmp_path, hosts=["new.example"]), "new.example")
    assert files.authority.read_bytes() == authority


def test_a_certificate_near_its_end_is_renewed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "SERVER_DAYS", 20)
    files = tls.ensure(tmp_path, hosts=[])
    old = leaf(files)
    monkeypatch.setattr(tls, "SERVER_DAYS", 397)
    tls.ensure(tmp_path, hosts=[])
    assert leaf(files).serial_number != old.serial_number
    assert leaf(files).not_valid_after_utc - dt.datetime.now(dt.UTC) > dt.timedelta(days=390)


def test_the_keys_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    files = tls.ensure(tmp_path, hosts=[])
    assert {stat.S_IMODE(path.stat().st_mode) for path in (files.key, files.authority_key)} == {
        0o600
    }
