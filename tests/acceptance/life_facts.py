"""Counts and dates of one person's life in the landed files, over windows before an index date."""

import csv
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

from landed_lives import Landed, Row

LISTS = Path(__file__).parents[2] / "sql" / "codelists"


@cache
def listed(name: str) -> tuple[Row, ...]:
    """The rows of a code list: what codes mean is data, not code."""
    with (LISTS / f"{name}.csv").open(newline="", encoding="utf-8") as handle:
        return tuple(csv.DictReader(handle))


@cache
def meaning(name: str, column: str) -> dict[str, str]:
    return {row["code"].casefold(): row[column] for row in listed(name)}


def codes(name: str) -> set[str]:
    return {row["code"] for row in listed(name)}


def months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, day.day)


@dataclass(frozen=True)
class Life:
    """One person as the landed files tell of them, seen from an index date."""

    landed: Landed
    number: str
    index: date

    def since(self, months: int) -> date:
        return months_before(self.index, months)

    def within(self, days: list[date], months: int) -> list[date]:
        return [day for day in days if self.since(months) <= day < self.index]

    def _rows(self, extract: str, when: str) -> list[tuple[date, Row]]:
        dated = [(date.fromisoformat(row[when]), row) for row in self.landed.of(self.number, extract)]
        return sorted(((day, row) for day, row in dated if day < self.index), key=lambda one: one[0])

    # general practice

    def gp(self) -> list[tuple[date, Row]]:
        return self._rows("gp_event", "EffectiveDate")

    def gp_days(self, *names: set[str]) -> list[date]:
        """Days with one of the codes, each once."""
        wanted = set().union(*names)
        return sorted({day for day, row in self.gp() if row["Code"] in wanted})

    def first_codes(self) -> dict[str, date]:
        """First day of each of the nineteen conditions."""
        found: dict[str, date] = {}
        by_code: dict[str, set[str]] = {}
        for name in ("long_term_condition", "further_condition"):
            for row in listed(name):
                by_code.setdefault(row["code"], set()).add(row["condition"])
        for day, row in self.gp():
            for condition in by_code.get(row["Code"], ()):
                found[condition] = min(day, found.get(condition, day))
        return found

    def medicines(self, months: int) -> list[tuple[date, str]]:
        issued = [(day, row["BNFReference"]) for day, row in self._rows("gp_medication", "IssueDate")]
        return [(day, section) for day, section in issued if day >= self.since(months)]

    def measured(self, measure: str, *, worst_is_high: bool) -> list[tuple[date, Decimal]]:
        """Believable values of 24 months, one a day, oldest first."""
        rules = [row for row in listed("measurement") if row["measure"] == measure]
        days: dict[date, list[Decimal]] = {}
        for day, row in self.gp():
            if day < self.since(24) or not row["Value"]:
                continue
            for rule in rules:
                unit = (row["Unit"] or rule["standard_unit"]).casefold()
                if row["Code"] != rule["code"] or unit != rule["unit"].casefold():
                    continue
                value = Decimal(row["Value"]) * Decimal(rule["multiply_by"])
                if Decimal(rule["minimum"]) <= value <= Decimal(rule["maximum"]):
                    days.setdefault(day, []).append(value)
        return [(day, max(days[day]) if worst_is_high else min(days[day])) for day in sorted(days)]

    # hospital

    def stays(self) -> list[tuple[date, date | None, str, str, str]]:
        """(admitted, ended, method, primary diagnosis, class) of each stay; a daily notice until the record comes."""
        recorded: dict[tuple[str, str], list[Row]] = {}
        for _, row in self._rows("acute_apc", "START DATE (HOSPITAL PROVIDER SPELL)"):
            spell = (row["ORGANISATION CODE (CODE OF PROVIDER)"], row["HOSPITAL PROVIDER SPELL NUMBER"])
            recorded.setdefault(spell, []).append(row)
        notices = {
            (row["ORGANISATION CODE (CODE OF PROVIDER)"], row["HOSPITAL PROVIDER SPELL NUMBER"]): row
            for _, row in self._rows("acute_daily", "START DATE (HOSPITAL PROVIDER SPELL)")
        }
        found = []
        for spell, rows in recorded.items():
            for row in (row for row in rows if int(row["EPISODE NUMBER"]) == 1):
                notice = notices.get(spell)
                end = row["DISCHARGE DATE"] or (notice["DISCHARGE DATE"] if notice else "")
                found.append(self._stay(row, end, row["PRIMARY DIAGNOSIS (ICD)"], row["PATIENT CLASSIFICATION CODE"]))
        for spell, row in notices.items():
            if spell not in recorded:
                found.append(self._stay(row, row["DISCHARGE DATE"], "", ""))
        return sorted(found, key=lambda stay: stay[0])

    def _stay(self, row: Row, end: str, diagnosis: str, kind: str) -> tuple[date, date | None, str, str, str]:
        ended = date.fromisoformat(end) if end and date.fromisoformat(end) < self.index else None
        admitted = date.fromisoformat(row["START DATE (HOSPITAL PROVIDER SPELL)"])
        return admitted, ended, row["ADMISSION METHOD CODE"], diagnosis if ended else "", kind

    def emergency_stays(self) -> list[tuple[date, date | None, str, str, str]]:
        return [stay for stay in self.stays() if stay[2] in codes("emergency_admission_method")]

    def diagnoses(self, months: int) -> list[tuple[date, str, int]]:
        """(day of admission, code, position) of every stay that is over; what the law restricts was masked."""
        masked = tuple(row["code"] for row in listed("legally_restricted") if row["code_system"] == "icd10")
        columns = ("PRIMARY DIAGNOSIS (ICD)", *(f"SECONDARY DIAGNOSIS (ICD) {number}" for number in (1, 2, 3)))
        found = []
        for day, row in self._rows("acute_apc", "START DATE (HOSPITAL PROVIDER SPELL)"):
            is_over = row["DISCHARGE DATE"] and date.fromisoformat(row["DISCHARGE DATE"]) < self.index
            if is_over and day >= self.since(months):
                found += [(day, row[name], place) for place, name in enumerate(columns) if row[name]]
        return [one for one in found if not one[1].startswith(masked)]

    def bed_days(self, months: int) -> int:
        """Nights of emergency stays inside the window; whoever was admitted again had left, nobody knows when."""
        latest = max((stay[0] for stay in self.stays()), default=self.index)
        spans = [
            (max(stay[0], self.since(months)), stay[1] or (self.index if stay[0] == latest else stay[0]))
            for stay in self.emergency_stays()
        ]
        return sum(max((end - start).days, 0) for start, end in spans)

    def attendances(self) -> list[tuple[date, Row]]:
        return [
            (day, row)
            for day, row in self._rows("acute_ecds", "EMERGENCY CARE ARRIVAL DATE")
            if row["EMERGENCY CARE ATTENDANCE CATEGORY"] != "4"
        ]

    def appointments(self, *states: str) -> list[tuple[date, Row]]:
        """Appointments in one of the states of the code list, administrative events aside."""
        contact, state = meaning("first_attendance", "meaning"), meaning("outpatient_attendance", "meaning")
        return [
            (day, row)
            for day, row in self._rows("acute_outpatient", "APPOINTMENT DATE")
            if contact.get(row["FIRST ATTENDANCE CODE"], "contact") == "contact"
            and state.get(row["ATTENDED OR DID NOT ATTEND CODE"]) in states
        ]

    # community, mental health, council

    def community(self, state: str) -> list[tuple[date, Row]]:
        known = meaning("community_attendance", "meaning")
        return [
            (day, row)
            for day, row in self._rows("community_contact", "CARE CONTACT DATE")
            # The standard's name for it changed with its version.
            if known.get(row.get("ATTENDANCE STATUS") or row.get("ATTENDED OR DID NOT ATTEND CODE") or "") == state
        ]

    def referrals(self) -> list[tuple[Row, date | None]]:
        """Community referrals with the day they were closed, if that is behind us."""
        return [
            (row, self._end(row["SERVICE DISCHARGE DATE"]))
            for _, row in self._rows("community_referral", "REFERRAL REQUEST RECEIVED DATE")
        ]

    def mental_health(self, state: str, team: str | None = None) -> list[date]:
        known, teams = meaning("mental_health_attendance", "meaning"), meaning("mental_health_team", "meaning")
        return [
            day
            for day, row in self._rows("mental_health_contact", "CareContDate")
            if known.get(row["AttendStatus"]) == state
            and team in (None, teams.get(row["ServTeamTypeRefToMH"].casefold()))
        ]

    def ward_stays(self) -> list[tuple[date, date | None]]:
        return [
            (day, self._end(row["DischDateHospProvSpell"]))
            for day, row in self._rows("mental_health_spell", "StartDateHospProvSpell")
        ]

    def care(self, kind: str) -> list[tuple[date, date | None, Row]]:
        return [
            (day, self._end(row["Event_End_Date"]), row)
            for day, row in self._rows("social_care_event", "Event_Start_Date")
            if row["Event_Type"].casefold() == kind
        ]

    def services(self, name: str) -> list[tuple[date, date | None, str]]:
        """Council services of a code list: start, end behind us, and what the list calls them."""
        known = meaning(name, "meaning")
        return [
            (day, end, known[row["Service_Type"].casefold()])
            for day, end, row in self.care("service")
            if row["Service_Type"].casefold() in known
        ]

    def _end(self, text: str) -> date | None:
        return date.fromisoformat(text) if text and date.fromisoformat(text) < self.index else None
