"""The landing folder: a file is read exactly as declared, or refused without quoting it."""

import gzip
from pathlib import Path

import pytest

from pipeline.channels import landing
from pipeline.contracts.receipt import FILE_RULES, RefusedByRule

HEADERS = ("Name", "NHS, Number")
NAMES = ("name", "nhs_number")
HEAD = b'Name,"NHS, Number"\n'


def parse(data: bytes) -> list[dict[str, object]]:
    return landing.parse_csv(data, headers=HEADERS, names=NAMES, where="here").to_pylist()


def test_rows_are_text_and_numbered_from_one() -> None:
    rows = parse(HEAD + b'007,1\n"a ""quoted"", name",\n"two\nlines",3\n')
    assert rows == [
        {"name": "007", "nhs_number": "1", "source_row_number": 1},
        {"name": 'a "quoted", name', "nhs_number": "", "source_row_number": 2},
        {"name": "two\nlines", "nhs_number": "3", "source_row_number": 3},
    ]


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_byte_order_mark_and_either_line_end_are_read(start: bytes, end: bytes) -> None:
    assert len(parse(start + (HEAD + b"a,1\nb,2\n").replace(b"\n", end))) == 2


def test_a_file_without_rows_is_read() -> None:
    assert parse(HEAD) == []


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("FILE-009", HEAD + b"Caf\xe9,1\n"),
        ("FILE-009", HEAD + b"a\0b,1\n"),
        ("FILE-009", (HEAD + b"a,1\n").decode().encode("utf-16")),
        ("FILE-010", b"Name,Number\na,1\n"),
        ("FILE-010", b'"NHS, Number",Name\n1,a\n'),
        ("FILE-010", b'Name,"NHS, Number",Extra\na,1,2\n'),
        ("FILE-010", b"\n"),
        ("FILE-011", HEAD + b"a,1\nCANARY\n"),
        ("FILE-011", HEAD + b"CANARY,1,2\n"),
        ("FILE-012", HEAD + b"a,1\nCANARY,99"),
        ("FILE-012", HEAD + b'a,1\n"CANARY,2\n'),
        ("FILE-012", b""),
    ],
)
def test_a_file_that_is_not_as_declared_is_refused_without_quoting_it(code: str, data: bytes) -> None:
    with pytest.raises(RefusedByRule) as caught:
        parse(data)
    assert caught.value.code == code
    chain = [caught.value, caught.value.__cause__, caught.value.__context__]
    assert not any("CANARY" in str(error) for error in chain if error is not None)


def test_ragged_rows_are_named_by_number() -> None:
    with pytest.raises(RefusedByRule, match="2 rows, the first of them: 2, 4"):
        parse(HEAD + b"a,1\nb\nc,3\nd,4,5\n")


def test_compressed_bytes_unpack_even_in_two_members() -> None:
    packed = gzip.compress(b"one") + gzip.compress(b"two")
    assert landing.unpack(packed, file_name="x.csv.gz") == b"onetwo"
    assert landing.unpack(b"plain", file_name="x.csv") == b"plain"


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("FILE-008", b"not gzip"),
        ("FILE-008", gzip.compress(b"a" * 1000)[:-9]),
        ("FILE-007", gzip.compress(b"\0" * 1_000_000)),
    ],
)
def test_damaged_or_swollen_compressed_bytes_are_refused(code: str, data: bytes) -> None:
    with pytest.raises(RefusedByRule) as caught:
        landing.unpack(data, file_name="x.csv.gz", at_most=10_000)
    assert caught.value.code == code


def test_a_file_beyond_the_cap_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    path.write_bytes(b"x" * 11)
    with pytest.raises(RefusedByRule, match=FILE_RULES["FILE-007"][0]):
        landing.read_bytes(path, at_most=10)


@pytest.mark.parametrize("name", ["a b", "a;b", "ü"])
def test_an_unsafe_name_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "RAL01").mkdir()
    (tmp_path / "RAL01" / f"{name}.receipt.json").write_text("{}")
    (landed,) = landing.list_receipts(tmp_path)
    with pytest.raises(RefusedByRule) as caught:
        landing.find_file(landed)
    assert caught.value.code == "FILE-013"


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("x")
    (tmp_path / "landing" / "RAL01").mkdir(parents=True)
    (tmp_path / "landing" / "RAL01" / "a.receipt.json").write_text("{}")
    (tmp_path / "landing" / "RAL01" / "a.csv").symlink_to(tmp_path / "secret.csv")
    (landed,) = landing.list_receipts(tmp_path / "landing")
    with pytest.raises(RefusedByRule) as caught:
        landing.find_file(landed)
    assert caught.value.code == "FILE-002"
