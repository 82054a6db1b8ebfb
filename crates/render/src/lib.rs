//! Charts to pictures, in process.
//!
//! A chart is an ECharts option (JSON). The same script that draws it in the browser draws it here, inside QuickJS:
//! the page, the PDF and the mail hold the same picture, and no browser is needed to make it. Colours in options are
//! CSS variables (`var(--series-1)`), so one picture serves light and dark.
//!
//! Drawing takes 20 to 60 ms of processor time. It happens on threads of its own, and pictures are kept by the hash of
//! their option, so that a chart is drawn once per change of its data.

mod engine;

use engine::Engine;
use sha2::{Digest, Sha256};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
};
use tokio::sync::oneshot;

/// Why a chart could not be drawn.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RenderError {
    /// The drawing script is missing or does not run: the site was not built.
    #[error("the chart library could not be loaded: {0}")]
    Script(String),
    /// The option cannot be drawn.
    #[error("the chart could not be drawn: {0}")]
    Option(String),
    /// The drawing threads are gone.
    #[error("the chart renderer has stopped")]
    Stopped,
}

/// Bytes of pictures kept at most. A usual one has 10 KB; one of thousands of points has megabytes.
const KEPT_BYTES: usize = 64 * 1024 * 1024;

/// Size of a picture, in CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Size {
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

/// Draws charts. Clones share threads and pictures.
#[derive(Clone)]
pub struct Renderer {
    jobs: Arc<Mutex<mpsc::Sender<Job>>>,
    pictures: Arc<Mutex<Pictures>>,
}

struct Job {
    option: String,
    size: Size,
    answer: oneshot::Sender<Result<String, RenderError>>,
}

type Key = [u8; 32];

#[derive(Default)]
struct Pictures {
    by_key: HashMap<Key, Arc<str>>,
    order: VecDeque<Key>,
    bytes: usize,
}

impl Renderer {
    /// Starts `threads` drawing threads that run `script`, the chart bundle of the site.
    pub fn new(script: &str, threads: usize) -> Renderer {
        let (jobs, queue) = mpsc::channel::<Job>();
        let queue = Arc::new(Mutex::new(queue));
        let script: Arc<str> = script.into();
        for number in 0..threads.max(1) {
            let (queue, script) = (queue.clone(), script.clone());
            let spawned = thread::Builder::new()
                .name(format!("charts-{number}"))
                // ECharts nests deeply; QuickJS checks its own limit below this.
                .stack_size(8 * 1024 * 1024)
                .spawn(move || draw_all(&queue, &script));
            if let Err(error) = spawned {
                tracing::error!(%error, "a drawing thread could not be started");
            }
        }
        Renderer { jobs: Arc::new(Mutex::new(jobs)), pictures: Arc::default() }
    }

    /// The SVG of an option, drawn now or kept from before.
    pub async fn svg(&self, option: &str, size: Size) -> Result<Arc<str>, RenderError> {
        let key = key(option, size);
        if let Some(picture) = lock(&self.pictures).by_key.get(&key) {
            return Ok(picture.clone());
        }
        let (answer, picture) = oneshot::channel();
        lock(&self.jobs)
            .send(Job { option: option.to_owned(), size, answer })
            .map_err(|_| RenderError::Stopped)?;
        let picture: Arc<str> = picture.await.map_err(|_| RenderError::Stopped)??.into();
        lock(&self.pictures).keep(key, picture.clone());
        Ok(picture)
    }

    /// The SVG of an option if it has been drawn before; never waits.
    pub fn drawn(&self, option: &str, size: Size) -> Option<Arc<str>> {
        lock(&self.pictures).by_key.get(&key(option, size)).cloned()
    }
}

impl Pictures {
    fn keep(&mut self, key: Key, picture: Arc<str>) {
        self.bytes += picture.len();
        match self.by_key.insert(key, picture) {
            Some(before) => self.bytes -= before.len(),
            None => self.order.push_back(key),
        }
        while self.bytes > KEPT_BYTES
            && let Some(oldest) = self.order.pop_front()
        {
            self.bytes -= self.by_key.remove(&oldest).map_or(0, |picture| picture.len());
        }
    }
}

/// One thread's life: an engine made at the first job, made anew if it breaks.
fn draw_all(queue: &Mutex<mpsc::Receiver<Job>>, script: &str) {
    let mut engine: Option<Engine> = None;
    loop {
        let Ok(job) = lock(queue).recv() else { return };
        let drawn = match engine.take().map_or_else(|| Engine::new(script), Ok) {
            Ok(ready) => {
                let drawn = ready.draw(&job.option, job.size);
                if drawn.is_ok() {
                    engine = Some(ready);
                }
                drawn
            }
            Err(error) => Err(error),
        };
        // Nobody may be waiting any more; the picture is simply not kept then.
        let _ = job.answer.send(drawn);
    }
}

fn key(option: &str, size: Size) -> Key {
    let mut hash = Sha256::new();
    hash.update(size.width.to_le_bytes());
    hash.update(size.height.to_le_bytes());
    hash.update(option.as_bytes());
    hash.finalize().into()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stands for the chart bundle: the same entry point, a picture that shows its input.
    const SCRIPT: &str = r#"
        globalThis.taskgaugeCharts = {
            render(option, width, height) {
                const parsed = JSON.parse(option);
                if (parsed.endless) { for (;;) {} }
                if (parsed.bad) { throw new Error("no such chart"); }
                return `<svg width="${width}" height="${height}">${parsed.title}</svg>`;
            }
        };"#;
    const SIZE: Size = Size { width: 300, height: 200 };

    #[tokio::test]
    async fn draws_and_keeps() {
        let renderer = Renderer::new(SCRIPT, 1);
        let option = r#"{"title":"Opened"}"#;
        assert!(renderer.drawn(option, SIZE).is_none());
        let svg = renderer.svg(option, SIZE).await.expect("a picture");
        assert_eq!(&*svg, r#"<svg width="300" height="200">Opened</svg>"#);
        assert!(renderer.drawn(option, SIZE).is_some());
        assert!(renderer.drawn(option, Size { width: 301, ..SIZE }).is_none());
    }

    #[tokio::test]
    async fn a_bad_option_harms_no_other() {
        let renderer = Renderer::new(SCRIPT, 1);
        let error = renderer.svg(r#"{"bad":true}"#, SIZE).await.expect_err("a failure");
        assert!(error.to_string().contains("no such chart"), "{error}");
        assert!(renderer.svg("not json", SIZE).await.is_err());
        assert!(renderer.svg(r#"{"title":"1"}"#, SIZE).await.is_ok());
    }

    #[tokio::test]
    async fn an_endless_chart_is_stopped() {
        let renderer = Renderer::new(SCRIPT, 1);
        assert!(renderer.svg(r#"{"endless":true}"#, SIZE).await.is_err());
        assert!(renderer.svg(r#"{"title":"1"}"#, SIZE).await.is_ok());
    }

    #[tokio::test]
    async fn a_missing_script_is_said() {
        let renderer = Renderer::new("", 1);
        assert!(matches!(renderer.svg("{}", SIZE).await, Err(RenderError::Script(_))));
    }

    #[test]
    fn old_pictures_make_room() {
        let mut pictures = Pictures::default();
        let picture: Arc<str> = "x".repeat(KEPT_BYTES / 8).into();
        let kept = |number: usize| key(&number.to_string(), SIZE);
        for number in 0..10 {
            pictures.keep(kept(number), picture.clone());
        }
        assert_eq!((pictures.by_key.len(), pictures.bytes), (8, KEPT_BYTES));
        assert!(!pictures.by_key.contains_key(&kept(1)) && pictures.by_key.contains_key(&kept(2)));
        // The same again takes no more room.
        pictures.keep(kept(9), picture);
        assert_eq!((pictures.by_key.len(), pictures.bytes), (8, KEPT_BYTES));
    }
}
