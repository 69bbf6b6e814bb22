"""The keys of a home are made here, so that the audit says when and which: key ids, never a secret."""

from pipeline.contracts.settings import Settings
from pipeline.ledger import audit
from pipeline.ledger.connect import open_ledger
from pipeline.steps.at_hand.context import Context, StepResult
from pipeline.steps.at_hand.signing import keep_public_key
from pipeline.store.keys import create_keys


def new_keys(settings: Settings, *, who: str) -> StepResult:
    """Draw the keys of the home, once, with a row in the audit; raises UserError if any is there.

    A home of before signatures is given its signing key alone.
    """
    # The ledger first: where it cannot be reached, no key is made that it knows nothing of.
    ledger = open_ledger(settings.ledger_url, anchor=settings.audit_anchor)
    keys = create_keys(settings.keys_folder)
    keep_public_key(settings, keys)
    audit.append(
        ledger,
        at=Context(settings=settings, ledger=ledger, keys=keys).now(),
        who=who,
        action="create_keys",
        run_key=None,
        subject=" ".join(f"{purpose}={key_id}" for purpose, key_id in keys.ids.items()),
        counts={"keys": len(keys.ids)},
    )
    return StepResult(counts={"keys": len(keys.ids)})
