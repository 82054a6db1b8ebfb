-- Which worker holds which run, in a table that is empty after a crash of the database or when a standby takes over. Pages
-- are committed without waiting for the disk, so that a crash may take the last ones back: a worker that lives on must
-- not go on from where it thinks it is. Whoever finds its hold gone begins at what is stored.
create unlogged table taskgauge.holds (
    datasource_id bigint not null,
    run_id bigint not null,
    fence bigint not null,
    primary key (datasource_id, run_id),
    foreign key (datasource_id, run_id) references taskgauge.runs (datasource_id, id) on delete cascade
);
