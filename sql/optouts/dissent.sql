-- Title: People who dissent by a coded entry: a Type 1 objection, or a local one
-- Grain: one row per dissenting NHS number and kind of objection
-- Reads: current_objection
-- Window: none; as known now, whatever night is being run
-- Source: Type 1 and local objections, each kind by itself: latest dated code wins; a tie or an undated dissent is a dissent
-- Null: an undated dissent counts, an undated withdrawal does not
select
    current_objection.nhs_number,
    current_objection.kind,
from current_objection
where current_objection.nhs_number is not null
group by
    current_objection.nhs_number,
    current_objection.kind
having
    count(*) filter (where current_objection.meaning = 'dissent') > 0
    and (
        count(*) filter (where current_objection.meaning = 'dissent' and current_objection.effective_date is null) > 0
        or count(*) filter (where current_objection.meaning = 'withdrawal') = 0
        or max(case when current_objection.meaning = 'dissent' then current_objection.effective_date end)
        >= max(case when current_objection.meaning = 'withdrawal' then current_objection.effective_date end)
    )
order by
    current_objection.nhs_number nulls last,
    current_objection.kind nulls last
