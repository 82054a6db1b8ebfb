-- What was earned and what it cost in one list: posted items with their cost, and time with the cost of who worked. The
-- hourly cost of time whose member has none is not known, which is not 0: its hours stand in a column of their own.
create view dataset.profit_lines as
select
    b.datasource_id,
    b.id,
    'Billing item' as kind,
    b.posted_date as date,
    b.company_id,
    b.company,
    b.contract_id,
    b.contract,
    b.contract || coalesce(' · ' || b.contract_type, '') as contract_and_type,
    b.contract_type_id,
    b.contract_type,
    b.total_amount as revenue,
    b.our_cost as item_cost,
    null::numeric as labor_cost,
    null::numeric as hours_worked,
    null::numeric as uncosted_hours
from dataset.billing_items b
union all
-- Ids of the two tables overlap.
select
    e.datasource_id,
    -e.id,
    'Time entry' as kind,
    e.date_worked as date,
    e.company_id,
    e.company,
    e.contract_id,
    e.contract,
    e.contract || coalesce(' · ' || coalesce(contract_type_label.label, '#' || ct.contract_type), '') as contract_and_type,
    ct.contract_type as contract_type_id,
    coalesce(contract_type_label.label, '#' || ct.contract_type) as contract_type,
    null::numeric as revenue,
    null::numeric as item_cost,
    e.cost as labor_cost,
    e.hours_worked,
    case when e.cost is null then e.hours_worked end as uncosted_hours
from dataset.time_all e
left join autotask.contracts ct
    on ct.datasource_id = e.datasource_id and ct.id = e.contract_id
left join autotask.picklist_values contract_type_label
    on contract_type_label.datasource_id = e.datasource_id
        and contract_type_label.entity = 'Contracts'
        and contract_type_label.field = 'contractType'
        and contract_type_label.value = ct.contract_type;
