-- What Taskgauge itself keeps: people, sessions, datasources, credentials.
--
-- Times are written by the application, whose clock tests can set; no column has now() as its default.

-- The migrator has made the schema already, to keep its own list in it.
create schema if not exists taskgauge;

-- The instant that windows and ages are reckoned from. A reader sets it for its transaction, so that one board is of
-- one moment and a test is of any moment it likes.
create function taskgauge.instant() returns timestamptz
    language sql stable parallel safe
    as $$ select coalesce(nullif(current_setting('taskgauge.now', true), '')::timestamptz, now()) $$;

-- A setting of a datasource, or its default. Only what an admin changed is stored, so that a better default reaches
-- everyone else.
create function taskgauge.setting(settings jsonb, key text, fallback jsonb) returns jsonb
    language sql immutable parallel safe
    as $$ select coalesce(nullif(settings -> key, 'null'::jsonb), fallback) $$;

-- Of the installation, not of a datasource.
create table taskgauge.settings (
    name text primary key,
    value jsonb not null,
    changed_at timestamptz not null
);

create table taskgauge.users (
    id bigint generated always as identity primary key,
    email text not null,
    name text not null,
    -- argon2id, with its parameters and salt in the string, so that they can be raised later
    password_hash text not null,
    role text not null check (role in ('admin', 'member')),
    created_at timestamptz not null,
    disabled_at timestamptz
);

-- People write their address in any case; an index rather than an extension, which a hosted Postgres may not offer.
create unique index users_email on taskgauge.users (lower(email));

-- Who can read the database cannot sign in with what is here: tokens are kept as SHA-256. They are random, so a slow
-- hash would add nothing.
create table taskgauge.sessions (
    id bigint generated always as identity primary key,
    token_hash bytea not null unique check (octet_length(token_hash) = 32),
    user_id bigint not null references taskgauge.users on delete cascade,
    created_at timestamptz not null,
    expires_at timestamptz not null
);

create index on taskgauge.sessions (user_id);
create index on taskgauge.sessions (expires_at);

-- Links that let their holder become an admin: one-time, short-lived.
create table taskgauge.welcome_tokens (
    token_hash bytea primary key check (octet_length(token_hash) = 32),
    created_at timestamptz not null,
    expires_at timestamptz not null
);

create table taskgauge.datasources (
    id bigint generated always as identity primary key,
    name text not null,
    -- IANA name; views count days in it
    time_zone text not null,
    api_url text not null,
    zone_name text not null default '',
    web_url text,
    -- Autotask's number of the customer database
    tenant bigint,
    paused boolean not null default false,
    synced_at timestamptz,
    settings jsonb not null default '{}' check (jsonb_typeof(settings) = 'object'),
    doctor jsonb,
    created_at timestamptz not null
);

create unique index datasources_name on taskgauge.datasources (lower(name));

-- Beside the datasource rather than in it: what lists datasources has no reason to touch secrets. Each column is
-- sealed for its datasource and its purpose, so that a value copied to another row or column does not open.
create table taskgauge.credentials (
    datasource_id bigint primary key references taskgauge.datasources on delete cascade,
    key_id text not null,
    user_name bytea not null,
    secret bytea not null,
    integration_code bytea not null,
    stored_at timestamptz not null,
    worked_at timestamptz
);

-- Connections that passed their test and wait to be saved. Sealed as a whole, and gone with the session.
create table taskgauge.drafts (
    id text primary key,
    session_id bigint not null references taskgauge.sessions on delete cascade,
    key_id text not null,
    sealed bytea not null,
    expires_at timestamptz not null
);

create index on taskgauge.drafts (session_id);
create index on taskgauge.drafts (expires_at);

-- Who did what. Names are copied, so that the log still reads when the person or the datasource is gone.
create table taskgauge.audit (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    actor text not null,
    action text not null,
    subject text not null,
    detail jsonb not null default '{}'
);

create index on taskgauge.audit (at);

-- Removes every row that was read from a datasource's tenant, with cursors, runs and whatever else later migrations
-- keep per datasource: any table of these two schemas that has a datasource_id, apart from those that the caller sees
-- to. Tables found by their shape cannot be forgotten when a new one is added. Youngest first: a table refers to older
-- ones.
create function taskgauge.forget_rows(forgotten bigint) returns bigint
    language plpgsql
    as $$
declare
    held record;
    removed bigint;
    total bigint := 0;
begin
    for held in
        select c.oid::regclass as name
        from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = 'datasource_id' and not a.attisdropped
        where n.nspname in ('autotask', 'taskgauge')
            and c.relkind in ('r', 'p')
            and not c.relispartition
            and c.relname not in ('credentials', 'entity_state')
        order by c.oid desc
    loop
        execute format('delete from %s where datasource_id = $1', held.name) using forgotten;
        get diagnostics removed = row_count;
        total := total + removed;
    end loop;
    return total;
end
$$;
