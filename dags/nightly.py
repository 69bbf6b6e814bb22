"""### nightly: registers of high-risk people, published before practices open

**What it does.** Takes in what came before 02:00 London time, freezes the run under its key, then features → score →
segment → register → watch → publish. A stage is the `riskstrat` command of its name; run again, it gives the same.
Packs are made in groups (`publish_group`): a practice that fails stops no other; `publish` tries it again, makes the
localities' lists, and fails in words that name it. `nightly_early` is the same, begun from 18:00 London time on, once
nothing that is expected is missing (`deliveries` says so); the run at 02:05 leaves a finished night as it is.

**When a task is red.** Its log says what happened, where, and what to do; `riskstrat status` shows what waits. What a
person must put right is not tried again by itself: mend it, then clear the task. Other alerts: docs/runbooks.

| it says | do |
|---|---|
| No model is promoted | `riskstrat train --as-of DATE`, read the evaluation, `riskstrat promote` |
| The policy holds no valid basis | renew the entry in the policy file; nothing is published until then |
| The scores of this night do not fit | `riskstrat watch`; a person decides: docs/runbooks/scores-do-not-fit.md |
| packs could not be published | put right what it says, clear `publish`: docs/runbooks/pack-blocked.md |
| no register by 06:00 | `riskstrat status`; what holds the pool `riskstrat`? docs/runbooks/night-did-not-finish.md |

**Run a night by hand.** Trigger with `{"as_of": "2026-11-22"}`, or from a shell `riskstrat nightly --as-of 2026-11-22`.
**Backfill.** `airflow backfill create --dag-id nightly --from-date D --to-date DT23:59:59 --max-active-runs 1` is
`riskstrat backfill`; with `--dag-run-conf '{"knowledge": "now"}'` by what is known today: docs/for-operators.md.
"""

from datetime import timedelta

import pendulum
from airflow import sdk
from riskstrat_wiring import AS_OF, BY, DONE, LONDON, NIGHT, SOURCES, does, our_dag, tell_deadline, tells, work

STAGES = "features", "score", "segment", "register", "watch"
AT_0205 = sdk.CronPartitionTimetable("5 2 * * *", timezone=LONDON, run_offset=-1, key_format="%Y-%m-%d")
ALL_IN = sdk.PartitionedAssetTimetable(assets=sdk.AssetAll(*SOURCES.values()))
BY_0600 = sdk.DeadlineAlert(
    reference=sdk.DeadlineReference.DAGRUN_QUEUED_AT,
    interval=timedelta(hours=3, minutes=55),
    callback=sdk.SyncCallback(tell_deadline),
)
PARAMS = {"as_of": NIGHT, "knowledge": sdk.Param("then", enum=["then", "now"]), "series": "airflow", "send": False}
GIVEN = {"knowledge": "{{ params.knowledge }}", "series": "{{ params.series }}"}
BY_CODES = {"task_id": "publish_group", "map_index_template": "{{ task.op_kwargs['given']['codes'] | join(' ') }}"}

for dag_id, schedule, deadline in (("nightly", AT_0205, BY_0600), ("nightly_early", ALL_IN, None)):
    with our_dag(
        dag_id, doc=__doc__, description="Deliveries of the day in, ranked registers per practice out",
        schedule=schedule, deadline=deadline, start_date=pendulum.datetime(2026, 11, 1, tz=LONDON), params=PARAMS,
    ):  # fmt: skip
        intake = does("intake", "take_in_night", as_of=AS_OF, by=BY)
        key = does("freeze", "freeze_night", as_of=AS_OF, by=BY, **GIVEN)
        stages = [does(name, "run_night_stage", run_key=key, stage=name) for name in STAGES]
        packs = does("packs", "packs_due", run_key=key)
        made = work.override(**BY_CODES).partial(function="publish_packs").expand(given=packs)
        published = does("publish", "publish_night", how=DONE, run_key=key, packs=packs)
        finished = does("finish", "finish_night", run_key=key, by=BY, series=GIVEN["series"], send="{{ params.send }}")
        told = tells(as_of=AS_OF, by=BY)
        sdk.chain(intake, key, *stages, packs, made, published, finished, told)
        packs >> finished
