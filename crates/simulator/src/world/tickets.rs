//! Two years of tickets, their service levels, and how each field of a ticket follows from its compact record.

use std::sync::Arc;

use chrono::{Datelike, NaiveDate};

use super::calendar::{Calendar, is_working_day};
use super::cell::{At, Cell, DAY, HOUR, MINUTE, SECOND, Udf, draft};
use super::companies::Client;
use super::lookups::code;
use super::people::{SYSTEM_RESOURCE, Technician};
use super::picklists::status;
use super::table::{CompactRecords, Getter};
use super::text::{AWKWARD_TITLES, DESCRIPTIONS, RESOLUTIONS, titles};
use super::{HISTORY_DAYS, World, calls, notes, surveys};
use crate::rng::{Rng, mix};
use crate::schema::schema;

/// A ticket, small: instants in milliseconds (0 for none), ids (0 for none; company 0 is the provider).
#[derive(Clone, Debug, Default)]
pub(crate) struct TicketRecord {
    pub(crate) id: u32,
    pub(crate) number: u16,
    pub(crate) created: i64,
    pub(crate) completed: i64,
    pub(crate) activity: i64,
    pub(crate) tracked: i64,
    pub(crate) responded: i64,
    pub(crate) respond_due: i64,
    pub(crate) planned: i64,
    pub(crate) plan_due: i64,
    pub(crate) resolved: i64,
    pub(crate) resolve_due: i64,
    pub(crate) due: i64,
    pub(crate) company: u32,
    pub(crate) location: u32,
    pub(crate) contact: u32,
    pub(crate) item: u32,
    pub(crate) contract: u32,
    pub(crate) assigned: u32,
    pub(crate) role: u32,
    pub(crate) creator: u32,
    pub(crate) queue: u32,
    pub(crate) sub_issue: u16,
    pub(crate) issue: u8,
    pub(crate) status: u8,
    pub(crate) priority: u8,
    pub(crate) source: i8,
    pub(crate) kind: u8,
    pub(crate) category: u8,
    pub(crate) agreement_level: u8,
    pub(crate) onsite: bool,
    pub(crate) unattended: bool,
    pub(crate) respond_hours: f32,
    pub(crate) plan_hours: f32,
    pub(crate) resolve_hours: f32,
    pub(crate) respond_target: f32,
    pub(crate) plan_target: f32,
    pub(crate) resolve_target: f32,
}

impl TicketRecord {
    pub(crate) const fn respond_met(&self) -> Option<bool> {
        if self.agreement_level == 0 || self.responded == 0 {
            None
        } else {
            Some(self.respond_hours <= self.respond_target)
        }
    }
    pub(crate) const fn plan_met(&self) -> Option<bool> {
        if self.agreement_level == 0 || self.planned == 0 {
            None
        } else {
            Some(self.plan_hours <= self.plan_target)
        }
    }
    pub(crate) const fn resolve_met(&self) -> Option<bool> {
        if self.agreement_level == 0 || self.resolved == 0 {
            None
        } else {
            Some(self.resolve_hours <= self.resolve_target)
        }
    }
    pub(crate) fn salt(&self) -> u64 {
        mix(u64::from(self.id) ^ 0x7175)
    }
}

/// What ticket fields need besides the record.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) calendar: Calendar,
    pub(crate) api_user: u32,
}

/// Hours allowed for response, plan and resolution, by priority and service level.
pub(crate) fn targets(priority: u8, level: u8) -> (f64, f64, f64) {
    let (respond, plan, resolve) = match priority {
        4 => (0.5, 1.5, 4.0),
        1 => (1.0, 3.0, 8.0),
        2 => (4.0, 8.0, 24.0),
        _ => (8.0, 16.0, 40.0),
    };
    if level == 2 { (respond / 2.0, plan / 2.0, resolve * 0.75) } else { (respond, plan, resolve) }
}

/// Relative arrivals by local hour of a working day.
const HOURS: [f64; 24] = [
    0.3, 0.2, 0.2, 0.3, 0.4, 0.6, 1.5, 5.0, 11.0, 12.5, 11.0, 9.0, 6.5, 8.5, 8.0, 7.0, 5.5, 3.5, 1.8, 1.1,
    0.9, 0.7, 0.5, 0.4,
];

/// Relative arrivals of a local date.
pub(crate) fn day_weight(date: NaiveDate) -> f64 {
    let weekday = match date.weekday() {
        chrono::Weekday::Mon => 1.4,
        chrono::Weekday::Tue => 1.12,
        chrono::Weekday::Wed => 1.0,
        chrono::Weekday::Thu => 0.96,
        chrono::Weekday::Fri => 0.8,
        chrono::Weekday::Sat => 0.1,
        chrono::Weekday::Sun => 0.07,
    };
    if weekday > 0.5 && !is_working_day(date) { 0.12 } else { weekday }
}

/// The share of a day's arrivals that falls into an hour of it.
pub(crate) fn hour_weight(date: NaiveDate, hour: usize) -> f64 {
    if is_working_day(date) { HOURS[hour.min(23)] / HOURS.iter().sum::<f64>() } else { 1.0 / 24.0 }
}

fn client_at(clients: &[Client], cumulative: &[f64], rng: &mut Rng) -> usize {
    let total = cumulative.last().copied().unwrap_or(1.0);
    let wanted = rng.unit() * total;
    cumulative.partition_point(|sum| *sum <= wanted).min(clients.len() - 1)
}

/// Shares of ticket volume, summed up.
pub(crate) fn cumulative(clients: &[Client]) -> Vec<f64> {
    let mut sum = 0.0;
    clients
        .iter()
        .map(|client| {
            sum += if client.is_customer || client.id == 0 { client.weight } else { 0.0 };
            sum
        })
        .collect()
}

/// What a new ticket is about and who asks: everything that is known when it arrives.
pub(crate) fn arrive(
    w: &World,
    cumulative: &[f64],
    created: i64,
    working: bool,
    rng: &mut Rng,
) -> TicketRecord {
    let client = &w.clients[client_at(&w.clients, cumulative, rng)];
    let source: i8 = if !working && rng.chance(0.75) {
        8
    } else {
        *rng.weighted(&[(4, 0.46), (2, 0.25), (-1, 0.13), (8, 0.13), (11, 0.03)])
    };
    let alert = source == 8;
    let sub_issue: u16 = if alert {
        *rng.weighted(&[(133, 0.2), (134, 0.25), (135, 0.15), (136, 0.08), (149, 0.1), (150, 0.22)])
    } else {
        *rng.weighted(&[
            (130, 0.09),
            (131, 0.03),
            (132, 0.05),
            (136, 0.02),
            (137, 0.05),
            (138, 0.06),
            (139, 0.13),
            (140, 0.05),
            (141, 0.05),
            (142, 0.13),
            (143, 0.05),
            (144, 0.03),
            (145, 0.06),
            (146, 0.05),
            (147, 0.05),
            (148, 0.05),
            (151, 0.02),
            (152, 0.06),
            (153, 0.02),
        ])
    };
    let issue: u8 = match sub_issue {
        130..=132 => 10,
        133..=135 => 11,
        136..=138 => 12,
        139..=141 => 13,
        142..=144 => 14,
        145 | 146 => 16,
        147..=149 => 17,
        150 | 151 => 18,
        _ => 21,
    };
    let kind = if alert {
        if rng.chance(0.75) { 5 } else { 2 }
    } else {
        match sub_issue {
            132 | 140 | 142..=144 | 151 | 153 => {
                if rng.chance(0.06) {
                    4
                } else {
                    1
                }
            }
            _ => {
                if rng.chance(0.015) {
                    3
                } else {
                    2
                }
            }
        }
    };
    let priority = if sub_issue == 136 {
        *rng.weighted(&[(4, 0.6), (1, 0.4)])
    } else {
        *rng.weighted(&[(4, 0.025), (1, 0.16), (2, 0.6), (7, 0.215)])
    };
    let age = (w.config.now.timestamp_millis() - created) / DAY;
    let old = age > 600;
    let priority = if old && rng.chance(0.05) { 9 } else { priority };
    let queue = if age > 690 && rng.chance(0.3) {
        29_683_481
    } else if alert {
        29_683_354
    } else if sub_issue == 132 || sub_issue == 143 && rng.chance(0.3) {
        6
    } else if source == -1 && rng.chance(0.4) {
        5
    } else if rng.chance(0.2) {
        29_682_969
    } else {
        29_682_833
    };
    let contact = if alert || rng.chance(0.05) || client.contacts.is_empty() {
        0
    } else {
        // A few people call far more often than the others.
        let skew = rng.unit() * rng.unit();
        client.contacts[usize::try_from(super::cell::whole(skew * client.contacts.len() as f64)).unwrap_or(0)]
    };
    let item = if alert && !client.servers.is_empty() {
        *rng.pick(&client.servers)
    } else if !client.items.is_empty() && rng.chance(0.35) {
        *rng.pick(&client.items)
    } else {
        0
    };
    let (covered_by, agreement_level) = match (client.agreement, client.hourly) {
        (Some((agreement, level)), _) if !rng.chance(0.04) => (agreement, u8::try_from(level).unwrap_or(1)),
        (_, Some(hourly)) => (hourly, 1),
        _ => (0, 0),
    };
    let team: &[Technician] = match queue {
        29_682_969 => &w.staff.level_two,
        6 if rng.chance(0.5) => &w.staff.engineers,
        29_683_354 if rng.chance(0.4) => &w.staff.level_two,
        _ => &w.staff.level_one,
    };
    let mut tech = rng.pick(team);
    // The faster colleague takes more: one chance to hand over to a quicker pace.
    let other = rng.pick(team);
    if other.pace > tech.pace && rng.chance(0.6) {
        tech = other;
    }
    let former = age > 500 && rng.chance(0.15);
    TicketRecord {
        created,
        company: client.id,
        location: client.location,
        contact,
        item,
        contract: covered_by,
        agreement_level,
        assigned: if former { w.staff.former } else { tech.id },
        role: tech.role,
        creator: if alert {
            w.staff.api_user
        } else if source == 2 || source == 11 {
            tech.id
        } else {
            SYSTEM_RESOURCE
        },
        queue,
        sub_issue,
        issue,
        priority,
        source,
        kind,
        category: if alert {
            4
        } else if sub_issue == 132 || sub_issue == 143 {
            101
        } else {
            3
        },
        onsite: rng.chance(0.1),
        ..TicketRecord::default()
    }
}

/// Lives a ticket from its arrival to `now`.
fn live(w: &World, ticket: &mut TicketRecord, rng: &mut Rng) {
    let calendar = &w.calendar;
    let (respond, plan, resolve) = targets(ticket.priority, ticket.agreement_level.max(1));
    #[expect(clippy::cast_possible_truncation, reason = "hours of a service level are small")]
    {
        ticket.respond_target = respond as f32;
        ticket.plan_target = plan as f32;
        ticket.resolve_target = resolve as f32;
    }
    let created = ticket.created;
    let waited = if rng.chance(0.25) { rng.log_normal(13.0, 0.9).min(120.0) } else { 0.0 };
    if ticket.agreement_level != 0 {
        ticket.respond_due = calendar.after(created, respond);
        ticket.plan_due = calendar.after(created, plan);
        ticket.resolve_due = calendar.after(created, resolve + waited);
    }
    ticket.due =
        if ticket.agreement_level != 0 { ticket.resolve_due } else { calendar.after(created, resolve) };
    let forgotten = rng.chance(0.013);
    let (responded, resolved);
    if ticket.source == 8 && !forgotten && rng.chance(0.4) {
        // The monitor saw the trouble pass and closed the ticket itself.
        ticket.unattended = true;
        resolved = created + rng.between(4, 95) * MINUTE;
        responded = resolved;
        ticket.assigned = 0;
    } else {
        let first = (rng.log_normal(respond * 0.27, 0.75)).max(0.02);
        let fix = first + rng.log_normal(resolve * 0.2, 0.85);
        responded = calendar.after(created, first) + rng.between(0, 50) * SECOND;
        resolved = calendar.after(created, fix + waited) + rng.between(0, 50) * SECOND;
    }
    let planned = responded + super::cell::whole((resolved - responded) as f64 * rng.span(0.05, 0.5));
    let now = w.now;
    #[expect(clippy::cast_possible_truncation, reason = "hours rounded to hundredths for the wire")]
    let hours = |from, to, pause: f64| {
        ((calendar.hours_between(from, to) - pause).max(0.0) * 100.0).round() as f32 / 100.0
    };
    let mut last = created;
    if responded <= now {
        ticket.responded = responded;
        ticket.respond_hours = hours(created, responded, 0.0);
        last = responded;
    }
    if planned <= now && !forgotten && !ticket.unattended {
        ticket.planned = planned;
        ticket.plan_hours = hours(created, planned, 0.0);
        last = planned;
    }
    if resolved <= now && !forgotten {
        let pause = if waited < calendar.hours_between(created, resolved) { waited } else { 0.0 };
        ticket.resolved = resolved;
        ticket.resolve_hours = hours(created, resolved, pause);
        ticket.completed =
            if rng.chance(0.12) { (resolved + rng.between(10, 2_600) * MINUTE).min(now) } else { resolved };
        ticket.status = 5;
        ticket.tracked = ticket.completed;
        ticket.activity = ticket.completed;
        if rng.chance(0.06) {
            ticket.activity = (ticket.completed + rng.between(2, 120) * HOUR).min(now);
        }
        return;
    }
    ticket.status = if ticket.responded == 0 {
        1
    } else if waited > 0.0 {
        *rng.weighted(&[(7, 0.65), (9, 0.35)])
    } else {
        *rng.weighted(&[(8, 0.5), (7, 0.16), (9, 0.08), (12, 0.14), (15, 0.07), (19, 0.05)])
    };
    if forgotten {
        let age = (now - created) / DAY;
        if age > 550 && rng.chance(0.3) {
            ticket.status = u8::try_from(status::ESCALATED_OLD).unwrap_or(20);
        }
        ticket.activity = (last + rng.between(0, 60) * DAY / 4).min(now);
        if rng.chance(0.3) {
            ticket.activity = ticket.activity.max(now - rng.between(1, 60) * DAY);
        }
    } else {
        ticket.activity = last + super::cell::whole((now - last) as f64 * rng.unit());
    }
    if rng.chance(if ticket.responded == 0 { 0.45 } else { 0.02 }) {
        ticket.assigned = 0;
    }
    ticket.tracked = last.max(created);
}

/// The history's tickets in id order; nobody has worked on them yet.
pub(crate) fn generate(w: &World) -> Vec<TicketRecord> {
    let shares = cumulative(&w.clients);
    let first = w.calendar.date(w.start());
    let days: Vec<(NaiveDate, f64)> = (0..=HISTORY_DAYS)
        .filter_map(|day| first.checked_add_signed(chrono::TimeDelta::days(day)))
        .enumerate()
        // The provider grew by half over the two years, with a dip in summer.
        .map(|(nth, date)| {
            let growth = 0.8 + 0.4 * nth as f64 / HISTORY_DAYS as f64;
            let season = if matches!(date.month(), 7 | 8) { 0.9 } else { 1.0 };
            (date, day_weight(date) * growth * season)
        })
        .collect();
    let total: f64 = days.iter().map(|(_, weight)| weight).sum();
    let mut tickets = Vec::with_capacity(w.scale.tickets + w.scale.tickets / 50);
    let mut owed = 0.0;
    let mut id: u32 = 7_001;
    let mut rng = w.rng(51);
    let mut times = Vec::new();
    for (date, weight) in days {
        owed += weight / total * w.scale.tickets as f64 * rng.span(0.75, 1.25);
        let count = super::cell::whole(owed).max(0);
        owed -= count as f64;
        let midnight = w.calendar.midnight(date);
        let working = is_working_day(date);
        times.clear();
        for _ in 0..count {
            let at = if working {
                let mut wanted = rng.unit() * HOURS.iter().sum::<f64>();
                let hour = HOURS.iter().position(|weight| {
                    wanted -= weight;
                    wanted < 0.0
                });
                i64::try_from(hour.unwrap_or(9)).unwrap_or(9) * HOUR
                    + rng.between(0, HOUR / SECOND - 1) * SECOND
            } else {
                rng.between(0, DAY / SECOND - 1) * SECOND
            };
            times.push(midnight + at + rng.between(0, 999));
        }
        times.sort_unstable();
        for (nth, &created) in times.iter().enumerate() {
            if created > w.now || created < w.start() {
                continue;
            }
            id += 1;
            if rng.chance(0.006) {
                // Somebody deleted this one: only the log knows it.
                id += 1;
            }
            let mut own = Rng::new(w.config.seed ^ 0x71c4_e700, u64::from(id));
            let hour = (created - midnight) / HOUR;
            let mut ticket = arrive(w, &shares, created, working && (6..20).contains(&hour), &mut own);
            ticket.id = id;
            ticket.number = u16::try_from(nth + 1).unwrap_or(u16::MAX);
            live(w, &mut ticket, &mut own);
            tickets.push(ticket);
        }
    }
    tickets
}

/// Puts tickets into the world, with all that hangs on them.
pub(crate) fn finish(w: &mut World, tickets: Vec<TicketRecord>) {
    deleted(w, &tickets);
    notes::fill(w, &tickets);
    surveys::fill(w, &tickets);
    calls::fill(w, &tickets);
    secondary(w, &tickets);
    let records = Arc::new(tickets);
    let desk = Arc::new(Desk { calendar: w.calendar.clone(), api_user: w.staff.api_user });
    let definition = &schema().entities()[schema().position("Tickets").unwrap_or(0)];
    w.table_mut("Tickets").set_base(Box::new(CompactRecords::new(
        definition,
        Arc::clone(&records),
        Arc::clone(&desk),
        |ticket| i64::from(ticket.id),
        getter,
        udf,
    )));
    let with_level: Vec<LevelRecord> = (0_u32..)
        .zip(records.iter())
        .filter(|(_, ticket)| ticket.agreement_level != 0)
        .zip(1_u32..)
        .map(|((position, _), id)| LevelRecord { id: 40_000 + id, position })
        .collect();
    let definition = &schema().entities()[schema().position("ServiceLevelAgreementResults").unwrap_or(0)];
    w.table_mut("ServiceLevelAgreementResults").set_base(Box::new(CompactRecords::new(
        definition,
        Arc::new(with_level),
        records,
        |level| i64::from(level.id),
        level_getter,
        |_, _| Vec::new(),
    )));
}

fn deleted(w: &mut World, tickets: &[TicketRecord]) {
    for pair in tickets.windows(2) {
        if pair[1].id == pair[0].id + 2 {
            let at = pair[1].created + 3 * HOUR;
            if at > w.now {
                continue;
            }
            let number = number(&w.calendar, pair[0].created, pair[0].number.saturating_add(500));
            w.insert(draft!("DeletedTicketLogs" {
                ticketID: pair[0].id + 1, ticketNumber: number, ticketTitle: "Spam: you have won", deletedDateTime: At(at),
                deletedByResourceID: w.staff.manager
            }));
        }
    }
}

fn secondary(w: &mut World, tickets: &[TicketRecord]) {
    let helpers: Vec<(u32, u32)> = w.staff.level_two.iter().map(|tech| (tech.id, tech.role)).collect();
    for ticket in tickets.iter().filter(|ticket| ticket.salt().is_multiple_of(23) && ticket.assigned != 0) {
        let (id, role) = helpers[usize::try_from(ticket.salt() >> 32).unwrap_or(0) % helpers.len()];
        if id != ticket.assigned {
            w.insert(
                draft!("TicketSecondaryResources" { ticketID: ticket.id, resourceID: id, roleID: role }),
            );
        }
    }
}

/// A ticket number: `T20240131.0007`, by local date.
pub(crate) fn number(calendar: &Calendar, created: i64, nth: u16) -> String {
    format!("T{}.{nth:04}", calendar.date(created).format("%Y%m%d"))
}

/// The title of a ticket.
pub(crate) fn title(ticket: &TicketRecord) -> &'static str {
    let salt = ticket.salt();
    let at = usize::try_from(salt >> 40).unwrap_or(0);
    if salt.is_multiple_of(397) {
        return AWKWARD_TITLES[at % AWKWARD_TITLES.len()];
    }
    let of = titles(i64::from(ticket.sub_issue));
    of[at % of.len()]
}

fn id(value: u32) -> Cell {
    if value == 0 { Cell::Null } else { Cell::Int(i64::from(value)) }
}

fn at(value: i64) -> Cell {
    if value == 0 { Cell::Null } else { Cell::Time(value) }
}

/// The type in which a person of a ticket is: a resource or a contact.
const fn asked_by_contact(ticket: &TicketRecord) -> bool {
    ticket.contact != 0 && matches!(ticket.source, 4 | -1)
}

/// How a field of a ticket is computed from its record.
pub(crate) fn getter(field: &str) -> Option<Getter<TicketRecord, Desk>> {
    Some(match field {
        "id" => |t, _| Cell::Int(i64::from(t.id)),
        "apiVendorID" => |t, _| if t.source == 8 { Cell::Int(15) } else { Cell::Null },
        "assignedResourceID" => |t, _| id(t.assigned),
        "assignedResourceRoleID" => |t, _| if t.assigned == 0 { Cell::Null } else { id(t.role) },
        "billingCodeID" => |t, _| id(if t.onsite { code::ONSITE } else { code::REMOTE }),
        "companyID" => |t, _| Cell::Int(i64::from(t.company)),
        "companyLocationID" => |t, _| id(t.location),
        "completedByResourceID" => |t, d| {
            if t.completed == 0 {
                Cell::Null
            } else {
                id(if t.assigned == 0 { d.api_user } else { t.assigned })
            }
        },
        "completedDate" => |t, _| at(t.completed),
        "configurationItemID" => |t, _| id(t.item),
        "contactID" => |t, _| id(t.contact),
        "contractID" => |t, _| id(t.contract),
        "createDate" => |t, _| at(t.created),
        "createdByContactID" => |t, _| if asked_by_contact(t) { id(t.contact) } else { Cell::Null },
        "creatorResourceID" => |t, _| if asked_by_contact(t) { Cell::Null } else { id(t.creator) },
        "creatorType" => |t, _| Cell::Int(if asked_by_contact(t) { 2 } else { 1 }),
        "description" => |t, _| {
            let at = usize::try_from(t.salt() >> 24 & 0xFFFF).unwrap_or(0);
            Cell::Text(DESCRIPTIONS[if t.source == 8 { 2 } else { at % DESCRIPTIONS.len() }].into())
        },
        "dueDateTime" => |t, _| at(t.due),
        "estimatedHours" => |t, _| if t.sub_issue == 132 { Cell::Num(2.5) } else { Cell::Null },
        "firstResponseAssignedResourceID" | "firstResponseInitiatingResourceID" => {
            |t, _| if t.responded == 0 { Cell::Null } else { id(t.assigned) }
        }
        "firstResponseDateTime" => |t, _| at(t.responded),
        "firstResponseDueDateTime" => |t, _| at(t.respond_due),
        "hoursToBeScheduled" => |t, _| if t.status == 12 { Cell::Num(1.0) } else { Cell::Num(0.0) },
        "isAssignedToComanaged" | "isVisibleToComanaged" => |_, _| Cell::Bool(false),
        "issueType" => {
            |t, _| if t.salt().is_multiple_of(61) { Cell::Null } else { Cell::Int(i64::from(t.issue)) }
        }
        "subIssueType" => {
            |t, _| if t.salt().is_multiple_of(61) { Cell::Null } else { Cell::Int(i64::from(t.sub_issue)) }
        }
        "lastActivityDate" => |t, _| at(t.activity),
        "lastActivityPersonType" => |t, _| Cell::Int(if t.status == 15 { 2 } else { 1 }),
        "lastActivityResourceID" => |t, d| id(if t.assigned == 0 { d.api_user } else { t.assigned }),
        "lastCustomerNotificationDateTime" => |t, _| at(t.responded),
        "lastCustomerVisibleActivityDateTime" => {
            |t, _| at(if t.responded == 0 { t.created } else { t.activity.max(t.responded) })
        }
        "lastTrackedModificationDateTime" => |t, _| at(t.tracked),
        "organizationalLevelAssociationID" => |_, _| Cell::Int(1),
        "priority" => |t, _| Cell::Int(i64::from(t.priority)),
        "purchaseOrderNumber" => {
            |t, _| if t.salt().is_multiple_of(5) { Cell::Text("".into()) } else { Cell::Null }
        }
        "queueID" => |t, _| id(t.queue),
        "resolution" => |t, _| {
            if t.completed == 0 {
                return Cell::Null;
            }
            let at = usize::try_from(t.salt() >> 16 & 0xFFFF).unwrap_or(0);
            Cell::Text(RESOLUTIONS[if t.unattended { 4 } else { at % RESOLUTIONS.len() }].into())
        },
        "resolutionPlanDateTime" => |t, _| at(t.planned),
        "resolutionPlanDueDateTime" => |t, _| at(t.plan_due),
        "resolvedDateTime" => |t, _| at(t.resolved),
        "resolvedDueDateTime" => |t, _| at(t.resolve_due),
        "rmmAlertID" => |t, _| {
            if t.source == 8 { Cell::Text(format!("alert-{:x}", t.salt() >> 32).into()) } else { Cell::Null }
        },
        "serviceLevelAgreementHasBeenMet" => |t, _| {
            if t.completed == 0 {
                Cell::Null
            } else {
                t.respond_met().zip(t.resolve_met()).map(|(a, b)| a && b).into()
            }
        },
        "serviceLevelAgreementID" => {
            |t, _| if t.agreement_level == 0 { Cell::Null } else { Cell::Int(i64::from(t.agreement_level)) }
        }
        "source" => |t, _| Cell::Int(i64::from(t.source)),
        "status" => |t, _| Cell::Int(i64::from(t.status)),
        "ticketCategory" => |t, _| Cell::Int(i64::from(t.category)),
        "ticketNumber" => |t, d| Cell::Text(number(&d.calendar, t.created, t.number).into()),
        "ticketType" => |t, _| Cell::Int(i64::from(t.kind)),
        "title" => |t, _| Cell::Text(title(t).into()),
        _ => return None,
    })
}

fn udf(ticket: &TicketRecord, _: &Desk) -> Vec<Udf> {
    let salt = ticket.salt();
    let cause = ["Hardware", "Software", "User education", "Third party"];
    let at = usize::try_from(salt >> 50).unwrap_or(0) % cause.len();
    let known = ticket.completed != 0 && !salt.is_multiple_of(3);
    vec![
        ("Root Cause", known.then(|| cause[at].into())),
        ("Users Affected", salt.is_multiple_of(4).then(|| ((salt >> 44) % 9 + 1).to_string().into())),
    ]
}

/// The service level result of the ticket at a position.
pub(crate) struct LevelRecord {
    id: u32,
    position: u32,
}

fn level_getter(field: &str) -> Option<Getter<LevelRecord, Vec<TicketRecord>>> {
    fn ticket<'a>(level: &LevelRecord, tickets: &'a [TicketRecord]) -> &'a TicketRecord {
        &tickets[level.position as usize]
    }
    fn hours(reached: i64, hours: f32) -> Cell {
        if reached == 0 { Cell::Null } else { Cell::Num((f64::from(hours) * 100.0).round() / 100.0) }
    }
    Some(match field {
        "id" => |l, _| Cell::Int(i64::from(l.id)),
        "ticketID" => |l, t| Cell::Int(i64::from(ticket(l, t).id)),
        "serviceLevelAgreementName" => |l, t| {
            Cell::Text(if ticket(l, t).agreement_level == 2 { "Premium SLA" } else { "Standard SLA" }.into())
        },
        "firstResponseElapsedHours" => |l, t| hours(ticket(l, t).responded, ticket(l, t).respond_hours),
        "resolutionPlanElapsedHours" => |l, t| hours(ticket(l, t).planned, ticket(l, t).plan_hours),
        "resolutionElapsedHours" => |l, t| hours(ticket(l, t).resolved, ticket(l, t).resolve_hours),
        "isFirstResponseMet" => |l, t| ticket(l, t).respond_met().into(),
        "isResolutionPlanMet" => |l, t| ticket(l, t).plan_met().into(),
        "isResolutionMet" => |l, t| ticket(l, t).resolve_met().into(),
        "firstResponseResourceID" | "firstResponseInitiatingResourceID" => {
            |l, t| if ticket(l, t).responded == 0 { Cell::Null } else { id(ticket(l, t).assigned) }
        }
        "resolutionPlanResourceID" => {
            |l, t| if ticket(l, t).planned == 0 { Cell::Null } else { id(ticket(l, t).assigned) }
        }
        "resolutionResourceID" => {
            |l, t| if ticket(l, t).resolved == 0 { Cell::Null } else { id(ticket(l, t).assigned) }
        }
        _ => return None,
    })
}
