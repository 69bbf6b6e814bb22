"""### housekeeping: the audit checked, a backup made, and what is past its time shown or deleted

**What it does.** Every noon: holds the audit against its anchor (`audit`); makes a backup in the folder that
`RISKSTRAT_BACKUPS` names (`backup`; skipped without one); shows what is past its time by the retention file (`purge`).
It deletes only where the home's own `retention.yml` says who decided so (`deleted_by`), or a person triggers it with
who and why. Old backups are the deployer's to remove.

**When a task is red.** Nothing of the night waits for this. Mend it, then clear the task.

| it says | do |
|---|---|
| The audit is not as it was written | keep all as it is; tell who answers for the data: docs/runbooks/restore.md |
| A backup goes to a folder outside the home | correct `RISKSTRAT_BACKUPS` |
| things past their time are still there | look what holds them, clear `purge`: docs/runbooks/restore.md |

**By hand.** `riskstrat audit verify`, `riskstrat backup --to FOLDER`, `riskstrat purge`; trigger with `{"delete": true,
"who": "A. Name", "reason": "quarterly retention"}` to delete.
"""

import pendulum
from airflow import sdk
from riskstrat_wiring import LONDON, does, our_dag, tells

GIVEN = {name: f"{{{{ params.{name} }}}}" for name in ("delete", "who", "reason")}

with our_dag(
    "housekeeping",
    doc=__doc__,
    description="Audit verified, backup made, what is past its time shown or deleted",
    schedule=sdk.CronTriggerTimetable("0 12 * * *", timezone=LONDON),
    start_date=pendulum.datetime(2026, 11, 1, tz=LONDON),
    params={"delete": False, "who": "", "reason": ""},
):
    audit = does("audit", "verify_audit")
    saved = does("backup", "make_backup")
    purged = does("purge", "purge_home", how={"trigger_rule": sdk.TriggerRule.NONE_FAILED}, **GIVEN)
    told = tells()
    sdk.chain(audit, saved, purged, told)
