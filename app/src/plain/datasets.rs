//! The list of datasets.

use super::{choose, frame::frame};
use crate::{
    api::datasets::{DatasetInfo, DatasetList},
    components::{age::Age, doctor::incomplete},
};
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use taskgauge_model::format;

/// The page of the side bar.
pub(super) const HERE: &str = "/data/datasets";

/// The list of datasets.
#[component]
pub fn Datasets(
    /// Who is signed in.
    email: String,
    /// The datasets, and whose rows were counted.
    list: DatasetList,
) -> impl IntoView {
    let DatasetList { source, sources, datasets, at } = list;
    let (known, extra): (Vec<_>, Vec<_>) = datasets.into_iter().partition(|dataset| !dataset.extra);
    let query = source
        .as_ref()
        .filter(|_| sources.len() > 1)
        .map(|source| format!("?source={}", source.id))
        .unwrap_or_default();
    let from = source.as_ref().map_or_else(
        || "They fill once Autotask is connected.".to_owned(),
        |source| format!("Rows of {}.", source.name),
    );
    let page = view! {
        <header class="page-head">
            <div>
                <h1>"Datasets"</h1>
                <p class="page-sub">"What dashboards are made of. "{from}</p>
            </div>
            {source.is_none().then(|| view! {
                <div class="page-actions"><a class="button primary" href="/data/datasources/new">"Add a datasource"</a></div>
            })}
            {choose::filters(Vec::new(), sources, source.as_ref(), HERE.to_owned())}
        </header>
        {group("The 21 datasets of Autotask", known, at, &query)}
        {group("Extras", extra, at, &query)}
    };
    frame(email, HERE, page.into_any())
}

fn group(title: &'static str, list: Vec<DatasetInfo>, now: DateTime<Utc>, query: &str) -> AnyView {
    let rows: Vec<_> = list
        .into_iter()
        .map(|dataset| {
            let rows = dataset
                .rows
                .map_or_else(|| format::NOTHING.to_owned(), |rows| format::grouped(rows as f64, 0));
            view! {
                <tr>
                    <th scope="row">
                        <a class="link" href=format!("{HERE}/{}{query}", dataset.slug)>{dataset.title}</a>
                        <p class="muted">{dataset.about}</p>
                        {incomplete(dataset.lacks)}
                    </th>
                    <td>{dataset.group}</td>
                    <td>{dataset.window}</td>
                    <td class="num">{rows}</td>
                    <td class="num">{dataset.columns}</td>
                    <td><Age at=dataset.read_at now=now /></td>
                </tr>
            }
            .into_any()
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
