//! How a table of rows looks: search, conditions and columns above it, pages below it.

use super::choice::{Choice, PAGE_ROWS, Wish};
use crate::components::table::{Leave, cell};
use leptos::prelude::*;
use taskgauge_model::{
    dataset::{Dataset, TablePage, directed},
    format,
    gauge::Op,
    words::OPS,
};
use taskgauge_store::datasets::WORKBOOK_ROWS_MAX;

/// A page of rows, and what was chosen of them.
pub struct Table<'a> {
    /// The dataset they are from.
    pub dataset: &'a Dataset,
    /// The rows.
    pub page: &'a TablePage,
    /// The order in force, as [`Choice::sort`] has it.
    pub sort: &'a str,
    /// What was chosen.
    pub choice: &'a Choice,
    /// Where they can be had as files, without the ending.
    pub files: String,
}

impl Table<'_> {
    /// All of it.
    pub fn view(&self) -> AnyView {
        view! { {self.tools()}{self.rows()}{self.pager()} }.into_any()
    }

    /// The ways to the rows as files.
    pub fn ways(&self) -> AnyView {
        let address = Choice { page: 0, ..self.choice.clone() }.address();
        let most = format::grouped(WORKBOOK_ROWS_MAX as f64, 0);
        let cut = (self.page.total > WORKBOOK_ROWS_MAX).then(
            || view! { <p class="muted">{format!("Excel gets the first {most} rows, CSV all of them.")}</p> },
        );
        view! {
            <div class="page-actions">
                {cut}
                <a class="button" href=format!("{}.csv{address}", self.files) download="">"CSV"</a>
                <a class="button" href=format!("{}.xlsx{address}", self.files) download="">"Excel"</a>
            </div>
        }
        .into_any()
    }

    /// Search, conditions and columns: one form that goes to the address.
    fn tools(&self) -> AnyView {
        let Choice { search, sort, wishes, rest, .. } = self.choice;
        let kept: Vec<_> = rest
            .iter()
            .map(|(name, value)| {
                view! { <input type="hidden" name=name.clone() value=value.clone() /> }.into_any()
            })
            .collect();
        let blank = Wish { column: String::new(), op: Op::Contains, text: String::new() };
        let wishes: Vec<_> =
            wishes.iter().chain([&blank]).enumerate().map(|(place, wish)| self.wish(place, wish)).collect();
        let boxes: Vec<_> = self
            .dataset
            .columns
            .iter()
            .map(|column| {
                let id = format!("column-{}", column.name);
                let is_shown = self.page.columns.contains(&column.name);
                view! {
                    <li>
                        <input type="checkbox" id=id.clone() name="columns" value=column.name.clone() checked=is_shown />
                        <label for=id>{column.label.clone()}</label>
                    </li>
                }
                .into_any()
            })
            .collect();
        view! {
            <form class="table-tools" method="get" role="search">
                {kept}
                <div class="board-filter"><label for="q">"Search"</label><input class="input" id="q" name="q" type="search" value=search.clone() maxlength="200" /></div>
                {wishes}
                <input type="hidden" name="sort" value=sort.clone() />
                <details class="column-chooser"><summary class="button">"Columns"</summary><ul>{boxes}</ul></details>
                <button class="button primary" type="submit">"Show"</button>
                <a class="button quiet" href=self.choice.reset()>"Reset"</a>
            </form>
        }
        .into_any()
    }

    /// A condition, or the place for one more.
    fn wish(&self, place: usize, wish: &Wish) -> AnyView {
        let number = if place == 0 { String::new() } else { format!(" {}", place + 1) };
        let id = |name: &str| if place == 0 { name.to_owned() } else { format!("{name}-{place}") };
        let columns: Vec<_> = self
            .dataset
            .columns
            .iter()
            .map(|column| view! { <option value=column.name.clone() selected=column.name == wish.column>{column.label.clone()}</option> }.into_any())
            .collect();
        let ops: Vec<_> = OPS
            .iter()
            // A list has no place in one field.
            .filter(|(op, _, _)| !matches!(op, Op::In | Op::NotIn))
            .map(|(op, name, said)| {
                view! { <option value=*name selected=*op == wish.op>{*said}</option> }.into_any()
            })
            .collect();
        view! {
            <div class="table-part">
                <div class="board-filter">
                    <label for=id("column")>{format!("Filter{number}")}</label>
                    <select class="input" id=id("column") name="column"><option value="">"Column"</option>{columns}</select>
                </div>
                <div class="board-filter">
                    <label for=id("op")>{format!("Comparison{number}")}</label>
                    <select class="input" id=id("op") name="op">{ops}</select>
                </div>
                <div class="board-filter">
                    <label for=id("text")>{format!("Value{number}")}</label>
                    <input class="input" id=id("text") name="text" value=wish.text.clone() maxlength="200" />
                </div>
            </div>
        }
        .into_any()
    }

    fn rows(&self) -> AnyView {
        if self.page.rows.is_empty() {
            let (why, all) = if self.choice.is_narrow() {
                let all = view! { <p><a class="button" href=self.choice.reset()>"Show all"</a></p> };
                ("Nothing matches what you chose.", Some(all))
            } else {
                ("There is nothing here, or nothing has been synced yet.", None)
            };
            return view! { <div class="empty"><p class="empty-title">"No rows"</p><p>{why}</p>{all}</div> }
                .into_any();
        }
        let (sorted, falling) = directed(self.sort);
        let known: Vec<_> = self.page.columns.iter().map(|name| self.dataset.column(name)).collect();
        let heads: Vec<_> = self
            .page
            .columns
            .iter()
            .zip(&known)
            .map(|(name, column)| {
                let label = column.map_or_else(|| name.clone(), |column| column.label.clone());
                let about = column.map(|column| column.about.clone()).unwrap_or_default();
                let (aria, sign, next) = match (name == sorted, falling) {
                    (true, true) => ("descending", " ▼", name.clone()),
                    (true, false) => ("ascending", " ▲", format!("-{name}")),
                    (false, _) => ("none", "", name.clone()),
                };
                let numeric = column.is_some_and(|column| column.kind.is_numeric());
                view! {
                    <th scope="col" aria-sort=aria class:num=numeric title=about>
                        <a class="sort" href=self.choice.sorted(&next)>{label}<span aria-hidden="true">{sign}</span></a>
                    </th>
                }
                .into_any()
            })
            .collect();
        let rows: Vec<_> = self
            .page
            .rows
            .iter()
            .map(|row| {
                let cells: Vec<_> = row
                    .values
                    .iter()
                    .zip(&known)
                    .map(|(value, column)| {
                        let text = cell(value, column.map(|column| column.kind));
                        let numeric = column.is_some_and(|column| column.kind.is_numeric());
                        let label = column.map(|column| column.label.clone()).unwrap_or_default();
                        view! { <td class="cut" class:num=numeric data-label=label title=text.clone()>{text.clone()}</td> }.into_any()
                    })
                    .collect();
                let link = row.link.clone().map(|link| view! { <Leave link=link /> });
                view! { <tr>{cells}<td class="leave">{link}</td></tr> }.into_any()
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

    fn pager(&self) -> AnyView {
        let total = self.page.total;
        let pages = total.div_ceil(u64::from(PAGE_ROWS)).max(1);
        let page = self.choice.page.clamp(1, pages);
        let first = (page - 1) * u64::from(PAGE_ROWS) + u64::from(total > 0);
        let last = (page * u64::from(PAGE_ROWS)).min(total);
        let number = |rows: u64| format::grouped(rows as f64, 0);
        let words = format!("{} to {} of {}", number(first), number(last), number(total));
        let step = |to: u64, label: &'static str| {
            (1..=pages)
                .contains(&to)
                .then(|| view! { <a class="button small" href=self.choice.paged(to)>{label}</a> })
        };
        let (before, after) = (step(page - 1, "Previous"), step(page + 1, "Next"));
        view! { <nav class="pager" aria-label="Pages">{before}<span>{words}</span>{after}</nav> }.into_any()
    }
}
