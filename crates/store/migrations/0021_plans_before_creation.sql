-- Plans of tickets that lie before their creation are few (dataset.data_quality).
create index on autotask.tickets (datasource_id, id)
    where resolution_plan_date_time < create_date;
