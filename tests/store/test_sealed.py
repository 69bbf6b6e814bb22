"""Sealed files: the same every time, bound to their name, order and length, and closed to any other key."""

import io

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import PipelineError
from pipeline.store import sealed
from pipeline.store.sealed import open_sealed, seal

KEY, OTHER = bytes(range(64)), bytes(range(1, 65))
CHUNK = 100
PER_CHUNK = CHUNK + 17
MAGIC = len(b"riskstrat-sealed/2\n")


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sealed.CHUNK_BYTES == 4 * 2**20
    monkeypatch.setattr(sealed, "CHUNK_BYTES", CHUNK)


def closed(data: bytes, *, key: bytes = KEY, name: str = "d1") -> bytes:
    target = io.BytesIO()
    assert seal(io.BytesIO(data), target, key=key, name=name) == len(data)
    return target.getvalue()


def opened(data: bytes, *, key: bytes = KEY, name: str = "d1") -> bytes:
    return open_sealed(io.BytesIO(data), key=key, name=name).read()


@given(st.binary(max_size=2000), st.text())
def test_what_was_sealed_comes_back_and_is_the_same_each_time(data: bytes, name: str) -> None:
    assert opened(closed(data, name=name), name=name) == data
    assert closed(data, name=name) == closed(data, name=name)


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_sizes_around_a_chunk_come_back_whole(size: int) -> None:
    data = bytes(i % 251 for i in range(size))
    assert opened(closed(data)) == data
    assert len(closed(data)) == MAGIC + size + 17 * max(1, -(-size // CHUNK))


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 400)), max_size=8))
def test_any_part_can_be_read_in_any_order(parts: list[tuple[int, int]]) -> None:
    data = bytes(i % 251 for i in range(950))
    file = open_sealed(io.BytesIO(closed(data)), key=KEY, name="d1")
    for start, length in parts:
        assert file.seek(start) == start
        assert file.read(length) == data[start : start + length]


def test_the_end_can_be_sought() -> None:
    file = open_sealed(io.BytesIO(closed(b"x" * 250 + b"end")), key=KEY, name="d1")
    assert (file.seek(-3, io.SEEK_END), file.read()) == (250, b"end")


def test_before_the_start_is_nowhere_as_with_any_file() -> None:
    file = open_sealed(io.BytesIO(closed(b"x" * 250)), key=KEY, name="d1")
    with pytest.raises(OSError, match="before the start"):
        file.seek(-251, io.SEEK_END)


def test_every_piece_is_seen_as_it_is_sealed() -> None:
    seen: list[bytes] = []
    seal(io.BytesIO(b"a" * 250), io.BytesIO(), key=KEY, name="d1", seen=seen.append)
    assert [len(piece) for piece in seen] == [100, 100, 50]


def test_the_content_does_not_show() -> None:
    data = closed(b"NHSNumber,9990000018\n" * 10)
    assert b"9990000018" not in data and b"NHSNumber" not in data


@pytest.mark.parametrize(("key", "name"), [(OTHER, "d1"), (KEY, "d2")])
def test_another_key_or_name_does_not_open_it(key: bytes, name: str) -> None:
    with pytest.raises(PipelineError, match="does not open"):
        opened(closed(b"rows"), key=key, name=name)


@given(st.data())
def test_any_altered_byte_is_noticed(data: st.DataObject) -> None:
    altered = bytearray(closed(bytes(i % 251 for i in range(250))))
    altered[data.draw(st.integers(0, len(altered) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(PipelineError):
        opened(bytes(altered))


@given(st.integers(0, MAGIC + 250 + 3 * 17 - 1))
def test_a_file_cut_anywhere_does_not_open(length: int) -> None:
    with pytest.raises(PipelineError):
        opened(closed(bytes(250))[:length])


def test_chunks_cannot_be_swapped_repeated_left_out_or_borrowed() -> None:
    whole = closed(bytes(i % 251 for i in range(4 * CHUNK)))
    other = closed(bytes(4 * CHUNK), name="d2")
    head, chunks = whole[:MAGIC], [whole[MAGIC + i * PER_CHUNK :][:PER_CHUNK] for i in range(4)]
    foreign = other[MAGIC:][:PER_CHUNK]
    for order in (
        [chunks[1], chunks[0], chunks[2], chunks[3]],
        [chunks[0], chunks[0], chunks[2], chunks[3]],
        [chunks[0], chunks[2], chunks[3]],
        [chunks[0], chunks[1], chunks[2]],
        [*chunks, chunks[3]],
        [foreign, *chunks[1:]],
    ):
        with pytest.raises(PipelineError, match="does not open"):
            opened(head + b"".join(order))
    assert len(opened(head + b"".join(chunks))) == 4 * CHUNK


@pytest.mark.parametrize("data", [b"", b"plain,csv\n", b"riskstrat-sealed/1\n", b"riskstrat-sealed/2\n"])
def test_bytes_that_are_not_ours_are_refused(data: bytes) -> None:
    with pytest.raises(PipelineError):
        opened(data)


def test_what_was_sealed_in_one_piece_still_opens() -> None:
    magic = b"riskstrat-sealed/1\n"
    old = magic + AESSIV(KEY).encrypt(b"\x01rows", [magic, b"d1"])
    assert opened(old) == b"rows"
    with pytest.raises(PipelineError, match="does not open"):
        opened(old, name="d2")
