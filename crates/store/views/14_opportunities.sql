create view dataset.opportunities as
select
    t.datasource_id,
    t.id,
    t.title,
    t.company_id,
    coalesce(company.company_name, '#' || t.company_id) as company,
    t.contact_id,
    coalesce(dataset.person(contact.first_name, contact.last_name), '#' || t.contact_id) as contact,
    t.owner_resource_id,
    coalesce(
        dataset.person(owner_resource.first_name, owner_resource.last_name),
        '#' || t.owner_resource_id
    ) as owner_resource,
    t.stage as stage_id,
    coalesce(stage_label.label, '#' || t.stage) as stage,
    stage_label.sort_order as stage_order,
    t.status as status_id,
    coalesce(status_label.label, '#' || t.status) as status,
    status_label.sort_order as status_order,
    case
        when status_label.label ~* '^(closed|implemented)$' then 'Won'
        when status_label.label ~* '^lost$' then 'Lost'
        when status_label.label ~* '^not ready to buy$' then 'Parked'
        when status_label.label ~* '^active$' then 'Open'
    end as state,
    coalesce(status_label.label ~* '^(active)$', false) as is_open,
    coalesce(status_label.label ~* '^(closed|implemented)$', false) as is_won,
    coalesce(status_label.label ~* '^(lost)$', false) as is_lost,
    t.lead_source as lead_source_id,
    coalesce(lead_source_label.label, '#' || t.lead_source) as lead_source,
    t.rating as rating_id,
    coalesce(rating_label.label, '#' || t.rating) as rating,
    t.opportunity_category_id,
    coalesce(opportunity_category_label.label, '#' || t.opportunity_category_id) as opportunity_category,
    t.primary_competitor as primary_competitor_id,
    coalesce(primary_competitor_label.label, '#' || t.primary_competitor) as primary_competitor,
    t.win_reason as win_reason_id,
    coalesce(win_reason_label.label, '#' || t.win_reason) as win_reason,
    t.loss_reason as loss_reason_id,
    coalesce(loss_reason_label.label, '#' || t.loss_reason) as loss_reason,
    t.win_reason_detail,
    t.loss_reason_detail,
    t.product_id,
    coalesce(product.name, '#' || t.product_id) as product,
    t.sales_order_id,
    coalesce(sales_order.title, '#' || t.sales_order_id) as sales_order,
    t.creator_resource_id as creator_id,
    coalesce(dataset.person(creator.first_name, creator.last_name), '#' || t.creator_resource_id) as creator,
    t.amount as value,
    t.amount * t.probability / 100 as weighted,
    t.cost,
    t.probability,
    t.onetime_revenue,
    t.onetime_cost,
    t.monthly_revenue,
    t.monthly_cost,
    t.quarterly_revenue,
    t.quarterly_cost,
    t.semiannual_revenue,
    t.semiannual_cost,
    t.yearly_revenue,
    t.yearly_cost,
    r.monthly as recurring_monthly,
    case when r.monthly = 0 then t.amount else coalesce(t.onetime_revenue, 0) end as onetime_value,
    case when r.monthly = 0 then 0 else t.amount - coalesce(t.onetime_revenue, 0) end as recurring_value,
    t.total_amount_months,
    t.use_quote_totals,
    t.revenue_spread,
    coalesce(revenue_spread_unit_label.label, t.revenue_spread_unit) as revenue_spread_unit,
    t.create_date,
    t.projected_close_date,
    t.closed_date,
    t.lost_date,
    t.last_activity,
    t.promised_fulfillment_date,
    case
        when status_label.label ~* '^lost$' then t.lost_date
        when status_label.label ~* '^(closed|implemented)$' then t.closed_date
    end as decided_date,
    case
        when status_label.label ~* '^(closed|implemented)$' then round(dataset.hours(t.create_date, t.closed_date) / 24, 4)
    end as days_to_win,
    round(dataset.hours(coalesce(t.last_activity, t.create_date), w.now) / 24, 6) as idle_days,
    round(dataset.hours(t.create_date, w.now) / 24, 4) as age_days,
    coalesce(status_label.label ~* '^active$' and t.projected_close_date < w.today, false) as is_overdue,
    t.next_step,
    t.description,
    t.udf,
    t.extra
from autotask.opportunities t
join dataset.workspace w on w.datasource_id = t.datasource_id
cross join lateral (
    select coalesce(t.monthly_revenue, 0) + coalesce(t.quarterly_revenue, 0) / 3
        + coalesce(t.semiannual_revenue, 0) / 6 + coalesce(t.yearly_revenue, 0) / 12 as monthly
) r
left join autotask.companies company
    on company.datasource_id = t.datasource_id and company.id = t.company_id
left join autotask.contacts contact
    on contact.datasource_id = t.datasource_id and contact.id = t.contact_id
left join autotask.resources owner_resource
    on owner_resource.datasource_id = t.datasource_id and owner_resource.id = t.owner_resource_id
left join autotask.picklist_values stage_label
    on stage_label.datasource_id = t.datasource_id
        and stage_label.entity = 'Opportunities'
        and stage_label.field = 'stage'
        and stage_label.value = t.stage
left join autotask.picklist_values status_label
    on status_label.datasource_id = t.datasource_id
        and status_label.entity = 'Opportunities'
        and status_label.field = 'status'
        and status_label.value = t.status
left join autotask.picklist_values lead_source_label
    on lead_source_label.datasource_id = t.datasource_id
        and lead_source_label.entity = 'Opportunities'
        and lead_source_label.field = 'leadSource'
        and lead_source_label.value = t.lead_source
left join autotask.picklist_values rating_label
    on rating_label.datasource_id = t.datasource_id
        and rating_label.entity = 'Opportunities'
        and rating_label.field = 'rating'
        and rating_label.value = t.rating
left join autotask.picklist_values opportunity_category_label
    on opportunity_category_label.datasource_id = t.datasource_id
        and opportunity_category_label.entity = 'Opportunities'
        and opportunity_category_label.field = 'opportunityCategoryID'
        and opportunity_category_label.value = t.opportunity_category_id
left join autotask.picklist_values revenue_spread_unit_label
    on revenue_spread_unit_label.datasource_id = t.datasource_id
        and revenue_spread_unit_label.entity = 'Opportunities'
        and revenue_spread_unit_label.field = 'revenueSpreadUnit'
        and revenue_spread_unit_label.code = t.revenue_spread_unit
left join autotask.picklist_values primary_competitor_label
    on primary_competitor_label.datasource_id = t.datasource_id
        and primary_competitor_label.entity = 'Opportunities'
        and primary_competitor_label.field = 'primaryCompetitor'
        and primary_competitor_label.value = t.primary_competitor
left join autotask.picklist_values win_reason_label
    on win_reason_label.datasource_id = t.datasource_id
        and win_reason_label.entity = 'Opportunities'
        and win_reason_label.field = 'winReason'
        and win_reason_label.value = t.win_reason
left join autotask.picklist_values loss_reason_label
    on loss_reason_label.datasource_id = t.datasource_id
        and loss_reason_label.entity = 'Opportunities'
        and loss_reason_label.field = 'lossReason'
        and loss_reason_label.value = t.loss_reason
left join autotask.products product
    on product.datasource_id = t.datasource_id and product.id = t.product_id
left join autotask.sales_orders sales_order
    on sales_order.datasource_id = t.datasource_id and sales_order.id = t.sales_order_id
left join autotask.resources creator
    on creator.datasource_id = t.datasource_id and creator.id = t.creator_resource_id
where t.deleted_at is null;
