"""### training: once a month a challenger, judged; whether it scores is for a person to say

**What it does.** Trains a family of models from what was known on the last finished night (or the night given), judges
it on its hold-out, and writes `reports/evaluation/<model>/evaluation.html` and the model's card. Nothing scores with
it: the champion stays until a named person promotes another.

**When a task is red.** What a person must put right is not tried again by itself: mend it, then clear the task.

| it says | do |
|---|---|
| No night has finished | trigger with `{"as_of": "2026-11-22"}`, the night whose knowledge to learn from |
| No declared set of sources may be used whole | renew the policy's letters: docs/runbooks/no-fitting-model.md |
| The policy holds no valid basis | docs/runbooks/source-not-used.md |

**Then.** Read the evaluation, compare it with the champion's (`riskstrat models`), and decide: `riskstrat promote MODEL
--who NAME --reason WHY`; back again with `riskstrat rollback`.

**By hand.** `riskstrat train --as-of 2026-11-22`, then `riskstrat evaluate --model MODEL`.
"""

import pendulum
from airflow import sdk
from riskstrat_wiring import AS_OF, LONDON, NIGHT, does, our_dag

with our_dag(
    "training",
    doc=__doc__,
    description="A challenger trained and judged; a person promotes",
    schedule=sdk.CronTriggerTimetable("0 8 2 * *", timezone=LONDON),
    start_date=pendulum.datetime(2026, 11, 1, tz=LONDON),
    params={"as_of": NIGHT},
):
    model = does("train", "train_challenger", as_of=AS_OF)
    judged = does("evaluate", "judge_challenger", model_id=model)
    sdk.chain(judged, does("notify", "tell_challenger", model_id=model, counts=judged))
