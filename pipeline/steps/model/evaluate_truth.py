"""The true risk of invented people, beside the hold-out: read from the generator's truth and kept nowhere.

The truth goes by NHS number, so people are found under the home's own key, in memory. Only where the policy says that
everything is invented.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.contracts.policy import load_policy
from pipeline.errors import UserError
from pipeline.steps.at_hand.context import Context
from pipeline.steps.model.evaluate_holdout import HoldOut
from pipeline.steps.opt_out.erasure import key_of

FILE = "oracle.parquet"


def true_risks(context: Context, folder: Path, held: HoldOut) -> npt.NDArray[np.float64]:
    """The oracle's probability of each person of the hold-out; NaN for people it does not tell of.

    Raises UserError if the policy is not fictitious, there is no oracle, or it tells of other dates or other people.
    """
    if not load_policy(context.settings.policy_file).fictitious:
        raise UserError(
            "Only of invented people is the true risk known, and this home's policy is not fictitious",
            where=context.settings.policy_file.name,
            next_step="leave --truth out",
        )
    path = folder / FILE
    if not path.is_file():
        raise UserError(
            "There is no oracle in that folder",
            where=FILE,
            next_step="name the _truth folder of a region that was written with riskstrat synthesise --oracle",
        )
    told = pq.read_table(path, columns=["nhs_number", "index_date", "probability_12m"])
    dates = sorted(set(told["index_date"].to_pylist()))
    own = told.filter(pc.equal(told["index_date"], held.index_date))
    if not own.num_rows:
        raise UserError(
            f"The oracle tells of {', '.join(map(str, dates))}, the hold-out is of {held.index_date}",
            where=FILE,
            next_step="write the region with --oracle-months-before as the plan's holdout_months_before",
        )
    place = {key: at for at, key in enumerate(held.person_keys)}
    risks = np.full(held.people, np.nan)
    for number, probability in zip(own["nhs_number"].to_pylist(), own["probability_12m"].to_pylist(), strict=True):
        at = place.get(key_of(context, number))
        if at is not None:
            risks[at] = probability
    if np.isnan(risks).all():
        raise UserError(
            "Nobody of the hold-out is among the people the oracle tells of",
            where=FILE,
            next_step="name the truth of the region that this home has taken in",
        )
    return risks
