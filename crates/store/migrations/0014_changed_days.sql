-- Which days of large collections changed, as a log: what was counted of a day holds as long as the marks of that day
-- are the same. Marks are random and are folded by exclusive or, so that the log can be shortened without changing
-- what it says, and so that commits that overtake each other are told apart.
create table taskgauge.changed_days (
    datasource_id bigint not null references taskgauge.datasources on delete cascade,
    -- Table and column of the date, such as tickets.create_date.
    dated text not null,
    -- Instants are counted by their date in UTC.
    day date not null,
    mark bigint not null
);
create index on taskgauge.changed_days (datasource_id, dated, day) include (mark);

create function taskgauge.utc_day(at timestamptz) returns date
    language sql immutable parallel safe
    as $$ select (at at time zone 'UTC')::date $$;

create function taskgauge.utc_day(at date) returns date
    language sql immutable parallel safe
    as $$ select at $$;

-- Notes days of rows that came or changed, and those of rows as they were before. The arguments are pairs: the date that
-- is noted, and a query of `datasource_id` and `day` over `touched`, the rows before and after.
--
-- A row's day changes with what its dataset reads of other rows, too: time entries belong to the company of their ticket,
-- and tickets count their time. Of those, only changes of columns that are read are noted.
create function taskgauge.note_changed_days() returns trigger
    language plpgsql
    as $$
declare
    touched text := 'select * from arrived';
begin
    if tg_op = 'UPDATE' then
        touched := touched || ' union all select * from left_behind';
    end if;
    for place in 0 .. tg_nargs / 2 - 1 loop
        execute format(
            'insert into taskgauge.changed_days (datasource_id, dated, day, mark)
            with touched as (%s)
            select d.datasource_id, %L, d.day, (random() * 9007199254740992)::bigint
            from (select distinct t.datasource_id, t.day from (%s) t where t.day is not null) d',
            touched, tg_argv[2 * place], tg_argv[2 * place + 1]
        );
    end loop;
    return null;
end
$$;

create trigger days_of_new_rows
    after insert on autotask.tickets
    referencing new table as arrived
    for each statement execute function taskgauge.note_changed_days(
        'tickets.create_date', 'select datasource_id, taskgauge.utc_day(create_date) as day from touched',
        'tickets.completed_date', 'select datasource_id, taskgauge.utc_day(completed_date) as day from touched',
        'tickets.closed_at', '
            select datasource_id, taskgauge.utc_day(
                case when status = 5 then greatest(coalesce(completed_date, last_activity_date, create_date), create_date) end
            ) as day
            from touched',
        'time_entries.date_worked', '
            select e.datasource_id, e.date_worked as day
            from touched t
            join autotask.time_entries e on e.datasource_id = t.datasource_id and e.ticket_id = t.id'
    );

create trigger days_of_changed_rows
    after update on autotask.tickets
    referencing old table as left_behind new table as arrived
    for each statement execute function taskgauge.note_changed_days(
        'tickets.create_date', 'select datasource_id, taskgauge.utc_day(create_date) as day from touched',
        'tickets.completed_date', 'select datasource_id, taskgauge.utc_day(completed_date) as day from touched',
        'tickets.closed_at', '
            select datasource_id, taskgauge.utc_day(
                case when status = 5 then greatest(coalesce(completed_date, last_activity_date, create_date), create_date) end
            ) as day
            from touched',
        'time_entries.date_worked', '
            select e.datasource_id, e.date_worked as day
            from (
                select n.datasource_id, n.id
                from arrived n
                join left_behind o on o.datasource_id = n.datasource_id and o.id = n.id
                where (n.title, n.ticket_number, n.company_id, n.queue_id, n.priority, n.ticket_type, n.project_id, n.deleted_at)
                    is distinct from (o.title, o.ticket_number, o.company_id, o.queue_id, o.priority, o.ticket_type, o.project_id, o.deleted_at)
            ) t
            join autotask.time_entries e on e.datasource_id = t.datasource_id and e.ticket_id = t.id'
    );

create trigger days_of_new_rows
    after insert on autotask.time_entries
    referencing new table as arrived
    for each statement execute function taskgauge.note_changed_days(
        'time_entries.date_worked', 'select datasource_id, date_worked as day from touched',
        'tickets.create_date', '
            select t.datasource_id, taskgauge.utc_day(t.create_date) as day
            from touched e
            join autotask.tickets t on t.datasource_id = e.datasource_id and t.id = e.ticket_id',
        'tickets.completed_date', '
            select t.datasource_id, taskgauge.utc_day(t.completed_date) as day
            from touched e
            join autotask.tickets t on t.datasource_id = e.datasource_id and t.id = e.ticket_id',
        'tickets.closed_at', '
            select t.datasource_id, taskgauge.utc_day(
                case when t.status = 5 then greatest(coalesce(t.completed_date, t.last_activity_date, t.create_date), t.create_date) end
            ) as day
            from touched e
            join autotask.tickets t on t.datasource_id = e.datasource_id and t.id = e.ticket_id'
    );

create trigger days_of_changed_rows
    after update on autotask.time_entries
    referencing old table as left_behind new table as arrived
    for each statement execute function taskgauge.note_changed_days(
        'time_entries.date_worked', 'select datasource_id, date_worked as day from touched',
        'tickets.create_date', '
            select t.datasource_id, taskgauge.utc_day(t.create_date) as day
            from touched e
            join autotask.tickets t on t.datasource_id = e.datasource_id and t.id = e.ticket_id',
        'tickets.completed_date', '
            select t.datasource_id, taskgauge.utc_day(t.completed_date) as day
            from touched e
            join autotask.tickets t on t.datasource_id = e.datasource_id and t.id = e.ticket_id',
        'tickets.closed_at', '
            select t.datasource_id, taskgauge.utc_day(
                case when t.status = 5 then greatest(coalesce(t.completed_date, t.last_activity_date, t.create_date), t.create_date) end
            ) as day
            from touched e
            join autotask.tickets t on t.datasource_id = e.datasource_id and t.id = e.ticket_id'
    );

create trigger days_of_new_rows
    after insert on autotask.tasks
    referencing new table as arrived
    for each statement execute function taskgauge.note_changed_days(
        'time_entries.date_worked', '
            select e.datasource_id, e.date_worked as day
            from touched t
            join autotask.time_entries e on e.datasource_id = t.datasource_id and e.task_id = t.id'
    );

create trigger days_of_changed_rows
    after update on autotask.tasks
    referencing old table as left_behind new table as arrived
    for each statement execute function taskgauge.note_changed_days(
        'time_entries.date_worked', '
            select e.datasource_id, e.date_worked as day
            from (
                select n.datasource_id, n.id
                from arrived n
                join left_behind o on o.datasource_id = n.datasource_id and o.id = n.id
                where (n.title, n.project_id, n.phase_id)
                    is distinct from (o.title, o.project_id, o.phase_id)
            ) t
            join autotask.time_entries e on e.datasource_id = t.datasource_id and e.task_id = t.id'
    );

-- Tickets of projects are few.
create index on autotask.tickets (datasource_id, project_id) where project_id is not null;

create trigger days_of_new_rows
    after insert on autotask.projects
    referencing new table as arrived
    for each statement execute function taskgauge.note_changed_days(
        'time_entries.date_worked', '
            select e.datasource_id, e.date_worked as day
            from touched t
            join autotask.tasks k on k.datasource_id = t.datasource_id and k.project_id = t.id
            join autotask.time_entries e on e.datasource_id = k.datasource_id and e.task_id = k.id
            union all
            select e.datasource_id, e.date_worked as day
            from touched t
            join autotask.tickets k on k.datasource_id = t.datasource_id and k.project_id = t.id
            join autotask.time_entries e on e.datasource_id = k.datasource_id and e.ticket_id = k.id'
    );

create trigger days_of_changed_rows
    after update on autotask.projects
    referencing old table as left_behind new table as arrived
    for each statement execute function taskgauge.note_changed_days(
        'time_entries.date_worked', '
            select e.datasource_id, e.date_worked as day
            from (
                select n.datasource_id, n.id
                from arrived n
                join left_behind o on o.datasource_id = n.datasource_id and o.id = n.id
                where (n.project_name, n.company_id)
                    is distinct from (o.project_name, o.company_id)
            ) t
            join autotask.tasks k on k.datasource_id = t.datasource_id and k.project_id = t.id
            join autotask.time_entries e on e.datasource_id = k.datasource_id and e.task_id = k.id
            union all
            select e.datasource_id, e.date_worked as day
            from (
                select n.datasource_id, n.id
                from arrived n
                join left_behind o on o.datasource_id = n.datasource_id and o.id = n.id
                where (n.project_name, n.company_id)
                    is distinct from (o.project_name, o.company_id)
            ) t
            join autotask.tickets k on k.datasource_id = t.datasource_id and k.project_id = t.id
            join autotask.time_entries e on e.datasource_id = k.datasource_id and e.ticket_id = k.id'
    );
