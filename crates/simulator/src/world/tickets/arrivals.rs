//! When tickets arrive, and what is known of one then: who asks, through which channel, about what, and who gets it.

use chrono::{Datelike, NaiveDate};

use super::TicketRecord;
use crate::rng::Rng;
use crate::world::World;
use crate::world::calendar::is_working_day;
use crate::world::cell::{DAY, whole};
use crate::world::companies::Client;
use crate::world::people::{SYSTEM_RESOURCE, Technician};

/// Relative arrivals by local hour of a working day.
pub(super) const HOURS: [f64; 24] = [
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
        client.contacts[usize::try_from(whole(skew * client.contacts.len() as f64)).unwrap_or(0)]
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
