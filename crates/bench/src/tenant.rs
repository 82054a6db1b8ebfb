//! The simulated tenant in a process of its own, so that its memory and its work are not counted as ours.

use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};
use taskgauge_model::datasource::Draft;

/// What stops a benchmark.
pub type Failure = Box<dyn std::error::Error>;

/// A simulated tenant that runs. It ends with this value.
pub struct Tenant {
    child: Child,
    /// Base address.
    pub url: String,
    /// What it accepts.
    pub draft: Draft,
    http: reqwest::Client,
}

impl Tenant {
    /// Starts `taskgauge simulator` of a size and waits until it answers.
    pub fn start(binary: &Path, size: &str) -> Result<Tenant, Failure> {
        let mut child = Command::new(binary)
            .args(["simulator", "--port", "0", "--json", "--size", size])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let out = child.stdout.take().ok_or("the simulator has no output")?;
        let mut text = String::new();
        for line in BufReader::new(out).lines() {
            text.push_str(&line?);
            if let Ok(said) = serde_json::from_str::<Value>(&text) {
                let word = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
                let draft = Draft {
                    name: "Bench".to_owned(),
                    user_name: word("user_name"),
                    secret: word("secret"),
                    integration_code: word("integration_code"),
                    time_zone: "America/New_York".to_owned(),
                    ..Draft::default()
                };
                let url = word("url").trim_end_matches('/').to_owned();
                return Ok(Tenant { child, url, draft, http: reqwest::Client::new() });
            }
        }
        Err("the simulator did not start".into())
    }

    /// Changes its switches.
    pub async fn set(&self, switches: &Value) -> Result<(), Failure> {
        self.control("POST", "switches", Some(switches)).await.map(drop)
    }

    /// Forgets what was asked so far.
    pub async fn forget(&self) -> Result<(), Failure> {
        self.control("DELETE", "log", None).await.map(drop)
    }

    /// What was asked since: requests in all, and the most that were in flight at one entity.
    pub async fn asked(&self) -> Result<(u64, u64), Failure> {
        let log = self.control("GET", "log", None).await?;
        let entities = log["entities"].as_object().cloned().unwrap_or_default();
        let most = entities.values().filter_map(|entity| entity["max_concurrency"].as_u64()).max();
        Ok((log["requests"].as_u64().unwrap_or_default(), most.unwrap_or_default()))
    }

    /// Gives so many tickets another title.
    pub async fn edit_tickets(&self, ids: &[i64]) -> Result<(), Failure> {
        let edits: Vec<Value> = ids
            .iter()
            .map(
                |id| json!({ "entity": "Tickets", "row": { "id": id, "title": "Changed by the benchmark" } }),
            )
            .collect();
        self.control("POST", "edit", Some(&Value::Array(edits))).await.map(drop)
    }

    /// Lives on by so many minutes.
    pub async fn advance(&self, minutes: u32) -> Result<(), Failure> {
        self.control("POST", "advance", Some(&json!({ "minutes": minutes }))).await.map(drop)
    }

    async fn control(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let method = reqwest::Method::from_bytes(method.as_bytes())?;
        let mut request = self.http.request(method, format!("{}/simulator/{path}", self.url));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if !status.is_success() {
            return Err(format!("the simulator answers {path} with {status}: {text}").into());
        }
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }
}

impl Drop for Tenant {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
