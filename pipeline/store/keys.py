"""The keys of a home: one file for each purpose, made once, never overwritten.

A file is JSON: `{"schema": "key/1", "purpose", "key_id", "secret"}`, the secret as 128 hexadecimal digits (64
bytes). The key id is a fingerprint of the secret, so a key cannot pass under another's id and a damaged file
is noticed. To compare bytes, or to restore, a second home is given copies of the same files. This is the one
module that draws randomness.
"""

import hashlib
import hmac
import json
import os
import secrets
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import UserError
from pipeline.store.signature import public_key

SECRET_BYTES = 64


PURPOSES = ("person", "local", "practice", "vault", "original", "signing")
# Opens and names nothing that is already there, so a home that has none (or has lost it) is given a new one.
REPLACEABLE = frozenset({"signing"})
# What a rotation makes anew; where the new ones wait until everything is under them. The pseudonym key goes in last.
ROTATED = ("vault", "practice", "signing", "person")
_WAITING = "next"


@dataclass(frozen=True)
class Keys:
    """One secret for each purpose, and the ids by which ledgers, pseudonyms and vault rows name them.

    person: pseudonyms of people. local: of local identifiers. practice: keys that practices resolve.
    vault: seals identities. original: seals the original bytes of deliveries. signing: signs what is published.
    """

    person: bytes = field(repr=False)
    local: bytes = field(repr=False)
    practice: bytes = field(repr=False)
    vault: bytes = field(repr=False)
    original: bytes = field(repr=False)
    signing: bytes = field(repr=False)
    person_id: str
    local_id: str
    practice_id: str
    vault_id: str
    original_id: str
    signing_id: str

    @property
    def ids(self) -> dict[str, str]:
        """Key id by purpose: goes into the run key, since other keys give other bytes."""
        return {purpose: getattr(self, f"{purpose}_id") for purpose in PURPOSES}


def create_keys(folder: Path) -> Keys:
    """Draw all keys and write them: folder 0700, files 0400. Raises UserError if any is there.

    Where all but the signing key are there, that one is drawn: homes of before signatures have none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    present = [purpose for purpose in PURPOSES if _file(folder, purpose).exists()]
    missing = [purpose for purpose in PURPOSES if purpose not in present]
    if present and (not missing or not REPLACEABLE.issuperset(missing)):
        raise UserError(
            f"Keys are there already ({', '.join(present)}) and are never overwritten",
            where=str(folder),
            next_step="use them; to start afresh, name another folder in RISKSTRAT_KEYS",
        )
    folder.chmod(0o700)
    for purpose in missing:
        _write(_file(folder, purpose), purpose=purpose, secret=secrets.token_bytes(SECRET_BYTES))
    return read_keys(folder)


def read_keys(folder: Path) -> Keys:
    """The keys in this folder; raises UserError that says how to create them, or which file is damaged."""
    missing = [purpose for purpose in PURPOSES if not _file(folder, purpose).is_file()]
    if missing:
        raise UserError(
            f"There are no keys for: {', '.join(missing)}",
            where=str(folder),
            next_step="create them once with `riskstrat keys`, or point RISKSTRAT_KEYS at the folder that holds them",
        )
    return _keys({purpose: _read(_file(folder, purpose), purpose=purpose) for purpose in PURPOSES})


def draw_next(folder: Path) -> None:
    """Draw the keys of a rotation and let them wait beside those in use, in the place of any that wait already."""
    waiting = folder / _WAITING
    try:
        shutil.rmtree(waiting, ignore_errors=True)
        waiting.mkdir(mode=0o700)
        for purpose in ROTATED:
            _write(_file(waiting, purpose), purpose=purpose, secret=secrets.token_bytes(SECRET_BYTES))
        _sync(waiting)
    except OSError as error:
        raise UserError(
            f"New keys cannot be written beside those in use ({error.strerror})",
            where=str(folder),
            next_step="let the pipeline's account write to the folder for as long as the rotation takes",
        ) from None


def read_next(folder: Path) -> Keys:
    """The keys as they will be: the waiting ones, or, of a purpose that has been put in place already, those there."""
    current = {purpose: _read(_file(folder, purpose), purpose=purpose) for purpose in PURPOSES}
    waiting = {
        purpose: _read(path, purpose=purpose)
        for purpose in ROTATED
        if (path := _file(folder / _WAITING, purpose)).is_file()
    }
    return _keys(current | waiting)


def put_next_in_place(folder: Path) -> None:
    """Put each waiting key in the place of the old one, which is gone with that; nothing is left waiting.

    One at a time: killed in between, the rest still waits. The old bytes are overwritten with zeros; what a journal, a
    snapshot or a copy holds is beyond any program.
    """
    for purpose in ROTATED:
        waiting, old = _file(folder / _WAITING, purpose), _file(folder, purpose)
        if waiting.is_file():
            old.chmod(0o600)
            with old.open("r+b") as replaced:
                waiting.replace(old)
                replaced.write(bytes(os.fstat(replaced.fileno()).st_size))
                replaced.flush()
                os.fsync(replaced.fileno())
    shutil.rmtree(folder / _WAITING, ignore_errors=True)
    _sync(folder)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _keys(secret: dict[str, bytes]) -> Keys:
    return Keys(
        person=secret["person"],
        local=secret["local"],
        practice=secret["practice"],
        vault=secret["vault"],
        original=secret["original"],
        signing=secret["signing"],
        person_id=_key_id("person", secret["person"]),
        local_id=_key_id("local", secret["local"]),
        practice_id=_key_id("practice", secret["practice"]),
        vault_id=_key_id("vault", secret["vault"]),
        original_id=_key_id("original", secret["original"]),
        signing_id=_key_id("signing", secret["signing"]),
    )


def draw_salt() -> bytes:
    """Sixteen bytes that were never used before, for sealing a copy of the keys under a passphrase."""
    return secrets.token_bytes(16)


def key_files(folder: Path) -> dict[str, Path]:
    """The file of each purpose, whether it is there or not."""
    return {purpose: _file(folder, purpose) for purpose in PURPOSES}


def _file(folder: Path, purpose: str) -> Path:
    return folder / f"{purpose}.key.json"


def _key_id(purpose: str, secret: bytes) -> str:
    if purpose == "signing":
        # Whoever checks a signature has the public half alone, and must be able to tell which key it is.
        return public_key(secret).key_id
    return hmac.new(secret, f"riskstrat/v1/key-id/{purpose}".encode(), hashlib.sha256).hexdigest()[:8]


def _write(path: Path, *, purpose: str, secret: bytes) -> None:
    content = {
        "schema": "key/1",
        "purpose": purpose,
        "key_id": _key_id(purpose, secret),
        "secret": secret.hex(),
    }
    # O_EXCL: two processes that create keys at once cannot both win.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(json.dumps(content, sort_keys=True) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path, *, purpose: str) -> bytes:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        secret = bytes.fromhex(content["secret"])
        stated = (content["schema"], content["purpose"], content["key_id"])
    except (ValueError, KeyError, TypeError, AttributeError):
        secret, stated = b"", (None, None, None)
    if len(secret) != SECRET_BYTES or stated != ("key/1", purpose, _key_id(purpose, secret)):
        # Without the cause: a parser's message could quote the secret.
        raise UserError(
            f"The {purpose} key is damaged or belongs to another purpose",
            where=path.name,
            next_step="restore the file from its backup; a new key cannot open what the old one sealed",
        ) from None
    return secret
