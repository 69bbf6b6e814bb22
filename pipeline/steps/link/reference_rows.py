"""Reference files that nobody is in, put where nights read them: `pseudonymised/<extract>`, one slice per delivery.

Called by `link`, which has nothing to link in them. A reference file that names people (superseded NHS numbers) is
left where it is: in the identified zone.
"""

from collections.abc import Mapping, Sequence

from pipeline.contracts.extract import ExtractContract
from pipeline.ledger import steps
from pipeline.ledger.deliveries import Delivery
from pipeline.rules.run_key import digest_of
from pipeline.steps.at_hand.context import Context
from pipeline.store import layout, tables

STEP = "copy"


def keep_reference_rows(
    context: Context, *, contracts: Mapping[str, ExtractContract], accepted: Sequence[Delivery]
) -> None:
    """Copy the clean rows of every accepted reference delivery whose rows as they now are have not been copied yet."""
    home = context.settings.home
    for extract, contract in contracts.items():
        if contract.person is not None or contract.private("identifier"):
            continue
        target, source = layout.table(home, extract), layout.clean(home, extract)
        for delivery in accepted:
            name = delivery.delivery_id
            # One refused and accepted after all has other rows than before.
            digest = digest_of([delivery.content_digest, delivery.rows_valid])
            done = steps.find_step(context.ledger, scope=name, step=STEP) if delivery.extract == extract else None
            if delivery.extract != extract or (done is not None and done.state == "finished" and done.digest == digest):
                continue
            steps.start_step(context.ledger, scope=name, step=STEP, at=context.now())
            if tables.files(source, column="delivery_id", values=[name]):
                rows = tables.read(source, column="delivery_id", values=[name])
                tables.replace_slices(target, rows, column="delivery_id", values=[name])
            steps.finish_step(
                context.ledger, scope=name, step=STEP, at=context.now(), counts={"rows": delivery.rows_valid},
                digest=digest,
            )  # fmt: skip
