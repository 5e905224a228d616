"""The studio's own certificate authority: made at the first start, so that TLS works without any set-up."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# Browsers refuse server certificates that are valid for longer.
SERVER_DAYS = 397
RENEW_BEFORE = dt.timedelta(days=30)
_AUTHORITY_DAYS = 3650


@dataclass(frozen=True)
class Files:
    """Where the certificates lie: `authority` is the one that clients are told to trust."""

    authority: Path
    authority_key: Path
    certificate: Path
    key: Path


def ensure(folder: Path, *, hosts: list[str]) -> Files:
    """Make the authority and the server's certificate where they are missing, near their end or lack a host."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = Files(
        folder / "ca.pem", folder / "ca.key", folder / "server.pem", folder / "server.key"
    )
    names = sorted(
        {
            "localhost",
            "127.0.0.1",
            "::1",
            socket.gethostname(),
            *(host.strip("[]") for host in hosts),
        }
        - {"*", ""}
    )
    if (
        not _lasts(files.authority, dt.timedelta(days=SERVER_DAYS))
        or not files.authority_key.exists()
    ):
        _make_authority(files)
        files.certificate.unlink(missing_ok=True)
    if (
        not _lasts(files.certificate, RENEW_BEFORE)
        or not files.key.exists()
        or _names(files.certificate) != names
    ):
        _make_certificate(files, names)
    return files


def _make_authority(files: Files) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Officina"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Officina on {socket.gethostname()}"[:64]),
        ]
    )
    certificate = (
        _builder(name, name, key.public_key(), days=_AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write_key(files.authority_key, key)
    _write(files.authority, certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def _make_certificate(files: Files, names: list[str]) -> None:
    authority = x509.load_pem_x509_certificate(files.authority.read_bytes())
    authority_key = serialization.load_pem_private_key(files.authority_key.read_bytes(), None)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        _builder(subject, authority.subject, key.public_key(), days=SERVER_DAYS)
        .add_extension(
            x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()),  # type: ignore[arg-type]
            critical=False,
        )
        .sign(authority_key, hashes.SHA256())  # type: ignore[arg-type]
    )
    _write_key(files.key, key)
    chain = certificate.public_bytes(serialization.Encoding.PEM) + files.authority.read_bytes()
    _write(files.certificate, chain, 0o644)


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, *, days: int
) -> x509.CertificateBuilder:
    # An hour back, for clients whose clock is a little behind ours.
    start = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=days))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _lasts(path: Path, margin: dt.timedelta) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        return False
    return certificate.not_valid_after_utc > dt.datetime.now(dt.UTC) + margin


def _names(path: Path) -> list[str]:
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return sorted(str(name.value) for name in names)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(path, text, 0o600)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Replace a file in one step: the web process may be reading it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
        stream.write(content)
    draft.replace(path)
