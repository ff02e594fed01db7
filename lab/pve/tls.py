"""The certificate of the simulated node: self-signed, with its fingerprint as Proxmox prints it."""

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Certificate:
    """A certificate with its key on disk (PEM)."""

    path: Path
    """Certificate and key in one file."""
    fingerprint: str
    """SHA-256 as `AA:BB:…`."""

    def context(self) -> ssl.SSLContext:
        """What a server needs to serve it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path)
        return context


def make_certificate(folder: Path, node: str) -> Certificate:
    """A new self-signed certificate for `node`, valid for two years, written to `folder`/pveproxy-ssl.pem."""
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "PVE Cluster Node"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Proxmox Virtual Environment"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{node}.home.arpa"),
        ]
    )
    names = [
        x509.DNSName(node),
        x509.DNSName(f"{node}.home.arpa"),
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=730))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "pveproxy-ssl.pem"
    path.touch(mode=0o600)
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return Certificate(path, fingerprint(certificate.public_bytes(serialization.Encoding.DER)))


def fingerprint(der: bytes) -> str:
    """SHA-256 of a certificate in DER, as Proxmox prints it: upper-case pairs joined by colons."""
    return ":".join(f"{byte:02X}" for byte in sha256(der).digest())
