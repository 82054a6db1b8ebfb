-- What every view needs of its datasource, worked out once per statement rather than once per row: the moment that
-- ages and windows are reckoned from, the time zone, and settings, labels among them as the ids they stand for.
--
-- `offset 0` keeps the planner from moving these expressions into each row.

-- Hours from one instant to another; null when either is missing or they are in the wrong order.
create function dataset.hours(begun timestamptz, ended timestamptz) returns numeric
    language sql immutable parallel safe
    as $$ select case when ended >= begun then round(extract(epoch from ended - begun) / 3600, 4) end $$;

-- The first day that a question is about; null where it is about all days.
create function dataset.first_day() returns date
    language sql stable parallel safe
    as $$ select nullif(current_setting('taskgauge.first_day', true), '')::date $$;

-- First and last name as people write them.
create function dataset.person(first_name text, last_name text) returns text
    language sql immutable parallel safe
    as $$ select nullif(btrim(coalesce(first_name, '') || ' ' || coalesce(last_name, '')), '') $$;

-- Ids of picklist values whose label is one of `labels`, in any case.
create function dataset.values_labelled(datasource bigint, of_entity text, of_field text, labels jsonb)
    returns bigint[]
    language sql stable parallel safe
    as $$
        select coalesce(array_agg(p.value), '{}')
        from autotask.picklist_values p
        where p.datasource_id = datasource
            and p.entity = of_entity
            and p.field = of_field
            and lower(p.label) in (select lower(wanted) from jsonb_array_elements_text(labels) as wanted)
    $$;

-- Ids of picklist values whose label holds one of `words`, in any case.
create function dataset.values_with_words(datasource bigint, of_entity text, of_field text, words jsonb)
    returns bigint[]
    language sql stable parallel safe
    as $$
        select coalesce(array_agg(p.value), '{}')
        from autotask.picklist_values p
        where p.datasource_id = datasource
            and p.entity = of_entity
            and p.field = of_field
            and exists (
                select
                from jsonb_array_elements_text(words) as word
                where position(lower(word) in lower(p.label)) > 0
            )
    $$;

create view dataset.workspace as
select
    d.id as datasource_id,
    d.time_zone,
    taskgauge.instant() as now,
    (taskgauge.instant() at time zone d.time_zone)::date as today,
    24 * (taskgauge.setting(d.settings, 'stale_days', '3') #>> '{}')::numeric as stale_hours,
    (taskgauge.setting(d.settings, 'csat_positive_from', '80') #>> '{}')::numeric as csat_positive_from,
    taskgauge.setting(d.settings, 'utilization_basis', '"client"') #>> '{}' as utilization_basis,
    (taskgauge.setting(d.settings, 'default_daily_hours', '8') #>> '{}')::numeric as default_daily_hours,
    (taskgauge.setting(d.settings, 'loaded_cost_per_hour', 'null') #>> '{}')::numeric as loaded_cost_per_hour,
    (taskgauge.setting(d.settings, 'merged_ticket_status', 'null') #>> '{}')::bigint as merged_ticket_status,
    dataset.values_labelled(
        d.id, 'Tickets', 'ticketType', taskgauge.setting(d.settings, 'reactive_types', '["Incident", "Problem"]')
    ) as reactive_types,
    dataset.values_labelled(
        d.id, 'Tickets', 'issueType', taskgauge.setting(d.settings, 'reactive_issue_types', '[]')
    ) as reactive_issue_types,
    array(
        select queue::bigint
        from jsonb_array_elements_text(taskgauge.setting(d.settings, 'reactive_queues', '[]')) as queue
    ) as reactive_queues,
    dataset.values_with_words(
        d.id,
        'Tickets',
        'status',
        taskgauge.setting(d.settings, 'waiting_statuses', '["waiting", "hold", "customer", "vendor"]')
    ) as waiting_statuses,
    dataset.values_with_words(
        d.id,
        'ConfigurationItems',
        'configurationItemType',
        taskgauge.setting(d.settings, 'endpoint_types', '["workstation", "desktop", "laptop", "server"]')
    ) as endpoint_types,
    array(
        select category::bigint
        from jsonb_array_elements_text(taskgauge.setting(d.settings, 'excluded_ticket_categories', '[]')) as category
    ) as excluded_ticket_categories,
    -- Null means all.
    nullif(
        array(
            select queue::bigint
            from jsonb_array_elements_text(taskgauge.setting(d.settings, 'queues_in_scope', '[]')) as queue
        ),
        '{}'
    ) as queues_in_scope
from taskgauge.datasources d
offset 0;
