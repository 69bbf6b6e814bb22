"""### feedback: what practices send back is read, and what waits for them is sent

**What it does.** Every hour: sends the packs and notices that wait, follows what was sent, looks into the mailbox
(`exchange`; nothing without a delivery plan), and reads every returned register that came by message or lies in
`identified/returned/in/<practice code>/` (`read`). A register that cannot count is refused with a report that the
practice may be told, and makes no task red.

**When a task is red.** The next hour goes on where this one stopped; nothing is sent twice because an answer was lost.

| it says | do |
|---|---|
| things could not be delivered | `riskstrat status`; docs/runbooks/mesh.md; `riskstrat settle` where only you can say |
| returned registers cannot be judged and stay where they lie | read each with `riskstrat feedback`, which says why |
| the delivery plan does not hold together | correct the field of `delivery.yml` that it names |

**By hand.** `riskstrat deliver`, `riskstrat collect`, `riskstrat feedback FILE --practice CODE --who NAME`.
"""

import pendulum
from airflow import sdk
from riskstrat_wiring import LONDON, does, our_dag, tells

with our_dag(
    "feedback",
    doc=__doc__,
    description="Packs sent and followed, returned registers read",
    schedule=sdk.CronTriggerTimetable("20 * * * *", timezone=LONDON),
    start_date=pendulum.datetime(2026, 11, 1, tz=LONDON),
):
    exchanged = does("exchange", "exchange_messages")
    read = does("read", "read_answers")
    told = tells()
    [exchanged, read] >> told
