//! Walls as people make them, and as screens show them.

use crate::house::{Browser, House, PATIENCE, Server, hidden, location, synced};
use chrono::{DateTime, Utc};
use reqwest::Method;
use std::time::Instant;
use taskgauge_model::{
    clock::Clock,
    wall::{Theme, Wall, WallStep},
};
use taskgauge_store::{Store, testing, users::Role};

/// A wall of two boards that change places every ten seconds.
const FORM: &[(&str, &str)] = &[
    ("name", "Service desk"),
    ("theme", "dark"),
    ("version", "0"),
    ("step.board", "service-desk-leaderboard"),
    ("step.source", ""),
    ("step.0.chosen", ""),
    ("step.seconds", "10"),
    ("step.board", "sales"),
    ("step.source", ""),
    ("step.1.chosen", ""),
    ("step.seconds", "10"),
];

fn wall() -> Wall {
    let step = |board: &str| WallStep { seconds: 10, ..WallStep::of(board) };
    let steps = vec![step("service-desk-leaderboard"), step("sales")];
    Wall { name: "Service desk".into(), theme: Theme::Dark, steps }
}

/// The form with another value in a field, the last of that name.
fn with<'a>(field: &str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut form = FORM.to_vec();
    let place = form.iter().rposition(|(name, _)| *name == field).unwrap();
    form[place].1 = value;
    form
}

async fn signed_in() -> (House, Server, Browser) {
    let house = House::on_database().await;
    let mut server = house.serve();
    let browser = server.admin().await;
    (house, server, browser)
}

/// A part as it is read: without the marks that stand between pieces of text.
async fn part(browser: &Browser, path: &str) -> String {
    browser.text(path).await.replace("<!>", "")
}

/// A value that a part holds for its script.
fn said<'a>(part: &'a str, name: &str) -> &'a str {
    let from = part.find(&format!("data-{name}=\"")).unwrap_or_else(|| panic!("{name} is missing: {part}"));
    part[from..].split('"').nth(1).unwrap()
}

fn instant(part: &str, name: &str) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(said(part, name).parse().unwrap()).unwrap()
}

/// The place in the rotation that a part shows.
fn place(part: &str) -> usize {
    said(part, "view").split_once('.').unwrap().0.parse().unwrap()
}

#[tokio::test]
async fn a_wall_is_made_changed_copied_removed_and_brought_back() {
    let (_house, _server, admin) = signed_in().await;
    assert!(admin.text("/walls").await.contains("No walls yet"));
    // Buttons of the form change it and keep what was typed.
    let longer = admin.post("/walls/new", &[FORM, &[("do", "add")]].concat()).await.text().await.unwrap();
    assert!(longer.contains("Board 3") && longer.contains("value=\"Service desk\""), "{longer}");
    let moved = admin.post("/walls/new", &[FORM, &[("do", "up.1")]].concat()).await.text().await.unwrap();
    let first = moved.split("Board 2").next().unwrap();
    assert!(first.contains("<option value=\"sales\" selected"), "{first}");

    let saved = admin.post("/walls/new", FORM).await;
    assert_eq!((saved.status().as_u16(), location(&saved)), (303, "/walls?done=saved&id=1"));
    let list = admin.text("/walls?done=saved&id=1").await;
    for words in
        ["“Service desk” is saved", "Service Desk Leaderboard", "One round takes 20 s", "ada@example.com"]
    {
        assert!(list.contains(words), "{words}: {list}");
    }
    let edit = admin.text("/walls/1/edit").await;
    let version = hidden(&edit, "version").unwrap().to_owned();
    let mut form = with("name", "The desk");
    form.iter_mut().find(|(name, _)| *name == "version").unwrap().1 = &version;
    assert_eq!(admin.post("/walls/1/edit", &form).await.status(), 303);
    let late = admin.post("/walls/1/edit", &form).await;
    assert_eq!(late.status(), 422);
    assert!(late.text().await.unwrap().contains("Somebody else changed this wall"));
    assert!(admin.text("/walls/new?from=1").await.contains("The desk (copy)"));

    let removed = admin.post("/walls/1/remove", &[]).await;
    let list = admin.text(location(&removed)).await;
    assert!(list.contains("Undo") && list.contains("/walls/1/restore"), "{list}");
    for path in ["/walls/1", "/walls/1/part", "/walls/1/edit", "/walls/new?from=1"] {
        assert_eq!(admin.get(path).await.status(), 404, "{path}");
    }
    assert_eq!(admin.post("/walls/1/restore", &[]).await.status(), 303);
    assert!(admin.text("/walls/1").await.contains("id=\"wall\""));
}

#[tokio::test]
async fn what_makes_no_sense_gets_a_sentence() {
    let (_house, _server, admin) = signed_in().await;
    let many: Vec<(&str, &str)> =
        FORM.iter().chain(FORM.iter().skip(3).cycle().take(8 * 29)).copied().collect();
    for (form, sentence) in [
        (with("name", " "), "Give the wall a name"),
        (with("step.seconds", "9"), "place 2 is shown for 10 seconds"),
        (with("step.seconds", "soon"), "place 2 is shown for 10 seconds"),
        (with("step.board", ""), "Choose the board at place 2."),
        (with("step.1.chosen", "shoe_size=46"), "there is no filter “shoe_size”"),
        (with("step.1.chosen", "range='; drop table taskgauge.walls"), "is no range"),
        (FORM[..3].to_vec(), "Add at least one board."),
        (many, "at most 30 boards"),
    ] {
        let answer = admin.post("/walls/new", &form).await;
        assert_eq!(answer.status(), 422, "{sentence}");
        let page = answer.text().await.unwrap();
        assert!(page.contains("It was not saved") && page.contains(sentence), "{sentence}: {page}");
    }
    let answer = admin.post("/walls/new", &with("name", "<script>alert(1)</script>")).await;
    assert_eq!(answer.status(), 303, "a name is a name");
    for path in ["/walls", "/walls/1", "/walls/1/part", "/walls/1/edit"] {
        assert!(!admin.text(path).await.contains("<script>alert"), "{path}");
    }
    for (path, status) in [
        ("/walls/99", 404),
        ("/walls/nonsense", 404),
        ("/walls/99999999999999999999", 404),
        ("/walls/board/no-such", 404),
        ("/walls/1?view=abc", 200),
        ("/walls/1/part?view=7.0", 200),
        ("/walls/1/part?view=0.99999999999999999999", 200),
        ("/walls/1/part?view=1.999", 200),
    ] {
        assert_eq!(admin.get(path).await.status().as_u16(), status, "{path}");
    }
}

#[tokio::test]
async fn whoever_is_signed_in_may_look_and_admins_change() {
    let (house, server, admin) = signed_in().await;
    assert_eq!(admin.post("/walls/new", FORM).await.status(), 303);
    let url = house.database_url();
    let store = Store::connect(&url.into(), testing::sealer(), Clock::system()).await.unwrap();
    let (email, password) = ("bob@example.com", "another sentence here");
    store.add_user("ada", email, "Bob", &password.to_owned().into(), Role::Member).await.unwrap();
    store.close().await;
    let member = server.browser();
    assert_eq!(member.sign_in(email, password).await.status(), 303);
    let list = member.text("/walls").await;
    assert!(
        list.contains("/walls/1") && !list.contains("/walls/1/edit") && !list.contains("/walls/new"),
        "{list}"
    );
    for path in ["/walls/1", "/walls/1/part", "/walls/board/sales", "/walls/board/sales/part"] {
        let page = member.text(path).await;
        assert!(page.contains("id=\"wall\"") && !page.contains("/walls/1/edit"), "{path}");
    }
    for path in ["/walls/new", "/walls/1/edit"] {
        assert_eq!(member.get(path).await.status(), 403, "{path}");
        assert_eq!(member.post(path, FORM).await.status(), 403, "{path}");
    }
    for path in ["/walls/1/remove", "/walls/1/restore"] {
        let refused = member.post(path, &[]).await;
        assert_eq!(refused.status(), 403, "{path}");
        assert!(refused.text().await.unwrap().contains("Ask an admin."));
    }
    assert!(admin.text("/walls").await.contains("Service desk"), "nothing was changed");
}

#[tokio::test]
async fn a_screen_runs_its_own_script_and_no_other() {
    let (_house, _server, admin) = signed_in().await;
    let response = admin.get("/walls/board/sales").await;
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("script-src 'self';") && policy.contains("frame-ancestors 'none'"), "{policy}");
    let page = response.text().await.unwrap();
    let scripts: Vec<&str> = page.split("<script").skip(1).collect();
    assert!(scripts.len() == 1 && scripts[0].contains("src=\"/pkg/wall."), "{page}");
    assert!(scripts[0].contains("></script>"), "no inline code: {page}");
    // Without JavaScript the page is loaded again by itself.
    assert!(page.contains("<noscript><meta http-equiv=\"refresh\""), "{page}");
    assert!(page.contains("data-theme=\"dark\""), "{page}");
    // The script knows by this when to load itself anew.
    let build = said(&page, "build");
    assert!(build.contains(".css") && build.contains(".js"), "{build}");
    assert_eq!(said(&admin.text("/walls/board/sales/part").await, "build"), build);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_decides_on_every_server_and_after_a_restart() {
    let (house, mut server, admin) = signed_in().await;
    assert_eq!(admin.post("/walls/new", FORM).await.status(), 303);
    let other = house.serve();
    let elsewhere = other.browser();
    elsewhere.sign_in(crate::house::EMAIL, crate::house::PASSWORD).await;
    let holds = |part: &str| {
        let (now, next) = (instant(part, "now"), instant(part, "next"));
        let (_, turn) = wall().step_at(now).unwrap();
        assert_eq!(place(part), turn.place, "{part}");
        assert!(now < next && next <= turn.until, "{part}");
        next
    };
    for browser in [&admin, &elsewhere] {
        holds(&browser.text("/walls/1/part").await);
    }
    // The part changes when its time has come.
    let first = admin.text("/walls/1/part").await;
    let (until, begun) = (holds(&first), Instant::now());
    let second = loop {
        let part = elsewhere.text("/walls/1/part").await;
        holds(&part);
        if instant(&part, "now") >= until {
            break part;
        }
        assert!(begun.elapsed() < PATIENCE);
    };
    assert_ne!(place(&second), place(&first));
    assert!(server.process.end().success());
    let again = house.serve();
    let back = again.browser();
    back.sign_in(crate::house::EMAIL, crate::house::PASSWORD).await;
    holds(&back.text("/walls/1/part").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_board_fills_the_screen_part_by_part() {
    let (_house, _server, admin, _simulator) = synced().await;
    let mut parts = Vec::new();
    for number in 0..3 {
        parts.push(part(&admin, &format!("/walls/board/service-ticket-kpis/part?view=0.{number}")).await);
    }
    let seen: Vec<&str> = parts.iter().map(|part| said(part, "view")).collect();
    assert_eq!(seen, ["0.0", "0.1", "0.2"]);
    for (number, part) in parts.iter().enumerate() {
        assert!(part.contains(&format!("part {} of 3", number + 1)), "{part}");
        assert!(!part.contains("<html") && part.contains("class=\"wall-clock\""), "{part}");
        assert_eq!(said(part, "zone"), "America/New_York");
        assert!(instant(part, "at") <= instant(part, "now"), "the age of the data is known");
    }
    assert!(parts[0].contains(">Open tickets</h2>") && !parts[1].contains(">Open tickets</h2>"));
    assert!(parts.iter().map(|part| part.matches("<svg").count()).sum::<usize>() > 5, "charts are drawn");
    assert!(parts[2].contains("more</p>"), "what there is no room for is counted: {}", parts[2]);
    // The arrows lead round, and a part that is not there is the last one.
    assert_eq!(
        (said(&parts[0], "on"), said(&parts[2], "on"), said(&parts[1], "back")),
        ("0.1", "0.0", "0.0")
    );
    let last = admin.text("/walls/board/service-ticket-kpis/part?view=0.999").await;
    assert_eq!(said(&last, "view"), "0.2");
    // Only its own tiles are asked for.
    let tiles: usize = parts.iter().map(|part| part.matches("data-key=").count()).sum();
    assert_eq!(tiles, 23);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_chosen_on_a_board_holds_on_the_wall() {
    let (_house, _server, admin, _simulator) = synced().await;
    let board = admin.text("/dashboards/service-ticket-kpis").await;
    let queues = board.split("name=\"queue\"").nth(1).unwrap().split("</select>").next().unwrap();
    let queue = queues.split("value=\"").nth(2).unwrap().split('"').next().unwrap();
    let chosen = format!("queue={queue}");
    let mut form = FORM[..7].to_vec();
    form[3].1 = "service-ticket-kpis";
    form[5].1 = &chosen;
    form.push(("step.0.chosen", "range=last_30d"));
    // The fields are those of the board's own bar.
    let asked = admin.post("/walls/new", &[form.as_slice(), &[("do", "filters.0")]].concat()).await;
    let fields = asked.text().await.unwrap();
    for label in ["Range", "Queue", "Priority", "Client"] {
        assert!(fields.contains(&format!(">{label}<")), "{label}: {fields}");
    }
    assert!(
        fields.contains("<html") && fields.contains("value=\"Service desk\""),
        "the whole form: {fields}"
    );
    assert_eq!(admin.post("/walls/new", &form).await.status(), 303);
    let chosen = part(&admin, "/walls/1/part?view=0.0").await;
    assert!(
        chosen.contains("Service Ticket KPIs")
            && chosen.contains("Queue: ")
            && chosen.contains("Last 30 days"),
        "{chosen}"
    );
    let value = |part: &str| {
        let tile = part.split(">Open tickets</h2>").nth(1).unwrap();
        let value = tile.split("class=\"value").nth(1).unwrap();
        value.split("<a").nth(1).unwrap().split('>').nth(1).unwrap().split('<').next().unwrap().to_owned()
    };
    let all = part(&admin, "/walls/board/service-ticket-kpis/part?view=0.0").await;
    assert_ne!(value(&chosen), value(&all), "a queue has fewer");
    let edit = admin.text("/walls/1/edit").await;
    for chosen in ["range=last_30d", &format!("queue={queue}")] {
        assert!(edit.contains(&format!("<option value=\"{chosen}\" selected")), "{chosen}: {edit}");
    }
    // A wall outlives what it shows, and says so.
    assert_eq!(admin.post("/dashboards/service-ticket-kpis/remove", &[]).await.status(), 303);
    assert!(admin.text("/walls/1/part").await.contains("This board was removed."));
    let gone = "/walls/board/sales/part?source=99";
    assert!(admin.text(gone).await.contains("This datasource is not there any more."));
}

#[tokio::test]
async fn strangers_are_sent_to_sign_in_and_scripts_can_tell() {
    let (_house, server, admin) = signed_in().await;
    assert_eq!(admin.post("/walls/new", FORM).await.status(), 303);
    let stranger = server.browser();
    for path in ["/walls", "/walls/1", "/walls/1/part", "/walls/board/sales/part"] {
        let answer = stranger.request(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), 303, "{path}");
        assert_eq!(answer.text().await.unwrap(), "", "{path}");
    }
}
