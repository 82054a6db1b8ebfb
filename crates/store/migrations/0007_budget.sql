-- How often a datasource is synced, which part of the tenant's requests it takes, and what Autotask last said of them.
alter table taskgauge.datasources
    add column sync_minutes integer not null default 5 check (sync_minutes between 1 and 1440),
    add column share_percent integer not null default 50 check (share_percent between 1 and 100),
    add column hour_used bigint,
    add column hour_limit bigint,
    add column hour_at timestamptz;
