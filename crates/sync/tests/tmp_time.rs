mod common;
use common::Tenant;
use std::time::Instant;
#[tokio::test(flavor = "multi_thread")]
async fn t() {
    let a = Instant::now();
    let tenant = Tenant::start().await;
    println!("start {:?}", a.elapsed());
    let a = Instant::now();
    let run = tenant.sync_well().await;
    println!("sync {:?} requests {}", a.elapsed(), run.requests);
    let mut steps = run.steps.clone();
    steps.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    for s in steps.iter().take(12) { println!("{} read {} req {} sec {:.2}", s.entity, s.read, s.requests, s.seconds); }
    let least: u64 = run.steps.iter().map(|s| s.read.div_ceil(500).max(1)).sum();
    println!("rows {} least pages {least}", run.steps.iter().map(|s| s.read).sum::<u64>());
    let a = Instant::now();
    tenant.assert_complete().await;
    println!("compare {:?}", a.elapsed());
    tenant.advance(5);
    let a = Instant::now();
    let run = tenant.sync_well().await;
    println!("incr {:?} requests {}", a.elapsed(), run.requests);
    for (at, statement) in sqlx::query_as::<_, (f64, String)>("select 0::float8, ''").fetch_all(&tenant.pool).await.unwrap() { let _ = (at, statement); }
}
