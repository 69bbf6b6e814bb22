"""Authenticated encryption of original files that gives the same bytes for the same input: AES-SIV (RFC 5297).

In chunks, so that a file of many gigabytes needs the memory of one chunk. Each chunk is bound to the name of the file,
to its place and to whether it is the last: sealed bytes that were moved, swapped, cut short or lengthened do not open.
Deterministic on purpose, so a rerun writes the same file. What the first release sealed in one piece still opens.
"""

import errno
import io
from collections.abc import Callable
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from pipeline.errors import PipelineError

CHUNK_BYTES = 4 * 2**20
_MAGIC = b"riskstrat-sealed/2\n"
_MAGIC_IN_ONE_PIECE = b"riskstrat-sealed/1\n"
# The tag of AES-SIV, and one byte ahead of the data because it does not take an empty message.
_OVERHEAD = 17


def seal(
    source: BinaryIO, target: BinaryIO, *, key: bytes, name: str, seen: Callable[[bytes], object] | None = None
) -> int:
    """Seal all of `source` into `target` under the name; number of bytes read. The key has 32, 48 or 64 bytes.

    `seen` is handed every piece as it is read, so that a digest is of the very bytes that were sealed.
    """
    cipher = AESSIV(key)
    target.write(_MAGIC)
    place, size = 0, 0
    chunk = _whole_chunk(source)
    while True:
        following = _whole_chunk(source) if len(chunk) == CHUNK_BYTES else b""
        if seen is not None:
            seen(chunk)
        size += len(chunk)
        target.write(cipher.encrypt(b"\x01" + chunk, _bound(name, place=place, is_last=not following)))
        if not following:
            return size
        place, chunk = place + 1, following


def open_sealed(source: BinaryIO, *, key: bytes, name: str) -> BinaryIO:
    """The data as a file that can be read and sought in; `source` is the sealed file, open for as long as this is.

    Raises PipelineError for another key, another name or altered bytes: here, or on reading what was altered.
    """
    source.seek(0)
    magic = source.read(len(_MAGIC))
    if magic == _MAGIC_IN_ONE_PIECE:
        return io.BytesIO(_in_one_piece(source.read(), key=key, name=name))
    if magic != _MAGIC:
        raise PipelineError(f"{name} is not a sealed file of ours")
    return io.BufferedReader(_Opened(source, key=key, name=name), buffer_size=2**20)


class _Opened(io.RawIOBase):
    """A sealed file, read chunk by chunk; the newest chunk is kept."""

    def __init__(self, source: BinaryIO, *, key: bytes, name: str) -> None:
        self._source, self._cipher, self._name = source, AESSIV(key), name
        length = source.seek(0, io.SEEK_END) - len(_MAGIC)
        self._whole = CHUNK_BYTES + _OVERHEAD
        self._chunks = -(-length // self._whole)
        self._size = length - self._chunks * _OVERHEAD
        self._position = 0
        self._place, self._chunk = -1, b""
        # The last one first: it says that nothing was cut off.
        self._load(max(self._chunks - 1, 0))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise OSError(errno.EINVAL, "a position before the start of the file")
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # any writable buffer is one to us
        if self._position >= self._size:
            return 0
        place, at = divmod(self._position, CHUNK_BYTES)
        if place != self._place:
            self._load(place)
        piece = self._chunk[at : at + len(buffer)]
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def _load(self, place: int) -> None:
        self._source.seek(len(_MAGIC) + place * self._whole)
        sealed = self._source.read(self._whole)
        bound = _bound(self._name, place=place, is_last=place == self._chunks - 1)
        self._chunk = _opened(self._cipher, sealed, bound, name=self._name)
        self._place = place


def _in_one_piece(sealed: bytes, *, key: bytes, name: str) -> bytes:
    return _opened(AESSIV(key), sealed, [_MAGIC_IN_ONE_PIECE, name.encode()], name=name)


def _opened(cipher: AESSIV, sealed: bytes, bound: list[bytes], *, name: str) -> bytes:
    try:
        return cipher.decrypt(sealed, bound)[1:]
    except (InvalidTag, ValueError):
        raise PipelineError(f"{name} does not open: another key, another name, or altered bytes") from None


def _whole_chunk(source: BinaryIO) -> bytes:
    """A full chunk unless the source ends: a raw file may give less than was asked for."""
    pieces, wanted = [], CHUNK_BYTES
    while wanted:
        piece = source.read(wanted)
        if not piece:
            break
        pieces.append(piece)
        wanted -= len(piece)
    return b"".join(pieces)


def _bound(name: str, *, place: int, is_last: bool) -> list[bytes]:
    return [_MAGIC, name.encode(), place.to_bytes(8, "big"), b"last" if is_last else b"more"]
