"""Signatures: the same for the same key and bytes, known by the public half alone, of the published standard."""

from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.store.keys import create_keys
from pipeline.store.signature import PublicKey, public_key, read_public_key, sign

SECRET = bytes(range(64))
# RFC 8032, section 7.1, test 2: the public key, the message and its signature.
RFC_PUBLIC = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
RFC_SIGNATURE = (
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)
# What stands before the 32 bytes of a key in a SubjectPublicKeyInfo of Ed25519 (RFC 8410).
BEFORE_THE_KEY = bytes.fromhex("302a300506032b6570032100")


def pem(raw: bytes) -> bytes:
    import base64

    body = base64.b64encode(BEFORE_THE_KEY + raw)
    return b"-----BEGIN PUBLIC KEY-----\n" + body + b"\n-----END PUBLIC KEY-----\n"


def test_the_standards_own_example_is_accepted_and_a_changed_one_is_not() -> None:
    key = PublicKey(pem(bytes.fromhex(RFC_PUBLIC)))
    assert key.has_signed(b"\x72", signature=bytes.fromhex(RFC_SIGNATURE))
    assert not key.has_signed(b"\x73", signature=bytes.fromhex(RFC_SIGNATURE))


def test_the_same_key_and_bytes_make_the_same_signature_and_others_another() -> None:
    made = sign(b"manifest", secret=SECRET)
    assert len(made) == 64 and made == sign(b"manifest", secret=SECRET)
    assert made != sign(b"manifest ", secret=SECRET) and made != sign(b"manifest", secret=SECRET[::-1])
    key = public_key(SECRET)
    assert key.has_signed(b"manifest", signature=made)
    assert not public_key(SECRET[::-1]).has_signed(b"manifest", signature=made)
    assert not key.has_signed(b"manifest", signature=made[:-1]) and not key.has_signed(b"manifest", signature=b"")


def test_the_public_half_tells_its_id_and_nothing_of_the_secret(tmp_path: Path) -> None:
    made = create_keys(tmp_path)
    key = public_key(made.signing)
    assert key.key_id == made.signing_id and key.fingerprint.startswith(key.key_id) and len(key.fingerprint) == 64
    assert key.pem.count(b"\n") == 3 and made.signing not in key.pem and made.signing.hex().encode() not in key.pem


def test_a_file_that_holds_no_such_key_is_refused(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    path = tmp_path / "key.pem"
    other = X25519PrivateKey.from_private_bytes(bytes(32)).public_key()
    for content in (b"", b"key", other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)):
        path.write_bytes(content)
        with pytest.raises(UserError, match="no public key"):
            read_public_key(path)
    path.write_bytes(public_key(SECRET).pem)
    assert read_public_key(path) == public_key(SECRET)
    with pytest.raises(UserError, match="no public key"):
        read_public_key(tmp_path / "nowhere.pem")
