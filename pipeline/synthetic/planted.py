"""What goes wrong, or is put right, in the second week: late, cut, doubled, corrected and withdrawn.

Each is planted in a named delivery and described for the truth folder. Choices follow stated rules, not chance.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from pipeline.errors import UserError
from pipeline.synthetic import gp, hospital
from pipeline.synthetic.frame import NO_AGREEMENT
from pipeline.synthetic.region import Region, registered_on
from pipeline.synthetic.rows import Rows, joined
from pipeline.synthetic.sending import NIGHTS, Delivery, hospital_delta, nightly, stamp


def second_week(region: Region) -> tuple[list[Delivery], list[dict[str, object]]]:
    """The deliveries of the second week in the order they are received, and what was planted where."""
    diary: list[dict[str, object]] = []
    deliveries: list[Delivery] = []
    for night in range(1, NIGHTS + 1):
        for delivery in nightly(region, day=region.today + night):
            deliveries += _changed(region, delivery, night=night, diary=diary)
    deliveries.append(_after_the_cut_off(region, diary))
    diary += _people_events(region)
    return sorted(deliveries, key=lambda d: (d.received, d.extract, d.sender)), diary


def _changed(region: Region, delivery: Delivery, *, night: int, diary: list[dict[str, object]]) -> Iterator[Delivery]:
    """The delivery as planned for its night, with what goes wrong: one, two or the delivery as it is."""
    slot = (delivery.extract, delivery.sender, night)
    if slot == ("acute_apc", "RAP", 5):
        late = replace(delivery, received=(delivery.period_end + 1, 9, 0), note="late")
        diary.append({"what": "delivery_late", "delivery_id": late.delivery_id})
        yield late
    elif slot == ("gp_event", "GPS02", 3):
        again = replace(delivery, received=(delivery.period_end + 1, 12, 30), note="whole")
        diary.append({"what": "delivery_cut", "delivery_id": delivery.delivery_id, "whole_in": again.delivery_id})
        yield replace(delivery, is_cut=True)
        yield again
    elif slot == ("gp_medication", "GPS01", 2):
        twice = replace(delivery, received=(delivery.period_end + 1, 12, 0), note="twice")
        diary.append({"what": "delivery_twice", "delivery_id": twice.delivery_id, "first_in": delivery.delivery_id})
        yield delivery
        yield twice
    elif slot in _ROW_CHANGES:
        extra, described = _ROW_CHANGES[slot](region, delivery)
        diary.append({**described, "delivery_id": delivery.delivery_id})
        yield replace(delivery, rows=joined([delivery.rows, extra]))
    else:
        yield delivery


def _corrected_stay(region: Region, delivery: Delivery) -> tuple[Rows, dict[str, object]]:
    """A stay is sent again with another diagnosis and a later end, under its identifier."""
    row = _stay_again(region, delivery, trust=0, place=0)
    end = str(np.datetime64(row.table["DISCHARGE DATE"][0].as_py()) + 1)
    row = row.with_columns({"PRIMARY DIAGNOSIS (ICD)": "J440", "DISCHARGE DATE": end, "END DATE (EPISODE)": end})
    return row, _described("stay_corrected", row, "CDS UNIQUE IDENTIFIER")


def _withdrawn_stay(region: Region, delivery: Delivery) -> tuple[Rows, dict[str, object]]:
    row = _stay_again(region, delivery, trust=1, place=0).with_columns({"CDS UPDATE TYPE": "1"})
    return row, _described("stay_withdrawn", row, "CDS UNIQUE IDENTIFIER")


def _corrected_reading(region: Region, delivery: Delivery) -> tuple[Rows, dict[str, object]]:
    row = _entry_again(region, delivery, code=gp.SYSTOLIC)
    row = row.with_columns({"Value": str(round(float(row.table["Value"][0].as_py())) + 7)})
    return row, _described("entry_corrected", row, "ObservationID")


def _withdrawn_entry(region: Region, delivery: Delivery) -> tuple[Rows, dict[str, object]]:
    row = _entry_again(region, delivery, code=gp.CONTACT_CODES[0]).with_columns({"IsDeleted": "1"})
    return row, _described("entry_withdrawn", row, "ObservationID")


_ROW_CHANGES = {
    ("acute_apc", "RKE", 2): _corrected_stay,
    ("acute_apc", "RAP", 3): _withdrawn_stay,
    ("gp_event", "GPS01", 2): _corrected_reading,
    ("gp_event", "GPS01", 4): _withdrawn_entry,
}


def _after_the_cut_off(region: Region, diary: list[dict[str, object]]) -> Delivery:
    """The next day's file, received after the second week's last cut-off: an emergency turns out to be planned."""
    day = region.today + NIGHTS + 1
    apc, _ = hospital_delta(region, day=day)
    delivery = Delivery(
        "acute_apc", "RKE", "regular", day, day, (day, 10, 0), apc.where(apc.sender == "RKE"), {}, note="after"
    )
    row = _stay_again(region, delivery, trust=0, place=1)
    row = row.with_columns({"ADMISSION METHOD CODE": "11", "PRIMARY DIAGNOSIS (ICD)": "K409"})
    described = _described("stay_corrected_after_cut_off", row, "CDS UNIQUE IDENTIFIER")
    diary.append({**described, "delivery_id": delivery.delivery_id})
    return replace(delivery, rows=joined([delivery.rows, row]))


def _stay_again(region: Region, delivery: Delivery, *, trust: int, place: int) -> Rows:
    """The row of a finished emergency stay of the last months of someone who stays on a participating list."""
    spells, people = region.spells, region.people
    with_agreement = [i for i, p in enumerate(region.frame.practices[:5]) if p.code != NO_AGREEMENT]
    registered = registered_on(people, region.today + NIGHTS) & np.isin(people.practice, with_agreement)
    registered[list(region.chosen.all)] = False
    grown_up = region.today - people.birth > 19 * 366
    end = spells.discharged
    fits = spells.is_outcome & (spells.trust == trust) & ~spells.splits & ~spells.died & ~spells.is_coded_late
    fits &= (registered & grown_up)[spells.person] & (end < region.today - 8) & (end > region.today - 300)
    # Not one that this file, or a later one of these two weeks, sends again anyway.
    candidates = np.flatnonzero(fits & (end < region.today - 45))
    newest = candidates[np.argsort(-spells.admitted[candidates], kind="stable")]
    if len(newest) <= place:
        raise UserError(
            "The region is too small to hold the stays that are corrected in the second week",
            where="--people",
            next_step="ask for more people, or another --seed",
        )
    chosen = np.zeros(len(end), dtype=bool)
    chosen[newest[place]] = True
    day = delivery.period_end
    return hospital.episode_rows(
        spells.where(chosen),
        people,
        region.frame,
        known=day - 1,
        applicable=stamp(day, "06:30:00"),
        uncoded_since=day,
    )


def _entry_again(region: Region, delivery: Delivery, *, code: str) -> Rows:
    rows = region.coded_events
    recent = np.flatnonzero(
        (rows.sender == delivery.sender) & (rows.day < region.today - 1) & (rows.day > region.today - 120)
    )
    for index in recent[::-1].tolist():
        person = int(rows.person[index])
        if rows.table["Code"][index].as_py() == code and person not in region.chosen.all:
            return rows.take(np.array([index]))
    return rows.take(recent[-1:])


def _described(what: str, row: Rows, identifier: str) -> dict[str, object]:
    number = "NHSNumber" if "NHSNumber" in row.table.column_names else "NHS NUMBER"
    return {
        "what": what,
        "identifier": row.table[identifier][0].as_py(),
        "nhs_number": row.table[number][0].as_py(),
    }


def _people_events(region: Region) -> list[dict[str, object]]:
    chosen, number = region.chosen, region.people.nhs_number
    week = [
        ("type_1_dissent", chosen.dissent_second_week, 4),
        ("death", chosen.dies, 3),
        ("deduction", chosen.deducted, 5),
        ("move_within_supplier", chosen.moves_within_supplier, 5),
        ("move_across_suppliers", chosen.moves_across_suppliers, 6),
    ]
    return [
        {"what": what, "nhs_number": str(number[person]), "date": str(np.datetime64(region.today + night, "D"))}
        for what, person, night in week
    ]
