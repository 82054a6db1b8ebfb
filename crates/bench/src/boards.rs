//! Boards over HTTP: a cached one beside a file of the same size from the same server, a cold one beside the bare
//! statements of its gauges.

use crate::{
    load::{Rate, Target, Times, median},
    server::{Server, peak, resident},
    tenant::{Failure, Tenant},
};
use chrono::Utc;
use futures::future::try_join_all;
use leptos::server_fn::ServerFn as _;
use reqwest::{Client, header};
use secrecy::ExposeSecret as _;
use serde_json::json;
use sqlx::PgPool;
use std::{
    collections::BTreeMap,
    path::PathBuf,
    time::{Duration, Instant},
};
use taskgauge_app::api::{
    Payload,
    boards::{Changes, GetChanges},
};
use taskgauge_autotask::{Connector, Options};
use taskgauge_model::{
    catalogue::Catalogue,
    clock::Clock,
    dashboard::Dashboard,
    entity::Entity,
    gauge::{Filters, Gauge},
    ids::DatasourceId,
    run::{RunKind, RunState},
};
use taskgauge_store::{Store, testing, users::Role};
use taskgauge_sync::{run_once, test_connection};

/// Requests one after the other.
const IN_TURN: usize = 400;
/// Connections that ask at once.
const CONNECTIONS: usize = 16;
/// For so long.
const LASTING: Duration = Duration::from_secs(5);
/// Times that a cold board is asked for: the one that is measured, and each other one.
const COLD_ROUNDS: usize = 5;
const OTHERS_ROUNDS: usize = 3;
/// Servers that are started and asked once.
const FIRST_ROUNDS: usize = 3;
/// People who look at a board that is open.
const VIEWERS: usize = 200;
/// Tickets that change first: what a sync of a quiet minute brings.
const FEW: usize = 10;
/// Statements that are listed, the slowest first.
const SLOWEST: usize = 15;

#[derive(clap::Args)]
pub struct Arguments {
    /// Size of the simulated tenant: small, medium or large.
    #[arg(long, default_value = "medium")]
    size: String,
    /// The board whose page is measured.
    #[arg(long, default_value = "service-ticket-kpis")]
    board: String,
    /// Tickets that change before the incremental sync.
    #[arg(long, default_value_t = 1_000)]
    changes: usize,
    /// The `taskgauge` binary, for the simulated tenant and the server.
    #[arg(long, default_value = "target/release/taskgauge")]
    binary: PathBuf,
    /// Waits when everything is loaded until Enter is pressed, with the address of the database: to look at statements.
    #[arg(long)]
    hold: bool,
}

/// What is measured, loaded.
struct Bench<'a> {
    arguments: &'a Arguments,
    tenant: Tenant,
    connector: Connector,
    store: Store,
    pool: PgPool,
    datasource: DatasourceId,
    database: String,
    cookie: String,
}

pub async fn measure(arguments: &Arguments) -> Result<(), Failure> {
    let bench = Bench::load(arguments).await?;
    if arguments.hold {
        println!("{}", bench.database);
        std::io::stdin().read_line(&mut String::new())?;
    }
    let board = Catalogue::shipped().dashboard(&arguments.board).ok_or("there is no such board")?;
    println!("board             {}, {} tiles", board.id, board.tiles.len());
    {
        let server = bench.server("0")?;
        bench.cached(&server, "one core").await?;
    }
    {
        let server = bench.server("0,1")?;
        bench.cached(&server, "two cores").await?;
        println!(
            "memory            {:.0} MB, {:.0} MB at most",
            resident(&server.process()),
            peak(&server.process())
        );
    }
    bench.first(board).await?;
    let server = bench.server("0,1")?;
    let http = Client::builder().no_proxy().build()?;
    bench.cold(&server, board, COLD_ROUNDS).await?;
    for other in &Catalogue::shipped().dashboards {
        if other.id != board.id {
            bench.cold(&server, other, OTHERS_ROUNDS).await?;
        }
    }
    bench.slowest().await?;
    bench.live(&server, &http, board).await?;
    for edited in [FEW, arguments.changes] {
        bench.changed(&server, &http, board, edited).await?;
    }
    println!(
        "memory            {:.0} MB, {:.0} MB at most, every board drawn",
        resident(&server.process()),
        peak(&server.process())
    );
    bench.store.close().await;
    Ok(())
}

/// The gauges of a board, each once for each place.
fn gauges(board: &Dashboard) -> Vec<&'static Gauge> {
    let ids = board.tiles.iter().flat_map(|tile| [Some(&tile.gauge), tile.or.as_ref()]).flatten();
    ids.filter_map(|id| Catalogue::shipped().gauge(id)).collect()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

impl Bench<'_> {
    async fn load(arguments: &Arguments) -> Result<Bench<'_>, Failure> {
        let began = Instant::now();
        let tenant = Tenant::start(&arguments.binary, &arguments.size)?;
        println!("tenant            {}, {:.1} s to make up", arguments.size, began.elapsed().as_secs_f64());
        tenant.set(&json!({ "hourly_limit": 10_000_000 })).await?;
        testing::hold_as_much_as_an_installation();
        let database = testing::database().await;
        let store = Store::connect(&database.url, testing::sealer(), Clock::system()).await?;
        let options = Options {
            request_timeout: Duration::from_mins(2),
            ..Options::for_test_base(tenant.url.parse()?)
        };
        let connector = Connector::new(options)?;
        let tested = test_connection(&connector, &tenant.draft, Clock::system().now())
            .await
            .map_err(|failure| failure.what)?;
        let datasource = store.add_datasource("bench", &tested, "Bench", "America/New_York", None).await?;
        let began = Instant::now();
        let run = run_once(&store, &connector, datasource, RunKind::Incremental).await?;
        if run.state != RunState::Done {
            return Err(run.problem.unwrap_or_else(|| "the first load failed".to_owned()).into());
        }
        // The server has a worker, too, which is to leave this alone.
        store.set_paused("bench", datasource, true).await?;
        let rows: u64 = run.steps.iter().map(|step| step.read).sum();
        println!("first load        {rows} rows in {:.1} s", began.elapsed().as_secs_f64());
        let url = database.url.expose_secret().to_owned();
        let pool = PgPool::connect(&url).await?;
        let began = Instant::now();
        // As the database does by itself within some minutes.
        sqlx::query("vacuum analyze").execute(&pool).await?;
        println!("vacuum analyze    {:.1} s", began.elapsed().as_secs_f64());
        let password = "a sentence nobody guesses".into();
        let admin = store.add_user("bench", "ada@example.com", "Ada", &password, Role::Admin).await?;
        let token = store.create_session(admin).await?;
        let cookie = format!("taskgauge={}", token.expose_secret());
        Ok(Bench { arguments, tenant, connector, store, pool, datasource, database: url, cookie })
    }

    fn server(&self, cores: &str) -> Result<Server, Failure> {
        Server::start(&self.arguments.binary, &self.database, testing::KEY, &self.tenant.url, cores)
    }

    fn page(&self, server: &Server, id: &str, encoding: &'static str) -> Result<Target, Failure> {
        Target::new(&format!("{}/dashboards/{id}", server.url), &self.cookie, encoding)
    }

    /// The file of the site whose size on the wire is nearest to so many bytes.
    async fn floor(&self, server: &Server, html: &str, bytes: usize) -> Result<(Target, usize), Failure> {
        let mut files = BTreeMap::new();
        for part in html.split(['"', '\'']).filter(|part| part.starts_with("/pkg/")) {
            for encoding in ["br", "gzip", "identity"] {
                let target = Target::new(&format!("{}{part}", server.url), "", encoding)?;
                let size = target.ask().await?.1.len();
                files.insert(size.abs_diff(bytes), (target, size));
            }
        }
        Ok(files.into_values().next().ok_or("the page has no files")?)
    }

    /// A cached board and its floor.
    async fn cached(&self, server: &Server, cores: &str) -> Result<(), Failure> {
        let (_, html) = self.page(server, &self.arguments.board, "identity")?.ask().await?;
        let page = self.page(server, &self.arguments.board, "br")?;
        let (cold, sent) = page.ask().await?;
        let (floor, floor_bytes) = self.floor(server, &String::from_utf8_lossy(&html), sent.len()).await?;
        println!(
            "page              {} bytes, {} as sent; the floor sends {floor_bytes}; made in {:.0} ms once answered",
            html.len(),
            sent.len(),
            ms(cold)
        );
        // Both once without a watch, and by turns, since the machine is not the same all the time.
        let mut turns: Vec<(Times, Times)> = Vec::new();
        for _ in 0..2 {
            turns.push((floor.in_turn(IN_TURN).await?, page.in_turn(IN_TURN).await?));
        }
        for (name, times) in
            turns.last().map(|(floor, page)| [("floor", floor), ("cached board", page)]).into_iter().flatten()
        {
            println!(
                "{cores:<10} {name:<13} in turn: p50 {:.2} ms, p95 {:.2} ms",
                times.percentile(50),
                times.percentile(95)
            );
        }
        let mut rates: Vec<(Rate, Rate)> = Vec::new();
        for _ in 0..2 {
            let floor = floor.at_once(CONNECTIONS, LASTING).await?;
            rates.push((floor, page.at_once(CONNECTIONS, LASTING).await?));
        }
        if let Some((floor, page)) = rates.pop() {
            for (name, rate) in [("floor", &floor), ("cached board", &page)] {
                println!(
                    "{cores:<10} {name:<13} {CONNECTIONS} at once: {:.0} requests/s without errors, p50 {:.1} ms, p95 {:.1} ms",
                    rate.per_second,
                    rate.times.percentile(50),
                    rate.times.percentile(95)
                );
            }
            println!("{cores:<10} board / floor {:.2} of its requests/s", page.per_second / floor.per_second);
        }
        Ok(())
    }

    /// Makes everything that is kept old, as a commit of rows of every entity does.
    async fn age(&self) -> Result<(), Failure> {
        sqlx::query("update taskgauge.entity_state set version = version + 1").execute(&self.pool).await?;
        Ok(())
    }

    /// A board that is asked of a server that has just started and keeps nothing, beside the bare statements.
    async fn first(&self, board: &Dashboard) -> Result<(), Failure> {
        let gauges = gauges(board);
        let (mut pages, mut bare) = (Vec::new(), Vec::new());
        for round in 0..=FIRST_ROUNDS {
            let server = self.server("0,1")?;
            let (first, _) = self.page(&server, &board.id, "br")?.ask().await?;
            drop(server);
            let began = Instant::now();
            let at_once = Store::statements_at_once();
            self.store.only_statements(self.datasource, &gauges, Utc::now(), at_once).await?;
            if round > 0 {
                pages.push(ms(first));
                bare.push(ms(began.elapsed()));
            }
        }
        let (page, bare) = (median(pages), median(bare));
        println!("first {:<25} {page:.0} ms; bare SQL {bare:.0} ms; ratio {:.2}", board.id, page / bare);
        Ok(())
    }

    /// A cold board beside the bare statements of its gauges: every answer is old, and days are kept as after any sync.
    async fn cold(&self, server: &Server, board: &Dashboard, rounds: usize) -> Result<(), Failure> {
        let page = self.page(server, &board.id, "br")?;
        let gauges = gauges(board);
        let at_once = Store::statements_at_once();
        let (mut pages, mut bare, mut in_turn) = (Vec::new(), Vec::new(), Vec::new());
        // Once without a watch: statements are planned once a connection, and charts of the same data drawn once.
        for round in 0..=rounds {
            self.age().await?;
            let (cold, _) = page.ask().await?;
            let began = Instant::now();
            self.store.only_statements(self.datasource, &gauges, Utc::now(), at_once).await?;
            let concurrent = began.elapsed();
            let each = self.store.only_statements(self.datasource, &gauges, Utc::now(), 1).await?;
            if round > 0 {
                pages.push(ms(cold));
                bare.push(ms(concurrent));
                in_turn.push(ms(each.into_iter().sum()));
            }
        }
        let (page, bare, in_turn) = (median(pages), median(bare), median(in_turn));
        println!(
            "cold {:<26} {page:.0} ms; bare SQL {bare:.0} ms {at_once} at once, {in_turn:.0} ms in turn; ratio {:.2}",
            board.id,
            page / bare
        );
        Ok(())
    }

    /// The statements that take longest.
    async fn slowest(&self) -> Result<(), Failure> {
        let gauges: Vec<&Gauge> = Catalogue::shipped().gauges.iter().collect();
        let times = self.store.only_statements(self.datasource, &gauges, Utc::now(), 1).await?;
        let mut slowest: Vec<(Duration, &str)> =
            times.into_iter().zip(gauges.iter().map(|gauge| gauge.id.as_str())).collect();
        let all: Duration = slowest.iter().map(|(took, _)| *took).sum();
        println!("all {} gauges   {:.0} ms in turn, with planning; the slowest:", gauges.len(), ms(all));
        slowest.sort_unstable_by(|one, other| other.cmp(one));
        for (took, id) in slowest.iter().take(SLOWEST) {
            println!("  {:>7.1} ms      {id}", ms(*took));
        }
        Ok(())
    }

    /// A number of `/metrics`.
    async fn made(&self, server: &Server, http: &Client, what: &str) -> Result<u64, Failure> {
        let url = format!("{}/metrics", server.url);
        let text = http.get(url).header(header::COOKIE, &self.cookie).send().await?.text().await?;
        let name = format!("taskgauge_kept_made_total{{what=\"{what}\"}} ");
        let found = text.lines().find_map(|line| line.strip_prefix(&name)).ok_or("the metric is missing")?;
        Ok(found.parse()?)
    }

    /// What became of a board, for somebody who has it open.
    async fn changes(
        &self,
        server: &Server,
        http: &Client,
        board: &Dashboard,
        seen: &[u64],
    ) -> Result<Changes, Failure> {
        let asked = json!({
            "id": board.id, "source": self.datasource, "filters": Filters::default(), "seen": seen
        });
        let request = http.post(format!("{}{}", server.url, GetChanges::PATH)).json(&asked);
        let answer: Payload =
            request.header(header::COOKIE, &self.cookie).send().await?.error_for_status()?.json().await?;
        Ok(answer.read()?)
    }

    /// Many who have a board open, when its rows change.
    async fn live(&self, server: &Server, http: &Client, board: &Dashboard) -> Result<(), Failure> {
        let none = vec![0; board.tiles.len()];
        let first = self.changes(server, http, board, &none).await?;
        let seen: Vec<u64> = first.tiles.iter().map(|(_, tile)| tile.stamp).collect();
        let (boards, answers) =
            (self.made(server, http, "boards").await?, self.made(server, http, "answers").await?);
        self.age().await?;
        let began = Instant::now();
        try_join_all((0..VIEWERS).map(|_| self.changes(server, http, board, &seen))).await?;
        let took = began.elapsed();
        let boards = self.made(server, http, "boards").await? - boards;
        let answers = self.made(server, http, "answers").await? - answers;
        println!(
            "live              {VIEWERS} viewers after one change: {boards} board and {answers} answers computed, all told in {:.0} ms",
            ms(took)
        );
        Ok(())
    }

    /// A board after an incremental sync of some changed rows.
    async fn changed(
        &self,
        server: &Server,
        http: &Client,
        board: &Dashboard,
        edited: usize,
    ) -> Result<(), Failure> {
        let page = self.page(server, &board.id, "br")?;
        page.ask().await?;
        let tickets: Vec<i64> =
            sqlx::query_scalar("select id from autotask.tickets order by id desc limit $1")
                .bind(i64::try_from(edited)?)
                .fetch_all(&self.pool)
                .await?;
        self.tenant.advance(1).await?;
        self.tenant.edit_tickets(&tickets).await?;
        self.store.set_paused("bench", self.datasource, false).await?;
        let began = Instant::now();
        let run = run_once(&self.store, &self.connector, self.datasource, RunKind::Incremental).await?;
        let synced = began.elapsed();
        self.store.set_paused("bench", self.datasource, true).await?;
        let changed: Vec<&str> = run
            .steps
            .iter()
            .filter(|step| step.written > 0)
            .map(|step| step.entity.as_str())
            .filter(|name| Entity::all().iter().any(|entity| entity.name == *name))
            .collect();
        let written: u64 = run.steps.iter().map(|step| step.written).sum();
        let before = self.made(server, http, "answers").await?;
        let (took, _) = page.ask().await?;
        let answers = self.made(server, http, "answers").await? - before;
        println!(
            "changed           {written} rows of {} synced in {:.0} ms; the board then takes {:.0} ms, {answers} answers computed",
            changed.join(", "),
            ms(synced),
            ms(took)
        );
        let gauges = gauges(board);
        let began = Instant::now();
        self.store.only_statements(self.datasource, &gauges, Utc::now(), Store::statements_at_once()).await?;
        println!("  time / bare SQL {:.2}", ms(took) / ms(began.elapsed()));
        Ok(())
    }
}
