"""Authenticated encryption that gives the same bytes for the same input: AES-SIV (RFC 5297).

For original delivery bytes, under a name that is bound to them: sealed bytes moved elsewhere do not open.
Deterministic on purpose, so a rerun writes the same file. Whole values in memory, up to 512 MB; anything
larger must be split before it comes here.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from pipeline.errors import PipelineError, UserError

LIMIT_BYTES = 512 * 2**20
_MAGIC = b"riskstrat-sealed/1\n"


def seal(data: bytes, *, key: bytes, name: str) -> bytes:
    """The data sealed under the name; raises UserError above 512 MB. The key has 32, 48 or 64 bytes."""
    if len(data) > LIMIT_BYTES:
        raise UserError(
            "A file is too large to be sealed in one piece",
            where=f"{name}, {len(data) // 2**20} MB",
            next_step="ask the sender for files of at most 512 MB uncompressed",
        )
    # One byte ahead of the data, because AES-SIV does not take an empty message.
    return _MAGIC + AESSIV(key).encrypt(b"\x01" + data, _bound(name))


def unseal(sealed: bytes, *, key: bytes, name: str) -> bytes:
    """The data; raises PipelineError for another key, another name or altered bytes."""
    if not sealed.startswith(_MAGIC):
        raise PipelineError(f"{name} is not a sealed file of ours")
    try:
        return AESSIV(key).decrypt(sealed[len(_MAGIC) :], _bound(name))[1:]
    except InvalidTag:
        raise PipelineError(f"{name} does not open: another key, another name, or altered bytes") from None


def _bound(name: str) -> list[bytes]:
    return [_MAGIC, name.encode()]
