-- Days of posted items are noted as those of tickets and time are (migration 14).
create trigger days_of_new_rows
    after insert on autotask.billing_items
    referencing new table as arrived
    for each statement
    execute function taskgauge.note_changed_days(
        'billing_items.posted_date', '', 'select datasource_id, posted_date as day from touched'
    );

create trigger days_of_changed_rows
    after update on autotask.billing_items
    referencing old table as left_behind new table as arrived
    for each statement
    execute function taskgauge.note_changed_days(
        'billing_items.posted_date', '', 'select datasource_id, posted_date as day from touched'
    );
