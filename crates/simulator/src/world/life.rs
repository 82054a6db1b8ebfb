//! The living world: what happens in the tenant while its clock moves, and what deleting leaves behind.

use super::cell::{At, Cell, DAY, Draft, HOUR, MINUTE, Record, SECOND, draft};
use super::lookups::code;
use super::people::Technician;
use super::picklists::status;
use super::table::RowRef;
use super::tickets::{
    self, Desk, TicketRecord, cumulative, day_weight, getter, hour_weight, number, targets,
};
use super::time::{billed, hundredths};
use super::{HISTORY_DAYS, World, webhooks};
use crate::rng::Rng;
use crate::schema::schema;

/// What living on needs to remember.
#[derive(Debug, Default)]
pub(crate) struct Life {
    /// Open tickets, oldest first.
    open: Vec<i64>,
    shares: Vec<f64>,
    /// The local day whose ticket numbers are being given out, and the last one given.
    numbered: (chrono::NaiveDate, u16),
}

/// The world moves in steps that start at multiples of this, so that a span can be lived in pieces.
const TICK: i64 = 5 * MINUTE;

pub(crate) fn prepare(w: &mut World) {
    let today = w.today();
    let midnight = w.calendar.midnight(today);
    let mut open = Vec::new();
    let mut last = 0_u16;
    if let Some(table) = w.table("Tickets") {
        let (status, created) =
            (table.entity.column("status").unwrap_or(0), table.entity.column("createDate").unwrap_or(0));
        for row in table.rows() {
            if row.cell(status) != Cell::Int(status::COMPLETE) {
                open.push(row.id());
            }
            last += u16::from(row.cell(created).as_time().is_some_and(|at| at >= midnight));
        }
    }
    let shares = cumulative(&w.clients);
    w.life = Life { open, shares, numbered: (today, last) };
}

pub(crate) fn advance(w: &mut World, span: i64) {
    let end = w.now + span.max(0);
    let mut tick = w.now.div_euclid(TICK) + 1;
    while tick * TICK <= end {
        w.now = tick * TICK;
        step(w, tick);
        tick += 1;
    }
    w.now = end;
}

/// How many events of a rate happen in one step.
fn happens(rng: &mut Rng, rate: f64) -> usize {
    usize::try_from(super::cell::whole(rate + rng.unit())).unwrap_or(0)
}

fn step(w: &mut World, tick: i64) {
    let mut rng = Rng::new(w.config.seed ^ 0x11fe, tick.cast_unsigned());
    let date = w.calendar.date(w.now);
    let since_midnight = w.now - w.calendar.midnight(date);
    let hour = usize::try_from(since_midnight / HOUR).unwrap_or(0);
    // The mean weight of a day of the week is 0.78; the provider ends its history at 1.2 times its mean size.
    let daily = w.scale.tickets as f64 / HISTORY_DAYS as f64 / 0.78 * 1.2 * day_weight(date);
    let rate = daily * hour_weight(date, hour) * TICK as f64 / HOUR as f64;
    for _ in 0..happens(&mut rng, rate) {
        new_ticket(w, &mut rng, (6..20).contains(&hour));
    }
    for _ in 0..happens(&mut rng, rate * 2.9) {
        work_on_one(w, &mut rng);
    }
    for _ in 0..happens(&mut rng, rate * 0.012) {
        delete_spam(w);
    }
    for _ in 0..happens(&mut rng, rate * 0.02) {
        let last = w.table("TimeEntries").map_or(0, super::table::Table::next_id);
        let id = last - 1 - rng.between(0, 60);
        delete(w, "TimeEntries", id);
    }
    for _ in 0..happens(&mut rng, rate * 0.6) {
        elsewhere(w, &mut rng);
    }
}

fn record_of(ticket: &TicketRecord, desk: &Desk) -> Record {
    let mut record = Record::default();
    if let Some(definition) = schema().entity("Tickets") {
        for (column, field) in (0_u16..).zip(&definition.fields) {
            if let Some(get) = getter(&field.name) {
                record.set(column, get(ticket, desk));
            }
        }
    }
    record.set_udf("Root Cause", None);
    record.set_udf("Users Affected", None);
    record
}

fn new_ticket(w: &mut World, rng: &mut Rng, working: bool) {
    let created = w.now - rng.between(0, TICK / SECOND - 1) * SECOND;
    let shares = std::mem::take(&mut w.life.shares);
    let mut ticket = tickets::arrive(w, &shares, created, working, rng);
    w.life.shares = shares;
    let table = w.table_mut("Tickets");
    let id = table.next_id();
    ticket.id = u32::try_from(id).unwrap_or(u32::MAX);
    let today = w.calendar.date(created);
    if w.life.numbered.0 != today {
        w.life.numbered = (today, 0);
    }
    w.life.numbered.1 = w.life.numbered.1.saturating_add(1);
    ticket.number = w.life.numbered.1;
    ticket.status = 1;
    ticket.activity = created;
    ticket.tracked = created;
    if rng.chance(0.5) {
        ticket.assigned = 0;
    }
    let (respond, plan, resolve) = targets(ticket.priority, ticket.agreement_level.max(1));
    ticket.due = w.calendar.after(created, resolve);
    if ticket.agreement_level != 0 {
        ticket.respond_due = w.calendar.after(created, respond);
        ticket.plan_due = w.calendar.after(created, plan);
        ticket.resolve_due = ticket.due;
        w.insert(draft!("ServiceLevelAgreementResults" {
            ticketID: ticket.id, serviceLevelAgreementName: if ticket.agreement_level == 2 { "Premium SLA" } else { "Standard SLA" }
        }));
    }
    let desk = Desk { calendar: w.calendar.clone(), api_user: w.staff.api_user };
    let record = record_of(&ticket, &desk);
    w.put("Tickets", id, record);
    w.life.open.push(id);
}

/// What an event needs to know of a ticket.
struct Known {
    id: i64,
    created: i64,
    responded: Option<i64>,
    respond_due: Option<i64>,
    resolve_due: Option<i64>,
    contract: Cell,
    assigned: Option<i64>,
    has_level: bool,
}

fn cell(row: RowRef<'_>, entity: &str, field: &str) -> Cell {
    schema()
        .entity(entity)
        .and_then(|entity| entity.column(field))
        .map_or(Cell::Null, |column| row.cell(column))
}

fn know(w: &World, id: i64) -> Option<Known> {
    let row = w.row("Tickets", id)?;
    let get = |field| cell(row, "Tickets", field);
    Some(Known {
        id,
        created: get("createDate").as_time().unwrap_or(w.now),
        responded: get("firstResponseDateTime").as_time(),
        respond_due: get("firstResponseDueDateTime").as_time(),
        resolve_due: get("resolvedDueDateTime").as_time(),
        contract: get("contractID"),
        assigned: get("assignedResourceID").as_int(),
        has_level: !get("serviceLevelAgreementID").is_null(),
    })
}

fn work_on_one(w: &mut World, rng: &mut Rng) {
    if w.life.open.is_empty() {
        return;
    }
    // People look at recent tickets first; old ones lie.
    let from_end = super::cell::whole(rng.unit() * rng.unit() * w.life.open.len() as f64);
    let at = w.life.open.len() - 1 - usize::try_from(from_end).unwrap_or(0).min(w.life.open.len() - 1);
    let Some(known) = know(w, w.life.open[at]) else {
        w.life.open.remove(at);
        return;
    };
    let now = At(w.now);
    let mut changes: Vec<(&str, Cell)> = vec![("lastActivityDate", now.into())];
    let tech: Technician = known
        .assigned
        .and_then(|id| w.staff.technicians().find(|tech| i64::from(tech.id) == id).cloned())
        .unwrap_or_else(|| rng.pick(&w.staff.level_one).clone());
    if known.assigned.is_none() {
        changes.push(("assignedResourceID", tech.id.into()));
        changes.push(("assignedResourceRoleID", tech.role.into()));
    }
    changes.push(("lastActivityResourceID", tech.id.into()));
    let tracked = ("lastTrackedModificationDateTime", Cell::from(now));
    let elapsed = (w.calendar.hours_between(known.created, w.now) * 100.0).round() / 100.0;
    if known.responded.is_none() {
        changes.extend([
            ("firstResponseDateTime", now.into()),
            ("firstResponseAssignedResourceID", tech.id.into()),
            ("firstResponseInitiatingResourceID", tech.id.into()),
            ("status", status::IN_PROGRESS.into()),
            tracked,
        ]);
        let met = known.respond_due.map(|due| w.now <= due);
        level(
            w,
            &known,
            &[
                ("firstResponseElapsedHours", elapsed.into()),
                ("isFirstResponseMet", met.into()),
                ("firstResponseResourceID", tech.id.into()),
                ("firstResponseInitiatingResourceID", tech.id.into()),
            ],
        );
        log_time(w, rng, &known, &tech);
    } else if rng.chance(0.45) {
        let met = known.resolve_due.map(|due| w.now <= due);
        let responded = known.respond_due.zip(known.responded).map(|(due, at)| at <= due);
        changes.extend([
            ("status", status::COMPLETE.into()),
            ("completedDate", now.into()),
            ("completedByResourceID", tech.id.into()),
            ("resolvedDateTime", now.into()),
            ("resolutionPlanDateTime", now.into()),
            ("resolution", (*rng.pick(super::text::RESOLUTIONS)).into()),
            ("serviceLevelAgreementHasBeenMet", met.zip(responded).map(|(a, b)| a && b).into()),
            tracked,
        ]);
        level(
            w,
            &known,
            &[
                ("resolutionElapsedHours", elapsed.into()),
                ("resolutionPlanElapsedHours", elapsed.into()),
                ("isResolutionMet", met.into()),
                ("isResolutionPlanMet", met.into()),
                ("resolutionResourceID", tech.id.into()),
                ("resolutionPlanResourceID", tech.id.into()),
            ],
        );
        log_time(w, rng, &known, &tech);
        w.life.open.remove(at);
    } else {
        match rng.below(10) {
            0..=3 => log_time(w, rng, &known, &tech),
            4..=6 => {
                let next = *rng.pick(&[
                    status::WAITING_CUSTOMER,
                    status::WAITING_VENDOR,
                    status::IN_PROGRESS,
                    status::SCHEDULED,
                    status::CUSTOMER_NOTE,
                    status::ON_HOLD,
                ]);
                changes.extend([("status", next.into()), tracked]);
            }
            7 => changes.extend([("priority", (*rng.pick(&[4, 1, 2, 7])).into()), tracked]),
            _ => {
                w.insert(draft!("TicketNotes" {
                    ticketID: known.id, title: "Technician note", description: *rng.pick(super::text::WORK_NOTES), noteType: 3,
                    publish: 1, creatorResourceID: tech.id, createDateTime: now, lastActivityDate: now
                }));
            }
        }
    }
    w.change("Tickets", known.id, &changes);
}

/// Changes the service level result of a ticket.
fn level(w: &mut World, known: &Known, fields: &[(&str, Cell)]) {
    if known.has_level {
        for id in referring(w, "ServiceLevelAgreementResults", "ticketID", known.id) {
            w.change("ServiceLevelAgreementResults", id, fields);
        }
    }
}

fn log_time(w: &mut World, rng: &mut Rng, known: &Known, tech: &Technician) {
    let hours = hundredths(rng.log_normal(0.5, 0.6).clamp(0.1, 4.0));
    let non_billable = rng.chance(0.14);
    let end = w.now / MINUTE * MINUTE;
    let start = end - i64::from(hours) * HOUR / 100;
    w.insert(draft!("TimeEntries" {
        ticketID: known.id, resourceID: tech.id, roleID: tech.role, creatorUserID: tech.id, lastModifiedUserID: tech.id,
        billingCodeID: code::REMOTE, contractID: known.contract.clone(), startDateTime: At(start), endDateTime: At(end),
        dateWorked: w.calendar.date(start), hoursWorked: f64::from(hours) / 100.0,
        hoursToBill: if non_billable { 0.0 } else { f64::from(billed(hours)) / 100.0 }, isNonBillable: non_billable,
        showOnInvoice: !non_billable, offsetHours: 0.0, timeEntryType: 2, billingApprovalLevelMostRecent: 0,
        isInternalNotesVisibleToComanaged: false, createDateTime: At(w.now), lastModifiedDateTime: At(w.now),
        summaryNotes: *rng.pick(super::text::WORK_NOTES)
    }));
}

/// The newest ticket nobody has answered turns out to be spam.
fn delete_spam(w: &mut World) {
    let spam = w
        .life
        .open
        .iter()
        .rev()
        .copied()
        .find(|id| know(w, *id).is_some_and(|known| known.responded.is_none()));
    if let Some(id) = spam {
        delete(w, "Tickets", id);
    }
}

/// Everything that is not a ticket: contacts, companies, sales, surveys, approvals, devices.
fn elsewhere(w: &mut World, rng: &mut Rng) {
    let now = At(w.now);
    let client = &w.clients[1 + rng.index(w.clients.len() - 1)];
    let (company, owner, contact, item) =
        (client.id, client.owner, client.contacts.first().copied(), client.items.first().copied());
    let pick = |w: &World, rng: &mut Rng, entity: &str, recent: i64| -> i64 {
        w.table(entity).map_or(0, |table| table.next_id() - 1 - rng.between(0, recent))
    };
    match rng.below(10) {
        0 => {
            w.change(
                "Companies",
                i64::from(company),
                &[
                    ("phone", super::text::phone(rng).into()),
                    ("lastActivityDate", now.into()),
                    ("lastTrackedModifiedDateTime", now.into()),
                ],
            );
        }
        1 => {
            w.insert(
                draft!("Contacts" {
                    companyID: company, firstName: *rng.pick(super::text::FIRST_NAMES), lastName: *rng.pick(super::text::LAST_NAMES), isActive: 1,
                    emailAddress: "new.colleague@client.example", createDate: now, lastModifiedDate: now, lastActivityDate: now, primaryContact: false
                })
                .udf("VIP", Some("No".into())),
            );
        }
        2 => {
            if let Some(contact) = contact {
                w.change(
                    "Contacts",
                    i64::from(contact),
                    &[
                        ("title", "Managing Partner".into()),
                        ("lastModifiedDate", now.into()),
                        ("lastActivityDate", now.into()),
                    ],
                );
            }
        }
        3 => {
            w.insert(draft!("CompanyNotes" {
                companyID: company, assignedResourceID: owner, contactID: contact, name: "Check-in call", note: "All quiet.", actionType: 1,
                startDateTime: now, endDateTime: now, completedDateTime: now, createDateTime: now, lastModifiedDate: now
            }));
        }
        4 => {
            let id = pick(w, rng, "Opportunities", 12);
            let open = w
                .row("Opportunities", id)
                .is_some_and(|row| cell(row, "Opportunities", "status") == Cell::Int(1));
            if open && rng.chance(0.3) {
                w.change(
                    "Opportunities",
                    id,
                    &[
                        ("status", 3.into()),
                        ("stage", 24.into()),
                        ("probability", 100.into()),
                        ("closedDate", now.into()),
                        ("lastActivity", now.into()),
                    ],
                );
            } else if open {
                w.change(
                    "Opportunities",
                    id,
                    &[("nextStep", "Send the proposal".into()), ("lastActivity", now.into())],
                );
            }
        }
        5 => {
            let id = pick(w, rng, "SurveyResults", 20);
            let waiting = w
                .row("SurveyResults", id)
                .is_some_and(|row| cell(row, "SurveyResults", "completeDate").is_null());
            if waiting {
                let rating = Cell::Num(*rng.pick(&[100.0, 100.0, 100.0, 80.0, 80.0, 40.0]));
                w.change(
                    "SurveyResults",
                    id,
                    &[
                        ("completeDate", now.into()),
                        ("surveyRating", rating.clone()),
                        ("resourceRating", rating.clone()),
                        ("contactRating", rating.clone()),
                        ("companyRating", rating),
                    ],
                );
            }
        }
        6 | 7 => {
            let id = pick(w, rng, "TimeEntries", 200);
            let waiting = w.row("TimeEntries", id).is_some_and(|row| {
                cell(row, "TimeEntries", "billingApprovalDateTime").is_null()
                    && cell(row, "TimeEntries", "timeEntryType") != Cell::Int(1)
            });
            if waiting {
                let manager = w.staff.manager;
                w.change(
                    "TimeEntries",
                    id,
                    &[
                        ("billingApprovalDateTime", now.into()),
                        ("billingApprovalResourceID", manager.into()),
                        ("billingApprovalLevelMostRecent", 1.into()),
                        ("lastModifiedDateTime", now.into()),
                    ],
                );
            }
        }
        8 => {
            if let Some(item) = item {
                w.change(
                    "ConfigurationItems",
                    i64::from(item),
                    &[
                        ("rmmDeviceAuditMissingPatchCount", rng.between(0, 9).into()),
                        ("lastModifiedTime", now.into()),
                    ],
                );
            }
        }
        _ => {
            let id = pick(w, rng, "Invoices", 60);
            let unpaid = w.row("Invoices", id).is_some_and(|row| {
                cell(row, "Invoices", "paidDate").is_null()
                    && cell(row, "Invoices", "isVoided") == Cell::Bool(false)
            });
            if unpaid {
                let today = w.today();
                w.change("Invoices", id, &[("paidDate", today.into())]);
            }
        }
    }
}

/// Ids of the rows of an entity whose field holds an id.
fn referring(w: &World, entity: &str, field: &str, id: i64) -> Vec<i64> {
    let Some((table, column)) = w.table(entity).and_then(|table| Some((table, table.entity.column(field)?)))
    else {
        return Vec::new();
    };
    let is_it = |row: &RowRef<'_>| row.cell(column) == Cell::Int(id);
    match table.candidates(column, id, id) {
        Some(mut ids) => {
            ids.sort_unstable();
            ids.dedup();
            ids.into_iter().filter_map(|id| table.get(id)).filter(is_it).map(|row| row.id()).collect()
        }
        None => table.rows().filter(is_it).map(|row| row.id()).collect(),
    }
}

/// Children that go with a ticket.
const TICKET_CHILDREN: &[&str] = &[
    "TicketNotes",
    "TimeEntries",
    "ServiceLevelAgreementResults",
    "TicketSecondaryResources",
    "TicketTagAssociations",
];

pub(crate) fn delete(w: &mut World, entity: &str, id: i64) -> bool {
    let Some(definition) = w.table(entity).map(|table| table.entity) else { return false };
    let log = w.row(entity, id).and_then(|row| log_line(w, &definition.name, row));
    if !w.remove(&definition.name, id) {
        return false;
    }
    if let Some(log) = log {
        w.insert(log);
    }
    if definition.name == "Tickets" {
        for child in TICKET_CHILDREN {
            for row in referring(w, child, "ticketID", id) {
                w.remove(child, row);
            }
        }
        w.life.open.retain(|open| *open != id);
    }
    webhooks::forget(w, &definition.name, id);
    webhooks::refresh(w, &definition.name);
    true
}

/// The line that deleting a row leaves, for those that leave one.
fn log_line(w: &World, entity: &str, row: RowRef<'_>) -> Option<Draft> {
    let get = |field| cell(row, entity, field);
    let (now, by) = (At(w.now), w.webhooks.actor.unwrap_or_else(|| w.staff.manager.into()));
    match entity {
        "Tickets" => Some(draft!("DeletedTicketLogs" {
            ticketID: row.id(), ticketNumber: get("ticketNumber"), ticketTitle: get("title"), deletedByResourceID: by, deletedDateTime: now
        })),
        "TimeEntries" | "TicketNotes" | "TaskNotes" => {
            let is_time = entity == "TimeEntries";
            let ticket =
                schema().entity(entity)?.column("ticketID").and_then(|column| row.cell(column).as_int());
            let task = schema().entity(entity)?.column("taskID").and_then(|column| row.cell(column).as_int());
            let (parent, of, log) = match (ticket, task) {
                (Some(ticket), _) => {
                    ("Tickets", ticket, Draft::new("DeletedTicketActivityLogs").set("ticketID", ticket))
                }
                (None, Some(task)) => {
                    ("Tasks", task, Draft::new("DeletedTaskActivityLogs").set("taskID", task))
                }
                (None, None) => return None,
            };
            let number_field = if parent == "Tickets" { "ticketNumber" } else { "taskNumber" };
            let number = w.row(parent, of).map_or_else(
                || number(&w.calendar, w.now - DAY, 1).into(),
                |row| cell(row, parent, number_field),
            );
            let (created_by, created, start, end, title) = if is_time {
                (
                    get("resourceID"),
                    get("createDateTime"),
                    get("startDateTime"),
                    get("endDateTime"),
                    Cell::Text("".into()),
                )
            } else {
                let created = get("createDateTime");
                (get("creatorResourceID"), created.clone(), created.clone(), created, get("title"))
            };
            let hours = if is_time { get("hoursWorked") } else { Cell::Num(0.0) };
            Some(
                log.set("typeID", if is_time { 1 } else { 2 })
                    .set(number_field, number)
                    .set("noteOrAttachmentTitle", title)
                    .set("createdByResourceID", created_by)
                    .set("activityDateTime", created)
                    .set("startDateTime", start)
                    .set("endDateTime", end)
                    .set("hoursWorked", hours)
                    .set("deletedByResourceID", by)
                    .set("deletedDateTime", now),
            )
        }
        _ => None,
    }
}
