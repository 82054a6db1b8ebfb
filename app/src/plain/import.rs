//! Importing a file of gauges and dashboards: first what it would do, then the doing.

use super::{field::within_textarea, frame::frame};
use crate::components::banner::{Badge, Banner, Mood};
use leptos::prelude::*;

/// A gauge or dashboard of the file.
#[derive(Debug, Clone)]
pub struct Planned {
    /// What it is.
    pub kind: &'static str,
    /// Its title.
    pub title: String,
    /// Its name in addresses.
    pub id: String,
    /// What would happen.
    pub effect: &'static str,
    /// Why it cannot be taken.
    pub problem: Option<String>,
}

/// The page where a file is imported.
#[component]
pub fn Import(
    /// Who is signed in.
    email: String,
    /// The file's text.
    text: String,
    /// What it would do.
    plan: Vec<Planned>,
    /// Why it cannot be read.
    problem: Option<String>,
) -> impl IntoView {
    let can_apply = !plan.is_empty() && plan.iter().all(|planned| planned.problem.is_none());
    let rows: Vec<_> = plan
        .into_iter()
        .map(|planned| {
            let (mood, word) = match (&planned.problem, planned.effect) {
                (Some(_), _) => (Some(Mood::Bad), "Refused"),
                (None, "is new") => (Some(Mood::Good), "New"),
                (None, "is there already") => (None, "Same"),
                (None, _) => (Some(Mood::Warn), "Replaces"),
            };
            let why = planned.problem.unwrap_or_else(|| format!("It {}.", planned.effect));
            view! {
                <tr>
                    <th scope="row">{planned.title}" "<code class="mono">{planned.id}</code></th>
                    <td>{planned.kind}</td><td><Badge mood=mood text=word /></td><td>{why}</td>
                </tr>
            }
        })
        .collect();
    let planned = (!rows.is_empty()).then(|| view! {
        <section class="section">
            <h2>"What the file would do"</h2>
            <div class="table-wrap" tabindex="0" role="region" aria-label="What the file would do">
                <table class="table">
                    <thead><tr><th scope="col">"Title"</th><th scope="col">"Kind"</th><th scope="col">"Effect"</th><th scope="col">"Why"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    });
    let page = view! {
        <p class="crumbs"><a class="link" href="/dashboards">"Dashboards"</a></p>
        <header class="page-head"><div><h1>"Import"</h1><p class="page-sub">"Gauges and dashboards from a file that was exported here or elsewhere. Nothing changes before you have seen what it does, and each change can be undone."</p></div></header>
        {problem.map(|problem| view! { <Banner mood=Mood::Bad title="The file cannot be taken"><p>{problem}</p></Banner> })}
        {planned}
        <form class="form" method="post" action="/content/import" autocomplete="off">
            <div class="field">
                <label for="file">"File"</label>
                <input class="input" type="file" id="file" accept=".toml,text/plain" data-into="text" />
                <p class="help">"Or paste its text below."</p>
            </div>
            <div class="field">
                <label for="text">"Text"</label>
                <textarea class="input mono" id="text" name="text" rows="12" spellcheck="false" required=true>{within_textarea(&text)}</textarea>
            </div>
            <div class="actions">
                {can_apply.then(|| view! { <button class="button primary" type="submit" name="step" value="apply">"Import"</button> })}
                <button class="button" class:primary=!can_apply type="submit" name="step" value="look">"See what it does"</button>
                <a class="button quiet" href="/dashboards">"Cancel"</a>
            </div>
        </form>
    };
    frame(email, "/dashboards", page.into_any())
}
