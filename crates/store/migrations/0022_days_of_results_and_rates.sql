-- What tickets and time entries read of other records is noted by their days as well (migration 14): tickets have the
-- results of their service levels, and time entries the names and the cost of their members. Of members only changes of
-- those columns are noted; they are rare, and each looks through all time entries four times, by each of their members.
do $do$
declare
    noted record;
    results text[] := '{}';
    dates_of_tickets text[] := array[
        'tickets.create_date', 'taskgauge.utc_day(t.create_date)',
        'tickets.completed_date', 'taskgauge.utc_day(t.completed_date)',
        'tickets.closed_at',
        'taskgauge.utc_day(taskgauge.closed_at(t.status, t.completed_date, t.last_activity_date, t.create_date))'
    ];
begin
    for place in 0 .. 2 loop
        results := results || array[
            dates_of_tickets[2 * place + 1], '',
            format(
                'select t.datasource_id, %s as day
                from touched s
                join autotask.tickets t on t.datasource_id = s.datasource_id and t.id = s.ticket_id',
                dates_of_tickets[2 * place + 2]
            )
        ];
    end loop;
    for noted in
        select *
        from (
            values
                ('service_level_agreement_results', results),
                ('resources', array[
                    'time_entries.date_worked',
                    'first_name last_name internal_cost',
                    'select e.datasource_id, e.date_worked as day
                    from touched t
                    join autotask.time_entries e on e.datasource_id = t.datasource_id and e.resource_id = t.id
                    union all
                    select e.datasource_id, e.date_worked as day
                    from touched t
                    join autotask.time_entries e on e.datasource_id = t.datasource_id and e.creator_user_id = t.id
                    union all
                    select e.datasource_id, e.date_worked as day
                    from touched t
                    join autotask.time_entries e on e.datasource_id = t.datasource_id and e.last_modified_user_id = t.id
                    union all
                    select e.datasource_id, e.date_worked as day
                    from touched t
                    join autotask.time_entries e on e.datasource_id = t.datasource_id and e.billing_approval_resource_id = t.id'
                ])
        ) as v (table_name, arguments)
    loop
        execute (
            select string_agg(
                format(
                    'create trigger %I after %s on autotask.%I referencing %s
                    for each statement execute function taskgauge.note_changed_days(%s)',
                    change.trigger_name, change.event, noted.table_name, change.rows, given.arguments
                ),
                ';'
            )
            from (
                values
                    ('days_of_new_rows', 'insert', 'new table as arrived'),
                    ('days_of_changed_rows', 'update', 'old table as left_behind new table as arrived')
            ) as change (trigger_name, event, rows)
            cross join (
                select string_agg(quote_literal(argument), ', ' order by place) as arguments
                from unnest(noted.arguments) with ordinality as a (argument, place)
            ) as given
        );
    end loop;
end
$do$;
