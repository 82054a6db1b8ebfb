create view dataset.contracts as
select
    t.datasource_id,
    t.id,
    coalesce(t.contract_name, '#' || t.id) as contract,
    t.contract_number,
    t.company_id,
    coalesce(company.company_name, '#' || t.company_id) as company,
    t.bill_to_company_id,
    coalesce(bill_to_company.company_name, '#' || t.bill_to_company_id) as bill_to_company,
    t.contact_id,
    coalesce(dataset.person(contact.first_name, contact.last_name), '#' || t.contact_id) as contact,
    owned.owner_resource_id,
    coalesce(
        dataset.person(owner_resource.first_name, owner_resource.last_name),
        '#' || owned.owner_resource_id
    ) as owner_resource,
    t.contract_type as contract_type_id,
    coalesce(contract_type_label.label, '#' || t.contract_type) as contract_type,
    t.contract_category as contract_category_id,
    coalesce(contract_category_label.label, '#' || t.contract_category) as contract_category,
    t.billing_preference as billing_preference_id,
    coalesce(billing_preference_label.label, '#' || t.billing_preference) as billing_preference,
    t.contract_period_type as contract_period_type_id,
    coalesce(contract_period_type_label.label, '#' || t.contract_period_type) as contract_period_type,
    t.status as status_id,
    coalesce(status_label.label, '#' || t.status) as status,
    status_label.sort_order as status_order,
    t.service_level_agreement_id as sla_id,
    coalesce(sla_label.label, '#' || t.service_level_agreement_id) as sla,
    t.opportunity_id,
    coalesce(opportunity.title, '#' || t.opportunity_id) as opportunity,
    t.start_date,
    t.end_date,
    t.end_date - w.today as days_to_end,
    (
        coalesce(t.status = 1 or status_label.label ~* '^active$', false)
        and coalesce(t.start_date <= w.today, false)
        and coalesce(t.end_date >= w.today, false)
    ) as is_active,
    coalesce(t.contract_type = 7, false) as is_recurring,
    t.is_default_contract,
    t.is_compliant,
    t.renewed_contract_id,
    t.estimated_hours,
    t.estimated_revenue,
    t.estimated_cost,
    coalesce(t.internal_currency_setup_fee, t.setup_fee) as setup_fee,
    t.setup_fee_billing_code_id,
    coalesce(setup_fee_billing_code.name, '#' || t.setup_fee_billing_code_id) as setup_fee_billing_code,
    coalesce(t.internal_currency_overage_billing_rate, t.overage_billing_rate) as overage_billing_rate,
    t.purchase_order_number,
    t.last_modified_date_time,
    t.description,
    t.udf,
    t.extra
from autotask.contracts t
join dataset.workspace w on w.datasource_id = t.datasource_id
left join autotask.companies company
    on company.datasource_id = t.datasource_id and company.id = t.company_id
left join autotask.companies bill_to_company
    on bill_to_company.datasource_id = t.datasource_id and bill_to_company.id = t.bill_to_company_id
left join autotask.contacts contact
    on contact.datasource_id = t.datasource_id and contact.id = t.contact_id
left join autotask.companies owned
    on owned.datasource_id = t.datasource_id and owned.id = t.company_id
left join autotask.resources owner_resource
    on owner_resource.datasource_id = t.datasource_id and owner_resource.id = owned.owner_resource_id
left join autotask.picklist_values contract_type_label
    on contract_type_label.datasource_id = t.datasource_id
        and contract_type_label.entity = 'Contracts'
        and contract_type_label.field = 'contractType'
        and contract_type_label.value = t.contract_type
left join autotask.picklist_values contract_category_label
    on contract_category_label.datasource_id = t.datasource_id
        and contract_category_label.entity = 'Contracts'
        and contract_category_label.field = 'contractCategory'
        and contract_category_label.value = t.contract_category
left join autotask.picklist_values billing_preference_label
    on billing_preference_label.datasource_id = t.datasource_id
        and billing_preference_label.entity = 'Contracts'
        and billing_preference_label.field = 'billingPreference'
        and billing_preference_label.value = t.billing_preference
left join autotask.picklist_values contract_period_type_label
    on contract_period_type_label.datasource_id = t.datasource_id
        and contract_period_type_label.entity = 'Contracts'
        and contract_period_type_label.field = 'contractPeriodType'
        and contract_period_type_label.value = t.contract_period_type
left join autotask.picklist_values status_label
    on status_label.datasource_id = t.datasource_id
        and status_label.entity = 'Contracts'
        and status_label.field = 'status'
        and status_label.value = t.status
left join autotask.picklist_values sla_label
    on sla_label.datasource_id = t.datasource_id
        and sla_label.entity = 'Contracts'
        and sla_label.field = 'serviceLevelAgreementID'
        and sla_label.value = t.service_level_agreement_id
left join autotask.opportunities opportunity
    on opportunity.datasource_id = t.datasource_id and opportunity.id = t.opportunity_id
left join autotask.billing_codes setup_fee_billing_code
    on setup_fee_billing_code.datasource_id = t.datasource_id
        and setup_fee_billing_code.id = t.setup_fee_billing_code_id
where t.deleted_at is null;
