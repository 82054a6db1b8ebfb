//! Time entries: on tickets, on project tasks, and internal.

use std::sync::Arc;

use super::World;
use super::calendar::is_working_day;
use super::cell::{At, Cell, DAY, HOUR, MINUTE, draft, midnight, whole};
use super::lookups::code;
use super::table::{CompactRecords, Getter};
use super::text::WORK_NOTES;
use super::tickets::{TicketRecord, number};
use crate::rng::{Rng, mix};
use crate::schema::schema;

/// A time entry, small: instants in milliseconds (0 for none), hours in hundredths, ids (0 for none).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TimeRecord {
    pub(crate) id: u32,
    pub(crate) ticket: u32,
    pub(crate) task: u32,
    pub(crate) project: u32,
    pub(crate) company: u32,
    pub(crate) resource: u32,
    pub(crate) role: u32,
    pub(crate) work_type: u32,
    pub(crate) internal: u32,
    pub(crate) contract: u32,
    pub(crate) start: i64,
    pub(crate) created: i64,
    pub(crate) modified: i64,
    pub(crate) approved: i64,
    pub(crate) hours: u16,
    pub(crate) to_bill: u16,
    pub(crate) non_billable: bool,
    pub(crate) approver: u32,
}

impl TimeRecord {
    pub(crate) fn end(&self) -> i64 {
        self.start + i64::from(self.hours) * HOUR / 100
    }
}

/// Hundredths of an hour, rounded to the provider's step of a twentieth.
pub(crate) fn hundredths(hours: f64) -> u16 {
    u16::try_from(whole((hours * 20.0).round()) * 5).unwrap_or(5).max(5)
}

/// Hours to bill: the next quarter of an hour.
pub(crate) const fn billed(hours: u16) -> u16 {
    hours.div_ceil(25) * 25
}

/// Fills in when an entry was written down, changed and approved. False when that is still to come.
pub(crate) fn write_down(w: &World, entry: &mut TimeRecord, rng: &mut Rng) -> bool {
    let end = entry.end();
    entry.created = end
        + match rng.below(100) {
            0..=81 => rng.between(0, 40) * MINUTE,
            82..=91 => rng.between(60, 20 * 60) * MINUTE,
            _ => rng.between(25 * 60, 100 * 60) * MINUTE,
        };
    if entry.created > w.now || entry.start < w.start() {
        return false;
    }
    entry.modified = entry.created;
    entry.approver = w.staff.manager;
    // The manager approves on Mondays; a few entries slip through for good.
    let day = w.calendar.date(entry.created);
    let next = 7 - i64::from(chrono::Datelike::weekday(&day).num_days_from_monday());
    let approval = w.calendar.midnight(day) + next * DAY + 14 * HOUR + rng.between(0, 120) * MINUTE;
    if approval <= w.now && entry.internal == 0 && !rng.chance(0.025) {
        entry.approved = approval;
        entry.modified = approval;
    } else if rng.chance(0.05) {
        entry.modified = (entry.created + rng.between(1, 600) * MINUTE).min(w.now);
    }
    true
}

/// Adds the work on tickets, and internal time, to the project work in `entries`; tickets remember the activity.
pub(crate) fn generate(w: &World, tickets: &mut [TicketRecord], entries: &mut Vec<TimeRecord>) {
    entries.reserve(tickets.len() * 3);
    for ticket in tickets
        .iter_mut()
        .filter(|ticket| ticket.responded != 0 && !ticket.unattended && ticket.assigned != 0)
    {
        let mut rng = Rng::new(w.config.seed ^ 0x7113_e000, u64::from(ticket.id));
        let mut touches = 1;
        while touches < 14 && rng.chance(1.0 - 1.0 / w.scale.touches) {
            touches += 1;
        }
        let end = if ticket.resolved == 0 { ticket.activity.min(w.now) } else { ticket.resolved };
        let span = w.calendar.hours_between(ticket.responded, end);
        let non_billable_ticket = ticket.company == 0 || rng.chance(0.1);
        let mut last_end = ticket.responded;
        for nth in 0..touches {
            let mut hours = hundredths(
                rng.log_normal(w.scale.hours * if ticket.onsite { 2.0 } else { 1.0 }, 0.7).clamp(0.1, 6.0),
            );
            if rng.chance(0.000_4) {
                hours = 1_700;
            }
            let start = if nth == 0 {
                ticket.responded
            } else {
                w.calendar.after(ticket.responded, span * f64::from(nth) / f64::from(touches)).max(last_end)
            };
            let start = start / MINUTE * MINUTE;
            let non_billable = non_billable_ticket || rng.chance(0.06);
            let helper = nth > 0 && rng.chance(0.12);
            let (resource, role) = if helper {
                let tech = rng.pick(&w.staff.level_two);
                (tech.id, tech.role)
            } else {
                (ticket.assigned, ticket.role)
            };
            let mut entry = TimeRecord {
                ticket: ticket.id,
                company: ticket.company,
                resource,
                role,
                work_type: if ticket.onsite { code::ONSITE } else { code::REMOTE },
                contract: ticket.contract,
                start,
                hours,
                to_bill: if non_billable { 0 } else { billed(hours) },
                non_billable,
                ..TimeRecord::default()
            };
            last_end = entry.end();
            if write_down(w, &mut entry, &mut rng) {
                ticket.activity = ticket.activity.max(entry.created);
                entries.push(entry);
            }
        }
    }
    internal(w, entries);
}

/// The Monday meeting of everyone, training, and paperwork.
fn internal(w: &World, entries: &mut Vec<TimeRecord>) {
    let mut rng = w.rng(61);
    let people: Vec<(u32, u32)> = w
        .staff
        .technicians()
        .map(|tech| (tech.id, tech.role))
        .chain([(w.staff.manager, super::lookups::role::MANAGER)])
        .collect();
    let first = w.calendar.date(w.start());
    for day in 0..=super::HISTORY_DAYS {
        let Some(date) = first.checked_add_signed(chrono::TimeDelta::days(day)) else { continue };
        if !is_working_day(date) {
            continue;
        }
        let monday = chrono::Datelike::weekday(&date) == chrono::Weekday::Mon;
        for &(resource, role) in &people {
            let (internal, hour, hours) = if monday {
                (code::MEETING, 8 * HOUR + 30 * MINUTE, 75)
            } else if rng.chance(0.06) {
                (code::TRAINING, 15 * HOUR, hundredths(rng.span(1.0, 3.0)))
            } else if rng.chance(0.1) {
                (code::ADMINISTRATION, 16 * HOUR + 30 * MINUTE, hundredths(rng.span(0.5, 1.0)))
            } else {
                continue;
            };
            let mut entry = TimeRecord {
                resource,
                role,
                internal,
                start: w.calendar.midnight(date) + hour,
                hours,
                non_billable: true,
                ..TimeRecord::default()
            };
            if write_down(w, &mut entry, &mut rng) {
                entries.push(entry);
            }
        }
    }
}

/// Numbers the entries in the order in which they were written down and puts them into the world.
pub(crate) fn finish(w: &mut World, mut entries: Vec<TimeRecord>) -> Arc<Vec<TimeRecord>> {
    entries.sort_by_key(|entry| (entry.created, entry.ticket, entry.task, entry.resource));
    let mut rng = w.rng(62);
    let mut id = 50_000;
    let mut lost = Vec::new();
    for entry in &mut entries {
        id += 1;
        if rng.chance(0.004) {
            if entry.ticket != 0 && entry.created + 2 * HOUR < w.now {
                lost.push(*entry);
            }
            id += 1;
        }
        entry.id = id;
    }
    for entry in lost {
        let at = entry.created + rng.between(1, 110) * MINUTE;
        let number = number(&w.calendar, entry.start, 900);
        w.insert(draft!("DeletedTicketActivityLogs" {
            typeID: 1, ticketID: entry.ticket, ticketNumber: number, noteOrAttachmentTitle: "", createdByResourceID: entry.resource,
            activityDateTime: At(entry.created), startDateTime: At(entry.start), endDateTime: At(entry.end()),
            hoursWorked: f64::from(entry.hours) / 100.0, deletedByResourceID: entry.resource, deletedDateTime: At(at)
        }));
    }
    let records = Arc::new(entries);
    let definition = &schema().entities()[schema().position("TimeEntries").unwrap_or(0)];
    let calendar = Arc::new(w.calendar.clone());
    w.table_mut("TimeEntries").set_base(Box::new(CompactRecords::new(
        definition,
        Arc::clone(&records),
        calendar,
        |entry| i64::from(entry.id),
        getter,
        |_, _| Vec::new(),
    )));
    records
}

fn id(value: u32) -> Cell {
    if value == 0 { Cell::Null } else { Cell::Int(i64::from(value)) }
}

fn getter(field: &str) -> Option<Getter<TimeRecord, super::calendar::Calendar>> {
    Some(match field {
        "id" => |e, _| Cell::Int(i64::from(e.id)),
        "billingApprovalDateTime" => |e, _| if e.approved == 0 { Cell::Null } else { Cell::Time(e.approved) },
        "billingApprovalLevelMostRecent" => |e, _| Cell::Int(i64::from(e.approved != 0)),
        "billingApprovalResourceID" => |e, _| if e.approved == 0 { Cell::Null } else { id(e.approver) },
        "billingCodeID" => |e, _| id(e.work_type),
        "contractID" => |e, _| id(e.contract),
        "createDateTime" => |e, _| Cell::Time(e.created),
        "creatorUserID" | "lastModifiedUserID" | "resourceID" => |e, _| id(e.resource),
        "dateWorked" => |e, c| Cell::Time(midnight(c.date(e.start))),
        "startDateTime" => |e, _| Cell::Time(e.start),
        "endDateTime" => |e, _| Cell::Time(e.end()),
        "hoursToBill" => |e, _| Cell::Num(f64::from(e.to_bill) / 100.0),
        "hoursWorked" => |e, _| Cell::Num(f64::from(e.hours) / 100.0),
        "internalBillingCodeID" => |e, _| id(e.internal),
        "isInternalNotesVisibleToComanaged" => |_, _| Cell::Bool(false),
        "isNonBillable" => |e, _| Cell::Bool(e.non_billable),
        "lastModifiedDateTime" => |e, _| Cell::Time(e.modified),
        "offsetHours" => |_, _| Cell::Num(0.0),
        "roleID" => |e, _| id(e.role),
        "showOnInvoice" => |e, _| Cell::Bool(!e.non_billable),
        "summaryNotes" => |e, _| {
            let salt = usize::try_from(mix(u64::from(e.id)) >> 48).unwrap_or(0);
            Cell::Text(
                match e.internal {
                    0 => WORK_NOTES[salt % WORK_NOTES.len()],
                    code::MEETING => "Weekly team meeting",
                    _ => "",
                }
                .into(),
            )
        },
        "taskID" => |e, _| id(e.task),
        "ticketID" => |e, _| id(e.ticket),
        "timeEntryType" => |e, _| {
            Cell::Int(if e.ticket != 0 {
                2
            } else if e.task != 0 {
                6
            } else {
                1
            })
        },
        _ => return None,
    })
}
