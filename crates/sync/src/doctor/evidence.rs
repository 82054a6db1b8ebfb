//! Asks for the evidence of silent gaps, as [`GAPS`] declares it. All that is known is what the API user can see, so the
//! questions work when nothing is stored yet.

use super::{PROBES_AT_ONCE, affected};
use crate::failure;
use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, stream};
use std::collections::BTreeSet;
use taskgauge_autotask::{Client, Error, Filter, Query, value};
use taskgauge_model::{
    datasource::{Finding, Probe},
    format,
    gaps::{Evidence, GAPS, Gap, Which},
};

/// Rows of a page that is looked into.
const PAGE: usize = 500;
/// Pages that are looked into at most: some 80 lines for each invoice of a sample.
const PAGES: usize = 4;
/// Links of a sample.
const LINKS: usize = 25;
/// The share of links that may be broken, one in so many: records are deleted now and then.
const BROKEN_ONE_IN: usize = 10;
/// Broken links that prove nothing, whatever their share.
const BROKEN_AT_LEAST: usize = 3;

/// What was seen: how many rows were looked at, and how many of them lack something.
struct Seen {
    rows: u64,
    missing: u64,
}

/// The gaps that there is evidence for, and those whose evidence could not be seen.
pub(super) async fn gaps(client: &Client, at: DateTime<Utc>, probes: &[Probe]) -> Vec<Probe> {
    let asked: Vec<_> = GAPS.iter().map(|gap| Asking { client, at, probes }.ask(gap)).collect();
    stream::iter(asked).buffered(PROBES_AT_ONCE).filter_map(|found| async move { found }).collect().await
}

/// Whether no row of an entity was what gave the gap away, so that one row is enough to end it.
pub(super) fn ends_with_rows(gap: &Gap) -> bool {
    matches!(gap.evidence, Evidence::Absent { .. })
}

struct Asking<'a> {
    client: &'a Client,
    at: DateTime<Utc>,
    probes: &'a [Probe],
}

impl Asking<'_> {
    async fn ask(self, gap: &'static Gap) -> Option<Probe> {
        let finding = match self.seen(gap).await {
            Ok(Some(Seen { rows, missing })) => {
                let number = |number: u64| format::grouped(number as f64, 0);
                let seen = gap.seen.replace("{rows}", &number(rows)).replace("{missing}", &number(missing));
                let why = format!("{seen} {} {}", gap.loses, gap.innocent);
                Finding::Gap { id: gap.id.to_owned(), why }
            }
            // What is refused is said where the entity is.
            Ok(None) | Err(Error::Forbidden { .. }) => return None,
            Err(error) => Finding::Unknown { why: failure::sentence(&error) },
        };
        let (datasets, gauges) = affected(
            |dataset| gap.spoils(dataset),
            |gauge, layer, dataset| gap.spoils_layer(gauge, layer, dataset),
        );
        let right = matches!(finding, Finding::Gap { .. })
            .then(|| (gap.right.tab.to_owned(), gap.right.row.to_owned()));
        Some(Probe {
            entity: gap.entity.to_owned(),
            label: gap.label.to_owned(),
            finding,
            right,
            datasets,
            gauges,
        })
    }

    /// What speaks for the gap; `None` where nothing does.
    async fn seen(&self, gap: &Gap) -> Result<Option<Seen>, Error> {
        match &gap.evidence {
            Evidence::NoneFlagged { field, of } => {
                let rows = self.visible(gap.entity);
                if rows < *of || self.client.count(gap.entity, &Filter::eq(*field, true)).await? > 0 {
                    return Ok(None);
                }
                Ok(Some(Seen { rows, missing: rows }))
            }
            Evidence::Absent { told_by } => {
                if !self.is_empty(gap.entity) {
                    return Ok(None);
                }
                let mut first = None;
                for (entity, which, of) in *told_by {
                    let rows = match which {
                        _ if self.visible(entity) < *of => return Ok(None),
                        Which::All => self.visible(entity),
                        which => self.client.count(entity, &self.filter(which)).await?,
                    };
                    if rows < *of {
                        return Ok(None);
                    }
                    first.get_or_insert(rows);
                }
                Ok(first.map(|rows| Seen { rows, missing: rows }))
            }
            Evidence::NoValue { fields, of } => self.no_value(fields, *of).await,
            Evidence::Unlinked { from: (entity, which), field, to_field, of } => {
                self.unlinked(gap.entity, (entity, self.filter(which)), field, to_field, *of).await
            }
        }
    }

    /// Rows with a value are asked for and looked at. Where a server compares the value before it hides it, they come
    /// and have none; where it hides it first, they do not come.
    async fn no_value(&self, fields: &[(&str, &str)], of: u64) -> Result<Option<Seen>, Error> {
        let rows: u64 = fields.iter().map(|(entity, _)| self.visible(entity)).sum();
        if rows < of {
            return Ok(None);
        }
        for (entity, field) in fields.iter().filter(|(entity, _)| self.visible(entity) > 0) {
            let query = Query::new(Filter::gt(*field, 0.0)).include_fields([*field]).page_size(1);
            let page = self.client.page(entity, &query, None).await?;
            let mut values = page.rows.iter().map(|row| {
                let number = value::field(row, field).and_then(serde_json::Value::as_f64);
                number.is_some_and(|number| number > 0.0)
            });
            match values.next() {
                Some(true) => return Ok(None),
                Some(false) => break,
                None => {}
            }
        }
        Ok(Some(Seen { rows, missing: rows }))
    }

    async fn unlinked(
        &self,
        to: &str,
        (from, filter): (&str, Filter),
        field: &str,
        to_field: &str,
        of: usize,
    ) -> Result<Option<Seen>, Error> {
        if self.visible(from) < of as u64 || !(self.is_empty(to) || self.visible(to) > 0) {
            return Ok(None);
        }
        let page = self.client.page(from, &Query::new(filter).include_fields([field]), None).await?;
        let links: BTreeSet<i64> = numbers(&page.rows, field).into_iter().take(LINKS).collect();
        if links.len() < of {
            return Ok(None);
        }
        let mut found = BTreeSet::new();
        if !self.is_empty(to) {
            let query = Query::new(Filter::is_in(to_field, links.iter().copied()))
                .include_fields([to_field])
                .page_size(PAGE);
            let (mut after, mut is_whole) = (None, false);
            for _ in 0..PAGES {
                let page = self.client.page(to, &query, after).await?;
                found.extend(numbers(&page.rows, to_field));
                is_whole = page.complete || links.is_subset(&found);
                if is_whole {
                    break;
                }
                after = page.last_id;
            }
            // What is not on these pages may be on the next.
            if !is_whole {
                return Ok(None);
            }
        }
        let missing = links.difference(&found).count();
        let is_many = missing >= BROKEN_AT_LEAST && missing * BROKEN_ONE_IN >= links.len();
        Ok(is_many.then_some(Seen { rows: links.len() as u64, missing: missing as u64 }))
    }

    fn finding(&self, entity: &str) -> Option<&Finding> {
        self.probes.iter().find(|probe| probe.entity == entity).map(|probe| &probe.finding)
    }

    /// Rows of an entity that can be seen.
    fn visible(&self, entity: &str) -> u64 {
        match self.finding(entity) {
            Some(Finding::Readable { rows }) => *rows,
            _ => 0,
        }
    }

    /// Whether an entity answers, and with nothing.
    fn is_empty(&self, entity: &str) -> bool {
        matches!(self.finding(entity), Some(Finding::Empty))
    }

    fn filter(&self, which: &Which) -> Filter {
        match which {
            Which::All => Filter::All,
            Which::Is(field, flag) => Filter::eq(*field, *flag),
            Which::Filled(field) => Filter::exist(*field),
            Which::Positive(field) => Filter::gt(*field, 0.0),
            Which::Since(field, days) => Filter::gte(*field, self.at - TimeDelta::days((*days).into())),
            Which::Every(all) => Filter::and(all.iter().map(|which| self.filter(which))),
        }
    }
}

/// The different whole numbers in a field of these rows.
fn numbers(rows: &[taskgauge_autotask::Row], field: &str) -> BTreeSet<i64> {
    rows.iter().filter_map(|row| value::integer(value::field(row, field)?).ok()?).collect()
}
