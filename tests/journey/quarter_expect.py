"""What the docs promise of a register, worked out anew from landed files, returned files and scores.

Plain Python after docs/for-practices.md and docs/feedback.md. Nothing here is computed by the pipeline but the scores,
which are read from the store as they lie there; who a score belongs to is found with the home's own key.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_CEILING, Decimal
from functools import cached_property
from pathlib import Path

import pyarrow.parquet as pq
from quarter_answers import Sent
from quarter_events import DISSENT, WITHDRAWN
from quarter_region import Row, capacity_pct, landed, practices, read_rows

DECLINES = ("not suitable", "declined by patient")
ADULT = 18


def cut_off(night: date) -> datetime:
    """Two in the morning after it, London time: in winter, UTC."""
    return datetime.combine(night + timedelta(days=1), time(2), tzinfo=UTC)


class Lists:
    """Everybody's registrations, deaths and dissents as the files landed by one night tell them."""

    def __init__(self, landing: Path, *, night: date, truth: Path) -> None:
        self.night, self.day = night, night + timedelta(days=1)
        before = cut_off(night)
        spoilt = _planted(truth)
        self._now_called = {
            row["SupersededNHSNumber"]: row["CurrentNHSNumber"]
            for row in landed(landing, "nhs_number_change", before=before)
        }
        self._rows: dict[str, dict[tuple[str, str], Row]] = {}
        for row in landed(landing, "gp_patient", before=before):
            if row["PatientID"] not in spoilt:
                place = (row["PracticeCode"], row["PatientID"])
                self._rows.setdefault(self.called(row["NHSNumber"]), {})[place] = row
        self._said: dict[str, dict[str, Row]] = {}
        for row in landed(landing, "gp_event", before=before):
            if row["Code"] in (DISSENT, WITHDRAWN):
                self._said.setdefault(self.called(row["NHSNumber"]), {})[row["ObservationID"]] = row

    def called(self, number: str) -> str:
        """The number that has taken this one's place, or itself."""
        return self._now_called.get(number, number)

    def numbers(self) -> Iterable[str]:
        """Every number there is, as files have them."""
        return {*self._rows, *self._now_called}

    def died(self, number: str) -> bool:
        return any(_day(row["DateOfDeath"], date.max) < self.day for row in self._standing(number))

    def dissents(self, number: str) -> bool:
        said = [row for row in self._said.get(number, {}).values() if row["IsDeleted"] != "1"]
        dissents = [row["EffectiveDate"] for row in said if row["Code"] == DISSENT]
        withdrawn = [row["EffectiveDate"] for row in said if row["Code"] == WITHDRAWN]
        return bool(dissents) and (not withdrawn or max(dissents) >= max(withdrawn))

    def practice(self, number: str) -> str | None:
        """Whose patient somebody is: alive, not confidential, of two lists the one joined last."""
        row = self.row(number)
        return row["PracticeCode"] if row else None

    def row(self, number: str) -> Row | None:
        """The row of that registration."""
        if self.died(number):
            return None
        open_rows = [
            row
            for row in self._standing(number)
            if _day(row["RegistrationStartDate"], date.min) < self.day <= _day(row["RegistrationEndDate"], date.max)
        ]
        if not open_rows or any(row["IsConfidential"] == "1" for row in open_rows):
            return None
        return max(open_rows, key=lambda row: row["RegistrationStartDate"])

    def newest(self, number: str, practice: str) -> Row:
        """Their last row on a practice's list; of any list, when no practice is named."""
        rows = [row for row in self._rows[number].values() if practice in ("", row["PracticeCode"])]
        return max(rows, key=lambda row: row["RegistrationStartDate"])

    @cached_property
    def may_be_listed(self) -> dict[str, dict[str, Row]]:
        """By practice, everybody registered there who has not opted out, by number."""
        found: dict[str, dict[str, Row]] = {code: {} for code in practices()}
        for number in self._rows:
            row = None if self.dissents(number) else self.row(number)
            if row is not None and row["PracticeCode"] in found:
                found[row["PracticeCode"]][number] = row
        return found

    @cached_property
    def adults(self) -> dict[str, dict[str, Row]]:
        """Of these, who is 18 or older."""
        return {
            code: {number: row for number, row in people.items() if _age(row, self.day) >= ADULT}
            for code, people in self.may_be_listed.items()
        }

    def _standing(self, number: str) -> list[Row]:
        return [row for row in self._rows.get(number, {}).values() if row["IsDeleted"] != "1"]


@dataclass(frozen=True)
class Expected:
    """One line of a register: how somebody is listed, with what rank; and editions past 1.5 k in a row."""

    listing: str
    rank: int
    beyond: int


def expected_register(
    scores: Mapping[str, tuple[Decimal, str]],
    *,
    practice: str,
    before: Mapping[str, Expected],
    declined: Iterable[str],
    nominated: Iterable[str],
) -> dict[str, Expected]:
    """The register of a practice whose scored adults these are (risk, key), in order of rank.

    Exactly k by rank, passing over who declined; kept: listed last time, and fewer than two editions in a row beyond
    one and a half k; nominated: by the practice, and neither.
    """
    aside, asked = set(declined), set(nominated)
    k = int((len(scores) * Decimal(capacity_pct(practice)) / 100).to_integral_value(ROUND_CEILING))
    ordered = sorted(scores, key=lambda number: (-scores[number][0], scores[number][1]))
    found, ahead = {}, 0
    for rank, number in enumerate(ordered, start=1):
        place, last = ahead + 1, before.get(number)
        ahead += number not in aside
        beyond = last.beyond + 1 if last and place > Decimal(k) * 3 / 2 else 0
        if place <= k:
            listing, beyond = "by_rank", 0
        elif last is not None and last.listing != "nominated" and beyond < 2:
            listing = "kept"
        elif number in asked:
            listing = "nominated"
        else:
            continue
        found[number] = Expected("declined" if number in aside else listing, rank, beyond)
    return found


@dataclass(frozen=True)
class Stands:
    """What holds of one person at one practice: columns, those about which files disagree, since when nominated."""

    columns: Mapping[str, str]
    disputed: frozenset[str]
    nominated_on: date | None

    def is_declined(self, day: date) -> bool:
        if self.columns.get("status") not in DECLINES or self.disputed & {"status", "review_date"}:
            return False
        since = date.fromisoformat(self.columns["status_date"])
        asked = self.columns.get("review_date")
        again = date.fromisoformat(asked) if asked else since + timedelta(days=182)
        return day < min(again, since + timedelta(days=366))

    def is_nominated(self, day: date) -> bool:
        ended = self.columns.get("status") in (*DECLINES, "done")
        return self.nominated_on is not None and not ended and day < self.nominated_on + timedelta(days=365)


def standing(sent: Sequence[Sent], *, practice: str, night: date, forgotten: Mapping[str, date]) -> dict[str, Stands]:
    """By number, from what a practice sent by a night's cut-off: the last answer holds, or none where copies disagree.

    `forgotten`: who has opted out, and the night before which nothing that was said of them is held any more.
    """
    mine = [one for one in sent if one.practice == practice and one.feedback_id and one.received_at < cut_off(night)]
    told: dict[str, dict[str, list[tuple[Sent, str]]]] = {}
    for one in mine:
        day = one.received_at.date().isoformat()
        for number, columns in one.said.items():
            if number in forgotten and one.received_at < cut_off(forgotten[number]):
                continue
            dated = columns if "status" not in columns else {"status_date": day, **columns}
            for name, value in dated.items():
                told.setdefault(number, {}).setdefault(name, []).append((one, value))
        for number in one.nominated:
            if number in forgotten and one.received_at < cut_off(forgotten[number]):
                continue
            told.setdefault(number, {}).setdefault("nominated", []).append((one, day))
    return {number: _stands(columns, mine) for number, columns in told.items()}


def _stands(columns: Mapping[str, list[tuple[Sent, str]]], mine: Sequence[Sent]) -> Stands:
    holds, disputed = {}, set()
    for name, every in columns.items():
        seen = {
            older.feedback_id
            for newer, _ in every
            for older in mine
            if older.received_at < cut_off(newer.edition) and older is not newer
        }
        last = [(one, value) for one, value in every if one.feedback_id not in seen]
        holds[name] = max(last, key=lambda pair: pair[0].received_at)[1]
        if len({value for _, value in last}) > 1:
            disputed.add(name)
    nominated = holds.pop("nominated", None)
    return Stands(holds, frozenset(disputed), date.fromisoformat(nominated) if nominated else None)


def scores_of(home: Path, run_key: str, numbers: Iterable[str]) -> dict[str, tuple[Decimal, str]]:
    """Risk and key by NHS number, from the bytes of the run's slice and the home's person key."""
    (held,) = (home / "vault" / "keys").glob("person*.key.json")
    key = json.loads(held.read_bytes())
    secret, by_key = bytes.fromhex(key["secret"]), {}
    for number in numbers:
        digest = hmac.new(secret, b"riskstrat/v1/person" + bytes(1) + number.encode(), hashlib.sha256).hexdigest()
        by_key[f"p{key['key_id']}_{digest[:32]}"] = number
    found = {}
    for path in (home / "pseudonymised" / "score" / f"run_key={run_key}").glob("*.parquet"):
        rows = pq.ParquetFile(path).read(columns=["person_key", "risk_score"]).to_pylist()
        found |= {by_key[row["person_key"]]: (row["risk_score"], row["person_key"]) for row in rows}
    return found


def _planted(truth: Path) -> set[str]:
    """Patient ids of rows that the generator spoilt: they have ids of their own."""
    told = json.loads((truth / "defects.json").read_bytes())["rows"]
    landing, found = truth.parent, set()
    for delivery, kinds in told.items():
        extract, sender, moment = delivery.split(".")
        if extract != "gp_patient":
            continue
        numbers = {at for kind, places in kinds.items() if kind != "exact_duplicate" for at in places}
        (path,) = (landing / sender).glob(f"{extract}_{sender}_{moment[:8]}_01.csv")
        found |= {row["PatientID"] for at, row in enumerate(read_rows(path)[1], start=1) if at in numbers}
    return found


def _day(text: str, otherwise: date) -> date:
    return date.fromisoformat(text) if text else otherwise


def _age(row: Row, day: date) -> int:
    """Exact to the month, as the docs have it: a birthday counts from the first of its month."""
    born = date.fromisoformat(row["DateOfBirth"])
    return day.year - born.year - (day.month < born.month)
