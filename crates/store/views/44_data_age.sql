-- How old each kind of record is, beside its own schedule: what has change stamps is asked for with every sync, the rest is
-- read again after so many hours. A test compares the list with the declarations of the sync.
create view dataset.data_age as
with records as (
    select v.entity, v.records, v.sweep_hours
    from (
        values
            ('ActionTypes', 'Action types', 24),
            ('BillingCodes', 'Billing codes', 24),
            ('BillingItems', 'Posted billing items', null),
            ('ClassificationIcons', 'Classifications', 24),
            ('Companies', 'Companies', null),
            ('CompanyCategories', 'Company categories', 24),
            ('CompanyLocations', 'Company locations', 24),
            ('CompanyNotes', 'Company notes', null),
            ('ConfigurationItemCategories', 'Configuration item categories', 24),
            ('ConfigurationItemTypes', 'Configuration item types', 24),
            ('ConfigurationItems', 'Configuration items', null),
            ('Contacts', 'Contacts', null),
            ('ContractBlockHourFactors', 'Block hour factors', 24),
            ('ContractBlocks', 'Contract blocks', 6),
            ('ContractServiceBundleUnits', 'Contract service bundle units', 24),
            ('ContractServiceBundles', 'Contract service bundles', 24),
            ('ContractServiceUnits', 'Contract service units', 24),
            ('ContractServices', 'Contract services', 24),
            ('Contracts', 'Contracts', null),
            ('Countries', 'Countries', 24),
            ('Currencies', 'Currencies', 24),
            ('DeletedTaskActivityLogs', 'Deleted task activity', null),
            ('DeletedTicketActivityLogs', 'Deleted ticket activity', null),
            ('DeletedTicketLogs', 'Deleted tickets', null),
            ('Departments', 'Departments', 24),
            ('HolidaySets', 'Holiday sets', 24),
            ('Holidays', 'Holidays', 24),
            ('InternalLocations', 'Internal locations', 24),
            ('Invoices', 'Invoices', null),
            ('Opportunities', 'Opportunities', null),
            ('OrganizationalLevelAssociations', 'Lines of business', 24),
            ('Phases', 'Project phases', null),
            ('Products', 'Products', 24),
            ('Projects', 'Projects', null),
            ('QuoteItems', 'Quote items', 24),
            ('Quotes', 'Quotes', null),
            ('ResourceDailyAvailabilities', 'Daily availability', 24),
            ('ResourceRoleDepartments', 'Department roles', 24),
            ('ResourceServiceDeskRoles', 'Service desk roles', 24),
            ('Resources', 'People', 1),
            ('Roles', 'Roles', 24),
            ('SalesOrders', 'Sales orders', 24),
            ('ServiceBundles', 'Service bundles', null),
            ('ServiceCallTaskResources', 'Service call task resources', 1),
            ('ServiceCallTasks', 'Service call tasks', null),
            ('ServiceCallTicketResources', 'Service call resources', 1),
            ('ServiceCallTickets', 'Service call tickets', null),
            ('ServiceCalls', 'Service calls', null),
            ('ServiceLevelAgreementResults', 'SLA results', null),
            ('Services', 'Services', null),
            ('SurveyResults', 'Survey results', null),
            ('Surveys', 'Surveys', 24),
            ('TaskSecondaryResources', 'Additional task resources', 24),
            ('Tasks', 'Tasks', null),
            ('TicketCategories', 'Ticket categories', 24),
            ('TicketSecondaryResources', 'Additional ticket resources', 24),
            ('Tickets', 'Tickets', null),
            ('TimeEntries', 'Time entries', null),
            ('TimeOffRequests', 'Time off', null)
    ) as v (entity, records, sweep_hours)
),
ages as (
    select
        d.id as datasource_id,
        r.entity,
        r.records,
        s.rows as rows_kept,
        s.loaded_at,
        s.read_at,
        dataset.hours(s.read_at, greatest(s.read_at, w.now)) as age_hours,
        round(coalesce(r.sweep_hours, greatest(d.sync_minutes, 10) / 60.0), 4) as schedule_hours,
        d.doctor @> jsonb_build_object('probes', jsonb_build_array(jsonb_build_object(
            'entity', r.entity, 'finding', jsonb_build_object('state', 'forbidden')
        ))) as is_forbidden
    from taskgauge.datasources d
    join dataset.workspace w on w.datasource_id = d.id
    cross join records r
    left join taskgauge.entity_state s on s.datasource_id = d.id and s.entity = r.entity
),
states as (
    select
        a.*,
        case
            when a.is_forbidden then 3
            when a.age_hours <= 2 * a.schedule_hours then 4
            when a.age_hours <= 4 * a.schedule_hours then 2
            else 1
        end as state_order
    from ages a
)
select
    t.datasource_id,
    t.entity,
    t.records,
    (array['Red', 'Amber', 'Not permitted', 'Green'])[t.state_order] as state,
    t.state_order,
    t.age_hours,
    t.schedule_hours,
    t.read_at,
    t.loaded_at,
    t.rows_kept
from states t;
