-- A small tenant at 2026-03-18 10:00 UTC. Everything that a view joins or looks into is there at least twice where
-- Autotask allows it, so that a join that multiplies rows shows. {ds} is the datasource.
insert into autotask.picklist_values (datasource_id, entity, field, code, label, sort_order)
select {ds}, v.entity, v.field, v.value, v.label, v.place
from (
    values
        ('Tickets', 'status', 1, 'New', 1), ('Tickets', 'status', 8, 'In Progress', 2),
        ('Tickets', 'status', 7, 'Waiting Customer', 3), ('Tickets', 'status', 5, 'Complete', 4),
        ('Tickets', 'priority', 4, 'Critical', 1), ('Tickets', 'priority', 1, 'High', 2),
        ('Tickets', 'priority', 2, 'Medium', 3), ('Tickets', 'queueID', 20, 'Service Desk', 1),
        ('Tickets', 'queueID', 21, 'Projects', 2), ('Tickets', 'ticketType', 1, 'Service Request', 1),
        ('Tickets', 'ticketType', 2, 'Incident', 2), ('Tickets', 'ticketCategory', 3, 'Standard', 1),
        ('Resources', 'licenseType', 1, 'Professional', 1), ('Resources', 'licenseType', 7, 'API User', 2),
        ('Projects', 'status', 1, 'New', 1), ('Projects', 'status', 0, 'Inactive', 2),
        ('Projects', 'projectType', 5, 'Client', 1), ('Projects', 'projectType', 3, 'Template', 2),
        ('Opportunities', 'status', 1, 'Active', 1), ('Opportunities', 'status', 2, 'Lost', 2),
        ('Opportunities', 'status', 3, 'Closed', 3), ('Opportunities', 'stage', 16, 'Discovery', 1),
        ('Contracts', 'status', 1, 'Active', 1), ('Contracts', 'contractType', 7, 'Recurring Service', 1),
        ('ContractBlocks', 'status', 1, 'Active', 1), ('Services', 'periodType', 4, 'Semi-Annual', 1),
        ('ServiceBundles', 'periodType', 1, 'One-Time', 1), ('ServiceCalls', 'status', 1, 'New', 1),
        ('ConfigurationItems', 'configurationItemType', 2, 'Laptop', 1),
        ('ConfigurationItems', 'configurationItemType', 9, 'Printer', 2),
        ('BillingItems', 'billingItemType', 1, 'Labor', 1)
) as v (entity, field, value, label, place);
insert into autotask.companies (datasource_id, id, company_name, company_type, owner_resource_id, is_active, changed_at)
values
    ({ds}, 0, 'Example MSP', 1, 10, true, now()), ({ds}, 1, 'Alder & Sons', 1, 10, true, now()),
    ({ds}, 2, 'Birch "Ltd"', 1, 11, true, now());
insert into autotask.contacts (datasource_id, id, company_id, first_name, last_name, is_active, changed_at)
values ({ds}, 1, 1, 'Ann', 'Alder', 1, now()), ({ds}, 2, 2, 'Bob', null, 0, now());
insert into autotask.resources
    (datasource_id, id, first_name, last_name, is_active, license_type, internal_cost, changed_at)
values
    ({ds}, 4, 'Autotask', 'Administrator', true, 1, 0, now()), ({ds}, 10, 'Tess', 'Tech', true, 1, 50, now()),
    ({ds}, 11, 'Theo', 'Tech', true, 1, 0, now()), ({ds}, 12, 'API', 'User', true, 7, 0, now()),
    ({ds}, 13, 'Gone', 'Member', false, 1, 0, now());
insert into autotask.departments (datasource_id, id, name, changed_at) values ({ds}, 1, 'Service', now());
insert into autotask.roles (datasource_id, id, name, hourly_rate, changed_at) values ({ds}, 5, 'Engineer', 120, now());
insert into autotask.resource_role_departments
    (datasource_id, id, resource_id, department_id, role_id, is_default, changed_at)
values ({ds}, 1, 10, 1, 5, true, now()), ({ds}, 2, 10, 1, 5, true, now());
insert into autotask.resource_daily_availabilities
    (datasource_id, id, resource_id, monday_available_hours, weekly_billable_hours_goal, changed_at)
values ({ds}, 1, 10, 4, 25, now()), ({ds}, 2, 10, 6, 30, now());
insert into autotask.contracts
    (datasource_id, id, company_id, contract_name, contract_type, status, start_date, end_date, changed_at)
values
    ({ds}, 1, 1, 'Managed', 7, 1, '2026-01-01', '2026-03-18', now()),
    ({ds}, 2, 2, 'Ended', 7, 1, '2025-01-01', '2026-03-17', now());
insert into autotask.projects
    (datasource_id, id, company_id, project_name, status, project_type, estimated_time, end_date_time, changed_at)
values
    ({ds}, 1, 1, 'Move', 1, 5, 3, '2026-03-01T00:00:00Z', now()), ({ds}, 2, 1, 'Template', 1, 3, 1, null, now());
insert into autotask.phases (datasource_id, id, project_id, title, due_date, changed_at)
values ({ds}, 1, 1, 'Plan', '2026-03-01T00:00:00Z', now());
insert into autotask.tasks
    (datasource_id, id, project_id, phase_id, title, status, estimated_hours, last_activity_date_time, changed_at)
values
    ({ds}, 1, 1, 1, 'Survey', 5, 2, '2025-11-18T10:00:00Z', now()),
    ({ds}, 2, 1, 1, 'Cut over', 1, 2, '2025-11-18T09:59:59Z', now());
insert into autotask.tickets (
    datasource_id, id, ticket_number, title, company_id, contact_id, status, priority, queue_id, ticket_type,
    ticket_category, assigned_resource_id, completed_by_resource_id, create_date, completed_date, last_activity_date,
    last_tracked_modification_date_time, due_date_time, first_response_date_time, first_response_due_date_time,
    resolution_plan_due_date_time, resolved_date_time, resolved_due_date_time, service_level_agreement_has_been_met,
    udf, changed_at, deleted_at
)
values
    -- Open, untouched for years.
    ({ds}, 1, 'T20230101.0001', 'Forgotten', 1, 1, 8, 2, 20, 1, 3, 10, null,
        '2023-01-01T00:00:00Z', null, '2023-01-01T00:00:00Z', null, null, null, null, null, null, null, null,
        '{"Site": "North"}', now(), null),
    -- Closed the day it came in, by the clock of Berlin; in UTC it is another day.
    ({ds}, 2, 'T20260310.0001', '=HYPERLINK("http://example.com")', 1, 1, 5, 1, 20, 2, 3, 10, 11,
        '2026-03-09T23:30:00Z', '2026-03-10T22:00:00Z', '2026-03-10T22:00:00Z', null, null,
        '2026-03-10T00:30:00Z', '2026-03-10T00:00:00Z', null, '2026-03-10T21:30:00Z', '2026-03-11T00:00:00Z', true,
        null, now(), null),
    -- Waiting, not stale; due.
    ({ds}, 3, 'T20260301.0001', 'Waits, "quoted"', 2, 2, 7, 4, 21, 2, 3, 11, null,
        '2026-03-01T08:00:00Z', null, '2026-03-02T08:00:00Z', '2026-03-03T10:00:00Z', '2026-03-18T09:59:59Z', null,
        '2026-03-18T12:00:00Z', '2026-03-18T11:00:00Z', null, '2026-03-19T12:00:00Z', null, null, now(), null),
    -- New, nobody's; of a company and a priority that the copy does not know.
    ({ds}, 4, 'T20260318.0001', 'Fresh 50% \ under_score', 99, null, 1, 77, 20, 1, 4, null, null,
        '2026-03-18T09:00:00Z', null, '2026-03-18T09:00:00Z', null, null, null, null, null, null, null, null, null,
        now(), null),
    -- The edges of the windows: exactly 14 and 210 days, and a second more.
    ({ds}, 5, 'E1', 'Edge', 1, null, 5, 1, 20, 1, 3, 10, null, '2026-03-01T00:00:00Z', '2026-03-04T10:00:00Z',
        '2026-03-04T10:00:00Z', null, null, null, null, null, null, null, null, null, now(), null),
    ({ds}, 6, 'E2', 'Edge', 1, null, 5, 1, 20, 1, 3, 10, null, '2026-03-01T00:00:00Z', '2026-03-04T09:59:59Z',
        '2026-03-04T09:59:59Z', null, null, null, null, null, null, null, null, null, now(), null),
    ({ds}, 7, 'E3', 'Edge', 1, null, 5, 1, 20, 1, 3, 10, null, '2025-08-01T00:00:00Z', '2025-08-20T10:00:00Z',
        '2025-08-20T10:00:00Z', null, null, null, null, null, null, null, null, null, now(), null),
    ({ds}, 8, 'E4', 'Edge', 1, null, 5, 1, 20, 1, 3, 10, null, '2025-08-01T00:00:00Z', '2025-08-20T09:59:59Z',
        '2025-08-20T09:59:59Z', null, null, null, null, null, null, null, null, null, now(), null),
    -- Deleted.
    ({ds}, 9, 'D1', 'Deleted', 1, null, 1, 1, 20, 1, 3, 10, null, '2026-03-18T08:00:00Z', null,
        '2026-03-18T08:00:00Z', null, null, null, null, null, null, null, null, null, now(), now());
insert into autotask.ticket_secondary_resources (datasource_id, id, ticket_id, resource_id, changed_at)
values ({ds}, 1, 1, 11, now()), ({ds}, 2, 1, 10, now());
insert into autotask.service_level_agreement_results
    (datasource_id, id, ticket_id, first_response_elapsed_hours, is_first_response_met, changed_at)
values ({ds}, 1, 2, 0.5, false, now()), ({ds}, 2, 2, 0.75, true, now()), ({ds}, 3, 9, 1, true, now());
insert into autotask.time_entries (
    datasource_id, id, ticket_id, task_id, contract_id, resource_id, role_id, date_worked, end_date_time, hours_worked,
    hours_to_bill, is_non_billable, create_date_time, last_modified_date_time, changed_at
)
values
    ({ds}, 1, 2, null, 1, 10, 5, '2026-03-10', '2026-03-10T10:00:00Z', 1.5, 2, false, '2026-03-10T12:00:00Z',
        '2026-03-10T12:00:00Z', now()),
    ({ds}, 2, 2, null, 1, 11, 5, '2026-03-10', null, 0.5, 0, true, '2026-03-10T22:00:00Z',
        '2026-03-04T10:00:00Z', now()),
    ({ds}, 3, null, 1, null, 10, 5, '2026-03-17', null, 4, 4, false, '2026-03-18T08:00:00Z',
        '2026-03-04T09:59:59Z', now()),
    ({ds}, 4, null, null, null, 10, null, '2026-03-17', null, 2, 0, true, '2026-03-17T08:00:00Z',
        '2025-08-20T09:59:59Z', now());
insert into autotask.surveys (datasource_id, id, name, changed_at) values ({ds}, 1, 'Closing survey', now());
insert into autotask.survey_results
    (datasource_id, id, survey_id, company_id, ticket_id, survey_rating, send_date, complete_date, changed_at)
values
    ({ds}, 1, 1, 1, 2, 80, '2026-03-11T00:00:00Z', '2026-03-12T00:00:00Z', now()),
    ({ds}, 2, 1, null, 2, null, '2026-03-11T00:00:00Z', null, now());
insert into autotask.company_notes (datasource_id, id, company_id, name, start_date_time, changed_at)
values ({ds}, 1, 1, 'Call', '2026-03-01T10:00:00Z', now()), ({ds}, 2, 1, 'Visit', '2026-04-01T10:00:00Z', now());
insert into autotask.opportunities (
    datasource_id, id, company_id, owner_resource_id, title, status, stage, amount, probability, create_date,
    closed_date, projected_close_date, changed_at
)
values
    ({ds}, 1, 1, 10, 'Renewal', 1, 16, 1000, 40, '2026-01-01T00:00:00Z', null, '2026-03-17', now()),
    ({ds}, 2, 2, 10, 'Server', 3, 16, 500, 100, '2026-01-01T00:00:00Z', '2026-01-03T00:00:00Z', '2026-01-03', now());
insert into autotask.quotes
    (datasource_id, id, opportunity_id, name, is_active, primary_quote, expiration_date, create_date, changed_at)
values ({ds}, 1, 1, 'Offer', true, true, '2026-03-18', '2026-03-01T00:00:00Z', now());
insert into autotask.quote_items
    (datasource_id, id, quote_id, quantity, unit_price, percentage_discount, is_optional, changed_at)
values ({ds}, 1, 1, 2, 100, 10, false, now()), ({ds}, 2, 1, 1, 20, null, null, now()),
    ({ds}, 3, 1, 1, 999, null, true, now());
insert into autotask.services (datasource_id, id, name, period_type, changed_at) values ({ds}, 1, 'Backup', 4, now());
insert into autotask.service_bundles (datasource_id, id, name, period_type, changed_at)
values ({ds}, 1, 'Setup', 1, now());
insert into autotask.contract_service_units
    (datasource_id, id, contract_id, service_id, start_date, end_date, units, price, changed_at)
values
    ({ds}, 1, 1, 1, '2024-03-18', '2024-09-17', 1, 600, now()),
    ({ds}, 2, 1, 1, '2024-03-17', '2024-09-16', 1, 600, now());
insert into autotask.contract_service_bundle_units
    (datasource_id, id, contract_id, service_bundle_id, start_date, end_date, units, price, changed_at)
values ({ds}, 1, 1, 1, '2026-03-01', '2026-03-31', 1, 600, now());
insert into autotask.contract_blocks
    (datasource_id, id, contract_id, status, hours, hours_approved, end_date, changed_at)
values ({ds}, 1, 1, 1, 20, 5, '2026-03-18', now());
insert into autotask.invoices
    (datasource_id, id, company_id, invoice_number, invoice_date_time, due_date, invoice_total, create_date_time, changed_at)
values
    ({ds}, 1, 1, 'I1', '2026-03-01', '2026-03-08', 100, '2024-03-18T10:00:00Z', now()),
    ({ds}, 2, 1, 'I2', '2026-03-01', '2026-03-08', 100, '2024-03-18T09:59:59Z', now());
insert into autotask.billing_items
    (datasource_id, id, company_id, invoice_id, billing_item_type, total_amount, our_cost, posted_date, changed_at)
values ({ds}, 1, 1, 1, 1, 100, 40, '2026-03-01', now());
insert into autotask.service_calls
    (datasource_id, id, company_id, status, is_complete, start_date_time, end_date_time, changed_at)
values ({ds}, 1, 1, 1, 0, '2026-03-18T08:00:00Z', '2026-03-18T09:30:00Z', now());
insert into autotask.service_call_tickets (datasource_id, id, service_call_id, ticket_id, changed_at)
values ({ds}, 1, 1, 1, now()), ({ds}, 2, 1, 3, now());
insert into autotask.service_call_ticket_resources
    (datasource_id, id, service_call_ticket_id, resource_id, changed_at)
values ({ds}, 1, 1, 11, now()), ({ds}, 2, 1, 10, now());
insert into autotask.service_call_tasks (datasource_id, id, service_call_id, task_id, changed_at)
values ({ds}, 1, 1, 1, now());
insert into autotask.configuration_items
    (datasource_id, id, company_id, reference_title, configuration_item_type, is_active, changed_at)
values
    ({ds}, 1, 1, 'LAP-1', 2, true, now()), ({ds}, 2, 1, 'PRN-1', 9, true, now()),
    ({ds}, 3, 1, 'LAP-2', 2, false, now());
