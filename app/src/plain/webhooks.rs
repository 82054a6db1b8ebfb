//! The webhooks of a datasource: where they stand, on and off.

use super::frame::frame;
use crate::components::{
    age::Age,
    banner::{Badge, Banner, Mood},
};
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use taskgauge_model::{
    datasource::Datasource,
    format,
    webhook::{Webhook, WebhookState, WebhookStatus},
};

/// The page of a datasource's webhooks.
#[component]
pub fn Webhooks(
    /// Who is signed in.
    email: String,
    /// Whose.
    datasource: Datasource,
    /// Where Autotask calls; `None` while webhooks are off.
    address: Option<String>,
    /// What stands in the field: what was typed, or what this installation is called from outside.
    typed: String,
    /// Why the last try was refused.
    problem: Option<String>,
    /// Those that are registered, or about to be.
    webhooks: Vec<WebhookStatus>,
    /// Now.
    at: DateTime<Utc>,
) -> impl IntoView {
    let id = datasource.id;
    let is_on = address.is_some();
    let form = view! {
        <form class="form" method="post" action=format!("/data/datasources/{id}/webhooks")>
            <div class="field">
                <label for="hook-address">"Public address of this Taskgauge"</label>
                <p class="help" id="hook-help">"Autotask calls it from the internet: https on port 443. "<code>"/hooks/…"</code>" below it must reach this server; nothing else has to."</p>
                <input class="input" id="hook-address" name="address" type="url" required=true maxlength="400" placeholder="https://taskgauge.example.com"
                    autocomplete="off" aria-describedby="hook-help" aria-invalid=problem.is_some().then_some("true") value=typed />
                {problem.map(|problem| view! { <p class="field-error" role="alert"><span>{problem}</span></p> })}
            </div>
            <div class="actions">
                <button class="button primary" type="submit">{if is_on { "Save and register again" } else { "Turn webhooks on" }}</button>
            </div>
        </form>
    };
    let paused = datasource.paused.then(|| {
        view! {
            <Banner mood=Mood::Warn title="The schedule is paused"><p>"Nothing is registered, removed or read until you resume it on the datasource’s page."</p></Banner>
        }
        .into_any()
    });
    let state = match (&address, webhooks.is_empty()) {
        (None, true) => view! {
            <Banner mood=Mood::Info title="Webhooks are off">
                <p>{format!("Changes arrive with the next sync, every {} minutes.", datasource.sync_minutes)}</p>
            </Banner>
        }
        .into_any(),
        (None, false) => view! {
            <Banner mood=Mood::Info title="Webhooks are being removed"><p>"The next sync takes them out of Autotask."</p></Banner>
        }
        .into_any(),
        (Some(address), _) => view! {
            <p>"Autotask calls "<code>{address.clone()}</code>" when a record changes; the record is read again at once."</p>
        }
        .into_any(),
    };
    let off = is_on.then(|| {
        view! {
            <form method="post" action=format!("/data/datasources/{id}/webhooks/off")>
                <button class="button" type="submit">"Turn webhooks off"</button>
            </form>
        }
        .into_any()
    });
    let page = view! {
        <p class="crumbs">
            <a class="link" href="/data/datasources">"Datasources"</a>
            <a class="link" href=format!("/data/datasources/{id}")>{datasource.name.clone()}</a>
        </p>
        <header class="page-head">
            <div><h1>"Webhooks"</h1><p class="page-sub">"Changes within a second, instead of with the next sync."</p></div>
            <div class="page-actions row">{off}</div>
        </header>
        {paused}
        {state}
        {is_on.then(|| table(webhooks, at))}
        <section class="section">
            <h2>{if is_on { "Address" } else { "Turn them on" }}</h2>
            <p class="muted">{format!(
                "The API user’s security level needs the right “Can create WebHooks”, for at least {} of them. Taskgauge registers \
                 one each for {}, checks the signature of every callout, and removes them when you turn this off.",
                Webhook::ALL.len(),
                Webhook::ALL.iter().map(|webhook| webhook.label.to_lowercase()).collect::<Vec<_>>().join(", "),
            )}</p>
            {form}
        </section>
    };
    frame(email, "/data/datasources", page.into_any())
}

fn badge(state: WebhookState) -> AnyView {
    let (mood, word) = match state {
        WebhookState::Registering => (Mood::Info, "Registering"),
        WebhookState::Active => (Mood::Good, "Active"),
        WebhookState::Refused => (Mood::Bad, "Refused"),
        WebhookState::Deactivated => (Mood::Warn, "Switched off"),
    };
    view! { <Badge mood=Some(mood) text=word /> }.into_any()
}

/// One row for each kind of record.
fn table(known: Vec<WebhookStatus>, at: DateTime<Utc>) -> AnyView {
    let rows: Vec<_> = Webhook::ALL
        .iter()
        .map(|webhook| {
            let status = known.iter().find(|status| status.collection == webhook.collection).cloned();
            let state = status.as_ref().map_or(WebhookState::Registering, |status| status.state);
            let number = |count: Option<u64>| count.map_or_else(|| format::NOTHING.to_owned(), |count| format::grouped(count as f64, 0));
            let waiting = status.as_ref().map(|status| status.waiting).filter(|waiting| *waiting > 0);
            view! {
                <tr>
                    <th scope="row">
                        {webhook.label}
                        {status.as_ref().and_then(|status| status.problem.clone()).map(|problem| view! { <p class="field-error"><span>{problem}</span></p> })}
                    </th>
                    <td>{badge(state)}</td>
                    <td class="num">{number(status.as_ref().map(|status| status.fields.into()))}</td>
                    <td class="num">
                        {number(status.as_ref().map(|status| status.callouts))}
                        {waiting.map(|waiting| format!(", {waiting} being read"))}
                    </td>
                    <td><Age at=status.and_then(|status| status.called_at) now=at never="none yet" /></td>
                </tr>
            }
            .into_any()
        })
        .collect();
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label="Webhooks">
            <table class="table">
                <thead><tr>
                    <th scope="col">"Records"</th><th scope="col">"State"</th><th scope="col" class="num">"Fields watched"</th>
                    <th scope="col" class="num">"Callouts in a day"</th><th scope="col">"Last callout"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}
