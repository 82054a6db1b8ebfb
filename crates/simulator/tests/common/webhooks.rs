//! Registering webhooks, and a receiver for their callouts.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha1::Sha1;
use taskgauge_simulator::Delivery;
use tokio::sync::mpsc;

use super::{Api, LOOPBACK};

pub const SECRET: &str = "a key of our own";

/// What a receiver got: the path, the signature and the body.
pub type Got = (String, String, Vec<u8>);

/// A receiver on loopback that answers as told, and 200 when told nothing.
pub struct Receiver {
    pub url: String,
    answers: Arc<Mutex<VecDeque<u16>>>,
    pub got: mpsc::UnboundedReceiver<Got>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind(LOOPBACK).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answers = Arc::new(Mutex::new(VecDeque::new()));
        let (tell, got) = mpsc::unbounded_channel();
        let script = Arc::clone(&answers);
        let app = axum::Router::new().fallback(
            move |headers: HeaderMap, uri: axum::http::Uri, body: axum::body::Bytes| async move {
                let signature = headers["X-Hook-Signature"].to_str().unwrap().to_owned();
                assert_eq!(headers["content-type"], "application/json; charset=utf-8");
                tell.send((uri.to_string(), signature, body.to_vec())).unwrap();
                let status = script.lock().unwrap().pop_front().unwrap_or(200);
                // A receiver that never answers.
                if status == 0 {
                    std::future::pending::<()>().await;
                }
                StatusCode::from_u16(status).unwrap()
            },
        );
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, answers, got }
    }

    pub fn answer(&self, statuses: impl IntoIterator<Item = u16>) {
        self.answers.lock().unwrap().extend(statuses);
    }

    /// Everything received since the last time.
    pub fn received(&mut self) -> Vec<Got> {
        std::iter::from_fn(|| self.got.try_recv().ok()).collect()
    }
}

pub fn body(delivery: &Delivery) -> Value {
    serde_json::from_slice(&delivery.body).unwrap()
}

pub fn sequences(sent: &[Delivery]) -> Vec<i64> {
    sent.iter().map(|delivery| body(delivery)["SequenceNumber"].as_i64().unwrap()).collect()
}

pub fn signature(secret: &str, signed: &[u8]) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(signed);
    format!("sha1={}", base64::prelude::BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

/// A registration that nothing is wrong with.
pub fn valid(url: &str) -> Value {
    json!({
        "id": 0, "name": "Taskgauge", "webhookUrl": format!("{url}/hook?from=tenant"),
        "deactivationUrl": format!("{url}/off"), "secretKey": SECRET, "isActive": true,
        "sendThresholdExceededNotification": false, "isSubscribedToCreateEvents": true,
        "isSubscribedToUpdateEvents": true, "isSubscribedToDeleteEvents": true,
    })
}

pub fn patched(mut value: Value, changes: &Value) -> Value {
    value.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    value
}

impl Api {
    pub async fn call(&self, method: Method, path: &str, body: Value) -> (reqwest::StatusCode, Value) {
        self.send(self.client.request(method, format!("{}V1.0/{path}", self.base)).json(&body)).await
    }

    pub async fn write(&self, method: Method, path: &str, body: Value) -> i64 {
        let (status, answer) = self.call(method, path, body).await;
        assert_eq!(status, 200, "{answer}");
        answer["itemId"].as_i64().unwrap()
    }

    pub async fn refusal(&self, method: Method, path: &str, body: Value) -> String {
        let (status, answer) = self.call(method, path, body).await;
        assert_eq!(status, 500, "{answer}");
        answer["errors"][0].as_str().unwrap().to_owned()
    }

    /// The id that a list's picklist has for a field.
    pub async fn field_id(&self, list: &str, label: &str) -> i64 {
        let (_, answer) = self.get(&format!("{list}/entityInformation/fields")).await;
        let field = answer["fields"]
            .as_array()
            .unwrap()
            .iter()
            .find(|field| field["isPickList"] == json!(true))
            .unwrap()
            .clone();
        let values = field["picklistValues"].as_array().unwrap();
        let value = values.iter().find(|value| value["label"] == json!(label)).unwrap();
        value["value"].as_str().unwrap().parse().unwrap()
    }

    pub async fn subscribe(&self, kind: &str, webhook: i64, label: &str) -> i64 {
        let field = self.field_id(&format!("{kind}Fields"), label).await;
        let row = json!({"fieldID": field, "isSubscribedField": true, "isDisplayAlwaysField": false});
        self.write(Method::POST, &format!("{kind}s/{webhook}/Fields"), row).await
    }

    /// A webhook that is ready, and watches these fields.
    pub async fn register(&self, kind: &str, url: &str, labels: &[&str]) -> i64 {
        let webhook = self.write(Method::POST, &format!("{kind}s"), valid(url)).await;
        for label in labels {
            self.subscribe(kind, webhook, label).await;
        }
        assert_eq!(self.webhook(kind, webhook).await["isReady"], json!(true));
        webhook
    }

    pub async fn webhook(&self, kind: &str, id: i64) -> Value {
        self.get(&format!("{kind}s/{id}")).await.1["item"].clone()
    }

    pub fn edit(&self, entity: &str, row: &Value) -> i64 {
        let row = row.as_object().unwrap().clone();
        self.simulator.edit(|world| world.upsert(entity, row)).unwrap()
    }

    pub fn error_log(&self) -> Vec<taskgauge_simulator::Row> {
        self.rows("WebhookEventErrorLogs")
    }

    /// The id of a ticket.
    pub fn ticket(&self) -> i64 {
        self.rows("Tickets")[3]["id"].as_i64().unwrap()
    }
}
