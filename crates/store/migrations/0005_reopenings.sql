-- Tickets that were complete and are open again. Autotask tells no history of states in bulk, so this copy notes what
-- it sees: reopenings since its first load.
create table taskgauge.ticket_reopenings (
    datasource_id bigint not null references taskgauge.datasources (id) on delete cascade,
    ticket_id bigint not null,
    -- When Autotask stamped the change that reopened it.
    at timestamptz not null,
    primary key (datasource_id, ticket_id, at)
);

create function taskgauge.note_reopening() returns trigger
    language plpgsql
    as $$
begin
    insert into taskgauge.ticket_reopenings (datasource_id, ticket_id, at)
    values (new.datasource_id, new.id, coalesce(new.last_activity_date, new.changed_at))
    on conflict do nothing;
    return null;
end
$$;

-- 5 is Complete in every tenant.
create trigger note_reopening
    after update on autotask.tickets
    for each row
    when (old.status = 5 and new.status <> 5)
    execute function taskgauge.note_reopening();
