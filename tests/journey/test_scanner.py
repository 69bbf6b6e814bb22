"""Nothing that identifies a person lies outside the four identified places, and nobody who dissents is in any output.

The scanner that looks proves itself in test_scanner_proof.py. Looked at: a finished home, what its run said, and the
errors of deliveries and publications that went wrong with a person's values in them.
"""

import contextlib
import io
import json
import re
import shutil
import traceback
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pyarrow.compute as pc
import pytest
from finished_home import FIRST, SECOND, Demo, Truth
from homes import copy_home, packs, settings_of
from scanner import Canaries, Finding, scan, scan_bytes, scan_text

from pipeline.__main__ import main
from pipeline.errors import ChannelError
from pipeline.steps.at_hand.context import open_context
from pipeline.steps.publish import publish as publication
from pipeline.store import layout, tables
from pipeline.store.keys import read_keys
from pipeline.store.vault import open_vault


@pytest.fixture(scope="module")
def everyone(home: Demo, truth: Truth) -> Canaries:
    """What identifies the people of the region, the numbers that they no longer use included.

    Birth dates from 1990 or on the first of a month are left out, since other dates may well be the same; so are the
    days on which others registered or something was coded, but not the day of one's own birth on which it was.
    """
    others = {p["registration_start_date"] for p in truth.people if p["registration_start_date"] != p["birth_date"]}
    # Conditions may be coded with the day, decades ago, on which they began.
    entries = tables.read(layout.clean(home.home, "gp_event"), columns=["effective_date", "birth_date"])
    coded = entries.filter(pc.not_equal(entries["effective_date"], entries["birth_date"]))
    others |= set(coded["effective_date"].unique().to_pylist())
    # A registration or entry is known from the day after.
    registered = others | {day + timedelta(days=1) for day in others}
    born = {person["birth_date"] for person in truth.people}
    changes = tables.read(layout.clean(home.home, "nhs_number_change"))
    changed = {
        number for name in ("superseded_nhs_number", "current_nhs_number") for number in changes[name].to_pylist()
    }
    assert changed
    return Canaries(
        nhs_numbers=frozenset(person["nhs_number"] for person in truth.people) | changed,
        family_names=frozenset(person["family_name"].casefold() for person in truth.people),
        full_names=frozenset(full_name(person) for person in truth.people),
        postcodes=frozenset(person["postcode"].replace(" ", "").upper() for person in truth.people),
        birth_dates=frozenset(day for day in born - registered if day < date(1990, 1, 1) and day.day != 1),
    )


def full_name(person: dict[str, object]) -> str:
    return f"{person['given_name']} {person['family_name']}".casefold()


def test_the_canaries_are_many(everyone: Canaries) -> None:
    assert len(everyone.nhs_numbers) > 1_500
    assert len(everyone.postcodes) > 500
    assert len(everyone.birth_dates) > 500
    assert len(everyone.family_names) > 300


def test_the_identified_places_do_hold_them(home: Demo, everyone: Canaries) -> None:
    """Else the scan of the rest would prove nothing: the same scanner finds them where they may be."""
    pack = packs(home.home, SECOND)["F83039"]
    kinds = {finding.kind for finding in scan(pack, everyone)}
    assert kinds >= {"NHS number", "family name", "full name"}
    kinds = {finding.kind for finding in scan(layout.clean(home.home, "gp_patient"), everyone)}
    assert kinds >= {"NHS number", "family name", "postcode", "birth date"}


def test_nothing_outside_the_identified_places_identifies_anyone(home: Demo, everyone: Canaries) -> None:
    looked_at = {path.relative_to(home.home).parts[0] for path in home.home.rglob("*") if path.is_file()}
    assert looked_at - set(layout.IDENTIFIABLE) >= {"pseudonymised", "localities", "models", "reports", "ledger.db"}
    assert told(scan(home.home, everyone, leave_out=layout.IDENTIFIABLE)) == ""


def told(findings: list[Finding]) -> str:
    """Findings as a page: kind, file and place, never the value."""
    return "\n".join(f"{one.kind} in {one.file} ({one.where})" for one in findings[:40])


def test_what_the_run_said_identifies_nobody(home: Demo, everyone: Canaries) -> None:
    assert "the night of" in home.output or "night of" in home.output
    assert told(scan_text(home.output, everyone, name="output")) == ""


def test_sealed_originals_and_the_vault_cannot_be_read_either(home: Demo, everyone: Canaries) -> None:
    """They lie in identified places, and still whoever copies the files learns nothing from them."""
    sealed = [*sorted((home.home / "identified" / "original").glob("*.bin")), home.home / "vault" / "vault.db"]
    assert len(sealed) > 100
    for path in sealed:
        data = path.read_bytes()
        assert everyone.nhs_numbers.isdisjoint(found.decode() for found in re.findall(rb"[0-9]{10}", data)), path.name
        words = {found.decode().casefold() for found in re.findall(rb"[A-Za-z]{6,}", data)}
        assert everyone.family_names.isdisjoint(words), path.name


@pytest.mark.parametrize("night", [FIRST, SECOND], ids=str)
def test_nobody_who_dissents_is_on_a_register(home: Demo, truth: Truth, night: date) -> None:
    gone = dissent_canaries(home, truth, on=night)
    for plane in ("registers", "localities"):
        assert told(scan(home.home / plane / night.isoformat(), gone)) == ""


def test_nobody_who_dissents_is_left_in_store_ledger_or_reports(home: Demo, truth: Truth) -> None:
    gone = dissent_canaries(home, truth, on=SECOND)
    away = ("landing", "identified", "registers", "vault")
    assert told(scan(home.home, gone, leave_out=away)) == ""


def test_nobody_who_dissents_is_in_the_vault(home: Demo, truth: Truth) -> None:
    keys = sorted(dissent_canaries(home, truth, on=SECOND).texts)
    vault = open_vault(home.settings.vault_url, keys=read_keys(home.settings.keys_folder))
    assert vault.practices(keys) == {}
    vault.close()
    assert (
        told(
            scan_bytes(
                (home.home / "vault" / "vault.db").read_bytes(), Canaries(texts=frozenset(keys)), name="vault.db"
            )
        )
        == ""
    )


def dissent_canaries(home: Demo, truth: Truth, *, on: date) -> Canaries:
    """What names the people who dissent on that night; names that others bear too are left out."""
    people = truth.dissenting(on=on)
    assert len(people) >= 7
    others = {full_name(person) for person in truth.people if person not in people}
    return Canaries(
        nhs_numbers=frozenset(person["nhs_number"] for person in people),
        full_names=frozenset(full_name(person) for person in people) - others,
        texts=frozenset(home.person_key(person["nhs_number"]) for person in people),
    )


@pytest.fixture
def broken(region: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home with the region's keys and policy and an empty landing folder, which the command line works on."""
    (tmp_path / "home").mkdir()
    shutil.copytree(region / "vault", tmp_path / "home" / "vault")
    shutil.copyfile(region / "policy.yml", tmp_path / "home" / "policy.yml")
    monkeypatch.setenv("RISKSTRAT_HOME", str(tmp_path / "home"))
    yield tmp_path / "home"


BREAKAGES = {
    "a field too many": lambda line: line + b",surplus",
    "an open quotation": lambda line: b'"' + line,
    "not UTF-8": lambda line: line + b"\xff",
    "not a date": lambda line: line.replace(b"-", b"/"),
    "everything twice in one cell": lambda line: b'"' + line.replace(b",", b";") + b'"',
}


@pytest.mark.parametrize("breakage", BREAKAGES, ids=list(BREAKAGES))
def test_a_broken_delivery_is_refused_without_a_word_about_anyone(
    region: Path, broken: Path, everyone: Canaries, breakage: str, capfd: pytest.CaptureFixture[str]
) -> None:
    import hashlib

    source = next(iter(sorted((region / "landing" / "GPS01").glob("gp_patient_*.receipt.json"))))
    header, *rows = source.with_name(source.name.replace(".receipt.json", ".csv")).read_bytes().splitlines()
    data = b"\n".join([header, *(BREAKAGES[breakage](row) for row in rows)]) + b"\n"
    folder = broken / "landing" / "GPS01"
    folder.mkdir(parents=True)
    (folder / "one.csv").write_bytes(data)
    receipt = json.loads(source.read_bytes()) | {"sha256": hashlib.sha256(data).hexdigest()}
    (folder / "one.receipt.json").write_text(json.dumps(receipt))
    codes = [main([command]) for command in ("receive", "validate", "link", "events")]
    codes.append(main(["nightly", "--as-of", FIRST.isoformat()]))
    codes.append(main(["status"]))
    said = capfd.readouterr()
    assert "refused" in said.out
    assert codes[-1] == 2
    assert told(scan_text(said.out + said.err, everyone, name="output")) == ""
    assert told(scan(broken, everyone, leave_out=layout.IDENTIFIABLE)) == ""
    assert (broken / "reports" / "deliveries").is_dir()


def test_a_publication_that_fails_says_nothing_of_anyone(
    home: Demo, everyone: Canaries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every row of another practice's register gets into a pack: blocked, and nothing tells whose."""
    settings = copy_home(home.home, tmp_path / "home")
    shutil.rmtree(settings.home / "registers" / SECOND.isoformat() / "F83671")
    foreign = next(iter(packs(home.home, SECOND)["F83039"].glob("*_r1.csv"))).read_bytes()
    honest = publication.practice_files

    def mixed_up(*arguments: object, **options: object) -> object:
        made = honest(*arguments, **options)
        files = {name: foreign if name.endswith("_r1.csv") else data for name, data in made.files.items()}
        return replace(made, files=files)

    monkeypatch.setattr(publication, "practice_files", mixed_up)
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        context = open_context(settings)
        with pytest.raises(ChannelError) as caught:
            publication.publish(context, run=home.nights[1].run)
    words = "".join(traceback.format_exception(caught.value))
    assert "patients of the practice" in words
    assert told(scan_text(words + said.getvalue(), everyone, name="error")) == ""
    assert told(scan(settings.home, everyone, leave_out=(*layout.IDENTIFIABLE, "pseudonymised", "models"))) == ""
    assert "F83671" not in packs(settings.home, SECOND)


def test_settings_of_a_home_name_no_one(home: Demo, everyone: Canaries) -> None:
    """What an operator may paste into a ticket: settings, keys and ledger objects as they print themselves."""
    keys = read_keys(home.settings.keys_folder)
    shown = f"{settings_of(home.home)!r} {keys!r} {home.nights[1]!r}"
    assert keys.person.hex() not in shown
    assert told(scan_text(shown, everyone, name="repr")) == ""
