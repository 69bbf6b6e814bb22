"""A practice's register as one self-contained HTML page: whom to phone, changes, everyone, how far to trust it.

No outside request, no clock, no style attributes: a strict content security policy names the digest of the
one style and the one script. The template escapes every value; only those two files of ours pass as they are.
"""

import base64
import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import get_args

from markupsafe import Markup

from pipeline.channels import page_text
from pipeline.channels.page_person import person_view
from pipeline.channels.page_strip import first_day, grid
from pipeline.channels.register_files import plain, register_file_name
from pipeline.channels.rendering import asset, templates
from pipeline.contracts.register import CHANGES, Listing, PracticePack
from pipeline.contracts.register_dictionary import practice_contract

View = dict[str, object]
Views = Mapping[str, View]

FILTERS = (
    ("home", "Discharged since the last edition"),
    ("inside", "In hospital"),
    ("nocontact", "Discharged, no contact yet"),
    ("overdue", "Care plan overdue"),
    ("open", "Not answered yet"),
    ("news", "With something new since the last edition"),
    ("beyond", "Care outside your practice stopped, or a crisis"),
)


def practice_page(pack: PracticePack) -> bytes:
    """The whole page as UTF-8; the same pack always makes the same bytes."""
    style, script = asset("practice.css").strip(), asset("practice.js").strip()
    views = {person.nhs_number: person_view(pack, person) for person in pack.people}
    text = (
        templates(finalize=one_line, trims_blocks=True)
        .get_template("practice.html.j2")
        .render(
            pack=pack,
            words=page_text,
            style=Markup(style),  # our own file, digest in the policy below
            script=Markup(script),  # our own file, digest in the policy below
            policy=content_security_policy(style, script),
            workbook_name=register_file_name(pack, "xlsx"),
            lists={name: _those(pack, views, listing=name) for name in get_args(Listing)},
            changed=_changed(pack, views),
            chase=_chase(views),
            tally=_tally(pack),
            filters=_filters(views),
            grid=grid(pack.index_date),
            strip_from=page_text.day(first_day(pack.index_date)),
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


def _those(pack: PracticePack, views: Views, *, listing: str) -> list[View]:
    return [views[person.nhs_number] for person in pack.people if person.listing == listing]


def _tagged(views: Views, tag: str) -> list[View]:
    return [view for view in views.values() if tag in str(view["tags"]).split()]


def _chase(views: Views) -> dict[str, list[View]]:
    """People who wait for the practice; of those without a contact whoever has waited longest comes first."""
    told = {tag: _tagged(views, tag) for tag in ("nocontact", "overdue", "inside")}
    return told | {"nocontact": sorted(told["nocontact"], key=lambda view: str(view["discharged"]))}


def _changed(pack: PracticePack, views: Views) -> dict[str, list[View]]:
    """People for the changes section; none on a first edition, where everyone is new."""
    if pack.previous_as_of is None:
        return {"new": [], "joined": [], "rising": [], "home": []}
    new = [view for view in views.values() if view["change"] in ("new", "returned")]
    told = {"new": new} | {tag: _tagged(views, tag) for tag in ("joined", "rising", "home")}
    # Whoever has had no contact since stands above already, among those to follow up.
    return told | {"home": [view for view in told["home"] if "nocontact" not in str(view["tags"]).split()]}


def _filters(views: Views) -> list[tuple[str, str, int]]:
    """(word to filter by, what it is called, how many people), without those that would show nobody."""
    told = [(tag, title, len(_tagged(views, tag))) for tag, title in FILTERS]
    return [(tag, title, count) for tag, title, count in told if count]


def _tally(pack: PracticePack) -> list[tuple[str, str, int]]:
    """(change, its word, how many people), in the order of the contract; mergers only where there was one."""
    counts = Counter(person.change for person in pack.people)
    told = [change for change in CHANGES if change != "joined" or counts[change]]
    return [(change, page_text.CHANGE_WORDS[change], counts[change]) for change in told]
