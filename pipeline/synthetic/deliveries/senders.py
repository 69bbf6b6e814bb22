"""Who sends which extract: GP suppliers, trusts, providers, councils and the two national services.

A small region has only the senders its practices' boroughs call for, as `records.senders` has it.
"""

from pipeline.synthetic.population.frame import BARNET, CAMDEN, COUNCILS, ENFIELD, Frame
from pipeline.synthetic.records.senders import COMMUNITY, MENTAL_HEALTH, TRUSTS

GP = ("gp_patient", "gp_event", "gp_medication")
# What hospitals submit for a month twice: when it is due, and once more a month later.
HOSPITAL = ("acute_apc", "acute_ecds", "acute_outpatient")
REFERENCE = {"reference_organisation": "ODS", "nhs_number_change": "PDS"}


def senders(frame: Frame, extract: str) -> tuple[str, ...]:
    """Everyone who sends this extract, in a fixed order. Raises KeyError for an extract nobody is known to send."""
    if extract in REFERENCE:
        return (REFERENCE[extract],)
    if extract in GP:
        return tuple(sorted({practice.supplier for practice in frame.practices if practice.supplier}))
    has_outer = any(practice.borough_code in (CAMDEN, BARNET, ENFIELD) for practice in frame.practices)
    return {
        "acute": TRUSTS if has_outer else TRUSTS[:2],
        "community": COMMUNITY if has_outer else COMMUNITY[:1],
        "mental": MENTAL_HEALTH,
        "social": COUNCILS,
    }[extract.split("_")[0]]


def new_councils(frame: Frame) -> frozenset[str]:
    """Councils without a practice of the frame: they joined lately and have sent little yet."""
    return frozenset(COUNCILS) - {practice.borough_code for practice in frame.practices}
