"""Keys are made once, kept for their owner, copied to a second home, and never shown."""

import json
import shutil
import stat
from dataclasses import fields
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.store.keys import PURPOSES, Keys, create_keys, read_keys


def test_created_keys_are_read_back_each_with_its_own_secret_and_id(tmp_path: Path) -> None:
    made = create_keys(tmp_path / "vault" / "keys")
    assert read_keys(tmp_path / "vault" / "keys") == made
    assert len({getattr(made, purpose) for purpose in PURPOSES}) == len(PURPOSES)
    assert len(set(made.ids.values())) == len(PURPOSES)
    assert set(made.ids) == set(PURPOSES) == {one.name for one in fields(Keys) if not one.name.endswith("_id")}
    assert all(len(getattr(made, purpose)) == 64 for purpose in PURPOSES)


def test_only_the_owner_reads_them(tmp_path: Path) -> None:
    create_keys(tmp_path / "keys")
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "keys").iterdir()} == {0o400}


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    before = create_keys(tmp_path)
    with pytest.raises(UserError, match="never overwritten"):
        create_keys(tmp_path)
    (tmp_path / "person.key.json").unlink()
    with pytest.raises(UserError, match="never overwritten"):
        create_keys(tmp_path)
    shutil.copy(tmp_path / "local.key.json", tmp_path / "kept")
    assert json.loads((tmp_path / "kept").read_text())["secret"] == before.local.hex()


def test_a_home_of_before_signatures_is_given_a_signing_key_and_keeps_the_others(tmp_path: Path) -> None:
    before = create_keys(tmp_path)
    (tmp_path / "signing.key.json").unlink()
    with pytest.raises(UserError, match="no keys for: signing"):
        read_keys(tmp_path)
    now = create_keys(tmp_path)
    assert {one for one in PURPOSES if now.ids[one] != before.ids[one]} == {"signing"}
    (tmp_path / "signing.key.json").unlink()
    (tmp_path / "vault.key.json").unlink()
    with pytest.raises(UserError, match="never overwritten"):
        create_keys(tmp_path)


def test_a_second_home_is_given_copies(tmp_path: Path) -> None:
    made = create_keys(tmp_path / "first")
    shutil.copytree(tmp_path / "first", tmp_path / "second")
    assert read_keys(tmp_path / "second") == made
    assert create_keys(tmp_path / "third") != made


def test_missing_keys_say_how_to_create_them(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="riskstrat keys"):
        read_keys(tmp_path / "nowhere")
    create_keys(tmp_path / "keys")
    (tmp_path / "keys" / "vault.key.json").unlink()
    with pytest.raises(UserError, match="no keys for: vault"):
        read_keys(tmp_path / "keys")


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"secret": "zz"}', '{"secret": 5}'])
def test_a_damaged_file_is_noticed(tmp_path: Path, damage: str) -> None:
    create_keys(tmp_path)
    file = tmp_path / "original.key.json"
    file.chmod(0o600)
    file.write_text(damage)
    with pytest.raises(UserError, match="original key is damaged"):
        read_keys(tmp_path)


def test_a_changed_or_swapped_secret_is_noticed_and_not_shown(tmp_path: Path) -> None:
    made = create_keys(tmp_path)
    file = tmp_path / "person.key.json"
    content = json.loads(file.read_text())
    file.chmod(0o600)
    file.write_text(json.dumps({**content, "secret": made.vault.hex()}))
    with pytest.raises(UserError, match="person key is damaged") as caught:
        read_keys(tmp_path)
    assert made.vault.hex() not in str(caught.value)
    file.write_text((tmp_path / "local.key.json").read_text())
    with pytest.raises(UserError, match="person key is damaged"):
        read_keys(tmp_path)


def test_a_secret_never_shows_in_a_printed_object(tmp_path: Path) -> None:
    made = create_keys(tmp_path)
    shown = repr(made)
    assert not any(getattr(made, purpose).hex() in shown for purpose in PURPOSES)
    assert "person=" not in shown and made.person_id in shown
