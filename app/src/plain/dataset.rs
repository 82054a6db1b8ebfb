//! A dataset: its rows, paged, sorted and filtered by the server, and what its columns say.

use super::{
    choose,
    datasets::HERE,
    frame::frame,
    table::{Choice, Table},
};
use crate::{
    api::datasets::DatasetPage,
    components::{age::Age, doctor::incomplete},
    pages::home::NothingConnected,
};
use leptos::prelude::*;
use taskgauge_model::dataset::Dataset;

/// The page of a dataset.
#[component]
pub fn DatasetRows(
    /// Who is signed in.
    email: String,
    /// The dataset and its rows.
    data: DatasetPage,
    /// What was chosen of them.
    choice: Choice,
) -> impl IntoView {
    let DatasetPage { dataset, source, sources, page, read_at, lacks, at } = data;
    let Some((source, page)) = source.zip(page) else {
        return frame(email, HERE, view! { <NothingConnected /> }.into_any());
    };
    let table = Table {
        dataset,
        page: &page,
        sort: if choice.sort.is_empty() { &dataset.sort } else { &choice.sort },
        choice: &choice,
        files: format!("/data/datasets/{}/rows", dataset.slug),
    };
    let shown = view! {
        <header class="page-head">
            <div>
                <p class="crumbs"><a class="link" href=format!("{HERE}{}", choice.reset().trim_end_matches('?'))>"Datasets"</a></p>
                <h1>{dataset.title.clone()}</h1>
                <p class="page-sub">{dataset.about.clone()}" "{dataset.window.clone()}</p>
                <p class="muted">{source.name.clone()}" · read "<Age at=read_at now=at />" · times in UTC"</p>
                {incomplete(lacks)}
            </div>
            {choose::filters(Vec::new(), sources, Some(&source), choice.reset())}
            {table.ways()}
        </header>
        {table.view()}
        {columns(dataset)}
    };
    frame(email, HERE, shown.into_any())
}

/// What each column says.
fn columns(dataset: &Dataset) -> AnyView {
    let rows: Vec<_> = dataset
        .columns
        .iter()
        .map(|column| {
            view! {
                <tr><th scope="row">{column.label.clone()}</th><td><code class="mono">{column.name.clone()}</code></td><td>{column.about.clone()}</td></tr>
            }
            .into_any()
        })
        .collect();
    view! {
        <details class="section">
            <summary>{format!("All {} columns and what they say", rows.len())}</summary>
            <div class="table-wrap" tabindex="0" role="region" aria-label="Columns">
                <table class="table dense">
                    <thead><tr><th scope="col">"Column"</th><th scope="col">"Name in SQL and CSV"</th><th scope="col">"What it says"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </details>
    }
    .into_any()
}
