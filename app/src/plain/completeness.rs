//! How complete the copy of a datasource is: Autotask's counts beside our own, what differed, rows that are set aside.

use super::frame::frame;
use crate::components::{
    age::Age,
    banner::{Badge, Banner, Mood},
};
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use taskgauge_model::{datasource::Datasource, format};

/// A window's counts.
#[derive(Debug, Clone)]
pub struct Counted {
    /// What people call the records.
    pub label: String,
    /// The window.
    pub part: String,
    /// When they were counted.
    pub at: DateTime<Utc>,
    /// Rows at Autotask.
    pub there: u64,
    /// Rows here.
    pub here: u64,
    /// Rows that were read anew or marked because of it.
    pub repaired: u64,
    /// Rows that the counts were apart by once that was done.
    pub apart: u64,
}

/// A row that could not be read.
#[derive(Debug, Clone)]
pub struct SetAside {
    /// What people call the records.
    pub label: String,
    /// Its id.
    pub id: i64,
    /// Why.
    pub reason: String,
    /// When.
    pub at: DateTime<Utc>,
    /// The row as it came, as JSON.
    pub row: String,
}

/// The page of a datasource's completeness.
#[component]
pub fn Completeness(
    /// Who is signed in.
    email: String,
    /// Whose.
    datasource: Datasource,
    /// Whether a sync is under way.
    busy: bool,
    /// The latest comparison of each window.
    counted: Vec<Counted>,
    /// Comparisons of the last days that found something.
    differences: Vec<Counted>,
    /// Rows that are set aside, newest first.
    aside: Vec<SetAside>,
    /// How many there are.
    aside_total: u64,
    /// Now.
    at: DateTime<Utc>,
) -> impl IntoView {
    let id = datasource.id;
    let number = |count: u64| format::grouped(count as f64, 0);
    let latest = counted.iter().map(|counted| counted.at).max();
    let open = counted.iter().filter(|counted| counted.apart > 0).count();
    let compared = format!("{} counts compared.", number(counted.len() as u64));
    let summary = match (latest, open) {
        (None, _) => view! {
            <Banner mood=Mood::Info title="Nothing was compared yet"><p>"Counts are compared every night, from the night after the first load on."</p></Banner>
        }.into_any(),
        (Some(_), 0) => view! {
            <Banner mood=Mood::Good title="Every count agrees with Autotask’s, or was repaired"><p>{compared}</p></Banner>
        }.into_any(),
        (Some(_), open) => view! {
            <Banner mood=Mood::Warn title=format!("{} of {} counts still differ", number(open as u64), number(counted.len() as u64))>
                <p>"That is so where rows are set aside, or where the API user may not see rows any more that it saw before. Look at what the API user can read."</p>
            </Banner>
        }.into_any(),
    };
    let difference_rows: Vec<_> = differences.into_iter().map(|found| {
        view! {
            <tr>
                <th scope="row"><Age at=Some(found.at) now=at /></th>
                <td>{found.label}</td><td>{found.part}</td>
                <td class="num">{number(found.there)}</td><td class="num">{number(found.here)}</td><td class="num">{number(found.repaired)}</td>
            </tr>
        }.into_any()
    }).collect();
    let differences = if difference_rows.is_empty() {
        view! { <p class="muted">"None in the last 30 days."</p> }.into_any()
    } else {
        view! {
            <div class="table-wrap" tabindex="0" role="region" aria-label="Differences">
                <table class="table dense">
                    <thead><tr>
                        <th scope="col">"When"</th><th scope="col">"Records"</th><th scope="col">"Window"</th>
                        <th scope="col" class="num">"At Autotask"</th><th scope="col" class="num">"Here"</th><th scope="col" class="num">"Repaired"</th>
                    </tr></thead>
                    <tbody>{difference_rows}</tbody>
                </table>
            </div>
        }.into_any()
    };
    let counted_rows: Vec<_> = counted
        .into_iter()
        .map(|counted| {
            let (mood, word) = if counted.there == counted.here {
                (Mood::Good, "Equal")
            } else if counted.repaired > 0 {
                (Mood::Info, "Repaired")
            } else {
                (Mood::Warn, "Differs")
            };
            view! {
                <tr>
                    <th scope="row">{counted.label}</th><td>{counted.part}</td>
                    <td><Badge mood=Some(mood) text=word /></td>
                    <td class="num">{number(counted.there)}</td><td class="num">{number(counted.here)}</td>
                    <td><Age at=Some(counted.at) now=at /></td>
                </tr>
            }
            .into_any()
        })
        .collect();
    let counted = (!counted_rows.is_empty()).then(|| view! {
        <section class="section">
            <h2>"Counts"</h2>
            <p class="muted">"As Autotask counted when they were compared, beside the rows stored then. Kinds of records without change times are read whole, every hour or every night, and counted afterwards."</p>
            <div class="table-wrap" tabindex="0" role="region" aria-label="Counts">
                <table class="table dense">
                    <thead><tr>
                        <th scope="col">"Records"</th><th scope="col">"Window"</th><th scope="col">"State"</th>
                        <th scope="col" class="num">"At Autotask"</th><th scope="col" class="num">"Here"</th><th scope="col">"Compared"</th>
                    </tr></thead>
                    <tbody>{counted_rows}</tbody>
                </table>
            </div>
        </section>
    }.into_any());
    let shown = aside.len() as u64;
    let aside_rows: Vec<_> = aside.into_iter().map(|row| view! {
        <tr>
            <th scope="row">{row.label}" "{row.id}</th>
            <td>{row.reason}<details><summary>"As it came"</summary><pre class="code">{row.row}</pre></details></td>
            <td><Age at=Some(row.at) now=at /></td>
        </tr>
    }.into_any()).collect();
    let aside = if aside_rows.is_empty() {
        view! { <p class="muted">"None. Every row that came could be read."</p> }.into_any()
    } else {
        view! {
            <p class="muted">{format!("Rows that could not be stored as they came: {}. They are kept as they are, are in no number, and are read again when they change.", number(aside_total))}</p>
            <div class="table-wrap" tabindex="0" role="region" aria-label="Rows set aside">
                <table class="table">
                    <thead><tr><th scope="col">"Record"</th><th scope="col">"Why"</th><th scope="col">"Since"</th></tr></thead>
                    <tbody>{aside_rows}</tbody>
                </table>
            </div>
            {(shown < aside_total).then(|| view! { <p class="muted">{format!("The newest {} are shown.", number(shown))}</p> })}
        }.into_any()
    };
    let page = view! {
        <p class="crumbs">
            <a class="link" href="/data/datasources">"Datasources"</a>
            <a class="link" href=format!("/data/datasources/{id}")>{datasource.name.clone()}</a>
        </p>
        <header class="page-head">
            <div><h1>"Completeness"</h1><p class="page-sub">"Our rows beside Autotask’s own counts"{latest.map(|at_last| view! { ", compared "<Age at=Some(at_last) now=at /> })}"."</p></div>
            <div class="page-actions">
                <form method="post" action=format!("/data/datasources/{id}/completeness")>
                    <button class="button" type="submit" disabled=busy>{if busy { "A sync is under way" } else { "Compare now" }}</button>
                </form>
            </div>
        </header>
        {summary}
        <section class="section"><h2>"Differences"</h2>{differences}</section>
        <section class="section"><h2>"Rows set aside"</h2>{aside}</section>
        {counted}
    };
    frame(email, "/data/datasources", page.into_any())
}
