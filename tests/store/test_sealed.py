"""Sealed bytes: the same every time, bound to their name, and closed to any other key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import PipelineError, UserError
from pipeline.store import sealed
from pipeline.store.sealed import seal, unseal

KEY, OTHER = bytes(range(64)), bytes(range(1, 65))


@given(st.binary(max_size=2000), st.text())
def test_what_was_sealed_comes_back_and_is_the_same_each_time(data: bytes, name: str) -> None:
    closed = seal(data, key=KEY, name=name)
    assert unseal(closed, key=KEY, name=name) == data
    assert closed == seal(data, key=KEY, name=name)


def test_the_content_does_not_show() -> None:
    closed = seal(b"NHSNumber,9990000018\n" * 10, key=KEY, name="d1")
    assert b"9990000018" not in closed and b"NHSNumber" not in closed


@pytest.mark.parametrize(("key", "name"), [(OTHER, "d1"), (KEY, "d2")])
def test_another_key_or_name_does_not_open_it(key: bytes, name: str) -> None:
    with pytest.raises(PipelineError, match="does not open"):
        unseal(seal(b"rows", key=KEY, name="d1"), key=key, name=name)


@given(st.data())
def test_any_altered_byte_is_noticed(data: st.DataObject) -> None:
    closed = bytearray(seal(b"some rows", key=KEY, name="d1"))
    closed[data.draw(st.integers(0, len(closed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(PipelineError):
        unseal(bytes(closed), key=KEY, name="d1")


@pytest.mark.parametrize("data", [b"", b"plain,csv\n", b"riskstrat-sealed/1\n"])
def test_bytes_that_are_not_ours_are_refused(data: bytes) -> None:
    with pytest.raises(PipelineError):
        unseal(data, key=KEY, name="d1")


def test_the_limit_is_said_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sealed.LIMIT_BYTES == 512 * 2**20
    monkeypatch.setattr(sealed, "LIMIT_BYTES", 10)
    assert unseal(seal(b"x" * 10, key=KEY, name="d1"), key=KEY, name="d1") == b"x" * 10
    with pytest.raises(UserError, match="too large"):
        seal(b"x" * 11, key=KEY, name="d1")
