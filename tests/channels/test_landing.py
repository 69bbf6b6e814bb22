"""The landing folder: a receipt finds its one plain file there; what nobody speaks of is named with a reason."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.channels import landing
from pipeline.channels.landing_container import ENDINGS
from pipeline.contracts.receipt import RefusedByRule

NOW = datetime(2026, 11, 16, 2, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "landing" / "RAL01"
    made.mkdir(parents=True)
    return made


def put(path: Path, data: bytes = b"x", *, days_old: float = 2) -> Path:
    path.write_bytes(data)
    at = (NOW - timedelta(days=days_old)).timestamp()
    os.utime(path, (at, at))
    return path


def found(folder: Path, name: str = "a") -> Path:
    put(folder / f"{name}.receipt.json")
    (landed,) = [one for one in landing.list_receipts(folder.parent) if not one.is_manifest]
    return landing.find_file(landed)


def unexpected(folder: Path, *spoken_for: Path) -> dict[str, str]:
    told = landing.list_unexpected(folder.parent, spoken_for=spoken_for, quiet_since=NOW - timedelta(days=1))
    return {one.where: one.reason for one in told}


@pytest.mark.parametrize("ending", sorted(ENDINGS))
@pytest.mark.parametrize("named", ["a", "a{ending}"])
def test_a_receipt_finds_its_file_with_any_ending_that_is_taken(folder: Path, ending: str, named: str) -> None:
    path = put(folder / f"a{ending}")
    assert found(folder, named.format(ending=ending)) == path


def test_receipts_and_manifests_are_listed_in_order_without_drafts_and_links(folder: Path) -> None:
    names = ("b.receipt.json", "a.receipt.json", "manifest.json", "w46.manifest.json")
    for name in (*names, "_c.receipt.json", ".d.receipt.json", "e.csv"):
        put(folder / name)
    (folder / "f.receipt.json").symlink_to(folder / "a.receipt.json")
    (folder.parent / "linked").symlink_to(folder)
    (folder.parent / "_archive").mkdir()
    put(folder.parent / "_archive" / "a.receipt.json")
    listed = landing.list_receipts(folder.parent)
    assert [one.path.name for one in listed] == sorted(names)
    assert {one.sender for one in listed} == {"RAL01"}
    assert [one.path.name for one in listed if one.is_manifest] == ["manifest.json", "w46.manifest.json"]


@pytest.mark.parametrize("name", ["a b", "a;b", "ü", "a\nb"])
def test_an_unsafe_name_is_refused_and_not_repeated(folder: Path, name: str) -> None:
    with pytest.raises(RefusedByRule) as caught:
        found(folder, name)
    assert caught.value.code == "FILE-013"
    assert name not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "files"),
    [("FILE-002", []), ("FILE-014", ["a.csv", "a.parquet"]), ("FILE-015", ["a.xlsm"]), ("FILE-015", ["a.csv.7z"])],
)
def test_what_is_not_one_file_of_a_kind_that_is_taken_is_refused(folder: Path, code: str, files: list[str]) -> None:
    for name in files:
        put(folder / name)
    with pytest.raises(RefusedByRule) as caught:
        found(folder)
    assert caught.value.code == code


def test_links_folders_and_pipes_are_not_opened(folder: Path, tmp_path: Path) -> None:
    secret = put(tmp_path / "secret.csv")
    (folder / "a.csv").symlink_to(secret)
    with pytest.raises(RefusedByRule) as caught:
        found(folder)
    assert caught.value.code == "FILE-028"
    (folder / "a.csv").unlink()
    (folder / "a.csv").mkdir()
    with pytest.raises(RefusedByRule) as caught:
        found(folder)
    assert caught.value.code == "FILE-015"
    os.mkfifo(folder / "pipe.csv")
    for path in (folder / "pipe.csv", folder / "a.csv", folder / "nowhere.csv"):
        with pytest.raises(RefusedByRule) as caught:
            landing.open_file(path, at_most=10)
        assert caught.value.code == "FILE-028"
    (folder / "late.csv").symlink_to(secret)
    with pytest.raises(RefusedByRule) as caught:
        landing.open_file(folder / "late.csv", at_most=10)
    assert caught.value.code == "FILE-028"


def test_a_file_beyond_the_cap_is_refused_unread(folder: Path) -> None:
    path = put(folder / "big.csv", b"x" * 11)
    with pytest.raises(RefusedByRule) as caught:
        landing.open_file(path, at_most=10)
    assert caught.value.code == "FILE-007"
    with landing.open_file(path, at_most=11) as file:
        assert file.read() == b"x" * 11


@pytest.mark.parametrize("name", ["../a.csv", "/etc/passwd", "a.exe", "a.csv.gz.exe", "nothing.csv"])
def test_a_manifest_finds_only_files_in_its_own_folder(folder: Path, name: str) -> None:
    put(folder.parent / "a.csv")
    put(folder / "manifest.json")
    (landed,) = landing.list_receipts(folder.parent)
    with pytest.raises(RefusedByRule) as caught:
        landing.find_listed(landed, name)
    assert caught.value.code in ("FILE-013", "FILE-015", "FILE-002")
    assert landing.find_listed(landed, put(folder / "a.csv").name) == folder / "a.csv"


@pytest.mark.parametrize(
    ("content", "holds"),
    [
        (b"a" * 64 + b"  a.csv\n", True),
        (b"A" * 64, True),
        (b"b" * 64, False),
        (b"", False),
        (b"\xff\xfe", False),
        (b"a.csv " + b"a" * 64, False),
    ],
)
def test_a_checksum_beside_a_file_is_held_against_the_digest(folder: Path, content: bytes, holds: bool) -> None:
    path = put(folder / "a.csv")
    landing.check_checksum(path, sha256="a" * 64)
    put(folder / "a.csv.sha256", content)
    if holds:
        landing.check_checksum(path, sha256="a" * 64)
        return
    with pytest.raises(RefusedByRule) as caught:
        landing.check_checksum(path, sha256="a" * 64)
    assert caught.value.code == "FILE-024"


def test_what_nobody_speaks_of_is_named_with_a_reason(folder: Path, tmp_path: Path) -> None:
    known = put(folder / "a.csv")
    for name in ("a.csv.sha256", "a.receipt.json", "manifest.json", "_draft.csv", ".part"):
        put(folder / name)
    put(folder / "fresh.csv", days_old=0.5)
    put(folder / "old.csv")
    put(folder / "list of 999 000 0018;.doc")
    put(folder / "b.csv.sha256")
    put(folder.parent / "stray.csv")
    (folder / "inner").mkdir()
    (folder / "link.csv").symlink_to(tmp_path)
    (folder.parent / "elsewhere").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe.csv")
    told = unexpected(folder, known)
    assert told == {
        "RAL01/b.csv.sha256": "it is a checksum without its file or without a receipt",
        "RAL01/inner": "it is a folder inside a sender's folder, which nobody looks into",
        "RAL01/link.csv": "it is a link, and links are not followed",
        "RAL01/list of withheld?.doc": "it is of a kind that is not taken, and no receipt or manifest speaks of it",
        "RAL01/old.csv": "no receipt or manifest speaks of it",
        "RAL01/pipe.csv": "it is not a plain file",
        "elsewhere": "it is a link, and links are not followed",
        "stray.csv": "it lies outside every sender's folder",
    }


def test_a_folder_that_may_not_be_read_is_named_and_the_others_are_looked_through(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = folder.parent / "CLOSED"
    closed.mkdir()
    put(closed / "a.receipt.json")
    put(folder / "a.receipt.json")
    monkeypatch.setattr(landing, "_is_open", lambda path: path.name != "CLOSED")
    assert [one.sender for one in landing.list_receipts(folder.parent)] == ["RAL01"]
    assert unexpected(folder) == {"CLOSED": "the folder cannot be read by the account we run under"}


def test_a_landing_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert landing.list_receipts(tmp_path / "nowhere") == []
    assert landing.list_unexpected(tmp_path / "nowhere", spoken_for=(), quiet_since=NOW) == []


def test_a_name_told_is_safe_and_short() -> None:
    assert landing.safe("x" * 100) == "x" * 60 + "..."
    assert "\x1b" not in landing.safe("a\x1b[31mb")
