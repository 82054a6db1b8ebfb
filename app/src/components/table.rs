//! Rows of a dataset.

use super::{
    icon::{Glyph, Icon},
    target::mark,
};
use chrono::{DateTime, FixedOffset, NaiveDate};
use leptos::prelude::*;
use serde_json::Value;
use taskgauge_model::{
    dataset::{ColumnKind, DatasetColumn, TablePage},
    format,
    gauge::Target,
};

/// A plain table of a page's rows; headings are the columns' labels, their names where the columns are not given.
#[component]
pub fn Cells(
    /// The rows.
    page: TablePage,
    /// The dataset's columns, for labels and kinds.
    columns: Vec<DatasetColumn>,
    /// A target that is one of a column.
    target: Option<Target>,
) -> impl IntoView {
    let known: Vec<Option<DatasetColumn>> =
        page.columns.iter().map(|name| columns.iter().find(|column| column.name == *name).cloned()).collect();
    let heads: Vec<_> = page
        .columns
        .iter()
        .zip(&known)
        .map(|(name, column)| {
            let label = column.as_ref().map_or_else(|| heading(name), |column| column.label.clone());
            view! { <th scope="col" class:num=numeric(column.as_ref())>{label}</th> }.into_any()
        })
        .collect();
    let linked = page.rows.iter().any(|row| row.link.is_some());
    let labels: Vec<String> = page.columns.iter().map(|name| heading(name)).collect();
    let rows: Vec<_> = page
        .rows
        .into_iter()
        .map(|row| {
            let cells: Vec<_> = row
                .values
                .iter()
                .zip(&known)
                .zip(&labels)
                .map(|((value, column), label)| {
                    let text = cell(value, column.as_ref().map(|column| column.kind));
                    let is_of = |target: &&Target| column.as_ref().is_some_and(|it| target.of.as_deref() == Some(&it.name));
                    let mark = mark(target.as_ref().filter(is_of), value.as_f64());
                    view! { <td class="cut" class:num=numeric(column.as_ref()) title=text.clone() data-label=label.clone()>{mark}{text.clone()}</td> }.into_any()
                })
                .collect();
            view! { <tr>{cells}{linked.then(|| view! { <td class="leave">{row.link.map(|link| view! { <Leave link=link /> }.into_any())}</td> }.into_any())}</tr> }.into_any()
        })
        .collect();
    view! {
        <table class="table dense">
            <thead><tr>{heads}{linked.then(|| view! { <th scope="col" class="leave"><span class="visually-hidden">"Open in Autotask"</span></th> }.into_any())}</tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

/// The way to a record in Autotask.
#[component]
pub fn Leave(
    /// Its address.
    link: String,
) -> impl IntoView {
    view! {
        <a class="icon-button" href=link target="_blank" rel="noopener noreferrer" title="Open in Autotask">
            <Glyph icon=Icon::Leaves /><span class="visually-hidden">"Open in Autotask"</span>
        </a>
    }
}

fn numeric(column: Option<&DatasetColumn>) -> bool {
    column.is_some_and(|column| column.kind.is_numeric())
}

/// A heading from a column's name: `age_days` → `Age days`.
fn heading(name: &str) -> String {
    let mut words = name.replace('_', " ");
    if let Some(first) = words.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    words
}

/// A value as people read it.
pub fn cell(value: &Value, kind: Option<ColumnKind>) -> String {
    match value {
        Value::Null => format::NOTHING.to_owned(),
        Value::Bool(true) => "Yes".to_owned(),
        Value::Bool(false) => "No".to_owned(),
        Value::Number(number) => {
            let Some(number) = number.as_f64() else { return number.to_string() };
            match kind {
                Some(ColumnKind::Id) => format!("{number}"),
                Some(ColumnKind::Hours) => format!("{} h", format::exact(number)),
                Some(ColumnKind::Money) => format::grouped(number, 2),
                Some(ColumnKind::Percent) => format!("{} %", format::exact(number)),
                _ => format::exact(number),
            }
        }
        Value::String(text) => match kind {
            Some(ColumnKind::Time) => {
                text.parse::<DateTime<FixedOffset>>().map_or_else(|_| text.clone(), format::instant)
            }
            Some(ColumnKind::Date) => {
                text.parse::<NaiveDate>().map_or_else(|_| text.clone(), |date| date.to_string())
            }
            _ => text.clone(),
        },
        Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_read_as_people_write_them() {
        assert_eq!(cell(&json!(null), None), "–");
        assert_eq!(cell(&json!(1234.5), Some(ColumnKind::Money)), "1,234.50");
        assert_eq!(cell(&json!(123_456), Some(ColumnKind::Id)), "123456");
        assert_eq!(cell(&json!("2026-03-18T10:00:00Z"), Some(ColumnKind::Time)), "2026-03-18 10:00");
        assert_eq!(cell(&json!("2026-03-18T11:00:00+01:00"), Some(ColumnKind::Time)), "2026-03-18 11:00");
        assert_eq!(cell(&json!("<b>"), Some(ColumnKind::Text)), "<b>");
        assert_eq!(heading("age_days"), "Age days");
    }
}
