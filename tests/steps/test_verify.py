"""Verify: a folder that anything was done to is found out, byte by byte, with the public key alone."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.__main__ import main
from pipeline.channels.folder import MANIFEST, SIGNATURE
from pipeline.errors import ChannelError, UserError
from pipeline.steps.publish.verify import keys_of_home, verify
from pipeline.store import layout
from pipeline.store.signature import public_key, sign

SECRET, OTHER = bytes(range(64)), bytes(range(1, 65))
KEY = public_key(SECRET)
KEYS = {KEY.key_id: KEY}
SAID = {
    "schema": "register-manifest/1", "run_key": "5b1d", "signing_key": KEY.key_id, "practice_code": "F83999",
    "edition_number": 2, "revision": 1, "as_of": "2026-11-22",
}  # fmt: skip
FILES = {
    "RISKREG.csv": b'"nhs_number"\r\n"9990000018"\r\n',
    "RISKREG.html": b"<p>\xc5\x9a</p>",
    "RISKREG.xlsx": b"PK\0",
}


def written(folder: Path, files: dict[str, bytes] = FILES, *, secret: bytes = SECRET, **changes: object) -> Path:
    """A folder of these files with manifest and signature."""
    import hashlib

    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for name, data in files.items():
        (folder / name).write_bytes(data)
        entries.append({"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()})
    content = json.dumps(SAID | {"files": entries} | changes, sort_keys=True, indent=1).encode()
    (folder / MANIFEST).write_bytes(content)
    (folder / SIGNATURE).write_bytes(sign(content, secret=secret))
    return folder


def said(folder: Path) -> str:
    with pytest.raises(ChannelError) as caught:
        verify(folder, public_keys=KEYS)
    return str(caught.value)


def test_a_folder_as_it_was_published_is_told_so(tmp_path: Path) -> None:
    found = verify(written(tmp_path / "pack"), public_keys=KEYS)
    assert found.told() == [
        "whole and as signed: practice F83999, edition 2, revision 1, covers up to 2026-11-22",
        f"run 5b1d, 3 files, signed by key {KEY.key_id}",
    ]


def flips(content: bytes) -> Iterator[bytes]:
    """The content with one byte changed, each place in three ways: the lowest bit, the highest, all of them."""
    for place, byte in enumerate(content):
        for mask in (0x01, 0x80, 0xFF):
            yield content[:place] + bytes([byte ^ mask]) + content[place + 1 :]


def cuts(content: bytes) -> Iterator[bytes]:
    yield from (b"", content[:-1], content[1:], content + b"\0", content + b"\n", content * 2)


@pytest.mark.parametrize("name", [*FILES, MANIFEST, SIGNATURE])
def test_every_changed_byte_of_every_file_is_noticed(tmp_path: Path, name: str) -> None:
    folder = written(tmp_path / "pack")
    whole = (folder / name).read_bytes()
    changed = [*flips(whole), *cuts(whole)]
    assert len(changed) >= 3 * len(whole)
    for content in changed:
        (folder / name).write_bytes(content)
        assert name in said(folder)
    (folder / name).write_bytes(whole)
    verify(folder, public_keys=KEYS)


def as_another_would(folder: Path) -> None:
    """All files made anew, as whole as ours, by someone with a key of their own who gives it our key's name."""
    written(folder, {**FILES, "RISKREG.csv": b"other"}, secret=OTHER)


TAMPERING: dict[str, tuple[Callable[[Path], object], str]] = {
    "file gone": (lambda pack: (pack / "RISKREG.csv").unlink(), "RISKREG.csv is missing"),
    "file too many": (lambda pack: (pack / "x.docm").write_text("x"), "x.docm is not one of the manifest's files"),
    "folder too many": (lambda pack: (pack / "macros").mkdir(), "macros is not one of the manifest's files"),
    "renamed": (lambda pack: (pack / "RISKREG.csv").rename(pack / "b.csv"), "RISKREG.csv is missing"),
    "link": (
        lambda pack: ((pack / "RISKREG.csv").rename(pack / "a"), (pack / "RISKREG.csv").symlink_to(pack / "a")),
        "RISKREG.csv is not what",
    ),
    "manifest gone": (lambda pack: (pack / MANIFEST).unlink(), "manifest.json is missing or damaged"),
    "signature gone": (lambda pack: (pack / SIGNATURE).unlink(), "manifest.json.sig is missing"),
    "another's key": (as_another_would, "manifest.json.sig is not the signature of key"),
    "another's key by its name": (
        lambda pack: written(pack, secret=OTHER, signing_key=public_key(OTHER).key_id),
        "names a signing key that is not among those given",
    ),
}


@pytest.mark.parametrize("how", TAMPERING)
def test_what_was_done_is_said_in_words(tmp_path: Path, how: str) -> None:
    folder = written(tmp_path / "pack")
    tamper, says = TAMPERING[how]
    tamper(folder)
    told = said(folder)
    assert says in told and "9990000018" not in told


@pytest.mark.parametrize(
    "files",
    [None, "x", [1], [{}], [{"name": "../RISKREG.csv", "bytes": 1, "sha256": "0"}], [{"name": "a", "bytes": "1"}]],
)
def test_a_signed_manifest_of_another_shape_is_refused_and_leads_nowhere(tmp_path: Path, files: object) -> None:
    assert "damaged" in said(written(tmp_path / "pack", files=FILES) and _with(tmp_path / "pack", files))


def _with(folder: Path, files: object) -> Path:
    content = json.dumps(SAID | {"files": files}).encode()
    (folder / MANIFEST).write_bytes(content)
    (folder / SIGNATURE).write_bytes(sign(content, secret=SECRET))
    return folder


def test_corrections_and_a_notice_of_recall_may_lie_in_the_folder_and_the_notice_is_told(tmp_path: Path) -> None:
    folder = written(tmp_path / "pack")
    written(folder / "r2", revision=2)
    (folder / "RECALLED.txt").write_text("why")
    assert "taken back" in verify(folder, public_keys=KEYS).told()[-1]
    assert len(verify(folder / "r2", public_keys=KEYS).told()) == 2


def test_from_a_shell_with_the_public_key_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On another machine: no home, no secret, a folder and the PEM file."""
    monkeypatch.setenv("RISKSTRAT_HOME", str(tmp_path / "no-home"))
    folder, key = written(tmp_path / "pack"), tmp_path / "key.pem"
    assert main(["verify", str(folder)]) == 15
    assert "not among those given" in capsys.readouterr().err
    key.write_bytes(KEY.pem)
    assert main(["verify", str(folder), "--public-key", str(key)]) == 0
    assert "whole and as signed" in capsys.readouterr().out and not (tmp_path / "no-home").exists()
    (folder / "RISKREG.csv").write_bytes(b"x")
    assert main(["verify", str(folder), "--public-key", str(key)]) == 15
    assert "RISKREG.csv is not what the manifest says" in capsys.readouterr().err
    with pytest.raises(UserError, match="no such folder"):
        verify(tmp_path / "nowhere", public_keys=KEYS)


def test_a_home_knows_the_keys_it_published_and_shows_the_present_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("RISKSTRAT_HOME", str(home))
    assert main(["keys"]) == 0
    (present,) = keys_of_home(home).values()
    capsys.readouterr()
    assert main(["keys", "public"]) == 0
    out = capsys.readouterr().out
    assert present.pem.decode() in out and present.fingerprint in out and f"{present.key_id}.pem" in out
    folder = written(tmp_path / "pack")
    assert main(["verify", str(folder)]) == 15
    shutil.copyfile(layout.public_keys(home) / f"{present.key_id}.pem", tmp_path / "copy.pem")
    (layout.public_keys(home) / f"{KEY.key_id}.pem").write_bytes(KEY.pem)
    assert main(["verify", str(folder)]) == 0
