//! One QuickJS with the chart script inside.

use crate::{RenderError, Size};
use rquickjs::{CatchResultExt, CaughtError, Context, Ctx, Function, Object, Runtime};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Longest time a chart may take to draw.
const DRAW_TIME_MAX: Duration = Duration::from_secs(5);
/// Most memory a chart may take.
const MEMORY_MAX: usize = 256 * 1024 * 1024;
/// Deepest nesting of calls, in bytes of stack.
const STACK_MAX: usize = 4 * 1024 * 1024;

/// The little of a browser that ECharts expects when it draws without a document.
const PRELUDE: &str = "
    globalThis.setTimeout = () => 0; globalThis.clearTimeout = () => {};
    globalThis.setInterval = () => 0; globalThis.clearInterval = () => {};
    globalThis.requestAnimationFrame = () => 0; globalThis.cancelAnimationFrame = () => {};
    globalThis.console = { log() {}, warn() {}, error() {}, info() {} };
    globalThis.self = globalThis;
";

pub struct Engine {
    context: Context,
    /// Milliseconds since `born` at which drawing is stopped.
    deadline: Arc<AtomicU64>,
    born: Instant,
}

impl Engine {
    pub fn new(script: &str) -> Result<Engine, RenderError> {
        let broken = |error: rquickjs::Error| RenderError::Script(error.to_string());
        let runtime = Runtime::new().map_err(broken)?;
        runtime.set_memory_limit(MEMORY_MAX);
        runtime.set_max_stack_size(STACK_MAX);
        let born = Instant::now();
        let deadline = Arc::new(AtomicU64::new(u64::MAX));
        let until = deadline.clone();
        runtime
            .set_interrupt_handler(Some(Box::new(move || elapsed_ms(born) > until.load(Ordering::Relaxed))));
        let context = Context::full(&runtime).map_err(broken)?;
        context.with(|ctx| {
            ctx.eval::<(), _>(PRELUDE).catch(&ctx).map_err(|error| RenderError::Script(said(&error)))?;
            ctx.eval::<(), _>(script).catch(&ctx).map_err(|error| RenderError::Script(said(&error)))?;
            render_function(&ctx).map(drop)
        })?;
        Ok(Engine { context, deadline, born })
    }

    pub fn draw(&self, option: &str, size: Size) -> Result<String, RenderError> {
        let limit = u64::try_from(DRAW_TIME_MAX.as_millis()).unwrap_or(u64::MAX);
        self.deadline.store(elapsed_ms(self.born) + limit, Ordering::Relaxed);
        let drawn = self.context.with(|ctx| {
            let render = render_function(&ctx)?;
            render
                .call::<_, String>((option, size.width, size.height))
                .catch(&ctx)
                .map_err(|error| RenderError::Option(said(&error)))
        });
        self.deadline.store(u64::MAX, Ordering::Relaxed);
        drawn
    }
}

fn render_function<'js>(ctx: &Ctx<'js>) -> Result<Function<'js>, RenderError> {
    ctx.globals()
        .get::<_, Object<'_>>("taskgaugeCharts")
        .and_then(|charts| charts.get("render"))
        .map_err(|_| RenderError::Script("it does not offer taskgaugeCharts.render".to_owned()))
}

fn said(error: &CaughtError<'_>) -> String {
    match error {
        CaughtError::Exception(exception) => {
            exception.message().unwrap_or_else(|| "an exception without a message".to_owned())
        }
        other => other.to_string(),
    }
}

fn elapsed_ms(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
