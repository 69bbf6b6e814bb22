"""A copy of a home's keys in one file, sealed under a passphrase: scrypt (RFC 7914), then AES-SIV.

Whoever has the file and the passphrase has the keys: they belong apart from each other, and apart from the home.
"""

import json
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from pipeline.errors import UserError
from pipeline.store.keys import REPLACEABLE, Keys, create_keys, draw_salt, key_files, read_keys

SHORTEST_PASSPHRASE = 16
_MAGIC = b"riskstrat-keys/1\n"
_SALT = 16
# About a tenth of a second and 32 MB for each guess.
_COST = {"n": 2**15, "r": 8, "p": 1}


def read_passphrase(path: Path) -> bytes:
    """The first line of the file; raises UserError when it is not there or too short."""
    line = path.read_bytes().split(b"\n")[0].strip() if path.is_file() else b""
    if len(line) < SHORTEST_PASSPHRASE:
        raise UserError(
            f"The passphrase file is missing or its first line is shorter than {SHORTEST_PASSPHRASE} characters",
            where=path.name,
            next_step="write a long passphrase into a file that only you can read, and keep it apart from the backup",
        )
    return line


def seal_keys(folder: Path, *, passphrase: bytes) -> bytes:
    """All key files of the folder, sealed; raises UserError when one is missing or damaged."""
    read_keys(folder)
    content = {purpose: path.read_text(encoding="utf-8") for purpose, path in key_files(folder).items()}
    salt = draw_salt()
    return _MAGIC + salt + _cipher(passphrase, salt).encrypt(json.dumps(content).encode(), [_MAGIC, salt])


def unseal_keys(sealed: bytes, folder: Path, *, passphrase: bytes) -> Keys:
    """Write the sealed keys into the folder, as `create_keys` would: keys there already must be the same.

    Raises UserError for another passphrase, altered bytes, or other keys in the folder.
    """
    salt = sealed[len(_MAGIC) : len(_MAGIC) + _SALT]
    try:
        if not sealed.startswith(_MAGIC):
            raise InvalidTag
        plain = _cipher(passphrase, salt).decrypt(sealed[len(_MAGIC) + _SALT :], [_MAGIC, salt])
    except (InvalidTag, ValueError):
        raise UserError(
            "The sealed keys do not open", where="keys.sealed", next_step="give the passphrase file of this backup"
        ) from None
    content = json.loads(plain)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    for purpose, path in key_files(folder).items():
        if purpose in REPLACEABLE and purpose not in content:
            continue
        if path.exists() and path.read_text(encoding="utf-8") != content[purpose]:
            raise UserError(
                f"There is another {purpose} key already", where=path.name, next_step="name an empty folder for keys"
            )
        if not path.exists():
            _write(path, content[purpose])
    # A copy sealed before there were signatures holds no signing key: the restored home is given a new one.
    is_whole = all(path.exists() for path in key_files(folder).values())
    return read_keys(folder) if is_whole else create_keys(folder)


def _write(path: Path, text: str) -> None:
    """Whole or not at all, and closed to others from the first byte."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)


def _cipher(passphrase: bytes, salt: bytes) -> AESSIV:
    return AESSIV(Scrypt(salt=salt, length=64, **_COST).derive(passphrase))
