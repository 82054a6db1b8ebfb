-- What the sync did: one row for each kind of record that a run had to do with. Runs that ended before they began with
-- any have one row without.
create view dataset.sync_log as
select
    r.datasource_id,
    r.id as run_id,
    r.kind,
    s.entity,
    coalesce(s.state, r.state) as state,
    r.queued_at,
    r.started_at,
    r.ended_at,
    s.read as rows_read,
    s.written as rows_written,
    s.unchanged as rows_unchanged,
    s.deleted as rows_deleted,
    s.quarantined as rows_set_aside,
    coalesce(s.requests, r.requests) as requests,
    round(s.seconds::numeric, 3) as seconds,
    coalesce(s.problem, r.problem) as problem
from taskgauge.runs r
left join taskgauge.steps s
    on s.datasource_id = r.datasource_id and s.run_id = r.id;
