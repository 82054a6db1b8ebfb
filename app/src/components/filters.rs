//! The filter bar of a dashboard: a form whose state is the address, so that it works without wasm and can be shared.

use crate::api::{boards::FilterChoice, sources::Source};
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

/// Selects for range, queue, priority … and for the datasource where there are several.
#[component]
pub fn FilterBar(
    /// The filters.
    filters: Vec<FilterChoice>,
    /// The datasources.
    sources: Vec<Source>,
    /// The one that is shown.
    source: Option<Source>,
) -> impl IntoView {
    let several = sources.len() > 1;
    if !several && filters.is_empty() {
        return ().into_any();
    }
    // A reset leaves the datasource.
    let reset = source
        .as_ref()
        .filter(|_| several)
        .map_or_else(|| "?".to_owned(), |source| format!("?source={}", source.id));
    let resets = !filters.is_empty();
    // Where a filter is set to the signed-in person, *all* has to stand in the address.
    let mine: Vec<String> = filters.iter().filter(|it| it.mine).map(|it| it.name.clone()).collect();
    let navigate = use_navigate();
    let form = NodeRef::<leptos::html::Form>::new();
    let go = move |_| {
        let Some(form) = form.get_untracked() else { return };
        let Ok(data) = web_sys::FormData::new_with_form(&form) else { return };
        let mut pairs: Vec<String> = Vec::new();
        for entry in js_sys::try_iter(&data).into_iter().flatten().flatten().flatten() {
            let pair = js_sys::Array::from(&entry);
            if let (Some(name), Some(value)) = (pair.get(0).as_string(), pair.get(1).as_string())
                && (!value.is_empty() || mine.contains(&name))
            {
                pairs.push(format!("{}={}", name, js_sys::encode_uri_component(&value)));
            }
        }
        navigate(
            &format!("?{}", pairs.join("&")),
            leptos_router::NavigateOptions { scroll: false, ..Default::default() },
        );
    };
    let selects: Vec<_> = filters
        .into_iter()
        .map(|filter| {
            let heading = filter.heading();
            let now = filter.chosen;
            let all = if filter.name == "range" { "Each tile’s own" } else { "All" };
            let options: Vec<_> = filter
                .choices
                .into_iter()
                .map(|(value, label)| {
                    view! { <option value=value.clone() selected=value == now>{label}</option> }.into_any()
                })
                .collect();
            let id = format!("filter-{}", filter.name);
            view! {
                <div class="board-filter">
                    <label for=id.clone()>{heading}</label>
                    <select class="input" id=id name=filter.name on:change=go.clone()>
                        <option value="">{all}</option>
                        {options}
                    </select>
                </div>
            }
            .into_any()
        })
        .collect();
    let source_options: Vec<_> = sources
        .into_iter()
        .map(|each| {
            let selected = source.as_ref().is_some_and(|source| source.id == each.id);
            view! { <option value=each.id.to_string() selected=selected>{each.name}</option> }.into_any()
        })
        .collect();
    view! {
        <form class="board-filters" method="get" node_ref=form aria-label="Filters">
            {several.then(|| view! {
                <div class="board-filter">
                    <label for="filter-source">"Datasource"</label>
                    <select class="input" id="filter-source" name="source" on:change=go.clone()>{source_options}</select>
                </div>
            }.into_any())}
            {selects}
            <noscript><button class="button" type="submit">"Apply"</button></noscript>
            {resets.then(|| view! { <a class="button quiet" href=reset>"Reset"</a> }.into_any())}
        </form>
    }
    .into_any()
}
