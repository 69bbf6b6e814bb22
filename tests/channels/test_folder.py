"""A pack appears whole or not at all, and a published one is never touched."""

from pathlib import Path

import pytest

from pipeline.channels import folder
from pipeline.errors import ChannelError

FILES = {"register.csv": b"a", folder.MANIFEST: b'{"run_key": "k1"}'}


def test_staged_files_are_invisible_until_revealed(tmp_path: Path) -> None:
    target = tmp_path / "2026-11-15" / "F83671"
    staged = folder.staged(target, FILES, run_key="k1")
    assert not target.exists() and staged.name.startswith(folder.STAGING)
    folder.reveal(staged, target=target)
    assert {path.name for path in target.iterdir()} == set(FILES)
    assert folder.published_run(target) == "k1"


def test_what_is_published_is_never_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "F83671"
    folder.reveal(folder.staged(target, FILES, run_key="k1"), target=target)
    other = folder.staged(target, FILES | {"register.csv": b"b"}, run_key="k2")
    with pytest.raises(ChannelError):
        folder.reveal(other, target=target)
    assert (target / "register.csv").read_bytes() == b"a"


def test_an_interrupted_staging_is_swept_and_redone(tmp_path: Path) -> None:
    target = tmp_path / "registers" / "F83671"
    folder.staged(target, {"half.csv": b"x"}, run_key="k1")
    assert folder.sweep(tmp_path / "registers") == 1
    again = folder.staged(target, FILES, run_key="k1")
    assert {path.name for path in again.iterdir()} == set(FILES)
    assert folder.published_run(target) is None
