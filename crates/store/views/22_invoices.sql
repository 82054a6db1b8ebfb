create view dataset.invoices as
select
    t.datasource_id,
    t.id,
    t.invoice_number,
    t.company_id,
    coalesce(company.company_name, '#' || t.company_id) as company,
    t.creator_resource_id as creator_id,
    coalesce(dataset.person(creator.first_name, creator.last_name), '#' || t.creator_resource_id) as creator,
    t.voided_by_resource_id as voided_by_id,
    coalesce(
        dataset.person(voided_by.first_name, voided_by.last_name),
        '#' || t.voided_by_resource_id
    ) as voided_by,
    t.payment_term as payment_term_id,
    coalesce(payment_term_label.label, '#' || t.payment_term) as payment_term,
    t.invoice_status,
    t.invoice_date_time as invoice_date,
    t.from_date,
    t.to_date,
    t.due_date,
    t.paid_date,
    t.create_date_time,
    t.voided_date,
    coalesce(t.is_voided, false) as is_voided,
    (t.paid_date is not null) as is_paid,
    (t.paid_date is null and not coalesce(t.is_voided, false)) as is_unpaid,
    case
        when t.paid_date is null and not coalesce(t.is_voided, false)
            then w.today - t.due_date
    end as days_overdue,
    case
        when t.paid_date is not null or coalesce(t.is_voided, false) or t.due_date is null then null
        when w.today <= t.due_date then 'Current'
        when w.today <= t.due_date + 30 then '1–30 days'
        when w.today <= t.due_date + 60 then '31–60 days'
        when w.today <= t.due_date + 90 then '61–90 days'
        else 'Over 90 days'
    end as overdue_band,
    case
        when t.paid_date is not null or coalesce(t.is_voided, false) or t.due_date is null then null
        else least(4, greatest(0, (w.today - t.due_date + 29) / 30))
    end as overdue_band_order,
    t.invoice_total,
    t.total_tax_value,
    t.order_number,
    t.batch_id,
    t.comments,
    t.extra
from autotask.invoices t
join dataset.workspace w on w.datasource_id = t.datasource_id
left join autotask.companies company
    on company.datasource_id = t.datasource_id and company.id = t.company_id
left join autotask.resources creator
    on creator.datasource_id = t.datasource_id and creator.id = t.creator_resource_id
left join autotask.resources voided_by
    on voided_by.datasource_id = t.datasource_id and voided_by.id = t.voided_by_resource_id
left join autotask.picklist_values payment_term_label
    on payment_term_label.datasource_id = t.datasource_id
        and payment_term_label.entity = 'Invoices'
        and payment_term_label.field = 'paymentTerm'
        and payment_term_label.value = t.payment_term
where t.deleted_at is null
    and t.create_date_time >= taskgauge.instant() - interval '17520 hours';
