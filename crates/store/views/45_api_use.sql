-- One row: what Autotask said of the tenant's requests within the last hour, and what we made of them. What was said
-- earlier is about another hour, so it is nothing rather than a number.
create view dataset.api_use as
select
    d.id as datasource_id,
    case when d.hour_at > w.now - interval '60 minutes' then d.hour_at end as said_at,
    case when d.hour_at > w.now - interval '60 minutes' then d.hour_used end as requests_used,
    case when d.hour_at > w.now - interval '60 minutes' then d.hour_limit end as requests_allowed,
    (
        select coalesce(sum(r.requests), 0)::bigint
        from taskgauge.runs r
        where r.datasource_id = d.id
            and r.started_at <= w.now
            and coalesce(r.ended_at, w.now) > w.now - interval '60 minutes'
    ) as own_requests
from taskgauge.datasources d
join dataset.workspace w on w.datasource_id = d.id;
