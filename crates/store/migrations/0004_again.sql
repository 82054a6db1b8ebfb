-- Rows that are read again because their stamps do not tell of every change, and deletion logs that name the parent of
-- what was deleted.
alter table taskgauge.entity_state
    -- When the rows that are read again in any case were read last.
    add column again_at timestamptz,
    -- Lines of the deletion logs that this copy wrote before then have been followed up.
    add column logs_until timestamptz;
