-- Tasks by their phase: hours and progress of a phase are those of its tasks.
create index on autotask.tasks (datasource_id, phase_id) where phase_id is not null;
