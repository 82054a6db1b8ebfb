//! Every address of the server: pages and server functions of the app, and what a browser needs beside them.

mod boards;
mod connect;
mod content;
mod events;
mod gauges;
mod guard;
mod health;
mod kept;
mod metrics;
mod people;
mod rows;
mod settings;
mod upkeep;
mod walls;
mod webhooks;

use crate::{config::Serving, site};
use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRef, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware,
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use leptos::prelude::*;
use leptos_axum::{LeptosRoutes, ResponseOptions, generate_route_list};
use secrecy::SecretString;
use std::{sync::Arc, time::Duration};
use taskgauge_app::{
    App, Site,
    api::{AppState, RequestCx},
    components::layout::NotFoundStatus,
    document,
    plain::{Refusal, RefusalProps},
    plain_document, wall_document,
};
use taskgauge_model::{bundle::BUNDLE_MAX, dashboard::Dashboard, gauge::Gauge};
use taskgauge_store::{notify::Events, users::Session};
use taskgauge_sync::{Callouts, webhooks::PATH};
use tokio_util::sync::CancellationToken;
use tower_http::{
    compression::CompressionLayer, limit::RequestBodyLimitLayer, timeout::TimeoutLayer, trace::TraceLayer,
};

/// Largest form or call a browser may send: a file of dashboards, each byte of which a form may write as three.
const BODY_MAX: usize = 3 * BUNDLE_MAX + 64 * 1024;
/// Longest time a page or call may take. A connection test waits for Autotask.
const PATIENCE: Duration = Duration::from_mins(2);

/// What routes work with; one per process.
#[derive(Clone, FromRef)]
pub struct ServerState {
    /// What server functions work with.
    pub app: AppState,
    /// Addresses of the site's files.
    site: Site,
    /// What Leptos wants to know.
    leptos: LeptosOptions,
    /// Pages of boards that were made before.
    pages: Arc<kept::Pages>,
    /// What happens in the database.
    events: Arc<Events>,
    /// Takes what Autotask calls about.
    callouts: Callouts,
    /// Ends streams when the process stops.
    stop: CancellationToken,
    /// How often somebody may try to sign in.
    tries: Arc<people::Tries>,
    /// Whether cookies go over TLS only.
    cookies: people::Cookies,
    /// What programs that read the metrics show.
    metrics_token: Option<Arc<SecretString>>,
    /// Where this installation is reached from outside, where an operator said so.
    public_url: Option<String>,
}

impl ServerState {
    /// The state of a server that starts.
    pub fn new(
        app: AppState,
        site: Site,
        events: Arc<Events>,
        callouts: Callouts,
        stop: CancellationToken,
        serving: &Serving,
    ) -> Self {
        let leptos = LeptosOptions::builder().output_name("taskgauge").build();
        let secure = serving.public_url.as_ref().is_some_and(|url| url.scheme() == "https");
        let cookies = people::Cookies { secure };
        let public_url = serving.public_url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned());
        let metrics_token = serving.metrics_token.clone().map(Arc::new);
        Self {
            app,
            site,
            leptos,
            pages: Arc::new(kept::Pages::new(kept::BYTES)),
            events,
            callouts,
            stop,
            tries: Arc::default(),
            cookies,
            metrics_token,
            public_url,
        }
    }

    /// Everything the app's pages and functions find in their context.
    fn provide(&self) {
        provide_context(self.app.clone());
        if let Some(response) = use_context::<ResponseOptions>() {
            provide_context(NotFoundStatus(Arc::new(move || response.set_status(StatusCode::NOT_FOUND))));
        }
    }

    /// The document with the app inside, and the policy that lets only its own scripts run.
    fn page(&self) -> impl IntoView + use<> {
        if let (Some(response), Some(nonce)) = (use_context::<ResponseOptions>(), leptos::nonce::use_nonce())
            && let Ok(policy) = HeaderValue::from_str(&guard::content_policy(&nonce))
        {
            response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
        }
        document(self.site.clone())
    }

    /// Who asks, for what the app answers.
    fn cx(&self, session: &Session) -> RequestCx {
        RequestCx::of_route(self.app.clone(), session.clone())
    }

    /// A page without scripts.
    fn plain<V: IntoView>(&self, title: &str, body: impl FnOnce() -> V) -> Response {
        let html = Owner::new().with(|| plain_document(&self.site, title, false, body()).to_html());
        ([(header::CONTENT_SECURITY_POLICY, guard::PLAIN_POLICY)], Html(html)).into_response()
    }

    /// A page with the script of plain pages, and with pictures of charts.
    fn scripted<V: IntoView>(&self, title: &str, body: impl FnOnce() -> V) -> Response {
        let html = Owner::new().with(|| {
            provide_context(self.app.clone());
            plain_document(&self.site, title, true, body()).to_html()
        });
        ([(header::CONTENT_SECURITY_POLICY, guard::SCRIPTED_POLICY)], Html(html)).into_response()
    }

    /// A screen on the wall, with a script of its own.
    fn walled(
        &self,
        title: &str,
        theme: &'static str,
        seconds: i64,
        body: impl FnOnce() -> AnyView,
    ) -> Response {
        let html = Owner::new().with(|| {
            provide_context(self.app.clone());
            wall_document(&self.site, title, theme, seconds, body()).to_html()
        });
        ([(header::CONTENT_SECURITY_POLICY, guard::SCRIPTED_POLICY)], Html(html)).into_response()
    }
}

/// The whole server.
pub fn router(state: ServerState) -> Router {
    let routes = generate_route_list(App);
    let (for_context, for_page) = (state.clone(), state.clone());
    Router::new()
        .route("/sign-in", get(people::sign_in_page).post(people::sign_in))
        .route("/sign-out", post(people::sign_out))
        .route("/welcome", get(people::welcome_page).post(people::welcome))
        .route("/data/datasources/new", post(connect::test_new))
        .route("/data/datasources/change", post(connect::change))
        .route("/data/datasources/save", post(connect::save))
        .route("/data/datasources/{id}/remove", post(connect::remove))
        .route("/data/datasources/{id}/credentials", post(connect::test_replacement))
        .route("/data/datasources/{id}/credentials/save", post(connect::replace))
        .route("/data/datasources/{id}/webhooks", get(upkeep::webhooks_page).post(upkeep::webhooks_on))
        .route("/data/datasources/{id}/webhooks/off", post(upkeep::webhooks_off))
        .route("/data/datasources/{id}/settings", get(settings::page).post(settings::save))
        .route("/data/datasources/{id}/completeness", get(upkeep::completeness_page).post(upkeep::compare))
        .route("/data/datasets", get(rows::datasets))
        .route("/data/datasets/{slug}", get(rows::dataset))
        .route("/data/datasets/{slug}/rows.csv", get(rows::dataset_csv))
        .route("/data/datasets/{slug}/rows.xlsx", get(rows::dataset_xlsx))
        .route("/dashboards", get(boards::list))
        .route("/dashboards/new", get(boards::new_page).post(boards::create))
        .route("/dashboards/{id}/duplicate", post(boards::duplicate))
        .route("/dashboards/{id}/edit", get(boards::edit_page).post(boards::update))
        .route("/dashboards/{id}/export", get(content::export::<Dashboard>))
        .route("/dashboards/{id}/{action}", post(content::alter::<Dashboard>))
        .route("/gauges", get(gauges::list))
        .route("/gauges/new", get(gauges::new_page).post(gauges::create))
        .route("/gauges/preview", post(gauges::preview))
        .route("/gauges/{id}", get(gauges::page))
        .route("/gauges/{id}/rows", get(rows::gauge))
        .route("/gauges/{id}/rows.csv", get(rows::gauge_csv))
        .route("/gauges/{id}/rows.xlsx", get(rows::gauge_xlsx))
        .route("/gauges/{id}/edit", get(gauges::edit_page).post(gauges::update))
        .route("/gauges/{id}/own-count", post(gauges::own_count))
        .route("/gauges/{id}/export", get(content::export::<Gauge>))
        .route("/gauges/{id}/{action}", post(content::alter::<Gauge>))
        .route("/walls", get(walls::list))
        .route("/walls/new", get(walls::new_page).post(walls::create))
        .route("/walls/board/{id}", get(walls::board_page))
        .route("/walls/board/{id}/part", get(walls::board_part))
        .route("/walls/{id}", get(walls::page))
        .route("/walls/{id}/part", get(walls::part))
        .route("/walls/{id}/edit", get(walls::edit_page).post(walls::update))
        .route("/walls/{id}/{action}", post(walls::alter))
        .route("/content/import", get(content::import_page).post(content::import))
        .leptos_routes_with_context(&state, routes, move || for_context.provide(), move || for_page.page())
        .layer(middleware::from_fn_with_state(state.clone(), kept::pages))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, PATIENCE))
        .route("/events", get(events::stream))
        .route("/metrics", get(metrics::metrics))
        .fallback(fallback)
        .layer(middleware::from_fn_with_state(state.clone(), guard::signed_in))
        // Server functions read their bodies themselves, so the limit is on the body and not on its extractors.
        .layer(DefaultBodyLimit::disable())
        .layer(RequestBodyLimitLayer::new(BODY_MAX))
        .merge(callouts())
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .layer(middleware::from_fn(guard::same_origin))
        .layer(middleware::from_fn(guard::headers))
        .layer(CompressionLayer::new())
        .layer(TraceLayer::new_for_http())
        .with_state(state)
}

/// A page that says why something is not there or was not done, and leads back to a page of the side bar.
fn refusal(
    state: &ServerState,
    session: &Session,
    status: StatusCode,
    why: String,
    back: &'static str,
) -> Response {
    let is_missing = status == StatusCode::NOT_FOUND;
    let title = if is_missing { "Not found" } else { "Not done" };
    let heading = if is_missing { "There is nothing at this address" } else { "That was not done" };
    let email = session.user.email.clone();
    (status, state.plain(title, || Refusal(RefusalProps { email, why, heading, back }))).into_response()
}

/// A part of a page, for a script that puts it into its place.
fn fragment(state: &ServerState, part: impl FnOnce() -> AnyView) -> Response {
    let html = Owner::new().with(|| {
        provide_context(state.app.clone());
        part().to_html()
    });
    Html(html).into_response()
}

/// Whether a script asks for a part of the page.
fn is_fragment(headers: &HeaderMap) -> bool {
    headers.get("x-part").is_some()
}

/// Where Autotask calls.
fn callouts() -> Router<ServerState> {
    Router::new()
        .route(&format!("{PATH}/{{datasource}}/{{collection}}"), post(webhooks::callout))
        .route(&format!("{PATH}/{{datasource}}/{{collection}}/deactivated"), post(webhooks::deactivated))
        .layer(DefaultBodyLimit::max(webhooks::BODY_MAX))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, webhooks::PATIENCE))
}

/// The site's files; a page that says so where there is nothing.
async fn fallback(State(state): State<ServerState>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    if site::has(&path) {
        return site::file(&path, request.headers());
    }
    if path.starts_with("/pkg/") || path.starts_with("/api/") {
        return StatusCode::NOT_FOUND.into_response();
    }
    render(&state, || {}, request).await
}

/// Renders the page of a request with more in its context.
async fn render(
    state: &ServerState,
    more: impl Fn() + Clone + Send + Sync + 'static,
    request: Request,
) -> Response {
    let (for_context, for_page) = (state.clone(), state.clone());
    let context = move || {
        for_context.provide();
        more();
    };
    let handler = leptos_axum::render_app_async_with_context(context, move || for_page.page());
    handler(request).await.into_response()
}
