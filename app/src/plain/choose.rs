//! Filters and the datasource of a plain page: a form whose state is the address.

use crate::api::{boards::FilterChoice, sources::Source};
use leptos::prelude::*;

/// Selects for the filters, and for the datasource where there are several.
pub fn filters(
    choices: Vec<FilterChoice>,
    sources: Vec<Source>,
    source: Option<&Source>,
    reset: String,
) -> AnyView {
    if choices.is_empty() && sources.len() < 2 {
        return ().into_any();
    }
    let source_select = (sources.len() > 1).then(|| {
        let options = sources.iter().map(|each| {
            (each.id.to_string(), each.name.clone(), source.is_some_and(|source| source.id == each.id))
        });
        select("source", "Datasource", None, options.collect())
    });
    let selects: Vec<_> = choices
        .into_iter()
        .map(|filter| {
            let all = if filter.name == "range" { "The gauge’s own" } else { "All" };
            let heading = filter.heading();
            let options = filter
                .choices
                .into_iter()
                .map(|(value, label)| (value.clone(), label, value == filter.chosen))
                .collect();
            select(&filter.name, &heading, Some(all), options)
        })
        .collect();
    view! {
        <form class="board-filters" method="get" aria-label="Filters">
            {source_select}
            {selects}
            <button class="button" type="submit">"Show"</button>
            <a class="button quiet" href=reset>"Reset"</a>
        </form>
    }
    .into_any()
}

fn select(
    name: &str,
    label: &str,
    all: Option<&'static str>,
    options: Vec<(String, String, bool)>,
) -> AnyView {
    let id = format!("filter-{name}");
    let options: Vec<_> = options
        .into_iter()
        .map(|(value, label, chosen)| view! { <option value=value selected=chosen>{label}</option> })
        .collect();
    view! {
        <div class="board-filter">
            <label for=id.clone()>{label.to_owned()}</label>
            <select class="input" id=id name=name.to_owned()>
                {all.map(|all| view! { <option value="">{all}</option> })}
                {options}
            </select>
        </div>
    }
    .into_any()
}
