//! The list of datasets.

use crate::{
    api::datasets::{DatasetInfo, DatasetList, list_datasets},
    components::{
        age::Age,
        doctor::incomplete,
        filters::FilterBar,
        loaded::{Loaded, load, shown},
    },
    live::use_live,
};
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use taskgauge_model::format;

/// The list of datasets.
#[component]
pub fn Datasets() -> impl IntoView {
    let live = use_live();
    let query = use_query_map();
    let list = load(move || {
        live.changes.get();
        list_datasets(query.with(|query| query.get_str("source").and_then(|id| id.parse().ok())))
    });
    view! {
        <Title text="Datasets" />
        <Loaded resource=list view=shown(|list: DatasetList| {
            let now = list.at;
            let (known, extra): (Vec<_>, Vec<_>) = list.datasets.into_iter().partition(|dataset| !dataset.extra);
            let from = list.source.as_ref().map_or_else(
                || "Connect Autotask to fill them.".to_owned(),
                |source| format!("Rows of {}.", source.name),
            );
            let chosen = list.source.as_ref().filter(|_| list.sources.len() > 1);
            let query = chosen.map(|source| format!("?source={}", source.id)).unwrap_or_default();
            view! {
                <header class="page-head">
                    <div>
                        <h1>"Datasets"</h1>
                        <p class="page-sub">"What dashboards are made of. "{from}</p>
                    </div>
                    <FilterBar filters=Vec::new() sources=list.sources source=list.source />
                </header>
                <Group title="The 21 datasets of Autotask" list=known now=now query=query.clone() />
                <Group title="Extras" list=extra now=now query=query />
            }
        }) />
    }
}

#[component]
fn Group(title: &'static str, list: Vec<DatasetInfo>, now: DateTime<Utc>, query: String) -> impl IntoView {
    let rows: Vec<_> =
        list.into_iter()
            .map(|dataset| {
                let rows = dataset
                    .rows
                    .map_or_else(|| format::NOTHING.to_owned(), |rows| format::grouped(rows as f64, 0));
                view! {
                <tr>
                    <th scope="row">
                        <a class="link" rel="external" href=format!("/data/datasets/{}{query}", dataset.slug)>{dataset.title}</a>
                        <p class="muted">{dataset.about}</p>
                        {incomplete(dataset.lacks)}
                    </th>
                    <td>{dataset.group}</td>
                    <td>{dataset.window}</td>
                    <td class="num">{rows}</td>
                    <td class="num">{dataset.columns}</td>
                    <td><Age at=dataset.read_at now=now /></td>
                </tr>
            }.into_any()
            })
            .collect();
    view! {
        <section class="section">
            <h2>{title}</h2>
            <div class="table-wrap" tabindex="0" role="region" aria-label=title>
                <table class="table">
                    <thead><tr>
                        <th scope="col">"Dataset"</th><th scope="col">"Area"</th><th scope="col">"Rows in it"</th>
                        <th scope="col" class="num">"Rows"</th><th scope="col" class="num">"Columns"</th><th scope="col">"Age"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}
