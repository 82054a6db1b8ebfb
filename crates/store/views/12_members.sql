create view dataset.members as
select
    t.datasource_id,
    t.id,
    coalesce(dataset.person(t.first_name, t.last_name), '#' || t.id) as name,
    t.first_name,
    t.last_name,
    t.initials,
    t.title,
    t.email,
    coalesce(email_type_label.label, t.email_type_code) as email_type,
    t.user_name,
    t.office_phone,
    t.mobile_phone,
    t.location_id,
    coalesce(location_label.label, internal_location.name, '#' || t.location_id) as location,
    t.license_type as license_type_id,
    coalesce(license_type_label.label, '#' || t.license_type) as license_type,
    t.user_type as user_type_id,
    coalesce(user_type_label.label, '#' || t.user_type) as user_type,
    coalesce(resource_type_label.label, t.resource_type) as resource_type,
    t.payroll_type as payroll_type_id,
    coalesce(payroll_type_label.label, '#' || t.payroll_type) as payroll_type,
    (
        select rd.department_id
        from autotask.resource_role_departments rd
        where rd.datasource_id = t.datasource_id and rd.resource_id = t.id and rd.is_default
            and rd.deleted_at is null
        order by rd.id
        limit 1
    ) as department_id,
    (
        select coalesce(dp.name, '#' || rd.department_id)
        from autotask.resource_role_departments rd
        left join autotask.departments dp on dp.datasource_id = rd.datasource_id and dp.id = rd.department_id
        where rd.datasource_id = t.datasource_id and rd.resource_id = t.id and rd.is_default
            and rd.deleted_at is null
        order by rd.id
        limit 1
    ) as department,
    coalesce(
        t.default_service_desk_role_id,
        (
            select sr.role_id
            from autotask.resource_service_desk_roles sr
            where sr.datasource_id = t.datasource_id and sr.resource_id = t.id and sr.is_default
                and sr.deleted_at is null
            order by sr.id
            limit 1
        ),
        (
            select rd.role_id
            from autotask.resource_role_departments rd
            where rd.datasource_id = t.datasource_id and rd.resource_id = t.id and rd.is_default
                and rd.deleted_at is null
            order by rd.id
            limit 1
        )
    ) as role_id,
    (
        select coalesce(ro.name, '#' || ro.id)
        from autotask.roles ro
        where ro.datasource_id = t.datasource_id and ro.id = coalesce(
            t.default_service_desk_role_id,
            (
                select sr.role_id
                from autotask.resource_service_desk_roles sr
                where sr.datasource_id = t.datasource_id and sr.resource_id = t.id and sr.is_default
                    and sr.deleted_at is null
                order by sr.id
                limit 1
            ),
            (
                select rd.role_id
                from autotask.resource_role_departments rd
                where rd.datasource_id = t.datasource_id and rd.resource_id = t.id and rd.is_default
                    and rd.deleted_at is null
                order by rd.id
                limit 1
            )
        )
    ) as role,
    t.hire_date,
    t.is_active,
    (
        t.id <> 4
        and coalesce(license_type_label.label, '') !~* '\mapi\M'
        and coalesce(user_type_label.label, '') !~* '\mapi\M'
    ) as is_technician,
    coalesce((
        select a.monday_available_hours
        from autotask.resource_daily_availabilities a
        where a.datasource_id = t.datasource_id and a.resource_id = t.id and a.deleted_at is null
        order by a.id
        limit 1
    ), w.default_daily_hours) as monday_hours,
    coalesce((
        select a.tuesday_available_hours
        from autotask.resource_daily_availabilities a
        where a.datasource_id = t.datasource_id and a.resource_id = t.id and a.deleted_at is null
        order by a.id
        limit 1
    ), w.default_daily_hours) as tuesday_hours,
    coalesce((
        select a.wednesday_available_hours
        from autotask.resource_daily_availabilities a
        where a.datasource_id = t.datasource_id and a.resource_id = t.id and a.deleted_at is null
        order by a.id
        limit 1
    ), w.default_daily_hours) as wednesday_hours,
    coalesce((
        select a.thursday_available_hours
        from autotask.resource_daily_availabilities a
        where a.datasource_id = t.datasource_id and a.resource_id = t.id and a.deleted_at is null
        order by a.id
        limit 1
    ), w.default_daily_hours) as thursday_hours,
    coalesce((
        select a.friday_available_hours
        from autotask.resource_daily_availabilities a
        where a.datasource_id = t.datasource_id and a.resource_id = t.id and a.deleted_at is null
        order by a.id
        limit 1
    ), w.default_daily_hours) as friday_hours,
    coalesce((
        select a.saturday_available_hours
        from autotask.resource_daily_availabilities a
        where a.datasource_id = t.datasource_id and a.resource_id = t.id and a.deleted_at is null
        order by a.id
        limit 1
    ), 0) as saturday_hours,
    coalesce((
        select a.sunday_available_hours
        from autotask.resource_daily_availabilities a
        where a.datasource_id = t.datasource_id and a.resource_id = t.id and a.deleted_at is null
        order by a.id
        limit 1
    ), 0) as sunday_hours,
    coalesce(
        (
            select coalesce(a.monday_available_hours, w.default_daily_hours)
                + coalesce(a.tuesday_available_hours, w.default_daily_hours)
                + coalesce(a.wednesday_available_hours, w.default_daily_hours)
                + coalesce(a.thursday_available_hours, w.default_daily_hours)
                + coalesce(a.friday_available_hours, w.default_daily_hours)
                + coalesce(a.saturday_available_hours, 0)
                + coalesce(a.sunday_available_hours, 0)
            from autotask.resource_daily_availabilities a
            where a.datasource_id = t.datasource_id and a.resource_id = t.id and a.deleted_at is null
            order by a.id
            limit 1
        ),
        5 * w.default_daily_hours
    ) as weekly_hours,
    (
        select a.weekly_billable_hours_goal
        from autotask.resource_daily_availabilities a
        where a.datasource_id = t.datasource_id and a.resource_id = t.id and a.deleted_at is null
        order by a.id
        limit 1
    ) as weekly_billable_hours_goal,
    t.survey_resource_rating,
    t.internal_cost,
    t.extra
from autotask.resources t
join dataset.workspace w on w.datasource_id = t.datasource_id
left join autotask.internal_locations internal_location
    on internal_location.datasource_id = t.datasource_id and internal_location.id = t.location_id
left join autotask.picklist_values location_label
    on location_label.datasource_id = t.datasource_id
        and location_label.entity = 'Resources'
        and location_label.field = 'locationID'
        and location_label.value = t.location_id
left join autotask.picklist_values email_type_label
    on email_type_label.datasource_id = t.datasource_id
        and email_type_label.entity = 'Resources'
        and email_type_label.field = 'emailTypeCode'
        and email_type_label.code = t.email_type_code
left join autotask.picklist_values resource_type_label
    on resource_type_label.datasource_id = t.datasource_id
        and resource_type_label.entity = 'Resources'
        and resource_type_label.field = 'resourceType'
        and resource_type_label.code = t.resource_type
left join autotask.picklist_values license_type_label
    on license_type_label.datasource_id = t.datasource_id
        and license_type_label.entity = 'Resources'
        and license_type_label.field = 'licenseType'
        and license_type_label.value = t.license_type
left join autotask.picklist_values user_type_label
    on user_type_label.datasource_id = t.datasource_id
        and user_type_label.entity = 'Resources'
        and user_type_label.field = 'userType'
        and user_type_label.value = t.user_type
left join autotask.picklist_values payroll_type_label
    on payroll_type_label.datasource_id = t.datasource_id
        and payroll_type_label.entity = 'Resources'
        and payroll_type_label.field = 'payrollType'
        and payroll_type_label.value = t.payroll_type
where t.deleted_at is null
    and t.is_active;
