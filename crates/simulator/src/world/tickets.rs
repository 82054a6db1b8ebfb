//! Two years of tickets as compact records, and the tables made of them.

mod arrivals;
mod fields;
mod work;

use std::sync::Arc;

use chrono::{Datelike, NaiveDate};

use self::arrivals::HOURS;
use self::fields::{LevelRecord, level_getter, udf};
use super::calendar::is_working_day;
use super::cell::{At, DAY, HOUR, SECOND, draft, whole};
use super::table::CompactRecords;
use super::{HISTORY_DAYS, World, calls, notes, surveys};
use crate::rng::{Rng, mix};
use crate::schema::schema;

pub(crate) use self::arrivals::{arrive, cumulative, day_weight, hour_weight};
pub(crate) use self::fields::{Desk, getter, number};
pub(crate) use self::work::targets;

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
        let count = whole(owed).max(0);
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
            work::live(w, &mut ticket, &mut own);
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
