"""Who the rows of a returned file are about: people of the register that was answered, patients of the practice still.

Numbers, birth dates and practice keys are held against each other and against the vault, whose use is audited. What a
row answers is not looked at here.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from pipeline.contracts.returned import Rejected, ReturnedRow, refused
from pipeline.ledger import registers, runs
from pipeline.ledger.registers import Edition
from pipeline.ledger.runs import Run
from pipeline.rules.nhs_number import is_valid
from pipeline.rules.pseudonym import practice_key
from pipeline.rules.returned_row import clean, digits, read_day
from pipeline.rules.times import age_in_years
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.previous import codes_of, reference_of
from pipeline.steps.at_hand.vault_use import audited_vault
from pipeline.steps.opt_out.erasure import current_erasure, key_of
from pipeline.store.vault import Identity

PURPOSE = "feedback"
# An edition that is not the newest is answered within about two months of its night.
ANSWERABLE_DAYS = 62
ADULT_AGE = 18
# Rows whose number, birth date and key do not fit: this many, and this share of all, are no slips of the hand.
APART_ROWS, APART_SHARE = 3, 0.2
_NOT_WHO_IT_SAYS = ("ROW-001", "ROW-002", "ROW-003")


@dataclass(frozen=True)
class Answered:
    """The edition a file answers, the run behind it, and who is on it."""

    edition: Edition
    run: Run
    people: frozenset[str]


@dataclass(frozen=True)
class Known:
    """Rows with the person each is about, in order; and those that are about nobody they could be about."""

    rows: tuple[tuple[str, ReturnedRow], ...]
    rejected: tuple[Rejected, ...]


def answered_edition(
    context: Context, rows: Sequence[ReturnedRow], *, practice_code: str, received_on: date
) -> Answered:
    """The edition that all these rows are of; without a run on any, the practice's newest.

    Raises RefusedByRule: BACK-010 another practice, BACK-013 several runs, BACK-011 not an edition of the practice,
    BACK-012 too old, or who was on it is not held any more.
    """
    codes, keys = _named(rows, "practice_code"), _named(rows, "run_key")
    if {code.upper() for code in codes} - {practice_code}:
        raise refused("BACK-010", where="column practice_code")
    if len(keys) > 1:
        raise refused("BACK-013", where=f"column run_key: {len(keys)} runs")
    editions = registers.list_editions(context.ledger, plane="practice", code=practice_code)
    current = [one for one in editions if one.kind == "current"]
    of_run = [one for one in current if one.run_key in keys] if keys else current
    run = runs.get_run(context.ledger, of_run[-1].run_key) if of_run else None
    if run is None:
        raise refused("BACK-011", where="column run_key")
    edition = of_run[-1]
    is_newest = edition.as_of == current[-1].as_of
    people = frozenset(one.person_key for one in registers.entries(context.ledger, edition_id=edition.edition_id))
    if not is_newest and (received_on - edition.as_of).days > ANSWERABLE_DAYS:
        raise refused("BACK-012", where=f"the register of {edition.as_of}")
    return Answered(edition=edition, run=run, people=people)


def people_of_rows(
    context: Context, rows: Sequence[ReturnedRow], *, answered: Answered, practice_code: str, who: str
) -> Known:
    """The person of each row of the register; raises RefusedByRule (BACK-017) when columns were sorted apart."""
    of_row, rejected = _by_number(context, rows), []
    found: list[tuple[str, ReturnedRow]] = []
    patients = _patients(context, answered.people & set(of_row.values()), practice_code=practice_code, who=who)
    is_under_same_keys = answered.run.inputs.get("keys", context.keys.ids) == context.keys.ids
    for row in rows:
        key = of_row.get(row.number)
        code = _why_not(context, row, key=key, answered=answered, patients=patients, practice_code=practice_code,
                        checks_key=is_under_same_keys)  # fmt: skip
        if code is None and key is not None:
            found.append((key, row))
        else:
            rejected.append(Rejected(row.number, code or "ROW-001"))
    apart = sum(one.code in _NOT_WHO_IT_SAYS for one in rejected)
    if apart >= APART_ROWS and apart >= APART_SHARE * len(rows):
        raise refused("BACK-017", where=f"{apart} of {len(rows)} rows")
    return Known(tuple(found), tuple(rejected))


def people_nominated(
    context: Context,
    rows: Sequence[ReturnedRow],
    *,
    answered: Answered,
    practice_code: str,
    who: str,
    received_on: date,
) -> Known:
    """The person of each nomination: a patient of the practice whom we may use, an adult, not on the list yet.

    One and the same rejection for a number of nobody, of somebody elsewhere, of another birth date and of somebody who
    has opted out: it must not tell which.
    """
    if not rows:
        return Known((), ())
    of_row, rejected = _by_number(context, rows), []
    gone = current_erasure(context).person_keys
    patients = _patients(context, set(of_row.values()) - gone, practice_code=practice_code, who=who)
    found: list[tuple[str, ReturnedRow]] = []
    for row in rows:
        key = of_row.get(row.number)
        person = patients.get(key) if key else None
        code = None
        if key is None:
            code = "ROW-001"
        elif person is None or read_day(clean(row.cells.get("birth_date") or "")) != person.birth_date:
            code = "ROW-012"
        elif key in answered.people:
            code = "ROW-013"
        elif age_in_years(person.birth_date, received_on) < ADULT_AGE:
            code = "ROW-014"
        if code is None and key is not None:
            found.append((key, row))
        else:
            rejected.append(Rejected(row.number, code or "ROW-001", is_nomination=True))
    return Known(tuple(found), tuple(rejected))


def _named(rows: Sequence[ReturnedRow], column: str) -> set[str]:
    return {clean(row.cells.get(column) or "") for row in rows} - {""}


def _by_number(context: Context, rows: Sequence[ReturnedRow]) -> dict[int, str]:
    """Person key by row number, of rows with a valid NHS number."""
    numbers = {row.number: digits(row.cells.get("nhs_number")) for row in rows}
    return {at: key_of(context, number) for at, number in numbers.items() if is_valid(number)}


def _why_not(
    context: Context,
    row: ReturnedRow,
    *,
    key: str | None,
    answered: Answered,
    patients: Mapping[str, Identity],
    practice_code: str,
    checks_key: bool,
) -> str | None:
    """The rule under which a row is left out, or None. A key made before keys were rotated cannot be checked."""
    if key is None:
        return "ROW-001"
    stands = clean(row.cells.get("practice_key") or "").upper()
    if checks_key and stands != practice_key(key, practice_code=practice_code, key=context.keys.practice):
        return "ROW-002"
    if key not in answered.people:
        return "ROW-004"
    if key not in patients:
        return "ROW-005"
    is_born_then = read_day(clean(row.cells.get("birth_date") or "")) == patients[key].birth_date
    return None if is_born_then else "ROW-003"


def _patients(context: Context, person_keys: Collection[str], *, practice_code: str, who: str) -> dict[str, Identity]:
    """Identities of those of these people who are patients of the practice, or of the one it has merged into."""
    vault = audited_vault(context, purpose=PURPOSE, who=who)
    try:
        practices = vault.practices(sorted(person_keys))
        found: dict[str, Identity] = {}
        for known_by in sorted(set(practices.values())):
            if practice_code in _own_codes(context, known_by):
                keys = [key for key, code in practices.items() if code == known_by]
                found |= vault.reidentify(practice_code=known_by, person_keys=keys)
        return found
    finally:
        vault.close()


def _own_codes(context: Context, code: str) -> frozenset[str]:
    """The practice and those that have merged into it, as the newest night knows them."""
    nights = runs.list_runs(context.ledger, kind="nightly")
    if not nights:
        return frozenset({code})
    newest = max(nights, key=lambda run: (run.as_of, run.started_at))
    return codes_of(reference_of(context, newest), code, as_of=newest.as_of)
