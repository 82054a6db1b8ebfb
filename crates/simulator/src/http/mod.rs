//! The service on loopback: one listener, one handler, and the limits every request passes.

mod answer;
mod control;
mod metadata;
mod outbox;
mod pages;
mod registration;
mod reply;
mod route;
mod signature;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use url::Url;

use crate::config::Config;
use crate::switches::SwitchBoard;
use crate::world::World;

pub use self::outbox::Delivery;

/// A running simulator. Dropping it stops the service.
#[derive(Debug)]
pub struct Simulator {
    shared: Arc<Shared>,
    url: Url,
    stop: Option<oneshot::Sender<()>>,
    living: Mutex<Option<JoinHandle<()>>>,
    delivering: Mutex<Option<JoinHandle<()>>>,
}

/// What requests share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) world: RwLock<World>,
    pub(crate) switches: SwitchBoard,
    pub(crate) config: Config,
    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub(crate) origin: String,
    traffic: Mutex<Traffic>,
    outbox: outbox::Outbox,
}

#[derive(Debug, Default)]
struct Traffic {
    in_flight: HashMap<String, usize>,
    log: RequestLog,
    recent: VecDeque<LoggedRequest>,
    /// When the requests of the last hour arrived.
    hour: VecDeque<Instant>,
}

/// What clients did since the start, or since [`Simulator::clear_log`].
#[derive(Clone, Debug, Default, Serialize)]
pub struct RequestLog {
    /// All requests to the API, discovery included; control requests are not counted.
    pub requests: u64,
    /// By entity, and by `Version`, `ThresholdInformation`, `Modules`, `zoneInformation`, `versioninformation`.
    pub entities: BTreeMap<String, EntityLog>,
    /// The last requests, oldest first.
    pub last: Vec<LoggedRequest>,
}

impl RequestLog {
    /// Requests to one entity.
    pub fn count(&self, entity: &str) -> u64 {
        self.entities.get(entity).map_or(0, |entity| entity.requests)
    }

    /// The most requests to one entity that were open at the same time.
    pub fn max_concurrency(&self, entity: &str) -> usize {
        self.entities.get(entity).map_or(0, |entity| entity.max_concurrency)
    }
}

/// Requests to one entity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EntityLog {
    /// How many.
    pub requests: u64,
    /// How many of them the thread limit refused.
    pub refused: u64,
    /// The most that were open at the same time, refused ones included.
    pub max_concurrency: usize,
}

/// One request and its status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoggedRequest {
    /// `GET` or `POST`.
    pub method: String,
    /// Path and query as sent.
    pub target: String,
    /// The body, when there was one.
    pub body: Option<String>,
    /// The entity, empty when the path named none.
    pub entity: String,
    /// The status of the answer; 0 when the simulator hung.
    pub status: u16,
}

/// How many requests [`RequestLog::last`] holds.
const REMEMBERED: usize = 2_000;

/// One open request to an entity; dropping it frees its thread.
pub(crate) struct Slot {
    shared: Arc<Shared>,
    entity: String,
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(open) = self.shared.traffic().in_flight.get_mut(&self.entity) {
            *open = open.saturating_sub(1);
        }
    }
}

impl Shared {
    fn traffic(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn read<T>(&self, read: impl FnOnce(&World) -> T) -> T {
        read(&self.world.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn write<T>(&self, write: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.world.write().unwrap_or_else(PoisonError::into_inner);
        let written = write(&mut world);
        self.outbox.collect(&mut world, &self.switches);
        written
    }

    /// Opens a slot for a request to an entity; `None` when the limit is reached.
    pub(crate) fn enter(self: &Arc<Self>, entity: &str, limit: Option<usize>) -> Option<Slot> {
        let mut traffic = self.traffic();
        let open = *traffic.in_flight.entry(entity.into()).and_modify(|open| *open += 1).or_insert(1);
        let log = traffic.log.entities.entry(entity.into()).or_default();
        log.max_concurrency = log.max_concurrency.max(open);
        let refused = limit.is_some_and(|limit| open > limit);
        log.refused += u64::from(refused);
        drop(traffic);
        let slot = Slot { shared: Arc::clone(self), entity: entity.into() };
        (!refused).then_some(slot)
    }

    pub(crate) fn note(&self, request: LoggedRequest) {
        let mut traffic = self.traffic();
        traffic.log.requests += 1;
        if !request.entity.is_empty() {
            traffic.log.entities.entry(request.entity.clone()).or_default().requests += 1;
        }
        if traffic.recent.len() == REMEMBERED {
            traffic.recent.pop_front();
        }
        traffic.recent.push_back(request);
    }

    /// Counts a request into the rolling hour; returns the requests of the hour before it.
    pub(crate) fn count_hour(&self) -> u32 {
        let mut traffic = self.traffic();
        let now = Instant::now();
        while traffic.hour.front().is_some_and(|at| now.duration_since(*at) > Duration::from_hours(1)) {
            traffic.hour.pop_front();
        }
        let before = u32::try_from(traffic.hour.len()).unwrap_or(u32::MAX);
        traffic.hour.push_back(now);
        before
    }

    pub(crate) fn log(&self) -> RequestLog {
        let traffic = self.traffic();
        RequestLog { last: traffic.recent.iter().cloned().collect(), ..traffic.log.clone() }
    }

    pub(crate) fn clear_log(&self) {
        let mut traffic = self.traffic();
        traffic.log = RequestLog::default();
        traffic.recent.clear();
        traffic.hour.clear();
    }
}

impl Simulator {
    /// Generates the world of a configuration and serves it at an address; port 0 takes a free one.
    pub async fn start(config: Config, address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let world =
            tokio::task::spawn_blocking(move || World::generate(&config)).await.map_err(io::Error::other)?;
        Self::serve(world, listener)
    }

    /// Serves a world that exists already.
    pub async fn start_with(world: World, address: SocketAddr) -> io::Result<Self> {
        Self::serve(world, TcpListener::bind(address).await?)
    }

    fn serve(world: World, listener: TcpListener) -> io::Result<Self> {
        let origin = format!("http://{}", listener.local_addr()?);
        let url = Url::parse(&format!("{origin}/")).map_err(io::Error::other)?;
        let shared = Arc::new(Shared {
            config: world.config().clone(),
            world: RwLock::new(world),
            switches: SwitchBoard::default(),
            origin,
            traffic: Mutex::default(),
            outbox: outbox::Outbox::default(),
        });
        let router = Router::new().fallback(handle).with_state(Arc::clone(&shared));
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(async move {
            let stopped = async {
                // Either a signal or the sender's end stops the service.
                let _ = stopped.await;
            };
            if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stopped).await {
                tracing::error!(%error, "the simulator stopped serving");
            }
        });
        Ok(Self { shared, url, stop: Some(stop), living: Mutex::default(), delivering: Mutex::default() })
    }

    /// The address of the service: `http://127.0.0.1:PORT/`.
    pub fn url(&self) -> Url {
        self.url.clone()
    }

    /// Reads the world.
    pub fn with_world<T>(&self, read: impl FnOnce(&World) -> T) -> T {
        self.shared.read(read)
    }

    /// Changes the world.
    pub fn edit<T>(&self, edit: impl FnOnce(&mut World) -> T) -> T {
        self.shared.write(edit)
    }

    /// The switches of the service.
    pub fn switches(&self) -> SwitchBoard {
        self.shared.switches.clone()
    }

    /// What clients did.
    pub fn log(&self) -> RequestLog {
        self.shared.log()
    }

    /// Forgets what clients did, the hourly count included.
    pub fn clear_log(&self) {
        self.shared.clear_log();
    }

    /// Lets the tenant live on for a span at once.
    pub fn advance(&self, span: Duration) {
        let span = chrono::TimeDelta::from_std(span).unwrap_or_default();
        self.edit(|world| world.advance(span));
    }

    /// Lets the tenant live by the wall clock, `speed` times as fast, until the simulator is dropped.
    pub fn live(&self, speed: f64) {
        let shared = Arc::clone(&self.shared);
        let task = tokio::spawn(async move {
            let mut last = Instant::now();
            let mut beat = tokio::time::interval(Duration::from_millis(500));
            loop {
                beat.tick().await;
                let passed = last.elapsed().as_secs_f64() * speed;
                last = Instant::now();
                let span = chrono::TimeDelta::milliseconds(crate::world::cell::whole(passed * 1_000.0));
                shared.write(|world| world.advance(span));
            }
        });
        replace(&self.living, Some(task));
    }

    /// Sends the callouts that are due, those whose pause is over included, and returns every attempt, webhook by
    /// webhook. A pause is over when it has passed on this machine's clock or on the tenant's.
    pub async fn deliver(&self) -> Vec<Delivery> {
        outbox::deliver(&self.shared).await
    }

    /// Sends callouts in the background as soon as they are due, until the simulator is dropped.
    pub fn deliver_by_itself(&self) {
        let task = tokio::spawn(outbox::deliver_for_good(Arc::clone(&self.shared)));
        replace(&self.delivering, Some(task));
    }
}

/// Ends the task in a slot and puts another there.
fn replace(slot: &Mutex<Option<JoinHandle<()>>>, task: Option<JoinHandle<()>>) {
    if let Some(before) = std::mem::replace(&mut *slot.lock().unwrap_or_else(PoisonError::into_inner), task) {
        before.abort();
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        replace(&self.living, None);
        replace(&self.delivering, None);
        drop(self.stop.take());
    }
}

async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 4 << 20).await.unwrap_or_default();
    let path = parts.uri.path().to_owned();
    if let Some(control) = path.strip_prefix("/simulator/") {
        return control::handle(&shared, &parts, control, &body).await;
    }
    answer::handle(shared, parts, body).await
}
