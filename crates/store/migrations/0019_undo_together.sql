-- Of how many gauges and dashboards a change was: those of a file are undone together, or not at all.
alter table taskgauge.content add column pieces int not null default 1;
-- Whether it was removed before the last change, for undo.
alter table taskgauge.content add column before_removed boolean not null default false;
