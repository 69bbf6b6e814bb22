"""The vault gives a practice its own people, nobody else's, and never half of what was asked."""

import stat
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from pipeline.errors import GateClosed, PipelineError, UserError
from pipeline.store.keys import Keys, create_keys
from pipeline.store.vault import Identity, Vault, open_vault

CANARIES = ("9990000018", "Zyx", "Ottoline", "1931-02-03")


def person(number: int, *, practice_code: str = "F83004") -> Identity:
    return Identity(
        person_key=f"pk1_{number:032x}",
        practice_code=practice_code,
        nhs_number="9990000018",
        family_name="Zyxwright-Ó",
        given_name="Ottoline",
        birth_date=date(1931, 2, 3),
    )


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return create_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'vault' / 'vault.db'}"
    return str(request.getfixturevalue("postgresql_database"))


@pytest.fixture
def vault(url: str, keys: Keys) -> Iterator[Vault]:
    opened = open_vault(url, keys=keys)
    yield opened
    opened.close()


def ask(vault: Vault, *people: Identity, practice_code: str = "F83004") -> dict[str, Identity]:
    return vault.reidentify(practice_code=practice_code, person_keys=[one.person_key for one in people])


def test_a_practice_gets_its_own_people_back(vault: Vault) -> None:
    vault.put([person(1), person(2), person(3)])
    assert ask(vault, person(1), person(3), person(1)) == {one.person_key: one for one in (person(1), person(3))}
    assert ask(vault) == {}
    assert vault.holds() == 3


def test_a_person_of_another_practice_closes_the_gate_for_all(vault: Vault) -> None:
    vault.put([person(1), person(2, practice_code="F83005")])
    with pytest.raises(GateClosed, match="Of 2 people 1 belong to another practice and 0 are not") as caught:
        ask(vault, person(1), person(2))
    assert not any(canary in str(caught.value) for canary in (*CANARIES, person(2).person_key, "F83005"))


def test_a_person_not_held_closes_the_gate_too(vault: Vault) -> None:
    vault.put([person(1)])
    with pytest.raises(GateClosed, match="1 are not in the vault"):
        ask(vault, person(1), person(9))


def test_a_newer_identity_takes_the_place_of_the_old(vault: Vault) -> None:
    vault.put([person(1)])
    moved = replace(person(1, practice_code="F83005"), family_name="Newname")
    vault.put([moved])
    assert vault.holds() == 1
    assert ask(vault, moved, practice_code="F83005") == {moved.person_key: moved}
    with pytest.raises(GateClosed):
        ask(vault, person(1))


def test_two_identities_for_one_pseudonym_are_refused_whole(vault: Vault) -> None:
    vault.put([person(1), person(1)])
    with pytest.raises(PipelineError, match="two different identities"):
        vault.put([person(2), replace(person(2), given_name="Other")])
    assert vault.holds() == 1


def test_a_row_moved_to_another_practice_does_not_open(vault: Vault, url: str) -> None:
    vault.put([person(1)])
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("update identity set practice_code = 'F83005'"))
    engine.dispose()
    with pytest.raises(PipelineError, match="does not open") as caught:
        ask(vault, person(1), practice_code="F83005")
    assert not any(canary in str(caught.value) for canary in CANARIES)


def test_another_homes_keys_do_not_open_it(vault: Vault, url: str, tmp_path: Path) -> None:
    vault.put([person(1)])
    other = open_vault(url, keys=create_keys(tmp_path / "other"))
    with pytest.raises(UserError, match="sealed with another key"):
        ask(other, person(1))
    other.close()


def test_forgotten_people_are_gone(vault: Vault) -> None:
    vault.put([person(number) for number in range(1, 1502)])
    assert vault.forget([person(number).person_key for number in range(1, 1501)] + ["pk1_nobody"]) == 1500
    assert vault.holds() == 1
    with pytest.raises(GateClosed):
        ask(vault, person(1))


def test_the_file_shows_nobody_and_only_its_owner_reads_it(tmp_path: Path, keys: Keys) -> None:
    file = tmp_path / "vault" / "vault.db"
    vault = open_vault(f"sqlite:///{file}", keys=keys)
    vault.put([person(1)])
    vault.close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert b"F83004" in file.read_bytes()
    assert not any(canary.encode() in file.read_bytes() for canary in CANARIES)


def test_forgetting_reaches_the_bytes_of_the_file(tmp_path: Path, keys: Keys) -> None:
    file = tmp_path / "vault.db"
    vault = open_vault(f"sqlite:///{file}", keys=keys)
    vault.put([person(1), person(2)])
    assert person(1).person_key.encode() in file.read_bytes()
    vault.forget([person(1).person_key])
    vault.close()
    assert person(1).person_key.encode() not in file.read_bytes()
    assert person(2).person_key.encode() in file.read_bytes()


def test_the_same_people_give_the_same_sealed_bytes(tmp_path: Path, keys: Keys) -> None:
    sealed = []
    for name, people in (("a", [person(1), person(2)]), ("b", [person(2), person(1)])):
        vault = open_vault(f"sqlite:///{tmp_path / name}.db", keys=keys)
        vault.put(people)
        vault.close()
        engine = create_engine(f"sqlite:///{tmp_path / name}.db")
        with engine.connect() as connection:
            sealed.append(connection.execute(text("select * from identity order by person_key")).all())
        engine.dispose()
    assert sealed[0] == sealed[1]


def test_thirty_thousand_people_go_in_within_seconds(vault: Vault) -> None:
    """A practice federation's worth; the limit is generous for a busy machine (half a second measured)."""
    people = [person(number) for number in range(30_000)]
    started = time.process_time()
    vault.put(people)
    assert time.process_time() - started < 3
    assert vault.holds() == 30_000
