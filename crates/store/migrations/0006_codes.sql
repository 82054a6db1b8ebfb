-- Picklist values are numbers, except in a few lists whose rows hold words, such as Resources.emailTypeCode. `code` is
-- the value as rows hold it, and `value` the same as a number where it is one.
alter table autotask.picklist_values add column code text;

update autotask.picklist_values set code = value::text;

alter table autotask.picklist_values
    drop column value,
    alter column code set not null,
    add primary key (datasource_id, entity, field, code),
    add column value bigint
        generated always as (case when code ~ '^(0|-?[1-9][0-9]{0,17})$' then code::bigint end) stored;

create unique index picklist_values_value on autotask.picklist_values (datasource_id, entity, field, value);

-- Field lists that were read without the words are read again.
update taskgauge.entity_state
set metadata_at = null
where entity in ('Resources', 'Opportunities');
