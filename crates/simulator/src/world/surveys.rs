//! Survey requests after closed tickets, and the answers that come days later.

use super::World;
use super::cell::{At, HOUR, MINUTE, draft};
use super::tickets::TicketRecord;
use crate::rng::Rng;

pub(crate) fn fill(w: &mut World, tickets: &[TicketRecord]) {
    let mut sent = Vec::new();
    for ticket in
        tickets.iter().filter(|ticket| ticket.completed != 0 && ticket.contact != 0 && ticket.company != 0)
    {
        let mut rng = Rng::new(w.config.seed ^ 0x50_4e41, u64::from(ticket.id));
        let at = ticket.completed + rng.between(20, 90) * MINUTE;
        if !rng.chance(0.4) || at > w.now {
            continue;
        }
        let answered = at + super::cell::whole(rng.log_normal(7.0, 1.3) * HOUR as f64);
        let answers = rng.chance(0.31) && answered <= w.now;
        let rating = match rng.below(100) {
            0..=71 => 100.0,
            72..=88 => 80.0,
            89..=94 => 60.0,
            95..=97 => 40.0,
            _ => 20.0,
        };
        sent.push((at, ticket.id, ticket.company, ticket.contact, answers.then_some((answered, rating))));
    }
    sent.sort_by_key(|line| (line.0, line.1));
    for (at, ticket, company, contact, answer) in sent {
        w.insert(draft!("SurveyResults" {
            surveyID: 1, ticketID: ticket, companyID: company, contactID: contact, sendDate: At(at),
            completeDate: answer.map(|(when, _)| At(when)), surveyRating: answer.map(|(_, rating)| rating),
            companyRating: answer.map(|(_, rating)| rating), contactRating: answer.map(|(_, rating)| rating),
            resourceRating: answer.map(|(_, rating)| rating)
        }));
    }
}
