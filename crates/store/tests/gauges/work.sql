-- Time, clients, projects and sales around 2026-03-18 10:00 UTC, 11:00 in Berlin. {ds} is the datasource.
insert into autotask.picklist_values (datasource_id, entity, field, code, label, sort_order)
select {ds}, v.entity, v.field, v.value, v.label, v.place
from (
    values
        ('Projects', 'status', 1, 'New', 1), ('Projects', 'status', 8, 'In Progress', 2),
        ('Projects', 'status', 5, 'Complete', 3), ('Projects', 'status', 0, 'Inactive', 4),
        ('Projects', 'projectType', 5, 'Client', 1), ('Projects', 'projectType', 3, 'Template', 2),
        ('Opportunities', 'status', 0, 'Not Ready To Buy', 1), ('Opportunities', 'status', 1, 'Active', 2),
        ('Opportunities', 'status', 2, 'Lost', 3), ('Opportunities', 'status', 3, 'Closed', 4),
        ('Opportunities', 'status', 4, 'Implemented', 5), ('Opportunities', 'stage', 1, 'Discovery', 2),
        ('Opportunities', 'stage', 2, 'Proposal', 1), ('Opportunities', 'leadSource', 1, 'Referral', 1),
        ('Opportunities', 'lossReason', 3, 'Price', 1), ('Opportunities', 'opportunityCategoryID', 7, 'Licences', 1),
        ('CompanyNotes', 'actionType', 1, 'Call', 1), ('CompanyNotes', 'actionType', 2, 'Meeting', 2)
) as v (entity, field, value, label, place);

-- Ann's goal is half of her week; Bob is off on Tuesday. Time off that nobody approved counts for nothing.
insert into autotask.resource_daily_availabilities (datasource_id, id, resource_id, weekly_billable_hours_goal, changed_at)
values ({ds}, 1, 29, 20, now());
insert into autotask.time_off_requests
    (datasource_id, id, resource_id, request_date, hours, approved_date_time, changed_at)
values
    ({ds}, 1, 30, '2026-03-17', 8, '2026-03-01T00:00:00Z', now()), ({ds}, 2, 31, '2026-03-17', 8, null, now());

-- Client 2 was called lately; client 8 is a second over 90 days, client 7 is not; 4 was never in touch. 5 is inactive,
-- 6 no customer, and a call to come to 3 is no contact yet.
update autotask.companies set company_type = case id when 6 then 3 else 1 end, last_activity_date = '2026-03-01T00:00:00Z';
update autotask.companies set last_activity_date = '2025-12-01T00:00:00Z' where id in (0, 2, 3, 5, 6);
update autotask.companies set last_activity_date = null, create_date = '2025-01-01T00:00:00Z' where id = 4;
update autotask.companies set is_active = false where id = 5;
update autotask.companies set last_activity_date = '2025-12-18T10:00:00Z' where id = 7;
update autotask.companies set last_activity_date = '2025-12-18T09:59:59Z' where id = 8;
insert into autotask.contacts (datasource_id, id, company_id, first_name, is_active, changed_at)
values
    ({ds}, 1, 1, 'Ann', 1, now()), ({ds}, 2, 1, 'Bob', 0, now()), ({ds}, 3, 0, 'Own', 1, now());
insert into autotask.configuration_items
    (datasource_id, id, company_id, configuration_item_type, is_active, changed_at)
values
    ({ds}, 1, 1, 1, true, now()), ({ds}, 2, 2, 1, true, now()), ({ds}, 3, 2, 1, false, now()),
    ({ds}, 4, 0, 1, true, now()), ({ds}, 5, 1, 99, true, now());
insert into autotask.company_notes
    (datasource_id, id, company_id, assigned_resource_id, action_type, name, start_date_time, changed_at)
values
    ({ds}, 1, 2, 29, 1, 'Call', '2026-03-01T10:00:00Z', now()),
    ({ds}, 2, 3, 29, 1, 'Call', '2025-11-01T10:00:00Z', now()),
    -- Sunday and Monday in Berlin.
    ({ds}, 3, 1, 29, 1, 'Call', '2026-03-15T22:30:00Z', now()),
    ({ds}, 4, 1, 29, 1, 'Call', '2026-03-15T23:30:00Z', now()),
    ({ds}, 5, 1, 29, 1, 'Call', '2026-03-17T10:00:00Z', now()),
    ({ds}, 6, 1, 30, 2, 'Visit', '2026-03-18T09:00:00Z', now()),
    ({ds}, 7, 3, 30, 2, 'Visit', '2026-03-20T09:00:00Z', now());

insert into autotask.projects (
    datasource_id, id, company_id, project_name, status, project_type, project_lead_resource_id, estimated_time,
    completed_percentage, start_date_time, end_date_time, labor_estimated_revenue, project_costs_revenue, changed_at
)
values
    ({ds}, 1, 1, 'Move', 1, 5, 29, 7, 40, '2026-01-01T00:00:00Z', '2026-03-01T00:00:00Z', 2000, 300, now()),
    ({ds}, 2, 2, 'Roll-out', 8, 5, 30, 20, 30, '2026-03-08T10:00:00Z', '2026-03-28T10:00:00Z', 100, null, now()),
    ({ds}, 3, 1, 'Old', 5, 5, 29, 12, 100, '2025-01-01T00:00:00Z', '2025-02-01T00:00:00Z', 50, null, now()),
    ({ds}, 4, 1, 'Template', 1, 3, 29, 1, 0, '2024-12-01T00:00:00Z', '2025-01-01T00:00:00Z', 70, null, now()),
    ({ds}, 5, 0, 'House', 1, 5, 29, 1, 0, null, '2026-01-01T00:00:00Z', 70, null, now()),
    ({ds}, 6, 2, 'Paused', 0, 5, 30, 1, 0, null, '2026-01-01T00:00:00Z', 70, null, now());
insert into autotask.phases (datasource_id, id, project_id, title, due_date, changed_at)
values
    ({ds}, 1, 1, 'Plan', '2026-03-01T00:00:00Z', now()), ({ds}, 2, 3, 'Done', '2025-01-01T00:00:00Z', now()),
    ({ds}, 3, 4, 'Model', '2025-01-01T00:00:00Z', now()), ({ds}, 4, 2, 'Build', '2026-02-01T00:00:00Z', now()),
    ({ds}, 5, 5, 'Own', '2026-02-01T00:00:00Z', now());
insert into autotask.tasks (
    datasource_id, id, project_id, phase_id, title, status, assigned_resource_id, estimated_hours, remaining_hours,
    end_date_time, completed_date_time, last_activity_date_time, changed_at
)
values
    ({ds}, 1, 1, 1, 'Survey', 5, 30, 4, 2, '2026-03-12T00:00:00Z', '2026-03-10T12:00:00Z', '2026-03-10T00:00:00Z', now()),
    ({ds}, 2, 1, 1, 'Cut over', 1, 29, 6, 5, '2026-03-17T09:00:00Z', null, '2026-03-10T00:00:00Z', now()),
    -- 23:30 and 0:30 in Berlin.
    ({ds}, 3, 2, null, 'Install', 1, 30, 8, 8, '2026-03-24T22:30:00Z', null, '2026-03-10T00:00:00Z', now()),
    ({ds}, 4, 2, null, 'Train', 1, 30, 2, 1, '2026-03-24T23:30:00Z', null, '2026-03-10T00:00:00Z', now()),
    ({ds}, 5, 4, 3, 'Model', 1, 30, 2, 1, '2025-01-01T00:00:00Z', null, '2026-03-10T00:00:00Z', now()),
    ({ds}, 6, 2, null, 'Order', 5, 30, 2, 0, null, '2026-03-15T22:30:00Z', '2026-03-10T00:00:00Z', now()),
    ({ds}, 7, 2, null, 'Unpack', 5, 30, 1, 0, null, '2026-03-15T23:30:00Z', '2026-03-10T00:00:00Z', now()),
    ({ds}, 8, 3, 2, 'Old', 5, 30, 12, 0, null, '2026-03-08T23:30:00Z', '2026-03-10T00:00:00Z', now()),
    ({ds}, 9, 2, null, 'Whenever', 1, 30, null, null, null, null, '2026-03-10T00:00:00Z', now());
insert into autotask.billing_items
    (datasource_id, id, company_id, project_id, total_amount, internal_currency_total_amount, changed_at, deleted_at)
values
    ({ds}, 1, 1, 1, 1100, 1000, now(), null), ({ds}, 2, 1, 1, 500, null, now(), null),
    ({ds}, 3, 1, 1, 9000, null, now(), now()), ({ds}, 4, 1, 3, 800, null, now(), null);

insert into autotask.tickets
    (datasource_id, id, company_id, status, assigned_resource_id, title, create_date, last_activity_date, changed_at)
values
    ({ds}, 1, 1, 8, 29, 'A', '2026-03-01T00:00:00Z', '2026-03-17T00:00:00Z', now()),
    ({ds}, 2, 0, 8, 30, 'B', '2026-03-01T00:00:00Z', '2026-03-17T00:00:00Z', now());
insert into autotask.time_entries (
    datasource_id, id, ticket_id, task_id, resource_id, date_worked, hours_worked, is_non_billable,
    last_modified_date_time, changed_at
)
values
    ({ds}, 1, 1, null, 29, '2026-03-17', 4, false, '2026-03-18T00:00:00Z', now()),
    ({ds}, 2, 1, null, 29, '2026-03-18', 2, true, '2026-03-18T00:00:00Z', now()),
    ({ds}, 3, null, 2, 30, '2026-03-10', 5, false, '2026-03-18T00:00:00Z', now()),
    ({ds}, 4, null, null, 31, '2026-03-16', 3, true, '2026-03-18T00:00:00Z', now()),
    ({ds}, 5, null, 1, 29, '2026-03-11', 3, false, '2026-03-18T00:00:00Z', now()),
    ({ds}, 6, 2, null, 30, '2026-03-18', 1, false, '2026-03-18T00:00:00Z', now()),
    ({ds}, 7, null, 8, 31, '2026-02-10', 8, false, '2026-03-18T00:00:00Z', now()),
    ({ds}, 8, null, 3, 30, '2026-03-12', 4, false, '2026-03-18T00:00:00Z', now());
insert into autotask.survey_results
    (datasource_id, id, ticket_id, survey_rating, send_date, complete_date, changed_at)
values
    ({ds}, 1, 1, 80, '2026-03-10T00:00:00Z', '2026-03-11T00:00:00Z', now()),
    ({ds}, 2, 1, 60, '2026-03-10T00:00:00Z', '2026-03-11T00:00:00Z', now()),
    ({ds}, 3, 2, 100, '2026-03-10T00:00:00Z', '2026-03-11T00:00:00Z', now()),
    -- About no ticket, and so about no member.
    ({ds}, 4, null, 0, '2026-03-10T00:00:00Z', '2026-03-11T00:00:00Z', now());

insert into autotask.opportunities (
    datasource_id, id, company_id, title, status, stage, owner_resource_id, amount, probability, create_date,
    projected_close_date, closed_date, lost_date, last_activity, lead_source, loss_reason, opportunity_category_id,
    onetime_revenue, monthly_revenue, changed_at, deleted_at
)
values
    ({ds}, 1, 1, 'Renewal', 1, 1, 29, 1000, 40, '2026-03-16T00:00:00Z', '2026-03-31', null, null,
        '2026-03-17T00:00:00Z', 1, null, 7, null, null, now(), null),
    ({ds}, 2, 1, 'Server', 1, 2, 30, 500, 80, '2026-01-01T00:00:00Z', '2026-03-17', null, null,
        '2026-03-04T09:50:00Z', 1, null, null, null, null, now(), null),
    -- Idle for 14 days to the second; closes on the 31st day.
    ({ds}, 3, 2, 'Phones', 1, 1, 29, 300, 10, '2026-01-01T00:00:00Z', '2026-04-17', null, null,
        '2026-03-04T10:00:00Z', 1, null, null, null, null, now(), null),
    ({ds}, 4, 2, 'Backup', 3, 2, 30, 900, 100, '2026-02-23T08:00:00Z', '2026-03-01', '2026-03-05T08:00:00Z', null,
        null, 1, null, null, 600, 25, now(), null),
    -- Won on 1 March in Berlin, without revenue fields.
    ({ds}, 5, 2, 'Mouse', 4, 2, 30, 100, 100, '2026-02-28T11:30:00Z', '2026-03-01', '2026-02-28T23:30:00Z', null,
        null, null, null, null, null, null, now(), null),
    ({ds}, 6, 2, 'Screens', 3, 2, 29, 700, 100, '2025-12-01T08:00:00Z', '2025-12-01', '2025-12-10T08:00:00Z', null,
        null, 1, null, null, 700, 0, now(), null),
    ({ds}, 7, 2, 'Cabling', 2, 2, 29, 250, 0, '2026-02-01T08:00:00Z', '2026-03-01', null, '2026-03-10T08:00:00Z',
        null, 1, 3, null, null, null, now(), null),
    ({ds}, 8, 2, 'Fibre', 2, 2, 29, 50, 0, '2025-05-01T08:00:00Z', '2025-06-01', null, '2025-06-01T08:00:00Z',
        null, 1, null, null, null, null, now(), null),
    ({ds}, 9, 2, 'Someday', 0, 1, 29, 9999, 10, '2026-02-01T08:00:00Z', '2026-03-20', null, null,
        null, 1, null, null, null, null, now(), null),
    ({ds}, 10, 2, 'Deleted', 3, 1, 29, 9999, 10, '2026-03-17T08:00:00Z', '2026-03-20', '2026-03-17T08:00:00Z', null,
        null, 1, null, null, null, null, now(), now()),
    ({ds}, 11, 1, 'Licence', 1, null, 31, 200, 90, '2026-03-01T08:00:00Z', '2026-04-16', null, null,
        '2026-03-18T08:00:00Z', 1, null, null, null, null, now(), null);
insert into autotask.quotes
    (datasource_id, id, opportunity_id, name, is_active, expiration_date, ext_approval_contact_response, changed_at)
values
    ({ds}, 1, 1, 'Offer', true, '2026-03-18', null, now()), ({ds}, 2, 1, 'Late', true, '2026-03-17', null, now()),
    ({ds}, 3, 1, 'Answered', true, '2026-03-31', 1, now()), ({ds}, 4, 1, 'Old', false, '2026-03-31', null, now());
