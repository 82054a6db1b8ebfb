-- Rotations of boards for screens on the wall. Which board is shown when follows from the clock; nothing of it is stored.
create table taskgauge.walls (
    id bigint generated always as identity primary key,
    -- Name, theme and boards, as `model::wall::Wall` writes them.
    body jsonb not null,
    -- Rises with each change, so that nobody overwrites what somebody else changed meanwhile.
    version bigint not null default 1,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    changed_by text not null,
    removed_at timestamptz
);
