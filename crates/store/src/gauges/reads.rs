//! What the layers of a plan rest on: which collections of Autotask, and whether the time of day.
//!
//! Datasets say it of their rows and of each column (`rows_of`, `reads`, `clock`), and tests hold that to what Postgres
//! really reads. So an answer is made anew when something changed that it rests on, and not because of anything else.

use super::{
    Context,
    days::dated,
    plan::{Key, Plan, PlanLayer},
    relative::is_time_of_day,
    statement::{Scan, company_id},
};
use crate::Scope;
use std::collections::BTreeSet;
use taskgauge_model::{
    dataset::DatasetColumn,
    datasource::{Finding, Probe},
    entity::Entity,
    gauge::{Op, RowList, Scalar},
    link::DeepLink,
};

/// What a layer, or several, rests on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reads<'a> {
    /// Names of entities, in their order.
    pub entities: BTreeSet<&'a str>,
    /// Whether the rows or their values change by themselves with the time of day.
    pub clock: bool,
}

impl<'a> FromIterator<Reads<'a>> for Reads<'a> {
    fn from_iter<I: IntoIterator<Item = Reads<'a>>>(layers: I) -> Self {
        layers.into_iter().fold(Reads::default(), |mut all, layer| {
            all.entities.extend(layer.entities);
            all.clock |= layer.clock;
            all
        })
    }
}

impl Plan<'_> {
    /// What the answer rests on for somebody who sees `scope`, its list of rows included.
    pub fn reads(&self, scope: &Scope) -> Reads<'_> {
        let list = |place| self.gauge.rows.as_ref().filter(|_| place == 0);
        let layers = self.layers.iter().enumerate();
        layers.map(|(place, layer)| layer.reads(scope, list(place), Labels::Read)).collect()
    }

    /// The kinds of records that the answer rests on and of which the first sync has brought nothing yet, as people call
    /// them. What the API user may not read does not come, and is not waited for.
    pub fn awaited(&self, context: &Context, scope: &Scope) -> Vec<&'static str> {
        let Some(arrived) = &context.arrived else { return Vec::new() };
        let is_barred = |name: &str| {
            let barred = |probe: &Probe| probe.entity == name && probe.finding == Finding::Forbidden;
            context.doctor.probes.iter().any(barred)
        };
        let reads = self.reads(scope);
        let missing = reads.entities.into_iter().filter(|name| !arrived.contains(*name) && !is_barred(name));
        missing.filter_map(|name| Some(Entity::named(name)?.label)).collect()
    }
}

/// What a scan rests on for somebody who sees `scope`.
pub(super) fn of_scan<'a>(scan: &Scan<'a>, scope: &Scope) -> Reads<'a> {
    scan.iter().map(|(_, layer)| (*layer).reads(scope, None, Labels::Read)).collect()
}

/// What a scan rests on whose groups are named afterwards ([`Key::names`]).
pub(super) fn of_unnamed<'a>(scan: &Scan<'a>, scope: &Scope) -> Reads<'a> {
    scan.iter().map(|(_, layer)| (*layer).reads(scope, None, Labels::LookedUp)).collect()
}

/// Where the names of groups are from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Labels {
    /// They are read with the rows.
    Read,
    /// They are looked up afterwards, where that can be.
    LookedUp,
}

impl PlanLayer<'_> {
    /// What the layer rests on for somebody who sees `scope`, with a list of its rows or without.
    fn reads(&self, scope: &Scope, list: Option<&RowList>, labels: Labels) -> Reads<'_> {
        let dataset = self.dataset;
        let mut columns: Vec<&DatasetColumn> = Vec::new();
        let named = |name: &str| dataset.column(name);
        columns.extend(self.conditions.iter().filter_map(|condition| named(&condition.column)));
        for key in &self.keys {
            if labels == Labels::Read || key.names().is_none() {
                columns.push(key.column());
            }
            if let Key::Column { id, order, .. } = key {
                columns.extend(id.iter().chain(order));
            }
        }
        columns.extend(self.column);
        if let Some(cut) = self.cut {
            columns.push(cut.column);
            columns.extend(cut.until);
            columns.extend(cut.standing.into_iter().flat_map(|(begin, end)| [begin, end]));
        }
        if *scope != Scope::All {
            columns.extend(company_id(dataset).ok().flatten());
        }
        if let Some(list) = list {
            columns.extend(
                list.names().chain(dataset.link.iter().flat_map(DeepLink::columns)).filter_map(named),
            );
            let orders = columns.iter().filter_map(|column| named(column.order.as_deref()?));
            let orders: Vec<&DatasetColumn> = orders.collect();
            columns.extend(orders);
        }
        let reads = columns.iter().flat_map(|column| &column.reads);
        let at_a_moment = self.layer.conditions.iter().any(|condition| {
            let column = named(&condition.column);
            column.is_some_and(|column| is_time_of_day(condition, column))
        });
        Reads {
            entities: dataset.row_entities().iter().chain(reads).map(String::as_str).collect(),
            clock: at_a_moment || columns.iter().any(|column| column.clock) || self.rows_come_and_go(),
        }
    }

    /// Whether rows enter or leave what is looked at with the time of day.
    fn rows_come_and_go(&self) -> bool {
        // What Taskgauge tells of itself changes at any time.
        if self.dataset.entities.is_empty() {
            return true;
        }
        // All open tickets are in this one, however old.
        let is_open = self.dataset.slug == "tickets_14d"
            && self
                .conditions
                .iter()
                .any(|it| it.column == "is_open" && it.op == Op::Is && it.value == Scalar::Flag(true));
        // The plan took a dataset that is complete for the layer's window, where it is of dates on which something happened.
        let is_within =
            self.dataset_is_complete() && self.cut.is_some_and(|cut| dated(self.dataset, cut).is_some());
        self.dataset.clock && !is_within && !is_open
    }
}
