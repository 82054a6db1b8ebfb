//! Gauges, dashboards and settings as people make, change, remove and bring them back.

use crate::house::{Browser, hidden, location, synced};
use std::fmt::Write as _;

/// The fields of a gauge that counts tickets of a queue.
const FORM: &[(&str, &str)] = &[
    ("title", "Waiting at the desk"),
    ("about", "Open tickets that wait."),
    ("range", "now"),
    ("chart", "number"),
    ("unit", "number"),
    ("layers.0.label", "Waiting"),
    ("layers.0.id", "waiting"),
    ("layers.0.dataset", "tickets_14d"),
    ("layers.0.measure", "count"),
    ("layers.0.where.0.column", "is_open"),
    ("layers.0.where.0.op", "is"),
    ("layers.0.where.0.value", "yes"),
];

const SETTINGS: &str = "/data/datasources/1/settings";

/// The value that stands on the page of a gauge.
async fn value(browser: &Browser, id: &str) -> String {
    let page = browser.text(&format!("/gauges/{id}")).await;
    let from = page.find("class=\"value").unwrap_or_else(|| panic!("{id} shows no value: {page}"));
    let tag = page[from..].find("<a").unwrap() + from;
    let start = page[tag..].find('>').unwrap() + tag + 1;
    let end = page[start..].find('<').unwrap() + start;
    page[start..end].to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gauge_is_made_previewed_changed_and_undone() {
    let (_house, _server, browser, _simulator) = synced().await;
    let form = browser.text("/gauges/new").await;
    let version = hidden(&form, "version").unwrap().to_owned();
    assert_eq!(version, "0");
    let preview = browser.post("/gauges/preview", FORM).await;
    assert_eq!(preview.status(), 200);
    let preview = preview.text().await.unwrap();
    assert!(preview.contains("class=\"value"), "the answer while somebody types: {preview}");
    assert!(!preview.contains("<html"), "{preview}");

    let with = |more: &[(&'static str, &'static str)]| [FORM, more].concat();
    let more = browser.post("/gauges/new", &with(&[("version", "0"), ("do", "add.layers")])).await;
    let more = more.text().await.unwrap();
    assert!(more.contains("layers.1.dataset"), "the form has one more number: {more}");
    assert!(more.contains("Waiting at the desk"), "and keeps what was typed: {more}");

    let saved = browser.post("/gauges/new", &with(&[("version", "0")])).await;
    let page = location(&saved).to_owned();
    assert!(page.starts_with("/gauges/waiting_at_the_desk?done=saved"), "{page}");
    let before = value(&browser, "waiting_at_the_desk").await;
    assert_eq!(before, value(&browser, "open_tickets").await, "open tickets, counted the same way");

    let edit = browser.text("/gauges/waiting_at_the_desk/edit").await;
    let version = hidden(&edit, "version").unwrap().to_owned();
    let mut closed: Vec<(&str, &str)> = with(&[]);
    closed.retain(|(name, _)| *name != "layers.0.where.0.value");
    closed.push(("layers.0.where.0.value", "no"));
    closed.push(("version", &version));
    let changed = browser.post("/gauges/waiting_at_the_desk/edit", &closed).await;
    assert_eq!(changed.status(), 303);
    // The page of the first change is still open somewhere: its button is gone, and what it would send is refused.
    assert!(!browser.text(&page).await.contains("/gauges/waiting_at_the_desk/undo"));
    let stale = browser.post("/gauges/waiting_at_the_desk/undo", &[("version", &version)]).await;
    assert_eq!(stale.status(), 409, "only the change that is seen is taken back");
    let changed = browser.text(location(&changed)).await;
    let undo = hidden(&changed, "version").unwrap().to_owned();
    assert_ne!(value(&browser, "waiting_at_the_desk").await, before);
    let late = browser.post("/gauges/waiting_at_the_desk/edit", &closed).await;
    assert_eq!(late.status(), 422, "somebody else changed it meanwhile");
    assert_eq!(browser.post("/gauges/waiting_at_the_desk/undo", &[("version", &undo)]).await.status(), 303);
    assert_eq!(value(&browser, "waiting_at_the_desk").await, before);

    let removed = browser.post("/gauges/waiting_at_the_desk/remove", &[]).await;
    let list = browser.text(location(&removed)).await;
    assert!(list.contains("Undo") && list.contains("/gauges/waiting_at_the_desk/restore"), "{list}");
    assert_eq!(browser.get("/gauges/waiting_at_the_desk").await.status(), 404);
    assert_eq!(browser.post("/gauges/waiting_at_the_desk/restore", &[]).await.status(), 303);
    assert_eq!(value(&browser, "waiting_at_the_desk").await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_does_not_decide_where_a_button_leads() {
    let (_house, _server, browser, _simulator) = synced().await;
    let elsewhere = "../data/datasources/1/remove%3F";
    for page in ["/gauges/open_tickets", "/gauges", "/dashboards", "/walls"] {
        for done in ["removed", "saved", "undone"] {
            let shown = browser.text(&format!("{page}?done={done}&id={elsewhere}&version=1")).await;
            assert!(!shown.contains("datasources/1/remove"), "{page} {done}: {shown}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_is_refused_in_words() {
    let (_house, _server, browser, _simulator) = synced().await;
    let cases: &[(&str, &str, &str)] = &[
        ("layers.0.where.0.column", "password_hash", "password_hash"),
        ("layers.0.dataset", "pg_shadow", "pg_shadow"),
        ("layers.0.date", "is_open; drop table taskgauge.users", "drop table"),
        ("title", "", "title"),
        ("values.0.formula", "waiting / nothing_like_it", "nothing_like_it"),
        ("target.value", "1e400", "target"),
        ("target.value", "ninety", "target"),
        ("range", "between", "first and a last date"),
    ];
    for (field, wrong, named) in cases {
        let mut form: Vec<(&str, &str)> = FORM.iter().copied().filter(|(name, _)| name != field).collect();
        form.extend([(*field, *wrong), ("version", "0"), ("values.0.label", "x")]);
        let answer = browser.post("/gauges/new", &form).await;
        assert_eq!(answer.status(), 422, "{field}");
        let said = answer.text().await.unwrap();
        let from = said.find("banner").unwrap_or_default();
        assert!(said[from..].to_lowercase().contains(named), "{field}: {said}");
        let preview = browser.post("/gauges/preview", &form).await;
        assert_eq!(preview.status(), 200, "{field}");
    }
    let mut text = String::new();
    for number in 0..40_000 {
        let _ = writeln!(text, "# line {number}");
    }
    for (text, named) in [
        ("[[gauge]]\nid = \"x\"\ntitle = \"<script>alert(1)</script>\"\n", "chart"),
        ("not a file at all \u{202e}", "file"),
        (text.as_str(), "200"),
    ] {
        let answer = browser.post("/content/import", &[("text", text), ("step", "")]).await;
        let status = answer.status();
        let said = answer.text().await.unwrap();
        assert!(status == 422 || status == 413, "{status}: {named}");
        assert!(!said.contains("<script>alert"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_board_is_copied_laid_out_exported_and_imported() {
    let (_house, _server, browser, _simulator) = synced().await;
    let copied = browser.post("/dashboards/service-ticket-kpis/duplicate", &[]).await;
    assert_eq!(location(&copied), "/dashboards/service-ticket-kpis-2/edit");
    let edit = browser.text("/dashboards/service-ticket-kpis-2/edit").await;
    let tiles = edit.matches("name=\"tile.gauge\"").count();
    assert!(tiles > 15, "{tiles}");
    let version = hidden(&edit, "version").unwrap();
    let fields = [
        ("title", "Desk, short"),
        ("about", ""),
        ("version", version),
        ("tile.gauge", "open_tickets"),
        ("tile.or", ""),
        ("tile.width", "6"),
        ("tile.height", "3"),
    ];
    let absurd: Vec<(&str, &str)> = [("do", "wider.0")]
        .into_iter()
        .chain([("tile.gauge", "open_by_queue"), ("tile.width", "255"), ("tile.height", "0")])
        .chain(std::iter::repeat_n(("tile.gauge", "open_by_queue"), 3_000))
        .collect();
    let absurd = browser.post("/dashboards/service-ticket-kpis-2/edit", &absurd).await;
    assert_eq!(absurd.status(), 200, "a form that was tampered with is cut to what a board may be");
    let absurd = absurd.text().await.unwrap();
    assert!(
        absurd.matches("name=\"tile.gauge\"").count() <= 60 && absurd.contains("12 × 1"),
        "{}",
        absurd.len()
    );
    let wider = [&fields[..], &[("do", "wider.0")]].concat();
    let wider = browser.post("/dashboards/service-ticket-kpis-2/edit", &wider).await.text().await.unwrap();
    assert!(wider.contains("7 × 3"), "{wider}");
    let saved = browser.post("/dashboards/service-ticket-kpis-2/edit", &fields).await;
    assert_eq!(location(&saved), "/dashboards/service-ticket-kpis-2");
    let board = browser.text("/dashboards/service-ticket-kpis-2").await;
    assert_eq!(board.matches("<section class=\"tile").count(), 1, "{board}");

    let file = browser.text("/dashboards/service-ticket-kpis-2/export").await;
    assert!(file.contains("Desk, short"), "{file}");
    browser.post("/dashboards/service-ticket-kpis-2/remove", &[]).await;
    assert_eq!(browser.get("/dashboards/service-ticket-kpis-2").await.status(), 404);
    let plan = browser.post("/content/import", &[("text", file.as_str()), ("step", "")]).await;
    assert_eq!(plan.status(), 200);
    assert!(plan.text().await.unwrap().contains("It is new."));
    assert_eq!(browser.get("/dashboards/service-ticket-kpis-2").await.status(), 404, "nothing is done yet");
    let done = browser.post("/content/import", &[("text", file.as_str()), ("step", "apply")]).await;
    let list = location(&done).to_owned();
    assert!(list.starts_with("/dashboards?done=saved&id=service-ticket-kpis-2&version="), "{list}");
    assert!(browser.text("/dashboards/service-ticket-kpis-2").await.contains("Desk, short"));
    let version = hidden(&browser.text(&list).await, "version").unwrap().to_owned();
    let undone = browser.post("/dashboards/service-ticket-kpis-2/undo", &[("version", &version)]).await;
    assert_eq!(undone.status(), 303);
    assert_eq!(browser.get("/dashboards/service-ticket-kpis-2").await.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_change_the_numbers_and_the_goals() {
    let (_house, _server, browser, _simulator) = synced().await;
    let page = browser.text(SETTINGS).await;
    for word in ["Incident", "Waiting Customer", "Counts now", "90"] {
        assert!(page.contains(word), "{word}: {page}");
    }
    let stale = value(&browser, "stale_tickets").await;
    let goal = browser.text("/gauges/sla_overall_met").await;
    assert!(goal.contains("goal 90"), "{goal}");
    let queue = {
        let from = page.find("name=\"queues_in_scope\"").unwrap();
        let value = page[from..].find("value=\"").unwrap() + from + 7;
        page[value..].split('"').next().unwrap().to_owned()
    };
    let form = [
        ("stale_days", "365"),
        ("reactive_types", "Incident\r\nProblem\r\n"),
        ("waiting_statuses", "waiting"),
        ("endpoint_types", "server"),
        ("sla_target", "95,5"),
        ("csat_positive_from", "80"),
        ("default_daily_hours", "7.5"),
        ("loaded_cost_per_hour", ""),
        ("utilization_basis", "billable"),
        ("week_starts", "Sun"),
        ("fiscal_year_starts", "7"),
        ("merged_ticket_status", ""),
        ("queues_in_scope", queue.as_str()),
        ("link_ticket", "/Mvc/ServiceDesk/TicketDetail.mvc?ticketId={id}"),
        ("link_hosts", "psa.example.com"),
    ];
    assert_eq!(location(&browser.post(SETTINGS, &form).await), "/data/datasources/1/settings?saved=1");
    assert_ne!(value(&browser, "stale_tickets").await, stale);
    let goal = browser.text("/gauges/sla_overall_met").await;
    assert!(goal.contains("goal 95.5"), "{goal}");
    let rows = browser.text("/gauges/open_tickets/rows").await;
    assert!(rows.contains("/Mvc/ServiceDesk/TicketDetail.mvc?ticketId="), "{rows}");
    for (field, wrong, said) in [
        ("stale_days", "0", "1 to 365 days"),
        ("stale_days", "soon", "whole number"),
        ("sla_target", "101", "between 0 and 100"),
        ("default_daily_hours", "", "is a number"),
        ("link_ticket", "https://example.com/{id}", "outside of Autotask"),
    ] {
        let mut form = form.to_vec();
        form.retain(|(name, _)| *name != field);
        form.push((field, wrong));
        let answer = browser.post(SETTINGS, &form).await;
        assert_eq!(answer.status(), 422, "{field}");
        let words = answer.text().await.unwrap();
        assert!(words.contains(said), "{field}: {words}");
    }
    assert_eq!(browser.post(SETTINGS, &[("do", "defaults")]).await.status(), 303);
    assert_eq!(value(&browser, "stale_tickets").await, stale);
}
