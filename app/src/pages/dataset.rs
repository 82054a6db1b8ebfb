//! A dataset: its rows, paged, sorted and filtered by the server, and what its columns say.
//!
//! Everything that is chosen stands in the address, so the page works without wasm and can be shared.

use crate::{
    api::datasets::{DatasetPageData, get_dataset},
    components::{
        age::Age,
        doctor::incomplete,
        filters::FilterBar,
        loaded::{Loaded, load, shown},
        table::{Leave, cell},
    },
    live::use_live,
    pages::home::NothingConnected,
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};
use taskgauge_model::{
    dataset::{Dataset, TablePage, TableQuery},
    format,
    gauge::{Condition, Op, Scalar},
};

/// Rows on a page.
const PAGE_ROWS: u32 = 50;

/// What the address chooses.
#[derive(Debug, Clone, Default, PartialEq)]
struct Choice {
    search: String,
    sort: String,
    page: u64,
    columns: Vec<String>,
    column: String,
    contains: String,
    source: String,
}

impl Choice {
    fn query(&self) -> TableQuery {
        let conditions = if self.column.is_empty() || self.contains.is_empty() {
            Vec::new()
        } else {
            vec![Condition {
                column: self.column.clone(),
                op: Op::Contains,
                value: Scalar::Text(self.contains.clone()),
            }]
        };
        TableQuery {
            columns: self.columns.clone(),
            sort: self.sort.clone(),
            search: self.search.clone(),
            conditions,
            offset: self.page.saturating_sub(1) * u64::from(PAGE_ROWS),
            limit: PAGE_ROWS,
        }
    }

    /// The address with nothing chosen but the datasource.
    fn reset(&self) -> String {
        if self.source.is_empty() { "?".to_owned() } else { format!("?source={}", encode(&self.source)) }
    }

    /// The address of the same choice with one thing changed.
    fn with(&self, name: &str, value: &str) -> String {
        let page = self.page.to_string();
        let columns = self.columns.join(",");
        let now = [
            ("q", self.search.as_str()),
            ("sort", &self.sort),
            (
                "page",
                if name == "page" {
                    ""
                } else if name == "sort" {
                    "1"
                } else {
                    &page
                },
            ),
            ("columns", &columns),
            ("column", &self.column),
            ("text", &self.contains),
            ("source", &self.source),
        ];
        let mut pairs: Vec<String> = now
            .iter()
            .map(|(key, old)| (*key, if *key == name { value } else { old }))
            .filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| format!("{key}={}", encode(value)))
            .collect();
        pairs.sort();
        format!("?{}", pairs.join("&"))
    }
}

/// Percent-encodes a value of an address.
fn encode(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b',') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0').to_ascii_uppercase());
            out.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0').to_ascii_uppercase());
        }
    }
    out
}

/// The page of a dataset.
#[component]
pub fn DatasetPage() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let live = use_live();
    let choice = Memo::new(move |_| {
        query.with(|query| {
            let get = |name: &str| query.get_str(name).unwrap_or_default().to_owned();
            // A form sends one `columns` per box; links join them.
            let columns = query
                .get_all("columns")
                .unwrap_or_default()
                .iter()
                .flat_map(|part| part.split(','))
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect();
            Choice {
                search: get("q"),
                sort: get("sort"),
                page: get("page").parse().unwrap_or(1).max(1),
                columns,
                column: get("column"),
                contains: get("text"),
                source: get("source"),
            }
        })
    });
    let page = load(move || {
        live.changes.get();
        let slug = params.with(|params| params.get_str("slug").map(str::to_owned)).unwrap_or_default();
        let choice = choice.get();
        get_dataset(slug, choice.source.parse().ok(), choice.query())
    });
    view! {
        <Loaded resource=page view=shown(move |data: DatasetPageData| {
            let choice = choice.get_untracked();
            let DatasetPageData { dataset, source, sources, page, read_at, lacks, at } = data;
            let title = dataset.title.clone();
            let Some((source, page)) = source.zip(page) else {
                return view! { <Title text=title /><NothingConnected /> }.into_any();
            };
            view! {
                <Title text=title.clone() />
                <header class="page-head">
                    <div>
                        <p class="crumbs"><a class="link" href=format!("/data/datasets{}", choice.reset())>"Datasets"</a></p>
                        <h1>{title}</h1>
                        <p class="page-sub">{dataset.about.clone()}" "{dataset.window.clone()}</p>
                        <p class="muted">{source.name.clone()}" · read "<Age at=read_at now=at />" · times in UTC"</p>
                        {incomplete(lacks)}
                    </div>
                    <FilterBar filters=Vec::new() sources=sources source=Some(source) />
                </header>
                <Tools dataset=dataset.clone() choice=choice.clone() />
                <Rows dataset=dataset.clone() page=page.clone() choice=choice.clone() />
                <Pager total=page.total choice=choice />
                <Columns dataset=dataset />
            }.into_any()
        }) />
    }
}

/// Search, filter and columns: one form that goes to the address.
#[component]
fn Tools(dataset: Dataset, choice: Choice) -> impl IntoView {
    let reset = choice.reset();
    let export = format!("/data/datasets/{}/rows.csv{}", dataset.slug, choice.with("page", ""));
    let shown = if choice.columns.is_empty() { dataset.shown.clone() } else { choice.columns.clone() };
    let options: Vec<_> = dataset
        .columns
        .iter()
        .map(|column| view! { <option value=column.name.clone() selected=column.name == choice.column>{column.label.clone()}</option> }.into_any())
        .collect();
    let boxes: Vec<_> = dataset
        .columns
        .iter()
        .map(|column| {
            let id = format!("column-{}", column.name);
            view! {
                <li>
                    <input type="checkbox" id=id.clone() name="columns" value=column.name.clone() checked=shown.contains(&column.name) />
                    <label for=id>{column.label.clone()}</label>
                </li>
            }.into_any()
        })
        .collect();
    view! {
        <form class="table-tools" method="get" role="search">
            <div class="board-filter"><label for="q">"Search"</label><input class="input" id="q" name="q" type="search" value=choice.search.clone() maxlength="200" /></div>
            <div class="board-filter">
                <label for="column">"Filter"</label>
                <select class="input" id="column" name="column"><option value="">"Column"</option>{options}</select>
            </div>
            <div class="board-filter"><label for="text">"contains"</label><input class="input" id="text" name="text" value=choice.contains.clone() maxlength="200" /></div>
            <input type="hidden" name="sort" value=choice.sort.clone() />
            {(!choice.source.is_empty()).then(|| view! { <input type="hidden" name="source" value=choice.source.clone() /> }.into_any())}
            <details class="column-chooser"><summary class="button">"Columns"</summary><ul>{boxes}</ul></details>
            <button class="button primary" type="submit">"Show"</button>
            <a class="button quiet" href=reset>"Reset"</a>
            <a class="button" href=export rel="external" download="">"CSV"</a>
        </form>
    }
    .into_any()
}

#[component]
fn Rows(dataset: Dataset, page: TablePage, choice: Choice) -> impl IntoView {
    if page.rows.is_empty() {
        return view! {
            <div class="empty">
                <p class="empty-title">"No rows"</p>
                <p>"Nothing matches what you chose, or nothing has been synced yet."</p>
                <p><a class="button" href=choice.reset()>"Show all"</a></p>
            </div>
        }
        .into_any();
    }
    let sort = if choice.sort.is_empty() { dataset.sort.clone() } else { choice.sort.clone() };
    let (sorted, falling) = sort.strip_prefix('-').map_or((sort.as_str(), false), |name| (name, true));
    let kinds: Vec<_> = page.columns.iter().map(|name| dataset.column(name).cloned()).collect();
    let heads: Vec<_> = page
        .columns
        .iter()
        .zip(&kinds)
        .map(|(name, column)| {
            let label = column.as_ref().map_or_else(|| name.clone(), |column| column.label.clone());
            let about = column.as_ref().map(|column| column.about.clone()).unwrap_or_default();
            let (aria, sign, next) = if name == sorted {
                if falling { ("descending", " ▼", name.clone()) } else { ("ascending", " ▲", format!("-{name}")) }
            } else {
                ("none", "", name.clone())
            };
            let numeric = column.as_ref().is_some_and(|column| column.kind.is_numeric());
            view! {
                <th scope="col" aria-sort=aria class:num=numeric title=about>
                    <a class="sort" href=choice.with("sort", &next)>{label}<span aria-hidden="true">{sign}</span></a>
                </th>
            }.into_any()
        })
        .collect();
    let rows: Vec<_> = page
        .rows
        .into_iter()
        .map(|row| {
            let cells: Vec<_> = row
                .values
                .iter()
                .zip(&kinds)
                .map(|(value, column)| {
                    let text = cell(value, column.as_ref().map(|column| column.kind));
                    let numeric = column.as_ref().is_some_and(|column| column.kind.is_numeric());
                    let label = column.as_ref().map(|column| column.label.clone()).unwrap_or_default();
                    view! { <td class="cut" class:num=numeric data-label=label title=text.clone()>{text.clone()}</td> }.into_any()
                })
                .collect();
            view! { <tr>{cells}<td class="leave">{row.link.map(|link| view! { <Leave link=link /> }.into_any())}</td></tr> }.into_any()
        })
        .collect();
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label="Rows">
            <table class="table">
                <thead><tr>{heads}<th scope="col"><span class="visually-hidden">"Open in Autotask"</span></th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

#[component]
fn Pager(total: u64, choice: Choice) -> impl IntoView {
    let pages = total.div_ceil(u64::from(PAGE_ROWS)).max(1);
    let page = choice.page.min(pages);
    let first = (page - 1) * u64::from(PAGE_ROWS) + u64::from(total > 0);
    let last = (page * u64::from(PAGE_ROWS)).min(total);
    let words = format!(
        "{} to {} of {}",
        format::grouped(first as f64, 0),
        format::grouped(last as f64, 0),
        format::grouped(total as f64, 0)
    );
    let step = |to: u64, label: &'static str| {
        (1..=pages).contains(&to).then(|| {
            let href = choice.with("page", &to.to_string());
            view! { <a class="button small" href=href>{label}</a> }
        })
    };
    let (before, after) = (step(page.wrapping_sub(1), "Previous"), step(page + 1, "Next"));
    view! { <nav class="pager" aria-label="Pages">{before}<span>{words}</span>{after}</nav> }.into_any()
}

/// What each column says.
#[component]
fn Columns(dataset: Dataset) -> impl IntoView {
    let rows: Vec<_> = dataset
        .columns
        .into_iter()
        .map(|column| view! { <tr><th scope="row">{column.label}</th><td><code class="mono">{column.name}</code></td><td>{column.about}</td></tr> }.into_any())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_keep_what_was_chosen() {
        let choice = Choice { search: "a&b ü".into(), page: 3, sort: "-title".into(), ..Choice::default() };
        assert_eq!(choice.with("page", "4"), "?page=4&q=a%26b%20%C3%BC&sort=-title");
        assert_eq!(choice.with("sort", "title"), "?page=1&q=a%26b%20%C3%BC&sort=title");
        assert_eq!(choice.query().offset, 100);
    }
}
