"""Signs a pack's manifest, and tells whether a signature is one of ours: Ed25519 (RFC 8032), detached, 64 bytes.

The same key signs the same bytes with the same signature. Whoever holds the public key alone can check it, with this or
with any other implementation. Which key signed is told by the key's id, a fingerprint of the public key.
"""

import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from pipeline.errors import UserError

SIGNATURE_BYTES = 64
_FOR = b"riskstrat/v1/signing/ed25519"


@dataclass(frozen=True)
class PublicKey:
    """The half of a signing key that may be shown to anyone; `pem` is how it is handed over."""

    pem: bytes

    @property
    def key_id(self) -> str:
        """Sixteen hexadecimal digits that manifests name the key by."""
        return self.fingerprint[:16]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the 32 bytes of the key, as hexadecimal digits: what two people compare over the telephone."""
        return hashlib.sha256(_loaded(self.pem).public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()

    def has_signed(self, content: bytes, *, signature: bytes) -> bool:
        """Whether this key's owner signed exactly these bytes."""
        try:
            _loaded(self.pem).verify(signature, content)
        except InvalidSignature:
            return False
        return True


def sign(content: bytes, *, secret: bytes) -> bytes:
    """The signature over these bytes, by the key that this secret stands for."""
    return _private(secret).sign(content)


def public_key(secret: bytes) -> PublicKey:
    """The public half of the key that this secret stands for."""
    pem = _private(secret).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return PublicKey(pem)


def read_public_key(path: Path) -> PublicKey:
    """The public key in this file; raises UserError when it holds none of this kind."""
    try:
        pem = path.read_bytes()
        _loaded(pem)
    except (OSError, ValueError, TypeError):
        raise UserError(
            "That is no public key to check signatures with",
            where=path.name,
            next_step="give the PEM file that `riskstrat keys public` wrote where the packs are made",
        ) from None
    return PublicKey(pem)


def _private(secret: bytes) -> Ed25519PrivateKey:
    # Derived, so that a key file of ours looks like every other and no other use of the secret touches this one.
    return Ed25519PrivateKey.from_private_bytes(hmac.new(secret, _FOR, hashlib.sha256).digest())


def _loaded(pem: bytes) -> Ed25519PublicKey:
    loaded = load_pem_public_key(pem)
    if not isinstance(loaded, Ed25519PublicKey):
        raise ValueError("a key of another kind")
    return loaded
