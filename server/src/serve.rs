//! `taskgauge serve`: the web app and the workers behind it.

use crate::{
    ahead,
    config::{Installation, Serving},
    routes::{self, ServerState},
    site,
};
use chrono::TimeDelta;
use secrecy::ExposeSecret;
use std::{
    io::{IsTerminal, Write},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};
use taskgauge_app::api::AppState;
use taskgauge_model::clock::Clock;
use taskgauge_render::Renderer;
use taskgauge_store::Store;
use taskgauge_sync::{Callouts, Worker};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How long a one-time link of the first start holds.
const WELCOME_TTL: TimeDelta = TimeDelta::days(7);
/// How long open requests may take to end at shutdown.
const DRAIN: Duration = Duration::from_secs(10);

/// Serves until the process is asked to stop.
pub async fn serve(installation: Installation, serving: Serving) -> Result<(), String> {
    start_logging(&serving)?;
    let site = site::manifest()?;
    // The port is taken first: nothing else is started when it cannot be had.
    let listener = listen(serving.addr).await?;
    let opened = installation.open(Clock::system()).await?;
    let cluster = installation.keep_running(opened.cluster)?;
    let served = run(&installation, &serving, site, listener, opened.store).await;
    if let Some(cluster) = cluster {
        cluster.stop().await;
    }
    served
}

async fn run(
    installation: &Installation,
    serving: &Serving,
    site: taskgauge_app::Site,
    listener: TcpListener,
    store: Store,
) -> Result<(), String> {
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let public = serving
        .public_url
        .as_ref()
        .map_or_else(|| format!("http://{address}"), |url| url.as_str().trim_end_matches('/').to_owned());
    let connector = installation.connector()?;
    let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get().clamp(1, 2));
    let renderer = Renderer::new(&site::chart_script(&site), threads);
    let events = store.events().await.map_err(|error| error.to_string())?;
    let stop = CancellationToken::new();
    let app = AppState::new(store.clone(), connector.clone(), renderer);
    let (callouts, reading) = Callouts::start(store.clone(), connector.clone(), stop.clone());
    let state = ServerState::new(app, site, Arc::new(events), callouts, stop.clone(), serving);

    let worker = tokio::spawn(Worker::new(store.clone(), connector).run(stop.clone()));
    let ahead = tokio::spawn(ahead::count(store.clone(), stop.clone()));
    let asked_to_stop = asked_to_stop()?;
    announce(&store, &public).await?;

    let router = routes::router(state).into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
    let asked = stop.clone();
    tokio::spawn(async move {
        asked_to_stop.await;
        tracing::info!("stopping");
        asked.cancel();
    });
    let mut server = tokio::spawn(async move { server.await });
    let ended = tokio::select! {
        ended = &mut server => ended,
        () = async { stop.cancelled().await; tokio::time::sleep(DRAIN).await } => {
            server.abort();
            Ok(Ok(()))
        }
    };
    stop.cancel();
    if let Err(error) = worker.await {
        tracing::error!(%error, "the sync worker ended badly");
    }
    if let Err(error) = ahead.await {
        tracing::error!(%error, "boards were counted ahead badly");
    }
    if let Err(error) = reading.await {
        tracing::error!(%error, "the reader of callouts ended badly");
    }
    match ended {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(format!("The server stopped: {error}.")),
        Err(error) => Err(format!("The server broke: {error}.")),
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => format!(
            "Port {} of {} is taken by another program. Stop it, or choose another address with --addr.",
            address.port(),
            address.ip()
        ),
        std::io::ErrorKind::PermissionDenied => {
            format!(
                "Port {} may not be used by this user. Choose one above 1023 with --addr.",
                address.port()
            )
        }
        _ => format!("It is not possible to listen on {address}: {error}."),
    })
}

/// Prints where the server is, and the one-time link while nobody has an account.
async fn announce(store: &Store, public: &str) -> Result<(), String> {
    let mut lines = format!("Listening on {public}\n");
    if store.needs_first_admin().await.map_err(|error| error.to_string())? {
        let token = store.create_welcome(WELCOME_TTL).await.map_err(|error| error.to_string())?;
        lines.push_str("Make the first admin with this link, once, within 7 days:\n");
        lines.push_str(public);
        lines.push_str("/welcome?token=");
        lines.push_str(token.expose_secret());
        lines.push('\n');
    }
    let mut out = std::io::stdout().lock();
    out.write_all(lines.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| format!("Nothing can be printed: {error}."))
}

/// Waits until the process is asked to stop, by SIGINT or SIGTERM. They are listened for from this call on, so that it
/// may be made before anybody is told that the process runs: a signal before it would end the process at once.
pub fn asked_to_stop() -> Result<impl Future<Output = ()> + Send, String> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).map_err(|error| format!("Signals cannot be listened for: {error}."));
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

fn start_logging(serving: &Serving) -> Result<(), String> {
    use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};
    let filter = EnvFilter::try_new(&serving.log).map_err(|error| {
        format!(
            "“{}” says nothing about what to log: {error}. Use info, or taskgauge_sync=debug.",
            serving.log
        )
    })?;
    let registry = tracing_subscriber::registry().with(filter);
    let started = if serving.log_json {
        registry.with(fmt::layer().json().with_writer(std::io::stderr)).try_init()
    } else {
        // Colours are for people at a terminal; files and journals would hold their codes.
        let colours = std::io::stderr().is_terminal();
        registry.with(fmt::layer().with_ansi(colours).with_writer(std::io::stderr)).try_init()
    };
    // A subscriber that is there already (in a test) serves as well.
    drop(started);
    Ok(())
}
