"""The lists for other systems: the same people, two columns, digits and slashes, no file longer than it may be."""

from datetime import date

from invented_packs import empty_pack, practice_pack

from pipeline.channels.import_list import MOST_PEOPLE, import_lists, is_import_list
from pipeline.channels.register_files import register_file_name
from pipeline.contracts.register_dictionary import import_list_contract


def lines(content: bytes) -> list[str]:
    told = content.decode("ascii").split("\r\n")
    assert told[-1] == ""
    return told[1:-1]


def test_headings_are_those_that_an_upload_asks_for_and_cells_are_bare() -> None:
    pack = practice_pack(3, kept=1)
    ((name, content),) = import_lists(pack).items()
    assert name == "RISKREG_F83999_20261122_r1_list_01.csv"
    assert content.split(b"\r\n")[0] == b"NHS number,Date of Birth"
    first = pack.people[0]
    assert lines(content)[0] == f"{first.nhs_number},{first.birth_date:%d/%m/%Y}"
    assert lines(content)[0] == "9990000018,09/03/1928" and first.birth_date == date(1928, 3, 9)


def test_everybody_of_the_register_is_on_one_in_its_order_and_no_file_is_longer_than_250() -> None:
    for people, files in ((1, 1), (249, 1), (250, 1), (251, 2), (500, 2), (501, 3)):
        pack = practice_pack(people, kept=0)
        made = import_lists(pack)
        assert len(made) == files and sorted(made) == list(made)
        assert all(0 < len(lines(content)) <= MOST_PEOPLE == 250 for content in made.values())
        told = [line.split(",")[0] for content in made.values() for line in lines(content)]
        assert told == [person.nhs_number for person in pack.people]


def test_an_empty_register_makes_none() -> None:
    assert import_lists(empty_pack()) == {}


def test_a_list_is_told_from_the_register_by_its_name() -> None:
    pack = practice_pack(1)
    assert all(is_import_list(name) for name in import_lists(pack))
    others = [register_file_name(pack, "csv"), "RISKREG.csv", "RISKLOC_U99999_20261122_r1.csv", "a_list_01.csv"]
    assert not any(is_import_list(name) for name in others)


def test_columns_are_as_declared() -> None:
    assert [(column.name, column.type) for column in import_list_contract().columns] == [
        ("NHS number", "nhs_number"),
        ("Date of Birth", "slashed_date"),
    ]
