"""Reference files that nobody is in, put where nights read them: `pseudonymised/<extract>`, one slice per delivery.

Called by `link`, which has nothing to link in them. A reference file that names people (superseded NHS numbers) is
left where it is: in the identified zone.
"""

from collections.abc import Mapping, Sequence

from pipeline.contracts.extract import ExtractContract
from pipeline.ledger.deliveries import Delivery
from pipeline.steps.context import Context
from pipeline.store import layout, tables


def keep_reference_rows(
    context: Context, *, contracts: Mapping[str, ExtractContract], accepted: Sequence[Delivery]
) -> None:
    """Copy the clean rows of every accepted reference delivery that is not copied yet."""
    home = context.settings.home
    for extract, contract in contracts.items():
        if contract.person is not None or contract.private("identifier"):
            continue
        target = layout.table(home, extract)
        held = set(tables.slices(target, column="delivery_id"))
        wanted = [d.delivery_id for d in accepted if d.extract == extract and d.delivery_id not in held]
        if wanted and tables.files(layout.clean(home, extract), column="delivery_id", values=wanted):
            rows = tables.read(layout.clean(home, extract), column="delivery_id", values=wanted)
            tables.replace_slices(target, rows, column="delivery_id", values=wanted)
