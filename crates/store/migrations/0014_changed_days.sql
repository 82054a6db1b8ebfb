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

-- When a ticket was closed: dataset.tickets_all, its index and the days that are noted agree on it.
create function taskgauge.closed_at(
    status bigint, completed_date timestamptz, last_activity_date timestamptz, create_date timestamptz
) returns timestamptz
    language sql immutable parallel safe
    as $$
        select case when status = 5 then greatest(coalesce(completed_date, last_activity_date, create_date), create_date) end
    $$;

-- Notes days of rows that came or changed, and those of rows as they were before. The arguments are groups of three: the
-- date that is noted; the columns of which one has to change for it, or none for all; and a query of `datasource_id` and
-- `day` over `touched`, the rows that came or changed: before and after where all columns count, else after.
--
-- A row's day changes with what its dataset reads of other rows, too: time entries belong to the company of their ticket,
-- and tickets count their time. Of those, only changes of columns that are read are noted.
create function taskgauge.note_changed_days() returns trigger
    language plpgsql
    as $$
declare
    columns text[];
    touched text;
begin
    for place in 0 .. tg_nargs / 3 - 1 loop
        columns := string_to_array(tg_argv[3 * place + 1], ' ');
        touched := 'select * from arrived';
        if tg_op = 'UPDATE' and columns = '{}' then
            touched := touched || ' union all select * from left_behind';
        elsif tg_op = 'UPDATE' then
            select format(
                'select n.* from arrived n join left_behind o on o.datasource_id = n.datasource_id and o.id = n.id where %s',
                string_agg(format('n.%1$I is distinct from o.%1$I', name), ' or ')
            )
            into touched
            from unnest(columns) as name;
        end if;
        execute format(
            'insert into taskgauge.changed_days (datasource_id, dated, day, mark)
            with touched as (%s)
            select d.datasource_id, %L, d.day, (random() * 9007199254740992)::bigint
            from (select distinct t.datasource_id, t.day from (%s) t where t.day is not null) d',
            touched, tg_argv[3 * place], tg_argv[3 * place + 2]
        );
    end loop;
    return null;
end
$$;

-- Tickets of projects are few.
create index on autotask.tickets (datasource_id, project_id) where project_id is not null;

-- A trigger sees rows of one kind of change, so there are two of the same on each table.
do $do$
declare
    noted record;
    dates_of_tickets text[] := array[
        'tickets.create_date', 'taskgauge.utc_day(t.create_date)',
        'tickets.completed_date', 'taskgauge.utc_day(t.completed_date)',
        'tickets.closed_at',
        'taskgauge.utc_day(taskgauge.closed_at(t.status, t.completed_date, t.last_activity_date, t.create_date))'
    ];
    own text[] := '{}';
    of_entries text[] := '{}';
begin
    for place in 0 .. 2 loop
        own := own || array[
            dates_of_tickets[2 * place + 1], '',
            format('select t.datasource_id, %s as day from touched t', dates_of_tickets[2 * place + 2])
        ];
        of_entries := of_entries || array[
            dates_of_tickets[2 * place + 1], '',
            format(
                'select t.datasource_id, %s as day
                from touched e
                join autotask.tickets t on t.datasource_id = e.datasource_id and t.id = e.ticket_id',
                dates_of_tickets[2 * place + 2]
            )
        ];
    end loop;
    for noted in
        select *
        from (
            values
                ('tickets', own || array[
                    'time_entries.date_worked',
                    'title ticket_number company_id queue_id priority ticket_type project_id deleted_at',
                    'select e.datasource_id, e.date_worked as day
                    from touched t
                    join autotask.time_entries e on e.datasource_id = t.datasource_id and e.ticket_id = t.id'
                ]),
                ('time_entries', array[
                    'time_entries.date_worked', '', 'select datasource_id, date_worked as day from touched'
                ] || of_entries),
                ('tasks', array[
                    'time_entries.date_worked',
                    'title project_id phase_id',
                    'select e.datasource_id, e.date_worked as day
                    from touched t
                    join autotask.time_entries e on e.datasource_id = t.datasource_id and e.task_id = t.id'
                ]),
                ('projects', array[
                    'time_entries.date_worked',
                    'project_name company_id',
                    'select e.datasource_id, e.date_worked as day
                    from touched t
                    join autotask.tasks k on k.datasource_id = t.datasource_id and k.project_id = t.id
                    join autotask.time_entries e on e.datasource_id = k.datasource_id and e.task_id = k.id
                    union all
                    select e.datasource_id, e.date_worked as day
                    from touched t
                    join autotask.tickets k on k.datasource_id = t.datasource_id and k.project_id = t.id
                    join autotask.time_entries e on e.datasource_id = k.datasource_id and e.ticket_id = k.id'
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
