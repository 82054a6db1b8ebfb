//! What Autotask is asked for to have its own count of a gauge's rows is those rows: the tenant's count of each layer is
//! that of the copy, with and without filters, and for somebody who sees some clients.

use super::common::Tenant;
use super::tenant;
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;
use taskgauge_model::catalogue::Catalogue;
use taskgauge_model::gauge::{Filters, Gauge};
use taskgauge_model::range::Range;
use taskgauge_store::{Scope, StoreError};
use taskgauge_sync::own_counts;

/// A layer's rows as the tenant counts them, or why it cannot be asked; and as they are counted here.
#[derive(Debug)]
pub struct Own {
    /// The gauge.
    gauge: &'static str,
    /// Gauge, layer and question.
    what: String,
    there: Result<u64, String>,
    here: u64,
}

fn filters(range: Option<Range>, fields: &[(&str, &[&str])]) -> Filters {
    let fields = fields
        .iter()
        .map(|(name, values)| ((*name).to_owned(), values.iter().map(|value| (*value).to_owned()).collect()));
    Filters { range, fields: fields.collect() }
}

/// Asks the tenant for every gauge, right after its rows were read.
pub async fn ask(tenant: &Tenant, at: DateTime<Utc>) -> Vec<Own> {
    let some = Scope::Companies(vec![0, 180, 181, 182, 183, 184, 185]);
    let mut asked = Vec::new();
    for (filters, scope) in [
        (Filters::default(), &Scope::All),
        (
            filters(Some(Range::Last(90)), &[("queue", &["8", "29682833"]), ("priority", &["1", "2"])]),
            &Scope::All,
        ),
        (filters(Some(Range::LastMonth), &[("member", &[""])]), &Scope::All),
        (Filters::default(), &some),
    ] {
        for gauge in &Catalogue::shipped().gauges {
            asked.extend(ask_one(tenant, gauge, &filters, scope, at).await);
        }
    }
    asked
}

async fn ask_one(
    tenant: &Tenant,
    gauge: &'static Gauge,
    filters: &Filters,
    scope: &Scope,
    at: DateTime<Utc>,
) -> Vec<Own> {
    let (store, datasource) = (&tenant.database.store, tenant.datasource);
    let questions = match store.own_questions(datasource, gauge, filters, scope, at).await {
        Ok(questions) => questions,
        // Withheld from who sees some clients.
        Err(StoreError::NotFound { .. }) => return Vec::new(),
        Err(error) => panic!("{}: {error}", gauge.id),
    };
    let there = own_counts(store, &tenant.connector, datasource, &questions).await.unwrap();
    let here = store.explain(datasource, gauge, filters, scope, at).await.unwrap();
    gauge
        .layers
        .iter()
        .zip(there)
        .zip(here.layers)
        .zip(questions)
        .map(|(((layer, there), here), question)| Own {
            gauge: &gauge.id,
            what: format!("{} {}: {question:?}", gauge.id, layer.id),
            there,
            here: here.counted,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tenant_counts_the_rows_that_are_counted_here() {
    let read = tenant::read();
    let (mut counted, mut with_rows) = (BTreeSet::new(), BTreeSet::new());
    let mut refused = BTreeSet::new();
    for Own { gauge, what, there, here } in &read.records.own {
        match there {
            Ok(there) => {
                assert_eq!(there, here, "{what}");
                counted.insert(*gauge);
                with_rows.extend((*here > 0).then_some(*gauge));
            }
            Err(why) => {
                assert!(why.ends_with('.') && why.contains("Autotask"), "{what}: {why}");
                refused.insert(*gauge);
            }
        }
    }
    println!("{} counted, {} with rows; refused: {refused:?}", counted.len(), with_rows.len());
    assert!(counted.len() > 60, "{}", counted.len());
    assert!(with_rows.len() > 50, "{}", with_rows.len());
}
