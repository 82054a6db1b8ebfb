create view dataset.contacts as
select
    t.datasource_id,
    t.id,
    coalesce(dataset.person(t.first_name, t.last_name), '#' || t.id) as name,
    t.first_name,
    t.last_name,
    t.company_id,
    coalesce(company.company_name, '#' || t.company_id) as company,
    t.company_location_id,
    coalesce(company_location.name, '#' || t.company_location_id) as company_location,
    t.title,
    t.email_address,
    t.phone,
    t.extension,
    t.mobile_phone,
    nullif(btrim(coalesce(t.address_line, '') || ' ' || coalesce(t.address_line1, '')), '') as address,
    t.city,
    t.state,
    t.zip_code,
    t.country_id,
    coalesce(coalesce(country.display_name, country.name), '#' || t.country_id) as country,
    coalesce(t.is_active = 1, false) as is_active,
    t.primary_contact,
    t.billing_contact,
    t.receives_email_notifications,
    t.is_opted_out_from_bulk_email,
    t.solicitation_opt_out,
    t.survey_opt_out,
    t.create_date,
    t.last_activity_date,
    t.last_modified_date,
    (
        select count(*)
        from autotask.tickets x
        where x.datasource_id = t.datasource_id and x.company_id = t.company_id and x.contact_id = t.id
            and x.deleted_at is null and (x.status <> 5 or x.status is null)
    ) as tickets_open,
    t.note,
    t.udf,
    t.extra
from autotask.contacts t
left join autotask.companies company
    on company.datasource_id = t.datasource_id and company.id = t.company_id
left join autotask.company_locations company_location
    on company_location.datasource_id = t.datasource_id and company_location.id = t.company_location_id
left join autotask.countries country
    on country.datasource_id = t.datasource_id and country.id = t.country_id
where t.deleted_at is null;
