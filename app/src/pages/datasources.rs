//! The list of datasources.

use crate::{
    api::datasources::{DatasourceList, list_datasources},
    components::{
        age::Age,
        loaded::{Loaded, load, shown},
        steps::state_badge,
    },
    live::use_live,
    pages::home::NothingConnected,
};
use leptos::prelude::*;
use leptos_meta::Title;

/// The list of datasources.
#[component]
pub fn Datasources() -> impl IntoView {
    let live = use_live();
    let list = load(move || {
        live.progress.get();
        list_datasources()
    });
    view! {
        <Title text="Datasources" />
        <Loaded resource=list view=shown(|list: DatasourceList| {
            if list.rows.is_empty() {
                return view! { <NothingConnected /> }.into_any();
            }
            let now = list.at;
            let rows: Vec<_> = list.rows.into_iter().map(|row| {
                let datasource = row.datasource;
                view! {
                    <tr>
                        <th scope="row"><a class="link" href=format!("/data/datasources/{}", datasource.id)>{datasource.name}</a></th>
                        <td>"Autotask"</td>
                        <td>{datasource.zone_name}</td>
                        <td>{row.run.map(|run| state_badge(run.state))}</td>
                        <td><Age at=datasource.synced_at now=now /></td>
                    </tr>
                }.into_any()
            }).collect();
            view! {
                <header class="page-head">
                    <div><h1>"Datasources"</h1></div>
                    <div class="page-actions"><a class="button primary" href="/data/datasources/new">"Add"</a></div>
                </header>
                <div class="table-wrap" tabindex="0" role="region" aria-label="Datasources">
                    <table class="table">
                        <thead><tr>
                            <th scope="col">"Name"</th><th scope="col">"Connector"</th><th scope="col">"Zone"</th>
                            <th scope="col">"Latest sync"</th><th scope="col">"Complete"</th>
                        </tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            }.into_any()
        }) />
    }
}
