create view dataset.companies as
select
    t.datasource_id,
    t.id,
    coalesce(t.company_name, '#' || t.id) as company,
    t.company_number,
    t.company_type as company_type_id,
    coalesce(company_type_label.label, '#' || t.company_type) as company_type,
    t.classification as classification_id,
    coalesce(classification_label.label, icon.name, '#' || t.classification) as classification,
    t.company_category_id,
    coalesce(company_category.name, '#' || t.company_category_id) as company_category,
    t.territory_id,
    coalesce(territory_label.label, '#' || t.territory_id) as territory,
    t.market_segment_id,
    coalesce(market_segment_label.label, '#' || t.market_segment_id) as market_segment,
    t.competitor_id,
    coalesce(competitor_label.label, '#' || t.competitor_id) as competitor,
    t.owner_resource_id,
    coalesce(
        dataset.person(owner_resource.first_name, owner_resource.last_name),
        '#' || t.owner_resource_id
    ) as owner_resource,
    t.parent_company_id,
    coalesce(parent_company.company_name, '#' || t.parent_company_id) as parent_company,
    t.is_active,
    coalesce(t.company_type = 1, false) as is_customer,
    (t.id = 0) as is_own_company,
    t.address1,
    t.address2,
    t.city,
    t.state,
    t.postal_code,
    t.country_id,
    coalesce(coalesce(country.display_name, country.name), '#' || t.country_id) as country,
    t.currency_id,
    coalesce(currency.name, '#' || t.currency_id) as currency,
    t.phone,
    t.web_address,
    t.tax_id,
    t.create_date,
    t.last_activity_date,
    t.last_tracked_modified_date_time,
    (
        select max(coalesce(n.start_date_time, n.create_date_time))
        from autotask.company_notes n
        where n.datasource_id = t.datasource_id and n.company_id = t.id and n.deleted_at is null
            and coalesce(n.start_date_time, n.create_date_time) <= w.now
    ) as last_note_date,
    greatest(t.last_activity_date, (
        select max(coalesce(n.start_date_time, n.create_date_time))
        from autotask.company_notes n
        where n.datasource_id = t.datasource_id and n.company_id = t.id and n.deleted_at is null
            and coalesce(n.start_date_time, n.create_date_time) <= w.now
    )) as last_contact_date,
    round(dataset.hours(greatest(t.last_activity_date, (
        select max(coalesce(n.start_date_time, n.create_date_time))
        from autotask.company_notes n
        where n.datasource_id = t.datasource_id and n.company_id = t.id and n.deleted_at is null
            and coalesce(n.start_date_time, n.create_date_time) <= w.now
    )), w.now) / 24, 4) as days_since_contact,
    (
        coalesce(t.company_type = 1, false)
        and coalesce(t.is_active, false)
        and t.id <> 0
        and coalesce(coalesce(
            greatest(t.last_activity_date, (
                select max(coalesce(n.start_date_time, n.create_date_time))
                from autotask.company_notes n
                where n.datasource_id = t.datasource_id and n.company_id = t.id and n.deleted_at is null
                    and coalesce(n.start_date_time, n.create_date_time) <= w.now
            )),
            t.create_date
        ) < w.now - interval '2160 hours', true)
    ) as is_not_contacted,
    (
        select count(*)
        from autotask.tickets x
        where x.datasource_id = t.datasource_id and x.company_id = t.id and x.deleted_at is null
            and (x.status <> 5 or x.status is null)
    ) as open_tickets,
    (
        select count(*)
        from autotask.contacts x
        where x.datasource_id = t.datasource_id and x.company_id = t.id and x.deleted_at is null
            and x.is_active = 1
    ) as active_contacts,
    (
        select count(*)
        from autotask.configuration_items x
        where x.datasource_id = t.datasource_id and x.company_id = t.id and x.deleted_at is null
            and x.is_active and x.configuration_item_type = any (w.endpoint_types)
    ) as endpoints,
    t.survey_company_rating,
    t.asset_value,
    t.udf,
    t.extra
from autotask.companies t
join dataset.workspace w on w.datasource_id = t.datasource_id
left join autotask.picklist_values company_type_label
    on company_type_label.datasource_id = t.datasource_id
        and company_type_label.entity = 'Companies'
        and company_type_label.field = 'companyType'
        and company_type_label.value = t.company_type
left join autotask.classification_icons icon
    on icon.datasource_id = t.datasource_id and icon.id = t.classification
left join autotask.picklist_values classification_label
    on classification_label.datasource_id = t.datasource_id
        and classification_label.entity = 'Companies'
        and classification_label.field = 'classification'
        and classification_label.value = t.classification
left join autotask.company_categories company_category
    on company_category.datasource_id = t.datasource_id and company_category.id = t.company_category_id
left join autotask.picklist_values territory_label
    on territory_label.datasource_id = t.datasource_id
        and territory_label.entity = 'Companies'
        and territory_label.field = 'territoryID'
        and territory_label.value = t.territory_id
left join autotask.picklist_values market_segment_label
    on market_segment_label.datasource_id = t.datasource_id
        and market_segment_label.entity = 'Companies'
        and market_segment_label.field = 'marketSegmentID'
        and market_segment_label.value = t.market_segment_id
left join autotask.picklist_values competitor_label
    on competitor_label.datasource_id = t.datasource_id
        and competitor_label.entity = 'Companies'
        and competitor_label.field = 'competitorID'
        and competitor_label.value = t.competitor_id
left join autotask.resources owner_resource
    on owner_resource.datasource_id = t.datasource_id and owner_resource.id = t.owner_resource_id
left join autotask.companies parent_company
    on parent_company.datasource_id = t.datasource_id and parent_company.id = t.parent_company_id
left join autotask.countries country
    on country.datasource_id = t.datasource_id and country.id = t.country_id
left join autotask.currencies currency
    on currency.datasource_id = t.datasource_id and currency.id = t.currency_id
where t.deleted_at is null;
