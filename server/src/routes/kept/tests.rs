//! Through the whole router, over HTTP, with a clock that stands still.

use super::*;
use crate::{config::Serving, routes};
use chrono::TimeDelta;
use futures::future::join_all;
use leptos::server_fn::axum::server_fn_paths;
use reqwest::{Client, redirect::Policy};
use secrecy::ExposeSecret as _;
use serde_json::json;
use sqlx::PgPool;
use std::{io::Read as _, net::SocketAddr, sync::Arc};
use taskgauge_app::api::{AppState, Payload, boards::Changes};
use taskgauge_autotask::{Connector, Options};
use taskgauge_model::{catalogue::Catalogue, gauge::Filters};
use taskgauge_render::Renderer;
use taskgauge_store::{
    testing::{self, TestDatabase},
    users::Role,
};
use taskgauge_sync::Callouts;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[test]
fn only_addresses_of_boards_are_kept() {
    let asked = |method: &str, uri: &str| {
        let asked = Asked::of(&method.parse().unwrap(), &uri.parse().unwrap())?;
        Some((asked.id, asked.source.map(|id| id.0)))
    };
    assert_eq!(asked("GET", "/dashboards/a"), Some(("a".to_owned(), None)));
    assert_eq!(asked("GET", "/dashboards/a?source=3&queue=8"), Some(("a".to_owned(), Some(3))));
    for (method, uri) in [
        ("POST", "/dashboards/a"),
        ("HEAD", "/dashboards/a"),
        ("GET", "/dashboards"),
        ("GET", "/dashboards/a/edit"),
        ("GET", "/dashboards/a?__err=b"),
        ("GET", "/gauges/a"),
    ] {
        assert_eq!(asked(method, uri), None, "{method} {uri}");
    }
    assert_eq!(asked("GET", &format!("/dashboards/a?q={}", "x".repeat(QUERY_MAX))), None);
}

#[test]
fn scripts_that_others_wrote_are_not_named() {
    let html = "<script nonce=\"N0nce\">ours()</script><script>theirs()</script>\
                <script nonce=\"guessed\">theirs()</script><script type=\"module\" nonce=\"N0nce\" src=\"/a.js\"></script>";
    let (kept, scripts) = without_nonce(html, "N0nce").unwrap();
    assert!(kept.starts_with("<script>ours()</script><script>theirs()"), "{kept}");
    let ours = BASE64_STANDARD.encode(Sha256::digest("ours()"));
    assert_eq!(scripts, BTreeSet::from([ours]));
    assert!(without_nonce("<p>N0nce</p>", "N0nce").is_none());
}

#[test]
fn what_is_compressed_reads_as_before() {
    let text = "A board of many tiles. ".repeat(10_000);
    let packed = Encoding::Brotli.encode(text.as_bytes()).unwrap();
    let mut read = String::new();
    brotli::Decompressor::new(&packed[..], BROTLI_BUFFER).read_to_string(&mut read).unwrap();
    assert!(read == text && packed.len() < text.len() / 10);
    let packed = Encoding::Gzip.encode(text.as_bytes()).unwrap();
    let mut read = String::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut read).unwrap();
    assert!(read == text && packed.len() < text.len() / 10);
    assert_eq!(Encoding::Plain.encode(text.as_bytes()).unwrap(), text.as_bytes());
}

/// A board of the catalogue that everybody sees alike.
const BOARD: &str = "service-ticket-kpis";
/// People who look at a board.
const VIEWERS: usize = 200;

/// A server on a database with some tickets.
struct Desk {
    database: TestDatabase,
    pool: PgPool,
    datasource: DatasourceId,
    state: ServerState,
    url: String,
    stop: CancellationToken,
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Somebody who is signed in.
struct Viewer<'a> {
    desk: &'a Desk,
    http: Client,
    cookie: String,
}

impl Desk {
    async fn open() -> Desk {
        let database = testing::database().await;
        let datasource = database.datasource("Northwind").await;
        let pool = PgPool::connect(database.url.expose_secret()).await.unwrap();
        sqlx::query("update taskgauge.datasources set synced_at = now()").execute(&pool).await.unwrap();
        let site = site::manifest().unwrap();
        let renderer = Renderer::new(&site::chart_script(&site), 1);
        let connector = Connector::new(Options::default()).unwrap();
        let store = database.store.clone();
        let stop = CancellationToken::new();
        let (callouts, _) = Callouts::start(store.clone(), connector.clone(), stop.clone());
        let events = Arc::new(store.events().await.unwrap());
        let serving = Serving {
            addr: ([127, 0, 0, 1], 0).into(),
            public_url: None,
            metrics_token: None,
            log_json: false,
            log: String::new(),
        };
        let app = AppState::new(store, connector, renderer);
        let state = ServerState::new(app, site, events, callouts, stop.clone(), &serving);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = routes::router(state.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(async move { axum::serve(listener, router).with_graceful_shutdown(stopped).await });
        let desk = Desk { database, pool, datasource, state, url, stop };
        desk.receives(3).await;
        desk
    }

    /// So many tickets more, committed as a sync does.
    async fn receives(&self, tickets: i64) {
        sqlx::query(
            "insert into autotask.tickets (datasource_id, id, status, create_date, last_activity_date, changed_at)
            select $1, coalesce(t.most, 0) + n, 8, $2, $2, $2
            from generate_series(1, $3) n
            cross join (select max(id) as most from autotask.tickets) t",
        )
        .bind(self.datasource.0)
        .bind(self.database.clock.now() - TimeDelta::hours(2))
        .bind(tickets)
        .execute(&self.pool)
        .await
        .unwrap();
        sqlx::query(
            "insert into taskgauge.entity_state as s (datasource_id, entity, version) values ($1, 'Tickets', 1)
            on conflict (datasource_id, entity) do update set version = s.version + 1",
        )
        .bind(self.datasource.0)
        .execute(&self.pool)
        .await
        .unwrap();
    }

    async fn viewer(&self, email: &str, role: Role) -> Viewer<'_> {
        let password = "a sentence nobody guesses".into();
        let user = self.database.store.add_user("test", email, email, &password, role).await.unwrap();
        let token = self.database.store.create_session(user).await.unwrap();
        let cookie = format!("taskgauge={}", token.expose_secret());
        Viewer { desk: self, http: Client::builder().no_proxy().no_gzip().build().unwrap(), cookie }
    }

    fn boards_made(&self) -> u64 {
        self.state.app.boards.counts().made
    }

    fn pages_made(&self) -> u64 {
        self.state.pages.counts().made
    }
}

impl Viewer<'_> {
    async fn get(&self, path: &str) -> reqwest::Response {
        let request = self.http.get(format!("{}{path}", self.desk.url)).header(header::COOKIE, &self.cookie);
        request.send().await.unwrap()
    }

    async fn page(&self, path: &str) -> String {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK);
        response.text().await.unwrap()
    }

    /// What became of the board since tiles with these stamps were shown.
    async fn changes(&self, seen: &[u64]) -> Changes {
        let function = server_fn_paths()
            .map(|(path, _)| path)
            .find(|path| path.trim_end_matches(|end: char| end.is_ascii_digit()) == "/api/get_changes")
            .unwrap();
        let asked = json!({ "id": BOARD, "source": self.desk.datasource, "filters": Filters::default(), "seen": seen });
        let request = self.http.post(format!("{}{function}", self.desk.url)).json(&asked);
        let answer: Payload =
            request.header(header::COOKIE, &self.cookie).send().await.unwrap().json().await.unwrap();
        answer.read().unwrap()
    }
}

fn open_tickets(changes: &Changes) -> Option<f64> {
    let gauges = changes.tiles.iter().flat_map(|(_, tile)| &tile.gauges);
    gauges.filter(|gauge| gauge.id == "open_tickets").find_map(|gauge| gauge.answer.as_ref().ok()?.value)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_live_viewers_cost_one_computation_per_change() {
    let desk = Desk::open().await;
    let ada = desk.viewer("ada@example.com", Role::Admin).await;
    let bob = desk.viewer("bob@example.com", Role::Member).await;
    let tiles = Catalogue::shipped().dashboard(BOARD).unwrap().tiles.len();
    let mut seen = vec![0; tiles];
    for (round, wanted) in [(1, 3.0), (2, 4.0), (3, 5.0)] {
        let before = desk.database.store.answer_counts().computed;
        let all = (0..VIEWERS).map(|number| [&ada, &bob][number % 2].changes(&seen));
        let changes = join_all(all).await;
        assert!(changes.iter().all(|one| *one == changes[0]));
        assert_eq!(open_tickets(&changes[0]), Some(wanted), "round {round}");
        assert_eq!(desk.boards_made(), round);
        let gauges = Catalogue::shipped().dashboard(BOARD).unwrap().tiles.iter();
        let gauges = gauges.map(|tile| 1 + u64::from(tile.or.is_some())).sum::<u64>();
        assert!(desk.database.store.answer_counts().computed - before <= gauges);
        for (place, tile) in &changes[0].tiles {
            seen[*place] = tile.stamp;
        }
        assert!(ada.changes(&seen).await.tiles.is_empty());
        desk.receives(1).await;
    }
    let metrics = ada.page("/metrics").await;
    assert!(metrics.contains("taskgauge_kept_made_total{what=\"boards\"} 3\n"), "{metrics}");
    assert!(metrics.contains("taskgauge_kept_hits_total{what=\"boards\"} 600\n"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_made_once_per_person_and_change() {
    let desk = Desk::open().await;
    let ada = desk.viewer("ada@example.com", Role::Admin).await;
    let bob = desk.viewer("bob@example.com", Role::Member).await;
    let path = format!("/dashboards/{BOARD}");
    let pages = join_all((0..VIEWERS).map(|_| ada.page(&path))).await;
    assert!(pages.iter().all(|page| *page == pages[0]));
    assert_eq!((desk.pages_made(), desk.boards_made()), (1, 1));
    assert!(pages[0].contains("ada@example.com") && pages[0].contains("/edit\""));
    assert!(pages[0].contains("<svg") && pages[0].contains("</html>"));

    // What stands on it of the person, and what their role allows, is theirs.
    let other = bob.page(&path).await;
    assert!(other.contains("bob@example.com"));
    assert!(!other.contains("ada@example.com") && !other.contains("/edit\""));
    assert_eq!((desk.pages_made(), desk.boards_made()), (2, 1));

    // Another minute, other rows, another board's text, other filters: another page.
    let mut made = 2;
    for change in ["minute", "rows", "content", "findings"] {
        match change {
            "minute" => desk.database.clock.set(desk.database.clock.now() + TimeDelta::minutes(1)),
            "rows" => desk.receives(1).await,
            "content" => {
                let mut board = Catalogue::shipped().dashboard(BOARD).unwrap().clone();
                board.title = "Our tickets".to_owned();
                desk.database.store.save("ada@example.com", &board, 0).await.unwrap();
            }
            _ => {
                let renamed = "update taskgauge.datasources set name = 'Southwind'";
                sqlx::query(renamed).execute(&desk.pool).await.unwrap();
            }
        }
        ada.page(&path).await;
        made += 1;
        assert_eq!(desk.pages_made(), made, "{change}");
        ada.page(&path).await;
        assert_eq!(desk.pages_made(), made, "{change}");
    }
    let page = ada.page(&path).await;
    assert!(page.contains("Our tickets") && page.contains("Southwind"));
    ada.page(&format!("{path}?queue=8")).await;
    assert_eq!(desk.pages_made(), made + 1);

    // Nothing is kept of what is not there, and of what strangers ask for.
    let missing = ada.get("/dashboards/no-such").await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    assert!(missing.text().await.unwrap().contains("There is no dashboard at this address."));
    let stranger = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
    let refused = stranger.get(format!("{}{path}", desk.url)).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::SEE_OTHER);
}

/// Tiles of a page whose gauge could not be asked, and tiles whose data are marked as old.
fn failed_and_stale(page: &str) -> (usize, usize) {
    (page.matches(r#"class="tile-empty">! "#).count(), page.matches(r#"class="is-stale""#).count())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tile_that_fails_and_data_that_are_old_are_told_beside_the_rest() {
    let desk = Desk::open().await;
    let ada = desk.viewer("ada@example.com", Role::Admin).await;
    let path = format!("/dashboards/{BOARD}");
    sqlx::query("update taskgauge.entity_state set read_at = $1")
        .bind(desk.database.clock.now())
        .execute(&desk.pool)
        .await
        .unwrap();
    desk.receives(1).await;
    let well = ada.page(&path).await;
    assert_eq!(failed_and_stale(&well), (0, 0));

    // Five hours later a view is gone, so that what changed cannot be counted, and nothing else was read since.
    desk.database.clock.set(desk.database.clock.now() + TimeDelta::hours(5));
    sqlx::raw_sql("drop view dataset.tickets_14d cascade").execute(&desk.pool).await.unwrap();
    desk.receives(1).await;
    let page = ada.page(&path).await;
    let tiles = page.matches(r#"class="tile-foot""#).count();
    let (failed, stale) = failed_and_stale(&page);
    assert_eq!(tiles, well.matches(r#"class="tile-foot""#).count());
    assert!(failed > 3 && failed < tiles - 3, "{failed} of {tiles} failed");
    assert!(stale >= tiles - failed, "{stale} of {tiles} are old");
    assert!(page.contains("<svg") && page.contains("</html>"));
    assert!(!page.contains("tickets_14d"), "what the database says is not for people");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_page_runs_our_scripts_alone_and_is_the_same_in_every_encoding() {
    let desk = Desk::open().await;
    let ada = desk.viewer("ada@example.com", Role::Admin).await;
    let path = format!("/dashboards/{BOARD}");
    let plain = ada.page(&path).await;
    let again = ada.get(&path).await;
    let policy = again.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    assert!(!policy.contains("nonce-") && !policy.contains("script-src 'unsafe"), "{policy}");
    assert!(!plain.contains("nonce="));
    let scripts: Vec<&str> = plain.split("<script").skip(1).collect();
    assert!(scripts.len() > 2);
    for script in scripts {
        let (_, after) = script.split_once('>').unwrap();
        let (text, _) = after.split_once("</script").unwrap();
        let hash = BASE64_STANDARD.encode(Sha256::digest(text.as_bytes()));
        assert!(policy.contains(&format!("'sha256-{hash}'")), "{text}");
    }
    let named = policy.matches("'sha256-").count();
    assert!((2..=plain.matches("<script").count()).contains(&named), "{policy}");
    for (encoding, name) in [("br, gzip", "br"), ("gzip", "gzip"), ("br;q=0", "")] {
        let request = ada.http.get(format!("{}{path}", desk.url)).header(header::COOKIE, &ada.cookie);
        let response = request.header(header::ACCEPT_ENCODING, encoding).send().await.unwrap();
        let headers = response.headers();
        let said = headers.get(header::CONTENT_ENCODING).map_or("", |said| said.to_str().unwrap());
        assert_eq!(said, name, "{encoding}");
        assert_eq!(headers[header::VARY], "accept-encoding");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        let body = response.bytes().await.unwrap();
        let mut text = String::new();
        match name {
            "br" => brotli::Decompressor::new(&body[..], BROTLI_BUFFER).read_to_string(&mut text).unwrap(),
            "gzip" => flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut text).unwrap(),
            _ => (&body[..]).read_to_string(&mut text).unwrap(),
        };
        assert_eq!(text, plain, "{encoding}");
    }
}
