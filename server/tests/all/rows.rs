//! Rows: of datasets, and behind every number on every board.

use crate::house::{Browser, synced};
use std::collections::{BTreeMap, BTreeSet};
use taskgauge_model::catalogue::Catalogue;

/// An address as it stands in a page.
fn plain(address: &str) -> String {
    address.replace("&amp;", "&")
}

/// Links of a page to rows, and what is said where they are.
fn ways(html: &str) -> Vec<(String, String)> {
    let mut ways = Vec::new();
    for link in html.split("<a ").skip(1) {
        let Some((_, rest)) = link.split_once("href=\"") else { continue };
        let Some((href, rest)) = rest.split_once('"') else { continue };
        let text = rest.split_once('>').map_or("", |(_, rest)| rest);
        let text = text.split_once("</a>").map_or("", |(text, _)| text);
        if href.contains("/rows") && href.starts_with("/gauges/") {
            ways.push((plain(href), text.replace("<!>", "")));
        }
    }
    ways
}

/// How many rows a page counts: `1 to 50 of 1,234`.
fn total(html: &str) -> u64 {
    let pager = html.split_once("aria-label=\"Pages\"").unwrap_or_else(|| panic!("no pager in {html}")).1;
    let words = pager.split_once(" of ").unwrap().1;
    words
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == ',')
        .filter(|c| *c != ',')
        .collect::<String>()
        .parse()
        .unwrap()
}

async fn status_and_text(browser: &Browser, path: &str) -> (u16, String) {
    let response = browser.get(path).await;
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_number_on_every_board_leads_to_its_rows() {
    let (_house, _server, browser, _simulator) = synced().await;
    let mut gauges = BTreeSet::new();
    let mut opened = 0;
    for board in &Catalogue::shipped().dashboards {
        let html = browser.text(&format!("/dashboards/{}", board.id)).await;
        let mut of_gauge: BTreeMap<String, usize> = BTreeMap::new();
        for (way, text) in ways(&html) {
            let gauge = way.split('/').nth(2).unwrap().to_owned();
            assert!(way.contains(&format!("board={}", board.id)), "{way}");
            // A few of each: the store's tests open every one.
            let seen = of_gauge.entry(gauge.clone()).or_default();
            *seen += 1;
            if *seen > 3 {
                continue;
            }
            let (status, page) = status_and_text(&browser, &way).await;
            assert_eq!(status, 200, "{way}: {page}");
            assert!(page.contains("id=\"number\""), "{way}: {page}");
            assert!(page.contains(&format!("href=\"/dashboards/{}", board.id)), "{way} leads back");
            assert!(!page.contains("<script"), "{way}");
            if text.chars().all(|c| c.is_ascii_digit()) && !text.is_empty() {
                assert!(page.contains(&text), "{way}: {text} in {page}");
            }
            gauges.insert(gauge);
            opened += 1;
        }
    }
    assert!(gauges.len() > 100 && opened > 200, "{} gauges, {opened} pages", gauges.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bar_opens_as_many_rows_as_it_is_long() {
    let (_house, _server, browser, _simulator) = synced().await;
    let gauge = browser.text("/gauges/open_by_status").await;
    let mut compared = 0;
    for (way, text) in ways(&gauge).into_iter().filter(|(way, _)| way.contains("k=")) {
        let Ok(rows) = text.replace(',', "").parse::<u64>() else { continue };
        let page = browser.text(&way).await;
        assert_eq!(total(&page), rows, "{way}");
        let file = |ending: &str| way.replace("/rows?", &format!("/rows.{ending}?"));
        let csv = browser.get(&file("csv")).await;
        assert_eq!(csv.headers()["content-disposition"], "attachment; filename=\"open_by_status.csv\"");
        let csv = csv.text().await.unwrap();
        assert_eq!(csv.matches("\r\n").count() as u64, 1 + rows, "{way}");
        let book = browser.get(&file("xlsx")).await;
        assert_eq!(
            book.headers()["content-type"],
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        );
        assert!(book.bytes().await.unwrap().starts_with(b"PK"), "{way}");
        compared += 1;
    }
    assert!(compared >= 3, "{compared}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_sorted_narrowed_and_chosen_by_the_address() {
    let (_house, _server, browser, _simulator) = synced().await;
    let (status, all) = status_and_text(&browser, "/gauges/open_tickets/rows").await;
    assert_eq!(status, 200);
    let open = total(&all);
    assert!(all.contains(&format!("{open} rows")), "{all}");
    let way =
        "/gauges/open_tickets/rows?columns=priority,title&column=priority&op=is&text=Critical&sort=title";
    let some = browser.text(way).await;
    assert!(total(&some) < open, "{some}");
    assert!(some.contains(&format!("You chose {} of these {open} rows.", total(&some))), "{some}");
    // What was chosen stands in the form, and in the links to files and other orders.
    assert!(some.contains("value=\"Critical\""), "{some}");
    assert!(
        some.contains(
            "rows.csv?sort=title&amp;columns=priority,title&amp;column=priority&amp;op=is&amp;text=Critical"
        ),
        "{some}"
    );
    assert!(some.contains("aria-sort=\"ascending\""), "{some}");
    assert!(some.contains("sort=-title"), "{some}");
    let none = browser.text("/gauges/open_tickets/rows?q=no-ticket-has-this-in-it").await;
    assert!(none.contains("No rows") && none.contains("Show all"), "{none}");
    // A number beside the first one opens rows of its own.
    let won = browser.text("/gauges/won_period").await;
    let figure = ways(&won).into_iter().find(|(way, _)| way.contains("layer=count"));
    assert!(figure.is_some_and(|(_, text)| text.contains(':')), "{won}");
    // A value of two parts lists the rows of either.
    let parts = browser.text("/gauges/kill_rate_mtd/rows?part=opened").await;
    assert!(parts.contains("What the number is made of") && parts.contains("part=closed"), "{parts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn datasets_are_plain_pages_and_files() {
    let (_house, _server, browser, _simulator) = synced().await;
    let page = browser.text("/data/datasets/tickets_14d?columns=id&columns=title").await;
    assert!(page.contains("<h1>") && !page.contains("<script"), "{page}");
    assert!(page.contains("/data/datasets/tickets_14d/rows.xlsx?columns=id,title"), "{page}");
    let book = browser.get("/data/datasets/tickets_14d/rows.xlsx?columns=id&columns=title").await;
    assert_eq!(book.headers()["content-disposition"], "attachment; filename=\"tickets_14d.xlsx\"");
    let csv = browser.text("/data/datasets/tickets_14d/rows.csv?columns=id&columns=title").await;
    assert_eq!(csv.matches("\r\n").count() as u64, 1 + total(&page));
    assert!(csv.starts_with("id,title\r\n"), "{csv}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_shown_is_refused_with_a_sentence() {
    let (_house, _server, browser, _simulator) = synced().await;
    let many = format!("/gauges/open_tickets/rows?columns={}", "id,".repeat(10_000));
    for (path, status, wanted) in [
        ("/gauges/no_such/rows", 404, "There is no gauge at this address."),
        ("/gauges/open_tickets/rows?source=99", 404, "This datasource is not there any more."),
        ("/gauges/open_tickets/rows?source=x", 404, "This datasource is not there any more."),
        ("/gauges/open_tickets/rows?layer=no_such", 400, "has no number “no_such”"),
        ("/gauges/open_tickets/rows?k=8", 400, "fewer groups"),
        ("/gauges/open_by_queue/rows?k=%27%3B%20drop%20table", 400, "There is no group"),
        ("/gauges/open_tickets/rows?sort=no_such", 400, "has no column “no_such”"),
        ("/gauges/open_tickets/rows?columns=no_such", 400, "has no column “no_such”"),
        ("/gauges/open_tickets/rows?column=age_days&op=over&text=x", 400, "a value of another kind"),
        ("/gauges/open_tickets/rows?column=title&op=like&text=x", 400, "There is no comparison “like”."),
        ("/gauges/open_tickets/rows?page=-1", 400, "“-1” is no number of a page."),
        ("/gauges/open_tickets/rows?page=9999999999", 404, "There is no page 9999999999"),
        ("/data/datasets/tickets_14d?page=9999999999", 404, "There is no page 9999999999"),
        ("/data/datasets/tickets_14d?sort=no_such", 400, "has no column “no_such”"),
        ("/data/datasets/tickets_14d/rows.csv?sort=no_such", 400, "has no column “no_such”"),
        ("/data/datasets/no_such/rows.xlsx", 404, "There is no dataset at this address."),
        ("/gauges/open_tickets/rows.xlsx?columns=no_such", 400, "has no column “no_such”"),
        (many.as_str(), 400, "A column can be chosen once."),
    ] {
        let (got, text) = status_and_text(&browser, path).await;
        let path: String = path.chars().take(80).collect();
        assert_eq!(got, status, "{path}: {text}");
        assert!(text.contains(wanted), "{path}: {text}");
    }
    // A value full of SQL, markup or formulas is a value.
    for hostile in ["%27%20or%20%27%27%3D%27", "%3Cscript%3Ealert(1)%3C%2Fscript%3E", "%25", "a%00b"] {
        let path = format!("/gauges/open_tickets/rows?column=title&op=is&text={hostile}&q={hostile}");
        let (status, text) = status_and_text(&browser, &path).await;
        assert_eq!(status, 200, "{path}: {text}");
        assert!(text.contains("No rows") && !text.contains("<script"), "{path}: {text}");
    }
}
