//! Serves a simulated tenant until interrupted: `serve [small|medium|large] [port] [speed]`.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

use taskgauge_simulator::{Config, Simulator};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the address is what the caller waits for")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let size = arguments.next().map_or(Ok(taskgauge_simulator::Size::Small), |size| size.parse())?;
    let port = arguments.next().map_or(Ok(0), |port| port.parse())?;
    let speed: f64 = arguments.next().map_or(Ok(0.0), |speed| speed.parse())?;
    let started = Instant::now();
    let config = Config { size, ..Config::default() };
    let credentials = config.credentials.clone();
    let simulator = Simulator::start(config, SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    println!("{} ({:.1} s)", simulator.url(), started.elapsed().as_secs_f64());
    println!("{} / {} / {}", credentials.user_name, credentials.secret, credentials.integration_code);
    simulator.deliver_by_itself();
    if speed > 0.0 {
        simulator.live(speed);
    }
    tokio::signal::ctrl_c().await?;
    Ok(())
}
