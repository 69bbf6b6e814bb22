"""A practice's register as one self-contained HTML page: changes, then everyone, then how far to trust it.

No outside request, no clock, no style attributes: a strict content security policy names the digest of the
one style and the one script. The template escapes every value; only those two files of ours pass as they are.
"""

import base64
import hashlib
from collections import Counter

from markupsafe import Markup

from pipeline.channels import page_text
from pipeline.channels.register_files import plain, register_file_name
from pipeline.channels.rendering import asset, templates
from pipeline.contracts.register import CHANGES, PracticePack, RegisterPerson
from pipeline.contracts.register_dictionary import practice_contract, risk_band


def practice_page(pack: PracticePack) -> bytes:
    """The whole page as UTF-8; the same pack always makes the same bytes."""
    style, script = asset("practice.css").strip(), asset("practice.js").strip()
    text = (
        templates(finalize=one_line, trims_blocks=True)
        .get_template("practice.html.j2")
        .render(
            pack=pack,
            words=page_text,
            style=Markup(style),  # our own file, digest in the policy below
            script=Markup(script),  # our own file, digest in the policy below
            policy=content_security_policy(style, script),
            csv_name=register_file_name(pack, "csv"),
            listed=[_person_view(p) for p in pack.people if p.listing == "by_rank"],
            kept=[_person_view(p) for p in pack.people if p.listing == "kept"],
            changed=_changed(pack),
            tally=_tally(pack),
            bands=practice_contract().risk_bands,
            unused=[source for source in pack.sources if not source.is_used],
        )
    )
    return text.encode("utf-8")


def content_security_policy(style: str, script: str | None = None) -> str:
    """Nothing may load, submit or be framed as a base; only this style and this script, if any, may run."""
    scripts = f"script-src '{_digest(script)}'; " if script is not None else ""
    return f"default-src 'none'; style-src '{_digest(style)}'; {scripts}base-uri 'none'; form-action 'none'"


def one_line(value: object) -> object:
    """Every text from a pack loses its control characters; our own markup passes."""
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _digest(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode("utf-8")).digest()).decode("ascii")


def _person_view(person: RegisterPerson) -> dict[str, object]:
    """What the template shows of one person, already in words; None and empty are left out there."""
    return {
        "rank": person.rank,
        "rank_change": page_text.rank_change(person),
        "name": page_text.full_name(person),
        "nhs_number": page_text.spaced_nhs_number(person.nhs_number),
        "born": page_text.day(person.birth_date),
        "who": page_text.who(person),
        "segment": page_text.need_group(person),
        "living": page_text.where_living(person),
        "practice_key": person.practice_key,
        "in_100": page_text.in_100(person.risk_score),
        "width": page_text.bar_width(person.risk_score),
        "band": risk_band(person.risk_score),
        "risk_change": page_text.risk_before(person),
        "change": person.change,
        "change_word": page_text.CHANGE_WORDS[person.change],
        "on_register": page_text.on_register(person),
        "reasons": page_text.reasons_told(person),
        "against": person.against,
        "in_hospital": page_text.in_hospital(person),
        "hospital_use": page_text.hospital_use(person),
        "conditions": ", ".join(person.long_term_conditions),
        "has_beyond": bool(person.not_in_gp_record),
        "beyond": page_text.beyond_reasons(person),
        "gaps": "; ".join(person.data_gaps),
    }


def _changed(pack: PracticePack) -> dict[str, list[dict[str, object]]]:
    """People for the changes section; none on a first edition, where everyone is new."""
    if pack.previous_as_of is None:
        return {"new": [], "joined": [], "rising": []}
    return {
        "new": [_person_view(p) for p in pack.people if p.change in ("new", "returned")],
        "joined": [_person_view(p) for p in pack.people if p.change == "joined"],
        "rising": [_person_view(p) for p in pack.people if p.change == "rising"],
    }


def _tally(pack: PracticePack) -> list[tuple[str, str, int]]:
    """(change, its word, how many people), in the order of the contract; mergers only where there was one."""
    counts = Counter(person.change for person in pack.people)
    told = [change for change in CHANGES if change != "joined" or counts[change]]
    return [(change, page_text.CHANGE_WORDS[change], counts[change]) for change in told]
