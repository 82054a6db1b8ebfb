-- Gauges and dashboards that people made or changed. What ships is part of the program; only what differs is stored.
create table taskgauge.content (
    kind text not null check (kind in ('gauge', 'dashboard')),
    id text not null,
    -- What shipped when it was changed; null for what people made themselves.
    base jsonb,
    body jsonb not null,
    -- What stood there before the last change, for undo; null for the default, or for nothing.
    before jsonb,
    -- The version of all content that this change made.
    version bigint not null,
    changed_at timestamptz not null,
    changed_by text not null,
    removed_at timestamptz,
    primary key (kind, id)
);

-- Rises with each change, in the same transaction, so that every process knows when to read the table again.
create table taskgauge.content_version (
    is_only boolean primary key default true check (is_only),
    version bigint not null
);

insert into taskgauge.content_version (version) values (1);
