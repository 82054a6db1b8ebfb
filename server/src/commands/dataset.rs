//! `taskgauge dataset`: a dataset as a count, CSV or JSON.
#![expect(clippy::doc_markdown, reason = "these texts are read on a terminal, as help")]

use super::{named, print, print_json, with_open};
use crate::config::Installation;
use futures::TryStreamExt;
use std::io::Write;
use taskgauge_model::{catalogue::Catalogue, dataset::TableQuery};
use taskgauge_store::Scope;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    installation: Installation,
    /// The dataset's slug, e.g. tickets_14d.
    slug: String,
    /// Name of the datasource.
    #[arg(long)]
    datasource: String,
    /// Print the number of rows.
    #[arg(long, conflicts_with = "csv")]
    count: bool,
    /// Print all rows as CSV.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Print JSON: the count with --count, else all rows.
    #[arg(long)]
    json: bool,
}

pub async fn run(arguments: Arguments) -> Result<(), String> {
    let catalogue = Catalogue::shipped();
    let dataset = catalogue.dataset(&arguments.slug).ok_or_else(|| {
        let known: Vec<&str> = catalogue.datasets.iter().map(|dataset| dataset.slug.as_str()).collect();
        format!("There is no dataset “{}”. Known: {}.", arguments.slug, known.join(", "))
    })?;
    with_open(&arguments.installation, async |opened| {
        let source = named(opened, &arguments.datasource).await?.id;
        let store = &opened.store;
        let all = every_column(dataset);
        if arguments.csv {
            let rows = store
                .dataset_csv(source, dataset, &all, &Scope::All)
                .await
                .map_err(|error| error.to_string())?;
            return write_all(rows.map_err(|error| error.to_string())).await;
        }
        if arguments.json && !arguments.count {
            let rows = store
                .dataset_json(source, dataset, &all, &Scope::All)
                .await
                .map_err(|error| error.to_string())?;
            return write_all(rows.map_err(|error| error.to_string())).await;
        }
        let rows = store
            .dataset_count(source, dataset, &TableQuery::default(), &Scope::All)
            .await
            .map_err(|error| error.to_string())?;
        if arguments.json {
            print_json(&serde_json::json!({ "dataset": dataset.slug, "rows": rows }))
        } else {
            print(&rows.to_string())
        }
    })
    .await
}

/// Files hold every column; only tables on screens begin with a choice.
fn every_column(dataset: &taskgauge_model::dataset::Dataset) -> TableQuery {
    TableQuery {
        columns: dataset.columns.iter().map(|column| column.name.clone()).collect(),
        ..TableQuery::default()
    }
}

async fn write_all<B: AsRef<[u8]>>(
    rows: impl futures::Stream<Item = Result<B, String>>,
) -> Result<(), String> {
    let mut rows = std::pin::pin!(rows);
    while let Some(chunk) = rows.try_next().await? {
        std::io::stdout()
            .lock()
            .write_all(chunk.as_ref())
            .map_err(|error| format!("The rows could not be printed: {error}."))?;
    }
    std::io::stdout().lock().flush().map_err(|error| format!("The rows could not be printed: {error}."))
}
