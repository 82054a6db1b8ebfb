//! The datasource form: connect, test, save; and new credentials for a datasource that exists.
//!
//! What was tested is what is saved: a passed test keeps the credentials on the server under an opaque id, the page
//! then holds no credential input at all, and saving names the id and nothing else.

mod form;
mod guide;
mod outcome;

use crate::{
    api::datasources::{FormStart, get_form_start},
    components::loaded::{Loaded, load, shown},
};
use form::ConnectForm;
use guide::Guide;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};
use taskgauge_model::ids::DatasourceId;

/// Adding a datasource: choose a connector, then connect it.
#[component]
pub fn NewDatasource() -> impl IntoView {
    let query = use_query_map();
    let chosen = Memo::new(move |_| query.with(|query| query.get_str("connector") == Some("autotask")));
    let start = load(|| get_form_start(None));
    view! {
        <Title text="Add a datasource" />
        <Loaded resource=start view=shown(move |start: FormStart| {
            // A form that was posted without JavaScript comes back at the address without a choice.
            let posted = start.draft.is_some();
            let start = StoredValue::new(start);
            view! {
                {move || if posted || chosen.get() {
                    view! { <Connect start=start.get_value() replaces=None /> }.into_any()
                } else {
                    view! { <Connectors /> }.into_any()
                }}
            }
        }) />
    }
}

/// New credentials for a datasource.
#[component]
pub fn ReplaceCredentials() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get_str("id").and_then(|id| id.parse().ok())));
    let start = load(move || get_form_start(id.get()));
    view! {
        <Title text="Replace credentials" />
        <Loaded resource=start view=shown(move |start: FormStart| {
            let replaces = start.datasource.as_ref().map(|datasource| datasource.id);
            view! { <Connect start=start replaces=replaces /> }
        }) />
    }
}

/// The connectors there are.
#[component]
fn Connectors() -> impl IntoView {
    view! {
        <header class="page-head"><div><h1>"Add a datasource"</h1><p class="page-sub">"Where do the records come from?"</p></div></header>
        <ul class="connector-grid">
            <li>
                <a class="connector-card" href="/data/datasources/new?connector=autotask">
                    <strong>"Autotask PSA"</strong>
                    <span>"Tickets, time, projects, contracts, sales and invoices. Read-only, through the REST API."</span>
                </a>
            </li>
        </ul>
    }
    .into_any()
}

#[component]
fn Connect(start: FormStart, replaces: Option<DatasourceId>) -> impl IntoView {
    let (title, sub) = match &start.datasource {
        Some(datasource) => (
            "Replace credentials",
            format!(
                "For “{}”. The stored ones stay in use until new ones have passed the test.",
                datasource.name
            ),
        ),
        None => (
            "Connect Autotask",
            "Three steps, about five minutes. Nothing in Autotask is changed.".to_owned(),
        ),
    };
    let rights = start.rights.clone();
    view! {
        <header class="page-head"><div><h1>{title}</h1><p class="page-sub">{sub}</p></div></header>
        <div class="form-split">
            <ConnectForm start=start replaces=replaces />
            <Guide rights=rights />
        </div>
    }
    .into_any()
}
