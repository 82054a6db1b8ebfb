//! The sync engine beside a plain fetch of the same pages, whose rows are thrown away.

use crate::{
    server::{peak, resident},
    tenant::{Failure, Tenant},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::Deserialize;
use serde_json::json;
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};
use taskgauge_autotask::{Connector, Options};
use taskgauge_model::{
    clock::Clock,
    entity::Entity,
    run::{RunKind, RunState},
};
use taskgauge_store::{Store, testing};
use taskgauge_sync::{run_once, test_connection};

/// Entities fetched beside each other, as the engine does.
const AT_ONCE: usize = 4;
const PAGE: usize = 500;

#[derive(clap::Args)]
pub struct Arguments {
    /// Size of the simulated tenant: small, medium or large.
    #[arg(long, default_value = "medium")]
    size: String,
    /// Milliseconds that every answer of the tenant takes besides its own work.
    #[arg(long, default_value_t = 0)]
    latency: u64,
    /// Tickets that change before the last incremental sync.
    #[arg(long, default_value_t = 1_000)]
    changes: usize,
    /// The `taskgauge` binary, for the simulated tenant.
    #[arg(long, default_value = "target/release/taskgauge")]
    binary: PathBuf,
}

/// Rows, requests and bytes of the floor, and the ids of all tickets.
#[derive(Default)]
struct Fetched {
    rows: usize,
    requests: u64,
    bytes: usize,
    tickets: Vec<i64>,
}

pub async fn measure(arguments: &Arguments) -> Result<(), Failure> {
    let began = Instant::now();
    let tenant = Tenant::start(&arguments.binary, &arguments.size)?;
    println!("tenant            {}, {:.1} s to make up", arguments.size, began.elapsed().as_secs_f64());
    tenant.set(&json!({ "hourly_limit": 10_000_000 })).await?;
    if arguments.latency > 0 {
        tenant.set(&json!({ "slow_first_byte": { "delay_ms": arguments.latency, "fault": {} } })).await?;
    }

    let began = Instant::now();
    let floor = fetch_all(&tenant).await?;
    let floor_seconds = began.elapsed().as_secs_f64();
    println!(
        "floor             {} rows, {} requests, {:.0} MB in {floor_seconds:.2} s",
        floor.rows,
        floor.requests,
        floor.bytes as f64 / 1e6,
    );

    let database = testing::database().await;
    let store = Store::connect(&database.url, testing::sealer(), Clock::system()).await?;
    let options =
        Options { request_timeout: Duration::from_mins(2), ..Options::for_test_base(tenant.url.parse()?) };
    let connector = Connector::new(options)?;
    let tested = test_connection(&connector, &tenant.draft, Clock::system().now())
        .await
        .map_err(|failure| failure.what)?;
    let datasource = store.add_datasource("bench", &tested, "Bench", "America/New_York", None).await?;

    tenant.forget().await?;
    let idle_memory = resident("self");
    let began = Instant::now();
    let run = run_once(&store, &connector, datasource, RunKind::Incremental).await?;
    let seconds = began.elapsed().as_secs_f64();
    let (asked, in_flight) = tenant.asked().await?;
    if run.state != RunState::Done {
        return Err(run.problem.unwrap_or_else(|| "the first load failed".to_owned()).into());
    }
    let rows: u64 = run.steps.iter().map(|step| step.read).sum();
    println!("first load        {rows} rows, {asked} requests in {seconds:.2} s");
    println!("  speed / floor   {:.2}", (rows as f64 / seconds) / (floor.rows as f64 / floor_seconds));
    if arguments.latency > 0 {
        let imposed = imposed_seconds(&run.steps, arguments.latency);
        println!("  time / imposed  {:.2}, of {imposed:.1} s", seconds / imposed);
    }
    println!("  requests / least {:.3}", asked as f64 / least_requests(&run.steps) as f64);
    println!("  most in flight  {in_flight} at one entity");
    println!("  memory          {:.0} MB at most, {idle_memory:.0} MB before", peak("self"));

    for (what, changes) in [("idle", 0), ("changed", arguments.changes)] {
        tenant.forget().await?;
        if let Some(step) = floor.tickets.len().checked_div(changes) {
            // All over the history, not only at its end.
            let step = step.max(1);
            let ids: Vec<i64> = floor.tickets.iter().copied().step_by(step).take(changes).collect();
            tenant.advance(1).await?;
            tenant.edit_tickets(&ids).await?;
        }
        let began = Instant::now();
        let run = run_once(&store, &connector, datasource, RunKind::Incremental).await?;
        let seconds = began.elapsed().as_secs_f64();
        let (asked, _) = tenant.asked().await?;
        let written: u64 = run.steps.iter().map(|step| step.written).sum();
        println!("{what:<17} {changes} edits: {written} rows written, {asked} requests in {seconds:.2} s");
    }
    store.close().await;
    Ok(())
}

/// Pages of full length, one request of metadata for each entity that has labels or stamps, one for its user-defined
/// fields, and one for the limits.
fn least_requests(steps: &[taskgauge_model::run::Step]) -> u64 {
    let pages: u64 = steps.iter().map(|step| (step.read.div_ceil(PAGE as u64)).max(1)).sum();
    let metadata: u64 = Entity::all()
        .iter()
        .map(|entity| u64::from(entity.needs_metadata()) + u64::from(entity.user_defined_fields))
        .sum();
    pages + metadata + 1
}

/// Seconds that latency alone imposes: the entity with most requests, two of them under way at any time.
fn imposed_seconds(steps: &[taskgauge_model::run::Step], latency: u64) -> f64 {
    const UNDER_WAY: u64 = 2;
    let most = steps.iter().map(|step| step.requests.div_ceil(UNDER_WAY)).max().unwrap_or_default();
    Duration::from_millis(most * latency).as_secs_f64()
}

/// Every page of every entity, its rows thrown away.
async fn fetch_all(tenant: &Tenant) -> Result<Fetched, Failure> {
    let http = reqwest::Client::new();
    let parts: Vec<Fetched> = stream::iter(Entity::all())
        .map(|entity| fetch(&http, tenant, entity.name))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(parts.into_iter().fold(Fetched::default(), |mut all, part| {
        all.tickets.extend(part.tickets);
        Fetched {
            rows: all.rows + part.rows,
            requests: all.requests + part.requests,
            bytes: all.bytes + part.bytes,
            ..all
        }
    }))
}

async fn fetch(http: &reqwest::Client, tenant: &Tenant, entity: &str) -> Result<Fetched, Failure> {
    #[derive(Deserialize)]
    struct Page {
        items: Vec<Id>,
    }
    #[derive(Deserialize)]
    struct Id {
        id: i64,
    }
    let url = format!("{}/ATServicesRest/V1.0/{entity}/query", tenant.url);
    let mut fetched = Fetched::default();
    let mut condition = json!({ "op": "gte", "field": "id", "value": 0 });
    loop {
        let answer = http
            .post(&url)
            .header("UserName", &tenant.draft.user_name)
            .header("Secret", &tenant.draft.secret)
            .header("ApiIntegrationCode", &tenant.draft.integration_code)
            .json(&json!({ "MaxRecords": PAGE, "filter": [condition] }))
            .send()
            .await?
            .error_for_status()?;
        let body = answer.bytes().await?;
        let page: Page = serde_json::from_slice(&body)?;
        fetched.requests += 1;
        fetched.bytes += body.len();
        fetched.rows += page.items.len();
        if entity == "Tickets" {
            fetched.tickets.extend(page.items.iter().map(|row| row.id));
        }
        match page.items.last() {
            Some(last) if page.items.len() == PAGE => {
                condition = json!({ "op": "gt", "field": "id", "value": last.id });
            }
            _ => return Ok(fetched),
        }
    }
}
