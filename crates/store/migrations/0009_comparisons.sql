-- Nightly comparisons with Autotask's own counts, also asked for by a person.
alter table taskgauge.runs
    drop constraint runs_kind_check,
    add constraint runs_kind_check check (kind in ('full', 'incremental', 'reconcile'));

-- Whose turn it is among the parts of a collection that are compared id by id, one a night.
alter table taskgauge.entity_state add column turn integer not null default 0;

create table taskgauge.comparisons (
    datasource_id bigint not null references taskgauge.datasources (id) on delete cascade,
    entity text not null,
    -- The window that was counted, as the declaration names it; 'all records' for the whole collection.
    part text not null,
    at timestamptz not null,
    -- Rows by Autotask's count, and rows stored.
    there bigint not null,
    here bigint not null,
    -- Rows that were read anew or marked because of it.
    repaired bigint not null,
    -- Rows that the counts were apart by once that was done.
    apart bigint not null,
    primary key (datasource_id, entity, part, at)
);

create index on taskgauge.comparisons (datasource_id, at);
