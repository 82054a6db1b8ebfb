//! The first page: the first dashboard, or the way to connect Autotask where nothing is connected yet.

use crate::{
    api::datasources::{DatasourceList, list_datasources},
    components::loaded::{Loaded, load, shown},
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::Redirect;

/// The dashboard people look at first.
const FIRST_BOARD: &str = "/dashboards/service-ticket-kpis";

/// The first page.
#[component]
pub fn Home() -> impl IntoView {
    let list = load(list_datasources);
    view! {
        <Title text="" />
        <Loaded resource=list view=shown(|list: DatasourceList| if list.rows.is_empty() {
            view! { <NothingConnected /> }.into_any()
        } else {
            view! { <Redirect path=FIRST_BOARD /> }.into_any()
        }) />
    }
}

/// The empty state of an account without a datasource.
#[component]
pub fn NothingConnected() -> impl IntoView {
    view! {
        <div class="empty">
            <h1 class="empty-title">"Connect Autotask to begin"</h1>
            <p>"Taskgauge keeps a live copy of your tickets, time, projects and contracts, and turns it into dashboards. It changes none of them."</p>
            <p>"You need about five minutes and an Autotask admin."</p>
            <p><a class="button primary" href="/data/datasources/new">"Add a datasource"</a></p>
        </div>
    }
    .into_any()
}
