"""Everything written down about the people of a block, and what its senders tell of it up to a day."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.synthetic.records import community, mental_health
from pipeline.synthetic.records.emergency_care import Attendances, attendance_rows, draw_attendances
from pipeline.synthetic.records.gp_diagnoses import Diagnoses, draw_diagnoses
from pipeline.synthetic.records.gp_event import CodedEntries, entry_rows, write_entries
from pipeline.synthetic.records.gp_medication import Issues, issue_rows, write_issues
from pipeline.synthetic.records.gp_patient import patient_rows
from pipeline.synthetic.records.hospital_rows import daily_rows, episode_rows
from pipeline.synthetic.records.mental_health import WardStays, draw_mental_health, draw_ward_stays
from pipeline.synthetic.records.outpatients import Appointments, appointment_rows, draw_appointments
from pipeline.synthetic.records.referrals import Referrals
from pipeline.synthetic.records.rows import Rows, Telling
from pipeline.synthetic.records.scene import Scene
from pipeline.synthetic.records.social_care import CareEvents, draw_care
from pipeline.synthetic.records.social_care_rows import care_rows
from pipeline.synthetic.records.stays import Stays, draw_stays

if TYPE_CHECKING:
    from pipeline.synthetic.latent.block import Block

EXTRACTS = (
    "gp_patient",
    "gp_event",
    "gp_medication",
    "acute_daily",
    "acute_apc",
    "acute_ecds",
    "acute_outpatient",
    "community_referral",
    "community_contact",
    "mental_health_contact",
    "mental_health_spell",
    "social_care_event",
)


def write_records(block: "Block", *, dissents: Sequence[tuple[int, int, str]] = ()) -> "Records":
    """All records of a block. `dissents`: further entries of general practice as (person, day, SNOMED CT code)."""
    scene = Scene(block)
    coded = draw_diagnoses(scene, block.rng("gp_recording"))
    stays = draw_stays(scene)
    return Records(
        scene=scene,
        coded=coded,
        entries=write_entries(scene, coded, dissents),
        issues=write_issues(scene, coded),
        stays=stays,
        attendances=draw_attendances(scene, stays),
        appointments=draw_appointments(scene),
        community=community.draw_community(scene),
        mental_health=draw_mental_health(scene, stays),
        ward_stays=draw_ward_stays(scene),
        care=draw_care(scene),
    )


@dataclass(frozen=True)
class Records:
    """What is written down, as arrays; text is made of it only when it is told."""

    scene: Scene
    coded: Diagnoses
    entries: CodedEntries
    issues: Issues
    stays: Stays
    attendances: Attendances
    appointments: Appointments
    community: Referrals
    mental_health: Referrals
    ward_stays: WardStays
    care: CareEvents

    @property
    def first_coded(self) -> np.ndarray:
        """Day of the first code of general practice by person and condition, NEVER for none."""
        return self.coded.first

    def told(
        self,
        extract: str,
        *,
        known: int,
        changed_after: int | None = None,
        period: tuple[int, int] | None = None,
        stamp: str | None = None,
    ) -> Rows:
        """Rows of an extract as its senders write them knowing everything up to the day `known`.

        `changed_after`: only what is new or changed since that day. `period`: only rows of that reporting period (first
        and last day). `stamp` fills the version column of hospital extracts. Raises KeyError for an unknown extract.
        """
        scene, telling = self.scene, Telling(known, changed_after, period, stamp)
        writers: dict[str, Callable[[], Rows]] = {
            "gp_patient": lambda: patient_rows(scene, telling),
            "gp_event": lambda: entry_rows(scene, self.entries, telling),
            "gp_medication": lambda: issue_rows(scene, self.issues, telling),
            "acute_daily": lambda: daily_rows(scene, self.stays, telling),
            "acute_apc": lambda: episode_rows(scene, self.stays, telling),
            "acute_ecds": lambda: attendance_rows(scene, self.attendances, telling),
            "acute_outpatient": lambda: appointment_rows(scene, self.appointments, telling),
            "community_referral": lambda: community.referral_rows(scene, self.community, telling),
            "community_contact": lambda: community.contact_rows(scene, self.community, telling),
            "mental_health_contact": lambda: mental_health.contact_rows(scene, self.mental_health, telling),
            "mental_health_spell": lambda: mental_health.spell_rows(scene, self.ward_stays, telling),
            "social_care_event": lambda: care_rows(scene, self.care, telling),
        }
        return writers[extract]()

    def happened(self, extract: str) -> tuple[np.ndarray, np.ndarray]:
        """Person and true day of each event of an extract, without any text."""
        contacts, wards = self.community, self.mental_health
        events: dict[str, tuple[np.ndarray, np.ndarray]] = {
            "gp_event": (self.entries.person, self.entries.day),
            "gp_medication": (self.issues.person, self.issues.day),
            "acute_daily": (self.stays.person, self.stays.admitted),
            "acute_apc": (self.stays.person, self.stays.admitted),
            "acute_ecds": (self.attendances.person, self.attendances.day),
            "acute_outpatient": (self.appointments.person, self.appointments.day),
            "community_referral": (contacts.person, contacts.opened),
            "community_contact": (contacts.contact_person, contacts.day),
            "mental_health_contact": (wards.contact_person, wards.day),
            "mental_health_spell": (self.ward_stays.person, self.ward_stays.admitted),
            "social_care_event": (self.care.person, self.care.start),
        }
        return events[extract]
