"""Which linked deliveries the GP lists would judge otherwise now: what waits for a list, and what a lost list decided.

Part of `link`. Only rows that no list has agreed with from the first are looked at, so the look is short; where a list
that was held against them is no longer in use, everything is linked again.
"""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.ledger.deliveries import Delivery
from pipeline.steps.at_hand.context import Context
from pipeline.steps.link.lists import CLAIM, LISTS, Lists
from pipeline.store import layout, tables


def is_judged_otherwise(context: Context, accepted: Sequence[Delivery], *, lists: Lists) -> set[str]:
    """Ids of these deliveries that hold rows of which the lists say something else than when they were linked."""
    if _judged_by(context) - set(lists.read_from):
        return {delivery.delivery_id for delivery in accepted}
    found: set[str] = set()
    for extract in sorted({delivery.extract for delivery in accepted} - {LISTS}):
        path = layout.waiting(context.settings.home, extract)
        mine = [delivery for delivery in accepted if delivery.extract == extract]
        ids = [delivery.delivery_id for delivery in mine]
        if not tables.files(path, column="delivery_id", values=ids):
            continue
        waiting = tables.read(path, column="delivery_id", values=ids)
        now = lists.judge(waiting.select(list(CLAIM)), deliveries=mine)
        is_other = pc.or_(
            pc.not_equal(waiting["verdict"], now["verdict"]),
            pc.not_equal(_moment(waiting["late_from"]), _moment(now["late_from"])),
        )
        # Somebody of no list who is on one now, and agrees, was linked from the first.
        is_as_it_was = pc.and_(
            pc.and_(pc.equal(waiting["verdict"], "unlisted"), pc.equal(now["verdict"], "agreed")),
            pc.is_null(now["late_from"]),
        )
        found.update(waiting.filter(pc.and_(is_other, pc.invert(is_as_it_was)))["delivery_id"].unique().to_pylist())
    return found


def remember_lists(context: Context, lists: Lists) -> None:
    """The deliveries of lists that everything linked by now was held against."""
    if _judged_by(context) != set(lists.read_from):
        rows = pa.table({"list_delivery_id": pa.array(sorted(lists.read_from), type=pa.string())})
        tables.replace_slice(layout.judged_by(context.settings.home), rows, column="set", value="current")


def _judged_by(context: Context) -> frozenset[str]:
    path = layout.judged_by(context.settings.home)
    if not tables.exists(path):
        return frozenset()
    return frozenset(tables.read(path, column="set", values=["current"])["list_delivery_id"].to_pylist())


def _moment(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.fill_null(pc.cast(pc.cast(values, pa.timestamp("us")), pa.int64()), -1)
