"""The list for a network's meeting as files: CSV for spreadsheets, and one self-contained page to print.

Only bytes are made here, and the same list always makes the same bytes.
"""

from markupsafe import Markup

from pipeline.channels.page import content_security_policy, one_line
from pipeline.channels.register_files import Cell, csv_bytes
from pipeline.channels.rendering import asset, templates
from pipeline.contracts.meeting import MeetingPack, MeetingRow
from pipeline.contracts.register_dictionary import meeting_contract, risk_band
from pipeline.rules.meeting import MOST_OF_EACH, TOP_OF_EACH, WHY
from pipeline.rules.times import day_in_words

STEM = "RISKMDT"


def meeting_files(pack: MeetingPack) -> dict[str, bytes]:
    """Both files by name; RISKMDT_<network>_<yyyymmdd>_r<revision>.<extension>."""
    stem = f"{STEM}_{pack.locality_code}_{pack.as_of:%Y%m%d}_r{pack.revision}"
    return {f"{stem}.csv": meeting_csv(pack), f"{stem}.html": meeting_page(pack)}


def meeting_csv(pack: MeetingPack) -> bytes:
    """A row a person, columns as in mdt_list.yml; same form as the practice's register."""
    return csv_bytes(meeting_contract(), [_cells(row) for row in pack.rows])


def meeting_page(pack: MeetingPack) -> bytes:
    """The page as UTF-8: practice by practice, with room to write in."""
    style = asset("aggregate.css").strip() + "\n" + asset("meeting.css").strip()
    text = (
        templates(finalize=one_line, trims_blocks=True)
        .get_template("meeting.html.j2")
        .render(
            pack=pack,
            practices=[(one, [_view(row) for row in pack.rows if row.practice_code == one.code])
                       for one in pack.practices],
            day=day_in_words,
            top=TOP_OF_EACH,
            most=MOST_OF_EACH,
            style=Markup(style),  # our own files, digest in the policy below
            policy=content_security_policy(style),
        )
    )  # fmt: skip
    return text.encode("utf-8")


def _cells(row: MeetingRow) -> dict[str, Cell]:
    return {
        "practice_code": row.practice_code,
        "practice_key": row.practice_key,
        "rank_in_practice": row.rank_in_practice,
        "risk_band": risk_band(row.risk_score).title,
        "segment": row.segment,
        "why": "; ".join(WHY[reason] for reason in row.why),
    }


def _view(row: MeetingRow) -> dict[str, object]:
    return {
        "key": row.practice_key,
        "rank": row.rank_in_practice,
        "band": risk_band(row.risk_score).title,
        "segment": row.segment_title,
        "why": [WHY[reason] for reason in row.why],
    }
