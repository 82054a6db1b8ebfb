-- A small provider at 2026-03-18 10:00 UTC, beside the companies and members of every world. {ds} is the datasource.
insert into autotask.picklist_values (datasource_id, entity, field, code, label, sort_order)
select {ds}, v.entity, v.field, v.value, v.label, v.value
from (
    values
        ('Contracts', 'contractType', 7, 'Recurring Service'), ('Contracts', 'contractType', 4, 'Block Hours'),
        ('BillingItems', 'billingItemType', 1, 'Labor'), ('BillingItems', 'billingItemType', 2, 'Recurring Service'),
        ('BillingItems', 'billingItemType', 3, 'Charge'), ('Services', 'periodType', 2, 'Monthly'),
        ('Services', 'periodType', 5, 'Yearly'), ('Services', 'periodType', 1, 'One-Time'),
        ('ServiceBundles', 'periodType', 3, 'Quarterly'), ('Tickets', 'status', 9, 'Scheduled on site')
) as v (entity, field, value, label);
update autotask.resources set internal_cost = 40 where datasource_id = {ds} and id = 29;
insert into autotask.roles (datasource_id, id, name, hourly_rate, changed_at) values ({ds}, 5, 'Engineer', 100, now());
insert into autotask.contracts
    (datasource_id, id, company_id, contract_name, contract_type, status, start_date, end_date, changed_at)
values
    ({ds}, 1, 1, 'Managed', 7, 1, '2026-01-01', '2026-04-30', now()),
    ({ds}, 2, 2, 'Blocks', 4, 1, '2026-01-01', '2027-12-31', now()),
    ({ds}, 3, 0, 'Own', 7, 1, '2026-01-01', '2026-03-31', now()),
    -- The last of 90 days, and the day after it.
    ({ds}, 4, 3, 'Later', 7, 1, '2026-01-01', '2026-06-15', now()),
    ({ds}, 5, 3, 'Too late', 7, 1, '2026-01-01', '2026-06-16', now()),
    ({ds}, 6, 3, 'Inactive', 7, 0, '2026-01-01', '2026-04-01', now());
insert into autotask.services (datasource_id, id, name, period_type, changed_at)
values ({ds}, 1, 'Backup', 2, now()), ({ds}, 2, 'Licence', 5, now()), ({ds}, 3, 'Setup', 1, now());
insert into autotask.service_bundles (datasource_id, id, name, period_type, changed_at) values ({ds}, 1, 'All', 3, now());
insert into autotask.contract_services (datasource_id, id, contract_id, service_id, unit_price, changed_at)
values ({ds}, 1, 1, 1, 12, now());
insert into autotask.contract_service_units
    (datasource_id, id, contract_id, service_id, contract_service_id, start_date, end_date, units, price, changed_at)
values
    ({ds}, 1, 1, 1, null, '2026-02-01', '2026-02-28', 10, 100, now()),
    ({ds}, 2, 1, 1, 1, '2026-03-01', '2026-03-31', 10, 120, now()),
    ({ds}, 3, 2, 2, null, '2025-10-01', '2026-09-30', 1, 1200, now()),
    ({ds}, 4, 1, 3, null, '2026-03-01', '2026-03-31', 1, 500, now()),
    ({ds}, 5, 3, 1, null, '2026-03-01', '2026-03-31', 1, 999, now());
insert into autotask.contract_service_bundle_units
    (datasource_id, id, contract_id, service_bundle_id, start_date, end_date, units, price, changed_at)
values ({ds}, 1, 1, 1, '2026-01-01', '2026-03-31', 1, 30, now());
insert into autotask.contract_blocks (datasource_id, id, contract_id, status, hours, hours_approved, end_date, changed_at)
values
    ({ds}, 1, 2, 1, 20, 5, '2026-12-31', now()), ({ds}, 2, 2, 1, 10, null, null, now()),
    -- Run out, and inactive.
    ({ds}, 3, 2, 1, 100, 0, '2026-03-17', now()), ({ds}, 4, 2, 0, 100, 0, '2026-12-31', now());
insert into autotask.invoices
    (datasource_id, id, company_id, invoice_date_time, due_date, paid_date, is_voided, invoice_total, create_date_time, changed_at)
values
    ({ds}, 1, 1, '2026-03-01', '2026-03-18', null, false, 100, '2026-03-01T10:00:00Z', now()),
    ({ds}, 2, 1, '2026-02-10', '2026-03-17', null, false, 200, '2026-02-10T10:00:00Z', now()),
    ({ds}, 3, 1, '2026-01-10', '2026-02-16', null, false, 40, '2026-01-10T10:00:00Z', now()),
    ({ds}, 4, 1, '2026-01-15', '2026-02-15', null, null, 50, '2026-01-15T10:00:00Z', now()),
    ({ds}, 5, 1, '2025-11-01', '2025-12-18', null, false, 60, '2025-11-01T10:00:00Z', now()),
    ({ds}, 6, 1, '2025-11-01', '2025-12-17', null, false, 70, '2025-11-01T10:00:00Z', now()),
    ({ds}, 7, 1, '2026-03-02', null, null, false, 80, '2026-03-02T10:00:00Z', now()),
    ({ds}, 8, 1, '2026-03-02', '2026-03-10', null, true, 1000, '2026-03-02T10:00:00Z', now()),
    ({ds}, 9, 1, '2026-03-03', '2026-03-10', '2026-03-09', false, 500, '2026-03-03T10:00:00Z', now());
insert into autotask.billing_items
    (datasource_id, id, company_id, contract_id, billing_item_type, total_amount, our_cost, posted_date, changed_at)
values
    ({ds}, 1, 1, 1, 2, 300, 50, '2026-02-15', now()), ({ds}, 2, 1, null, 1, 200, 0, '2026-02-20', now()),
    ({ds}, 3, 2, 2, 3, 100, 80, '2026-02-10', now()), ({ds}, 4, 0, null, 1, 999, 0, '2026-02-10', now()),
    ({ds}, 5, 1, 1, 2, 300, 50, '2026-03-15', now()), ({ds}, 6, 3, null, 1, 70, null, '2026-02-11', now());
insert into autotask.tickets
    (datasource_id, id, ticket_number, title, company_id, status, create_date, last_activity_date, changed_at)
values
    ({ds}, 1, 'T1', 'Ticket', 1, 8, '2026-01-01T10:00:00Z', '2026-03-18T09:00:00Z', now()),
    ({ds}, 2, 'T2', 'Ticket', 2, 8, '2026-01-01T10:00:00Z', '2026-03-18T09:00:00Z', now()),
    ({ds}, 3, 'T3', 'Ticket', 0, 8, '2026-01-01T10:00:00Z', '2026-03-18T09:00:00Z', now()),
    -- No call; one ahead; a cancelled one; one that is over; done.
    ({ds}, 11, 'T11', 'Ticket', 1, 9, '2026-03-01T10:00:00Z', '2026-03-01T10:00:00Z', now()),
    ({ds}, 12, 'T12', 'Ticket', 1, 9, '2026-03-01T10:00:00Z', '2026-03-01T10:00:00Z', now()),
    ({ds}, 13, 'T13', 'Ticket', 1, 9, '2026-03-02T10:00:00Z', '2026-03-02T10:00:00Z', now()),
    ({ds}, 14, 'T14', 'Ticket', 1, 9, '2026-03-03T10:00:00Z', '2026-03-03T10:00:00Z', now());
insert into autotask.time_entries (
    datasource_id, id, ticket_id, contract_id, resource_id, role_id, date_worked, hours_worked, hours_to_bill,
    is_non_billable, billing_approval_date_time, last_modified_date_time, changed_at
)
values
    ({ds}, 1, 1, 1, 29, 5, '2026-02-12', 5, 5, false, '2026-03-01T10:00:00Z', '2026-03-01T10:00:00Z', now()),
    ({ds}, 2, 1, 1, 30, 5, '2026-03-16', 3, 3, false, null, '2026-03-16T10:00:00Z', now()),
    ({ds}, 3, 2, 2, 29, 5, '2026-03-05', 4, 6, false, null, '2026-03-05T10:00:00Z', now()),
    ({ds}, 4, 3, null, 29, 5, '2026-02-12', 2, 2, false, null, '2026-02-12T10:00:00Z', now()),
    ({ds}, 5, 2, 2, 29, 5, '2026-02-03', 1, 0, true, null, '2026-02-03T10:00:00Z', now()),
    -- Seven days ago, not more.
    ({ds}, 6, 1, null, 30, 5, '2026-03-11', 2, 9, false, null, '2026-03-11T10:00:00Z', now());
insert into autotask.service_calls
    (datasource_id, id, company_id, is_complete, start_date_time, end_date_time, canceled_date_time, changed_at)
values
    ({ds}, 1, 1, 0, '2026-03-18T08:00:00Z', '2026-03-18T09:30:00Z', null, now()),
    ({ds}, 2, 1, 0, '2026-03-18T12:00:00Z', '2026-03-18T14:00:00Z', '2026-03-17T14:00:00Z', now()),
    ({ds}, 3, 2, 0, '2026-03-19T08:00:00Z', '2026-03-19T12:00:00Z', null, now()),
    -- Tomorrow a week from now.
    ({ds}, 4, 1, 0, '2026-03-25T08:00:00Z', '2026-03-25T10:00:00Z', null, now()),
    ({ds}, 5, 1, 1, '2026-03-10T08:00:00Z', '2026-03-10T10:00:00Z', null, now()),
    -- Over when Monday has begun there, though not in UTC.
    ({ds}, 6, 1, 0, '2026-03-15T22:30:00Z', '2026-03-15T23:30:00Z', null, now()),
    ({ds}, 7, 1, 0, '2026-03-11T08:00:00Z', '2026-03-11T10:00:00Z', null, now()),
    ({ds}, 8, 1, 0, '2026-03-12T08:00:00Z', '2026-03-12T10:00:00Z', '2026-03-11T14:00:00Z', now());
insert into autotask.service_call_tickets (datasource_id, id, service_call_id, ticket_id, changed_at)
values
    ({ds}, 1, 1, 1, now()), ({ds}, 2, 1, 2, now()), ({ds}, 3, 2, 13, now()), ({ds}, 4, 3, 2, now()),
    ({ds}, 5, 4, 12, now()), ({ds}, 6, 5, 1, now()), ({ds}, 7, 5, 2, now()), ({ds}, 8, 6, 2, now()),
    ({ds}, 9, 7, 14, now()), ({ds}, 10, 7, 1, now()), ({ds}, 11, 8, 1, now());
insert into autotask.service_call_ticket_resources
    (datasource_id, id, service_call_ticket_id, resource_id, changed_at)
values
    -- Ann is on both tickets of the first call.
    ({ds}, 1, 1, 29, now()), ({ds}, 2, 1, 30, now()), ({ds}, 3, 2, 29, now()), ({ds}, 4, 3, 29, now()),
    ({ds}, 5, 4, 30, now()), ({ds}, 6, 5, 30, now());
