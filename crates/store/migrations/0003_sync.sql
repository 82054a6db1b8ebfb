-- What the sync remembers: runs and their steps, where each walk stands, what each table holds, rows set aside.

-- One sync of one datasource. A worker holds a run by its lease; the fence rises with every lease, so that a worker
-- that lost its lease cannot commit any more.
create table taskgauge.runs (
    datasource_id bigint not null references taskgauge.datasources (id) on delete cascade,
    id bigint generated always as identity,
    kind text not null check (kind in ('full', 'incremental')),
    state text not null default 'queued' check (state in ('queued', 'running', 'done', 'failed', 'cancelled')),
    queued_at timestamptz not null,
    started_at timestamptz,
    ended_at timestamptz,
    problem text,
    requests bigint not null default 0,
    requested_by bigint,
    worker text,
    lease_until timestamptz,
    fence bigint not null default 0,
    cancel_requested boolean not null default false,
    -- Autotask refused the credentials: nothing is scheduled until they are replaced or a person asks.
    halts boolean not null default false,
    primary key (datasource_id, id)
);

create index on taskgauge.runs (id);
create unique index runs_active on taskgauge.runs (datasource_id) where state in ('queued', 'running');
create index on taskgauge.runs (queued_at) where state in ('queued', 'running');

-- One entity's part of a run. Counters as in the model's `Step`.
create table taskgauge.steps (
    datasource_id bigint not null,
    run_id bigint not null,
    entity text not null,
    place integer not null,
    state text not null default 'queued' check (state in ('queued', 'running', 'done', 'failed', 'cancelled')),
    slice text,
    expected bigint,
    read bigint not null default 0,
    written bigint not null default 0,
    unchanged bigint not null default 0,
    deleted bigint not null default 0,
    quarantined bigint not null default 0,
    requests bigint not null default 0,
    seconds double precision not null default 0,
    problem text,
    primary key (datasource_id, run_id, entity),
    foreign key (datasource_id, run_id) references taskgauge.runs (datasource_id, id) on delete cascade
);

-- Where an unfinished walk through a collection stands.
create table taskgauge.cursors (
    datasource_id bigint not null references taskgauge.datasources (id) on delete cascade,
    entity text not null,
    slice text not null,
    -- Autotask's time when the walk began. Conditions relative to now are frozen at it.
    began_at timestamptz not null,
    -- Last id that is committed; null before the first page.
    after_id bigint,
    done boolean not null default false,
    primary key (datasource_id, entity, slice)
);

-- What the copy of an entity holds and how fresh it is.
create table taskgauge.entity_state (
    datasource_id bigint not null references taskgauge.datasources (id) on delete cascade,
    entity text not null,
    -- Rises with every change of rows or labels.
    version bigint not null default 0,
    -- When Autotask last answered completely.
    read_at timestamptz,
    -- Rows that are not marked as deleted.
    rows bigint not null default 0,
    -- End of the first load.
    loaded_at timestamptz,
    -- Autotask's time from which changes are asked for.
    watermark timestamptz,
    -- When the whole collection was last read or its ids compared.
    swept_at timestamptz,
    -- Whether rows await the second look.
    has_absent boolean not null default false,
    -- When picklists and field lists were read.
    metadata_at timestamptz,
    -- Fields that Autotask does not let anybody filter on.
    unqueryable text[] not null default '{}',
    primary key (datasource_id, entity)
);

-- Rows that could not be read, as Autotask sent them.
create table taskgauge.quarantine (
    datasource_id bigint not null references taskgauge.datasources (id) on delete cascade,
    entity text not null,
    id bigint not null,
    reason text not null,
    "row" jsonb not null,
    at timestamptz not null,
    primary key (datasource_id, entity, id)
);

-- Children are read again for parents that changed lately.
create index on autotask.tickets (datasource_id, changed_at);
create index on autotask.service_calls (datasource_id, changed_at);
