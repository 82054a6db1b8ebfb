//! A simulator, and a client with its credentials.

#![allow(dead_code, reason = "each test program uses its part")]

pub mod webhooks;

use std::net::SocketAddr;

use reqwest::{Client, StatusCode, Url};
use serde_json::{Value, json};
use taskgauge_simulator::{Config, Simulator};

pub const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

pub fn with(url: &str, name: &str, value: &str) -> Url {
    Url::parse_with_params(url, [(name, value)]).unwrap()
}

pub struct Api {
    pub simulator: Simulator,
    pub client: Client,
    pub base: String,
    pub config: Config,
}

impl Api {
    pub async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = Config::default();
        let simulator = Simulator::start(config.clone(), LOOPBACK).await.unwrap();
        let base = format!("{}ATServicesRest/", simulator.url());
        let client = Client::builder().no_proxy().build().unwrap();
        Self { simulator, client, base, config }
    }

    pub fn signed(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        let known = &self.config.credentials;
        request
            .header("ApiIntegrationCode", &known.integration_code)
            .header("UserName", &known.user_name)
            .header("Secret", &known.secret)
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> (StatusCode, Value) {
        let response = self.signed(request).send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.send(self.client.get(format!("{}V1.0/{path}", self.base))).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        self.send(self.client.post(format!("{}V1.0/{path}", self.base)).json(body)).await
    }

    pub async fn query(&self, entity: &str, filter: Value) -> (StatusCode, Value) {
        self.post(&format!("{entity}/query"), &json!({ "filter": filter })).await
    }

    pub async fn count(&self, entity: &str, filter: Value) -> i64 {
        let (status, body) = self.post(&format!("{entity}/query/count"), &json!({ "filter": filter })).await;
        assert_eq!(status, 200, "{body}");
        body["queryCount"].as_i64().unwrap()
    }

    pub async fn refused(&self, entity: &str, body: Value) -> String {
        let (status, answer) = self.post(&format!("{entity}/query"), &body).await;
        assert_eq!(status, 500, "{answer}");
        answer["errors"][0].as_str().unwrap().to_owned()
    }

    pub fn rows(&self, entity: &str) -> Vec<taskgauge_simulator::Row> {
        self.simulator.with_world(|world| world.rows(entity).collect())
    }
}
