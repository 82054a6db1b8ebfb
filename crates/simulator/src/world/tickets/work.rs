//! What becomes of a ticket after its arrival: service level, answer, waiting, solution and closing.

use super::TicketRecord;
use crate::rng::Rng;
use crate::world::World;
use crate::world::cell::{DAY, HOUR, MINUTE, SECOND, whole};
use crate::world::picklists::status;

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

/// Lives a ticket from its arrival to `now`.
pub(super) fn live(w: &World, ticket: &mut TicketRecord, rng: &mut Rng) {
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
    let planned = responded + whole((resolved - responded) as f64 * rng.span(0.05, 0.5));
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
        ticket.activity = last + whole((now - last) as f64 * rng.unit());
    }
    if rng.chance(if ticket.responded == 0 { 0.45 } else { 0.02 }) {
        ticket.assigned = 0;
    }
    ticket.tracked = last.max(created);
}
