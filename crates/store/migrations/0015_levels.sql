-- When a ticket was closed, as dataset.tickets_all has it: what was open at the end of a day is found by it.
create index on autotask.tickets (
    datasource_id, taskgauge.closed_at(status, completed_date, last_activity_date, create_date)
);

-- Rises when labels of an entity change. They change its version, too; what was counted of a day rests on this one.
alter table taskgauge.entity_state add column labels_version bigint not null default 0;
