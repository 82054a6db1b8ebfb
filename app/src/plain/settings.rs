//! How a datasource's numbers are reckoned: what an admin may say about the business behind them.

use super::{
    builder::Sent,
    field::{area, boxes, option, select, text},
    frame::frame,
};
use crate::components::banner::{Banner, Mood};
use chrono::{Month, Weekday};
use leptos::prelude::*;
use taskgauge_model::{
    datasource::Datasource,
    link::{Links, Record},
    settings::{Settings, UtilizationBasis},
};

/// Days of the week, as they are named in forms and files.
const WEEKDAYS: [(Weekday, &str, &str); 7] = [
    (Weekday::Mon, "Mon", "Monday"),
    (Weekday::Tue, "Tue", "Tuesday"),
    (Weekday::Wed, "Wed", "Wednesday"),
    (Weekday::Thu, "Thu", "Thursday"),
    (Weekday::Fri, "Fri", "Friday"),
    (Weekday::Sat, "Sat", "Saturday"),
    (Weekday::Sun, "Sun", "Sunday"),
];

/// The status *Complete*, which is the same in every Autotask.
const COMPLETE: &str = "5";

/// What the tenant's picklists offer: value and label.
#[derive(Debug, Clone, Default)]
pub struct Choices {
    /// Types of tickets.
    pub ticket_types: Vec<(String, String)>,
    /// Issue types of tickets.
    pub issue_types: Vec<(String, String)>,
    /// Statuses of tickets.
    pub statuses: Vec<(String, String)>,
    /// Queues.
    pub queues: Vec<(String, String)>,
    /// Categories of tickets.
    pub categories: Vec<(String, String)>,
    /// Types of configuration items.
    pub device_types: Vec<(String, String)>,
}

/// The page of a datasource's settings.
#[component]
pub fn SettingsPage(
    /// Who is signed in.
    email: String,
    /// Whose.
    datasource: Datasource,
    /// As they are, or as they were typed.
    settings: Settings,
    /// What the tenant offers.
    choices: Choices,
    /// Why they were not saved.
    problem: Option<String>,
    /// Whether they were saved just now.
    saved: bool,
    /// Whether whoever looks may change them.
    editable: bool,
) -> impl IntoView {
    let id = datasource.id;
    let said = match (problem, saved) {
        (Some(problem), _) => Some(view! { <Banner mood=Mood::Bad title="Not saved"><p>{problem}</p></Banner> }.into_any()),
        (None, true) => Some(
            view! { <Banner mood=Mood::Good title="Saved"><p>"Every number follows at once, on boards that are open, too."</p></Banner> }
                .into_any(),
        ),
        (None, false) => None,
    };
    let buttons = editable.then(|| {
        view! {
            <div class="actions">
                <button class="button primary" type="submit">"Save settings"</button>
                <button class="button" type="submit" name="do" value="defaults">"Back to the defaults"</button>
            </div>
        }
    });
    let page = view! {
        <p class="crumbs">
            <a class="link" href="/data/datasources">"Datasources"</a>
            <a class="link" href=format!("/data/datasources/{id}")>{datasource.name.clone()}</a>
        </p>
        <header class="page-head">
            <div>
                <h1>"How numbers are reckoned"</h1>
                <p class="page-sub">"Autotask does not say what a word means in your business. Say it once; every gauge follows."</p>
            </div>
        </header>
        {said}
        {(!editable).then(|| view! { <Banner mood=Mood::Info title="You may look only"><p>"Ask an admin to change these settings."</p></Banner> })}
        <form class="form settings" method="post" action=format!("/data/datasources/{id}/settings") autocomplete="off">
            <fieldset class="bare" disabled=!editable>
                {service_desk(&settings, &choices)}
                {people(&settings)}
                {calendar(&settings)}
                {opening(&settings)}
                {buttons}
            </fieldset>
        </form>
    };
    frame(email, "/data/datasources", page.into_any())
}

fn service_desk(settings: &Settings, choices: &Choices) -> AnyView {
    let is_id = |ids: &[i64], value: &str| value.parse().is_ok_and(|id| ids.contains(&id));
    let merged = settings.merged_ticket_status.map(|status| status.to_string()).unwrap_or_default();
    let mut statuses = vec![option("", "None", merged.is_empty())];
    // Complete is what closes a ticket; without it nothing would be resolved.
    let offered = choices.statuses.iter().filter(|(value, _)| *value != COMPLETE || *value == merged);
    statuses.extend(offered.map(|(value, label)| option(value, label, *value == merged)));
    let stale = "An open ticket is stale after so many days without activity. Default: 3.";
    view! {
        <section class="section">
            <h2>"Service desk"</h2>
            {text("stale_days", "Stale after days", &settings.stale_days.to_string(), Some(stale), 3)}
            {words("reactive_types", "Reactive ticket types", "Names of ticket types that are unplanned work, one a line. Default: Incident, Problem.", &settings.reactive_types, &choices.ticket_types, exactly)}
            {words("reactive_issue_types", "Reactive issue types", "Names of issue types that are unplanned work whatever the ticket’s type, one a line. Default: none.", &settings.reactive_issue_types, &choices.issue_types, exactly)}
            {boxes("reactive_queues", "Reactive queues", "Tickets of these queues are unplanned work, whatever their type.", &choices.queues, |value| is_id(&settings.reactive_queues, value))}
            {words("waiting_statuses", "Waiting statuses", "A status that contains one of these words waits for somebody else; one a line. Default: waiting, hold, customer, vendor.", &settings.waiting_statuses, &choices.statuses, contains)}
            {select("merged_ticket_status", "Status of merged tickets (left out of measures of resolution; open in all others, as Complete alone closes a ticket)", statuses)}
            {text("sla_target", "Goal for service levels, in percent", &settings.sla_target.to_string(), Some("Share of agreements to be met. Default: 90."), 6)}
            {text("csat_positive_from", "A survey answer is positive from, in percent of the scale", &settings.csat_positive_from.to_string(), Some("Default: 80."), 6)}
            {boxes("queues_in_scope", "Queues that count", "Tickets of other queues are left out of all numbers of tickets; hours and surveys are of every queue. None chosen: all count.", &choices.queues, |value| is_id(&settings.queues_in_scope, value))}
            {boxes("excluded_ticket_categories", "Ticket categories that do not count", "Their tickets are left out of all numbers of tickets; hours and surveys count.", &choices.categories, |value| is_id(&settings.excluded_ticket_categories, value))}
            {words("endpoint_types", "Endpoints", "A configuration item whose type contains one of these words is an endpoint; one a line. Default: workstation, desktop, laptop, server.", &settings.endpoint_types, &choices.device_types, contains)}
        </section>
    }
    .into_any()
}

fn people(settings: &Settings) -> AnyView {
    let billable = settings.utilization_basis == UtilizationBasis::Billable;
    let bases = vec![
        option("client", "Hours for clients, billable or not", !billable),
        option("billable", "Billable hours for clients", billable),
    ];
    let cost = settings.loaded_cost_per_hour.map(|cost| cost.to_string()).unwrap_or_default();
    let of_cost = "With wages, taxes and tools, in your Autotask currency. Used for members whose cost Autotask does not tell. Empty: such hours cost nothing.";
    let of_day = "For members without working hours in Autotask. Default: 8.";
    view! {
        <section class="section">
            <h2>"People and cost"</h2>
            {select("utilization_basis", "Utilization counts", bases)}
            {text("default_daily_hours", "Hours of a working day", &settings.default_daily_hours.to_string(), Some(of_day), 6)}
            {text("loaded_cost_per_hour", "Cost of an hour of work", &cost, Some(of_cost), 12)}
        </section>
    }
    .into_any()
}

fn calendar(settings: &Settings) -> AnyView {
    let days =
        WEEKDAYS.iter().map(|(day, name, label)| option(name, label, *day == settings.week_starts)).collect();
    let months = (1..=12_u8)
        .filter_map(|number| Some((number, Month::try_from(number).ok()?)))
        .map(|(number, month)| {
            option(&number.to_string(), month.name(), number == settings.fiscal_year_starts)
        })
        .collect();
    view! {
        <section class="section">
            <h2>"Calendar"</h2>
            {select("week_starts", "The week starts on", days)}
            {select("fiscal_year_starts", "The fiscal year starts in", months)}
        </section>
    }
    .into_any()
}

/// Where records open in Autotask.
fn opening(settings: &Settings) -> AnyView {
    let fields: Vec<_> = Record::ALL
        .into_iter()
        .map(|record| {
            let own = settings.links.templates.get(&record).cloned();
            let help = (record == Record::Ticket)
                .then_some("/Mvc/ServiceDesk/TicketDetail.mvc?ticketId={id} opens tickets without a window of their own.");
            text(&link_name(record), record.label(), &own.unwrap_or_else(|| record.template()), help, 500)
        })
        .collect();
    let of_hosts = "One a line. Links lead to Autotask alone, unless the host is named here.";
    view! {
        <section class="section">
            <h2>"Links to Autotask"</h2>
            <details open=settings.links != Links::default()>
                <summary>"Where each record opens"</summary>
                <p class="help">"A path below your Autotask web address, or a whole https address; {id} is the number of the record. Empty: the default."</p>
                {fields}
                {area("link_hosts", "Other hosts that links may lead to", &settings.links.hosts.join("\n"), of_hosts)}
            </details>
        </section>
    }
    .into_any()
}

/// The name of the field of a record's address.
fn link_name(record: Record) -> String {
    format!("link_{}", record.label().to_lowercase().replace(' ', "_"))
}

/// The addresses that a form sent, as far as they are not the defaults.
fn read_links(sent: &Sent, hosts: Vec<String>) -> Links {
    let own = |record: Record| {
        let template = sent.get(&link_name(record)).trim();
        (!template.is_empty() && template != record.template()).then(|| (record, template.to_owned()))
    };
    Links { templates: Record::ALL.into_iter().filter_map(own).collect(), hosts }
}

fn exactly(label: &str, word: &str) -> bool {
    label.to_lowercase() == word.to_lowercase()
}

fn contains(label: &str, word: &str) -> bool {
    label.to_lowercase().contains(&word.to_lowercase())
}

/// A list of words, and which of the tenant's labels they mean now.
fn words(
    name: &str,
    label: &str,
    help: &str,
    words: &[String],
    offered: &[(String, String)],
    fits: fn(&str, &str) -> bool,
) -> AnyView {
    let (met, others): (Vec<&str>, Vec<&str>) = offered
        .iter()
        .map(|(_, label)| label.as_str())
        .partition(|label| words.iter().any(|word| fits(label, word)));
    let said = (!offered.is_empty()).then(|| {
        let list = |labels: Vec<&str>| if labels.is_empty() { "none".to_owned() } else { labels.join(", ") };
        view! {
            <dl class="meant">
                <dt>"Counts now"</dt><dd>{list(met)}</dd>
                <dt>"Does not"</dt><dd>{list(others)}</dd>
            </dl>
        }
    });
    view! { <div class="field">{area(name, label, &words.join("\n"), help)}{said}</div> }.into_any()
}

/// The settings that a form sent. What cannot be read of them is as it was in `before`.
///
/// # Errors
/// A sentence that names the first such field, and the settings.
pub fn read_settings(sent: &Sent, before: &Settings) -> Result<Settings, (String, Box<Settings>)> {
    let mut problem = None;
    let mut number = |name: &str, what: &str, before: f64| {
        sent.number(name).unwrap_or_else(|| {
            problem.get_or_insert_with(|| format!("{what} is a number, such as 8 or 7.5."));
            before
        })
    };
    let words = |name: &str| {
        let lines = sent.get(name).lines().map(str::trim).filter(|line| !line.is_empty());
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let ids = |name: &str| sent.all(name).iter().filter_map(|id| id.parse().ok()).collect();
    let loaded_cost_per_hour = (!sent.get("loaded_cost_per_hour").is_empty()).then(|| {
        let before = before.loaded_cost_per_hour.unwrap_or_default();
        number("loaded_cost_per_hour", "The cost of an hour", before)
    });
    let sla_target = number("sla_target", "The goal for service levels", before.sla_target);
    let csat_positive_from = number("csat_positive_from", "The part of the scale", before.csat_positive_from);
    let default_daily_hours = number("default_daily_hours", "A working day", before.default_daily_hours);
    let stale_days = sent.get("stale_days").parse().unwrap_or_else(|_| {
        problem.get_or_insert_with(|| "Days until a ticket is stale are a whole number.".to_owned());
        before.stale_days
    });
    let settings = Settings {
        stale_days,
        reactive_types: words("reactive_types"),
        reactive_issue_types: words("reactive_issue_types"),
        reactive_queues: ids("reactive_queues"),
        waiting_statuses: words("waiting_statuses"),
        endpoint_types: words("endpoint_types"),
        sla_target,
        csat_positive_from,
        loaded_cost_per_hour,
        utilization_basis: match sent.get("utilization_basis") {
            "billable" => UtilizationBasis::Billable,
            _ => UtilizationBasis::Client,
        },
        default_daily_hours,
        week_starts: WEEKDAYS
            .iter()
            .find(|(_, name, _)| *name == sent.get("week_starts"))
            .map_or(Weekday::Mon, |(day, _, _)| *day),
        fiscal_year_starts: sent.get("fiscal_year_starts").parse().unwrap_or(1),
        queues_in_scope: ids("queues_in_scope"),
        excluded_ticket_categories: ids("excluded_ticket_categories"),
        merged_ticket_status: sent.get("merged_ticket_status").parse().ok(),
        links: read_links(sent, words("link_hosts")),
    };
    match problem {
        None => Ok(settings),
        Some(problem) => Err((problem, Box::new(settings))),
    }
}
