-- Recurring revenue. A period counts in as many months as it is billed for, from the month that it begins in, so that the
-- months of a period add up to its price whatever day it begins on. A period that ends earlier stops counting then.
create view dataset.recurring_months as
with periods as (
    select
        u.datasource_id,
        u.id,
        'Service' as kind,
        u.contract_id,
        u.contract,
        u.company_id,
        u.company,
        u.contract_type_id,
        u.contract_type,
        u.contract_category_id,
        u.contract_category,
        u.service_id,
        u.service,
        u.units,
        u.start_date,
        u.end_date,
        u.period_months,
        u.monthly_price,
        u.monthly_cost
    from dataset.service_units u
    union all
    select
        u.datasource_id,
        u.id,
        'Bundle' as kind,
        u.contract_id,
        u.contract,
        u.company_id,
        u.company,
        u.contract_type_id,
        u.contract_type,
        u.contract_category_id,
        u.contract_category,
        u.service_bundle_id as service_id,
        u.service_bundle as service,
        u.units,
        u.start_date,
        u.end_date,
        u.period_months,
        u.monthly_price,
        u.monthly_cost
    from dataset.bundle_units u
)
select
    t.datasource_id,
    m.month,
    t.id as period_id,
    t.kind,
    t.contract_id,
    t.contract,
    t.company_id,
    t.company,
    t.contract_type_id,
    t.contract_type,
    t.contract_category_id,
    t.contract_category,
    t.service_id,
    t.service,
    t.units,
    t.start_date,
    t.end_date,
    t.monthly_price,
    t.monthly_cost,
    t.monthly_price - coalesce(t.monthly_cost, 0) as monthly_margin
from periods t
cross join lateral (
    select (date_trunc('month', t.start_date::timestamp) + n.place * interval '1 month')::date as month
    from generate_series(0, t.period_months - 1) as n (place)
) m
where m.month <= coalesce(t.end_date, m.month);
