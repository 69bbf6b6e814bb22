"""The vault as a step may open it: every use is entered in the audit, in counts, before anything is opened or changed.

The row says who, which run, which practice, what for and how many people; never which ones.
"""

from pipeline.ledger import audit
from pipeline.steps.at_hand.context import Context
from pipeline.store.keys import Keys
from pipeline.store.vault import Use, Vault, open_vault

ACTIONS = {
    "re-identify": "re-identify",
    "refuse": "re-identify_refused",
    "enter": "vault_enter",
    "forget": "vault_forget",
    "re-key": "vault_re-key",
    "look up": "vault_look_up",
}


def audited_vault(
    context: Context,
    *,
    purpose: str,
    run_key: str | None = None,
    who: str = "pipeline",
    also: Keys | None = None,
) -> Vault:
    """The vault of this home, opened for one purpose; `also` are keys that some of it may be sealed with already."""

    def tell(use: Use) -> None:
        counts = {"people": use.people} | ({"practices_looked_up": use.looked_up} if use.looked_up else {})
        audit.append(
            context.ledger,
            at=context.now(),
            who=who,
            action=ACTIONS[use.what],
            run_key=run_key,
            subject=f"practice {use.practice_code or 'any'}, purpose {purpose}",
            counts=counts,
        )

    return open_vault(context.settings.vault_url, keys=context.keys, tell=tell, also=also)
