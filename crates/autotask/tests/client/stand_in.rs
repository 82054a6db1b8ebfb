//! A small server on loopback that answers as each test says and remembers what it was asked.

use std::{
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderMap, Method, Response},
};
use serde_json::{Value, json};
use taskgauge_autotask::{Client, Connector, Credentials, Options, RetryPolicy};
use tokio::{net::TcpListener, task::JoinHandle};
use url::Url;

pub const USER_NAME: &str = "api-user+x@example.com";
pub const SECRET: &str = "pa$$#&+word";
pub const CODE: &str = "INTEGRATION0CODE0OF0TESTS00";

/// One received request.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: Method,
    /// Below `/ATServicesRest/V1.0/`.
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: Value,
}

/// One answer.
pub struct Answer(Response<Body>);

impl Answer {
    pub fn new(status: u16, body: impl Into<Body>) -> Self {
        Self(Response::builder().status(status).body(body.into()).unwrap())
    }

    pub fn json(value: Value) -> Self {
        Self::new(200, value.to_string()).header("content-type", "application/json")
    }

    pub fn errors(status: u16, text: &str) -> Self {
        Self::new(status, json!({ "errors": [text] }).to_string())
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.0.headers_mut().insert(name, value.parse().unwrap());
        self
    }

    /// A page of rows with these ids.
    pub fn page(ids: &[i64], next: Option<&str>) -> Self {
        let items: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
        Self::json(json!({
            "items": items,
            "pageDetails": { "count": ids.len(), "requestCount": 500, "prevPageUrl": null, "nextPageUrl": next },
        }))
    }
}

pub struct StandIn {
    pub url: Url,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl StandIn {
    /// Answers each request with `answer`, which gets the number of the request, from 0.
    pub async fn start(answer: impl Fn(usize, Seen) -> Answer + Send + Sync + 'static) -> Self {
        Self::start_async(move |number, seen| std::future::ready(answer(number, seen))).await
    }

    pub async fn start_async<F>(answer: impl Fn(usize, Seen) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let log = seen.clone();
        let answer = Arc::new(answer);
        let router = Router::new().fallback(move |request: Request| {
            let log = log.clone();
            let answer = answer.clone();
            async move {
                let request = Seen::read(request).await;
                let number = {
                    let mut log = log.lock().unwrap();
                    log.push(request.clone());
                    log.len() - 1
                };
                answer(number, request).await.0
            }
        });
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, seen, task }
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn client(&self) -> Client {
        self.client_with(self.options())
    }

    pub fn client_with(&self, options: Options) -> Client {
        Connector::new(options).unwrap().client(self.url.clone(), credentials()).unwrap()
    }

    pub fn options(&self) -> Options {
        options_for(self.url.clone())
    }

    /// The address of a path below the API's version.
    pub fn at(&self, path: &str) -> String {
        format!("{}ATServicesRest/V1.0/{path}", self.url)
    }
}

impl Seen {
    async fn read(request: Request) -> Self {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        let path = parts.uri.path();
        Self {
            method: parts.method,
            path: path.strip_prefix("/ATServicesRest/V1.0/").unwrap_or(path).to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers,
            body: serde_json::from_slice(&body).unwrap_or_default(),
        }
    }
}

pub fn credentials() -> Credentials {
    Credentials::new(USER_NAME, SECRET, CODE)
}

/// Options for a server on loopback, with pauses that a test does not feel.
pub fn options_for(base: Url) -> Options {
    Options {
        retry: RetryPolicy {
            max_attempts: 3,
            base: Duration::from_millis(1),
            max_delay: Duration::from_millis(10),
        },
        ..Options::for_test_base(base)
    }
}
