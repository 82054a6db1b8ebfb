//! A chart: the server's picture first, ECharts over it once it has loaded, its words and its table always.

use super::target::mark;
use crate::{
    address, api,
    charts::{self, bridge},
};
use leptos::{html, prelude::*, task::spawn_local};
use taskgauge_model::{
    format,
    gauge::{Answer, Target},
};

/// The chart of an answer.
#[component]
pub fn Chart(
    /// The option ECharts draws, as JSON.
    option: String,
    /// What it shows.
    answer: Answer,
    /// What it is called.
    title: String,
    /// Size of the server's picture, in CSS pixels.
    size: (u32, u32),
    /// Address of the rows behind it; groups are added.
    rows: String,
    /// Its target.
    target: Option<Target>,
) -> impl IntoView {
    let picture = api::picture(&option, size.0, size.1).unwrap_or_default();
    let host = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        if let Some(host) = host.get() {
            let option = option.clone();
            spawn_local(async move {
                // Where ECharts cannot be loaded the picture stays, and the table holds the numbers.
                let _ = bridge::draw(&host, &option).await;
            });
        }
    });
    on_cleanup(move || {
        if let Some(host) = host.get_untracked() {
            bridge::dispose(&host);
        }
    });
    let words = charts::summary(&title, &answer, target.as_ref());
    view! {
        <div class="tile-chart" node_ref=host role="img" aria-label=words inner_html=picture></div>
        <ChartData answer=answer title=title rows=rows target=target />
    }
    .into_any()
}

/// The numbers behind a chart, as a table that can be opened.
#[component]
fn ChartData(answer: Answer, title: String, rows: String, target: Option<Target>) -> impl IntoView {
    view! {
        <details class="tile-data">
            <summary><span class="visually-hidden">{title}": "</span>"Table"</summary>
            <div class="table-wrap" tabindex="0" role="region" aria-label="Numbers of the chart">{groups_table(&answer, target.as_ref(), &rows, Bars::None)}</div>
        </details>
    }
    .into_any()
}

/// Whether a table of groups draws its first numbers, too.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Bars {
    /// A chart beside it does.
    None,
    /// Each has a bar behind it.
    Behind,
}

/// Groups and their values, as a table; each leads to its rows.
pub fn groups_table(answer: &Answer, target: Option<&Target>, rows_address: &str, bars: Bars) -> AnyView {
    // A target is one of the first value, and of every column where columns are groups.
    let several = answer.dimensions > 1;
    let first = answer.series.first().filter(|_| !several && bars == Bars::Behind);
    let sizes = answer.groups.iter().filter_map(|group| group.values.get(&first?.id));
    let largest = sizes.fold(0.0_f64, |largest, size| largest.max(size.abs()));
    let bar = move |value: Option<f64>| {
        let value = value.filter(|_| largest > 0.0)?;
        Some((format!("--share:{:.1}%", value.abs() / largest * 100.0), value < 0.0))
    };

    let heads: Vec<_> = answer
        .series
        .iter()
        .map(|series| view! { <th scope="col" class="num">{series.label.clone()}</th> }.into_any())
        .collect();
    let rows: Vec<_> = answer
        .groups
        .iter()
        .map(|group| {
            let cells: Vec<_> = answer
                .series
                .iter()
                .enumerate()
                .map(|(place, series)| {
                    let target = target.filter(|_| several || place == 0);
                    let value = group.values.get(&series.id).copied();
                    let mark = mark(target, value);
                    let (share, is_negative) = bar(value.filter(|_| place == 0)).unzip();
                    let class = match is_negative {
                        None => "num",
                        Some(false) => "num barred",
                        Some(true) => "num barred is-negative",
                    };
                    let text = value.map_or_else(
                        || format::NOTHING.to_owned(),
                        |value| format::exact_value(value, series.unit),
                    );
                    let way = if several {
                        address::with(rows_address, &[("k", &group.key), ("k", &series.id)])
                    } else {
                        address::with(rows_address, &[("k", &group.key), ("layer", &series.id)])
                    };
                    view! { <td class=class style=share>{mark}<a class="quiet-link" href=way rel="external">{text}</a></td> }
                        .into_any()
                })
                .collect();
            view! { <tr><th scope="row" title=group.label.clone()>{group.label.clone()}</th>{cells}</tr> }
                .into_any()
        })
        .collect();
    view! {
        <table class="table dense">
            <thead><tr><th scope="col"><span class="visually-hidden">"Group"</span></th>{heads}</tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}
