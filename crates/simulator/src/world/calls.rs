//! Service calls: visits planned for tickets, past and to come, with their technicians.

use super::World;
use super::calendar::is_working_day;
use super::cell::{At, DAY, HOUR, MINUTE, draft};
use super::tickets::TicketRecord;
use crate::rng::Rng;

pub(crate) fn fill(w: &mut World, tickets: &[TicketRecord]) {
    for ticket in tickets.iter().filter(|ticket| ticket.assigned != 0) {
        let mut rng = Rng::new(w.config.seed ^ 0xca11, u64::from(ticket.id));
        let planned = ticket.completed == 0 && ticket.status == 12 && rng.chance(0.75);
        let visited = ticket.onsite && ticket.completed != 0;
        if !planned && !visited {
            continue;
        }
        let day = if planned {
            w.now + rng.between(-1, 9) * DAY
        } else {
            (ticket.completed - rng.between(0, 2) * DAY).max(ticket.created)
        };
        let mut date = w.calendar.date(day);
        while !is_working_day(date) {
            date = date.succ_opt().unwrap_or(date);
        }
        let start = w.calendar.midnight(date) + rng.between(9, 15) * HOUR + rng.between(0, 3) * 15 * MINUTE;
        let length = *rng.pick(&[1.0, 1.5, 2.0, 3.0]);
        let end = start + super::cell::whole(length * HOUR as f64);
        let created = ticket.created.max(start.min(w.now) - 3 * DAY).min(w.now);
        let canceled = !planned && rng.chance(0.05);
        let complete = !canceled && end < w.now && !rng.chance(if planned { 0.7 } else { 0.03 });
        let status = if canceled {
            6
        } else if complete {
            2
        } else {
            *rng.pick(&[1, 3])
        };
        let at = created.max(if complete { (end + 10 * MINUTE).min(w.now) } else { created });
        let call = w.insert(draft!("ServiceCalls" {
            companyID: ticket.company, companyLocationID: ticket.location, startDateTime: At(start), endDateTime: At(end), duration: length,
            status: status, isComplete: i64::from(complete), createDateTime: At(created), creatorResourceID: w.staff.manager,
            description: "On-site visit", lastModifiedDateTime: At(at), canceledDateTime: canceled.then_some(At(created)),
            canceledByResourceID: canceled.then_some(w.staff.manager), cancelationNoticeHours: canceled.then_some(20.0)
        }));
        let line = w.insert(draft!("ServiceCallTickets" { serviceCallID: call, ticketID: ticket.id }));
        w.insert(
            draft!("ServiceCallTicketResources" { serviceCallTicketID: line, resourceID: ticket.assigned }),
        );
        // Some visits take two.
        if w.staff.manager != ticket.assigned && rng.chance(0.15) {
            w.insert(
                draft!("ServiceCallTicketResources" { serviceCallTicketID: line, resourceID: w.staff.manager }),
            );
        }
    }
}
