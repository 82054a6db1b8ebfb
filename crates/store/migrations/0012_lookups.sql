-- What boards look up for each project. Most items belong to none.
create index on autotask.billing_items (datasource_id, project_id) where project_id is not null;
