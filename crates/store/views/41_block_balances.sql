-- Prepaid hours by contract. How fast a contract burns is one number, whatever the number of its blocks, so it is taken
-- once and not added up.
create view dataset.block_balances as
with balances as (
    select
        b.datasource_id,
        b.contract_id,
        max(b.contract) as contract,
        max(b.company_id) as company_id,
        max(b.company) as company,
        max(b.contract_type_id) as contract_type_id,
        max(b.contract_type) as contract_type,
        count(*) as blocks,
        max(b.end_date) as end_date,
        sum(b.hours) as hours,
        sum(b.hours_approved) as hours_approved,
        sum(b.hours_left) as hours_left,
        max(b.hours_30d) as hours_30d
    from dataset.contract_blocks b
    where b.is_active
    group by b.datasource_id, b.contract_id
)
select
    t.datasource_id,
    t.contract_id,
    t.contract,
    t.company_id,
    t.company,
    t.contract_type_id,
    t.contract_type,
    t.blocks,
    t.end_date,
    t.hours,
    t.hours_approved,
    t.hours_left,
    t.hours_30d,
    round(greatest(t.hours_left, 0) * 30 / nullif(greatest(t.hours_30d, 0), 0), 1) as days_to_empty
from balances t;
