create view dataset.service_units as
select
    t.datasource_id,
    t.id,
    t.contract_id,
    coalesce(ct.contract_name, '#' || t.contract_id) as contract,
    ct.company_id,
    coalesce(company.company_name, '#' || ct.company_id) as company,
    ct.contract_type as contract_type_id,
    coalesce(contract_type_label.label, '#' || ct.contract_type) as contract_type,
    ct.contract_category as contract_category_id,
    coalesce(contract_category_label.label, '#' || ct.contract_category) as contract_category,
    t.service_id,
    coalesce(sv.name, '#' || t.service_id) as service,
    sv.period_type as period_type_id,
    coalesce(period_type_label.label, '#' || sv.period_type) as period_type,
    t.start_date,
    t.end_date,
    t.units,
    coalesce(t.internal_currency_price, t.price) as price,
    t.cost,
    coalesce(t.internal_currency_price, t.price) - coalesce(t.cost, 0) as margin,
    period.months as period_months,
    coalesce(t.internal_currency_price, t.price) / period.months as monthly_price,
    t.cost / period.months as monthly_cost,
    coalesce(w.today between t.start_date and t.end_date, false) as is_current,
    t.vendor_company_id as vendor_id,
    coalesce(vendor.company_name, '#' || t.vendor_company_id) as vendor,
    coalesce(cs.internal_currency_unit_price, cs.unit_price) as unit_price,
    t.approve_and_post_date,
    (t.approve_and_post_date is not null) as is_posted,
    t.extra
from autotask.contract_service_units t
join dataset.workspace w on w.datasource_id = t.datasource_id
left join autotask.contracts ct
    on ct.datasource_id = t.datasource_id and ct.id = t.contract_id
left join autotask.companies company
    on company.datasource_id = t.datasource_id and company.id = ct.company_id
left join autotask.picklist_values contract_type_label
    on contract_type_label.datasource_id = t.datasource_id
        and contract_type_label.entity = 'Contracts'
        and contract_type_label.field = 'contractType'
        and contract_type_label.value = ct.contract_type
left join autotask.picklist_values contract_category_label
    on contract_category_label.datasource_id = t.datasource_id
        and contract_category_label.entity = 'Contracts'
        and contract_category_label.field = 'contractCategory'
        and contract_category_label.value = ct.contract_category
left join autotask.services sv
    on sv.datasource_id = t.datasource_id and sv.id = t.service_id
left join autotask.picklist_values period_type_label
    on period_type_label.datasource_id = t.datasource_id
        and period_type_label.entity = 'Services'
        and period_type_label.field = 'periodType'
        and period_type_label.value = sv.period_type
cross join lateral (
    select case
        when period_type_label.label ~* 'month' then 1
        when period_type_label.label ~* 'quarter' then 3
        when period_type_label.label ~* 'semi|half' then 6
        when period_type_label.label ~* 'year|annual' then 12
    end as months
) period
left join autotask.companies vendor
    on vendor.datasource_id = t.datasource_id and vendor.id = t.vendor_company_id
left join autotask.contract_services cs
    on cs.datasource_id = t.datasource_id and cs.id = t.contract_service_id
where t.deleted_at is null
    and t.start_date >= ((taskgauge.instant() - interval '17520 hours') at time zone 'UTC')::date;
