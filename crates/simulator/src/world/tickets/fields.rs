//! How each field of a ticket, and of its service level result, follows from the compact record.

use super::TicketRecord;
use crate::world::calendar::Calendar;
use crate::world::cell::{Cell, Udf};
use crate::world::lookups::code;
use crate::world::table::Getter;
use crate::world::text::{AWKWARD_TITLES, DESCRIPTIONS, RESOLUTIONS, titles};

/// What ticket fields need besides the record.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) calendar: Calendar,
    pub(crate) api_user: u32,
}

/// A ticket number: `T20240131.0007`, by local date.
pub(crate) fn number(calendar: &Calendar, created: i64, nth: u16) -> String {
    format!("T{}.{nth:04}", calendar.date(created).format("%Y%m%d"))
}

/// The title of a ticket.
fn title(ticket: &TicketRecord) -> &'static str {
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

pub(super) fn udf(ticket: &TicketRecord, _: &Desk) -> Vec<Udf> {
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
pub(super) struct LevelRecord {
    pub(super) id: u32,
    pub(super) position: u32,
}

pub(super) fn level_getter(field: &str) -> Option<Getter<LevelRecord, Vec<TicketRecord>>> {
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
