//! `taskgauge simulator`: a simulated tenant, for trying Taskgauge without an Autotask.

use super::{instant, print, print_json, say};
use chrono::{DateTime, Utc};
use std::net::{Ipv4Addr, SocketAddr};
use taskgauge_simulator::{Config, Simulator, Size};

#[derive(clap::Args)]
pub struct Arguments {
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 7390)]
    port: u16,
    /// How large the tenant is: small, medium or large.
    #[arg(long, default_value = "small")]
    size: Size,
    /// Seed of everything that is made up.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// The end of the history; now when left out.
    #[arg(long, value_parser = instant, value_name = "TIME")]
    now: Option<DateTime<Utc>>,
    /// Go on living: new tickets, changes and deletions by the wall clock.
    #[arg(long)]
    live: bool,
    /// Print address and credentials as JSON.
    #[arg(long)]
    json: bool,
}

pub async fn run(arguments: Arguments) -> Result<(), String> {
    let now = arguments.now.unwrap_or_else(|| taskgauge_model::clock::Clock::system().now());
    let config = Config { seed: arguments.seed, size: arguments.size, now, ..Config::default() };
    let credentials = config.credentials.clone();
    say("Making up a managed service provider …");
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port));
    let simulator = Simulator::start(config, address).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => format!("Port {} is taken by another program.", arguments.port),
        _ => format!("The simulator could not start: {error}."),
    })?;
    simulator.deliver_by_itself();
    if arguments.live {
        simulator.live(1.0);
    }
    let asked_to_stop = crate::serve::asked_to_stop()?;
    if arguments.json {
        print_json(&serde_json::json!({
            "url": simulator.url(),
            "user_name": credentials.user_name,
            "secret": credentials.secret,
            "integration_code": credentials.integration_code,
        }))?;
    } else {
        print(&format!("Simulated Autotask on {}", simulator.url()))?;
        print(&format!("API user name     {}", credentials.user_name))?;
        print(&format!("API secret        {}", credentials.secret))?;
        print(&format!("Integration code  {}", credentials.integration_code))?;
    }
    say("Start the server with TASKGAUGE_AUTOTASK_URL set to this address. Ctrl-C ends the simulator.");
    asked_to_stop.await;
    drop(simulator);
    Ok(())
}
