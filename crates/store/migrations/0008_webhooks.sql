-- Webhooks: Autotask calls when a record changes, so that it is read at once and not with the next sync.
alter table taskgauge.datasources
    -- The public address that Autotask calls; null while webhooks are off.
    add column webhook_address text,
    -- When something was missed that a sync has to find: it does not wait for its schedule.
    add column catch_up_at timestamptz;

create table taskgauge.webhooks (
    datasource_id bigint not null references taskgauge.datasources (id) on delete cascade,
    -- Where it is registered, such as TicketWebhooks.
    collection text not null,
    -- The address it was registered with.
    address text not null,
    -- What callouts are signed with; sealed.
    secret bytea not null,
    state text not null default 'registering' check (state in ('registering', 'active', 'refused', 'deactivated')),
    problem text,
    -- Autotask's id and GUID, once it is registered.
    remote_id bigint,
    guid text,
    fields integer not null default 0,
    -- When Autotask was last asked whether it is still active.
    checked_at timestamptz,
    -- The highest number of a callout that came. Numbers rise by one; one that is left out did not arrive.
    sequence bigint,
    called_at timestamptz,
    primary key (datasource_id, collection)
);

-- Callouts that came, each once, until a day after their record was read.
create table taskgauge.callouts (
    datasource_id bigint not null,
    collection text not null,
    guid text not null,
    sequence bigint not null,
    record_id bigint not null,
    -- The id of the row that is read again, where the callout itself names it.
    leads_to bigint,
    is_deletion boolean not null,
    arrived_at timestamptz not null,
    -- Until then a process is reading its record.
    claimed_until timestamptz,
    read_at timestamptz,
    primary key (datasource_id, collection, guid, sequence),
    foreign key (datasource_id, collection) references taskgauge.webhooks (datasource_id, collection) on delete cascade
);

create index callouts_waiting on taskgauge.callouts (datasource_id, collection) where read_at is null;
