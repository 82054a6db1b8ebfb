//! `/metrics`: how syncing goes, in the text form of Prometheus. Read by whoever is signed in, and by programs that carry
//! the token of the configuration.

use super::ServerState;
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use std::fmt::Write;
use taskgauge_app::api::kept::Counts;
use taskgauge_store::metrics::{DatasourceMetrics, EntityMetrics};

/// Answers with all metrics.
pub async fn metrics(State(state): State<ServerState>) -> Response {
    match state.app.store.metrics().await {
        Ok(found) => {
            let now = state.app.store.clock().now();
            let mut text = text(&found, now);
            kept(&mut text, &state);
            ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
        }
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    }
}

/// A metric of a datasource: name, help, value.
type OfDatasource = (&'static str, &'static str, fn(&DatasourceMetrics, DateTime<Utc>) -> Option<f64>);

fn seconds_since(at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<f64> {
    at.map(|at| (now - at).num_milliseconds() as f64 / 1_000.0)
}

const OF_DATASOURCE: &[OfDatasource] = &[
    ("taskgauge_sync_age_seconds", "Seconds since the last complete sync ended.", |d, now| {
        seconds_since(d.synced_at, now)
    }),
    ("taskgauge_sync_paused", "1 while the schedule is paused.", |d, _| Some(f64::from(u8::from(d.paused)))),
    ("taskgauge_sync_failed", "1 when the latest run that ended failed.", |d, _| {
        Some(f64::from(u8::from(d.last_failed)))
    }),
    ("taskgauge_sync_running", "1 while a run is under way.", |d, _| Some(f64::from(u8::from(d.running)))),
    ("taskgauge_sync_duration_seconds", "How long the latest run that ended took.", |d, _| d.last_seconds),
    ("taskgauge_sync_requests", "Requests of the latest run that ended.", |d, _| {
        d.last_requests.map(|requests| requests as f64)
    }),
    (
        "taskgauge_autotask_hour_used",
        "Requests of the tenant in the last hour, all integrations, as Autotask said.",
        |d, _| d.hour_used.map(|used| used as f64),
    ),
    ("taskgauge_autotask_hour_limit", "Requests that the tenant may make in an hour.", |d, _| {
        d.hour_limit.map(|limit| limit as f64)
    }),
    ("taskgauge_autotask_share_percent", "Share of what is left that Taskgauge takes.", |d, _| {
        Some(f64::from(d.share_percent))
    }),
    ("taskgauge_quarantined_rows", "Rows that are set aside because they could not be read.", |d, _| {
        Some(d.quarantined as f64)
    }),
    (
        "taskgauge_count_differences",
        "Counts that were still apart from Autotask's own when they were last compared and mended.",
        |d, _| Some(d.differences as f64),
    ),
    ("taskgauge_webhooks_active", "Webhooks that Autotask calls; missing while they are off.", |d, _| {
        d.webhooks.map(|webhooks| webhooks as f64)
    }),
    (
        "taskgauge_callouts_waiting",
        "Callouts whose record is not read yet; missing while webhooks are off.",
        |d, _| d.callouts_waiting.map(|waiting| waiting as f64),
    ),
];

/// A metric of an entity: name, help, value.
type OfEntity = (&'static str, &'static str, fn(&EntityMetrics, DateTime<Utc>) -> Option<f64>);

const OF_ENTITY: &[OfEntity] = &[
    ("taskgauge_entity_rows", "Rows that are stored.", |e, _| Some(e.rows as f64)),
    ("taskgauge_entity_age_seconds", "Seconds since Autotask last answered completely.", |e, now| {
        seconds_since(e.read_at, now)
    }),
];

fn text(found: &[DatasourceMetrics], now: DateTime<Utc>) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "# HELP taskgauge_build_info The version that runs.\n# TYPE taskgauge_build_info gauge"
    );
    let _ = writeln!(out, "taskgauge_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"));
    for (name, help, value) in OF_DATASOURCE {
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
        for datasource in found {
            if let Some(value) = value(datasource, now) {
                let _ = writeln!(out, "{name}{{datasource=\"{}\"}} {value}", escaped(&datasource.name));
            }
        }
    }
    for (name, help, value) in OF_ENTITY {
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
        for datasource in found {
            let of = escaped(&datasource.name);
            for entity in &datasource.entities {
                if let Some(value) = value(entity, now) {
                    let _ = writeln!(
                        out,
                        "{name}{{datasource=\"{of}\",entity=\"{}\"}} {value}",
                        escaped(&entity.entity)
                    );
                }
            }
        }
    }
    out
}

/// A number of what is kept: its name, its type, what it says, and how it is read.
type KeptMetric = (&'static str, &'static str, &'static str, fn(&Counts) -> u64);

/// What this process keeps, and how often that spared it work.
fn kept(out: &mut String, state: &ServerState) {
    let answers = state.app.store.answer_counts();
    let answers = Counts { asked: answers.asked, made: answers.computed, bytes: answers.bytes };
    let days = state.app.store.day_counts();
    let days = Counts { asked: days.asked, made: days.counted, bytes: days.bytes };
    let kinds = [
        ("answers", answers),
        ("days", days),
        ("boards", state.app.boards.counts()),
        ("pages", state.pages.counts()),
    ];
    let metrics: [KeptMetric; 4] = [
        ("taskgauge_kept_asked_total", "counter", "How often one was asked for.", |counts| counts.asked),
        ("taskgauge_kept_hits_total", "counter", "How often one was there, or being made.", |counts| {
            counts.asked.saturating_sub(counts.made)
        }),
        ("taskgauge_kept_made_total", "counter", "How often one had to be made.", |counts| counts.made),
        ("taskgauge_kept_bytes", "gauge", "Bytes that the kept ones take, about.", |counts| counts.bytes),
    ];
    for (name, kind, help, value) in metrics {
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (what, counts) in &kinds {
            let _ = writeln!(out, "{name}{{what=\"{what}\"}} {}", value(counts));
        }
    }
}

/// A label's value: backslash, quote and line break are escaped.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_datasources_cannot_break_a_line() {
        let found = [DatasourceMetrics { name: "A \"b\"\n\\".to_owned(), ..DatasourceMetrics::default() }];
        let text = text(&found, DateTime::UNIX_EPOCH);
        assert!(text.contains("taskgauge_sync_paused{datasource=\"A \\\"b\\\"\\n\\\\\"} 0\n"), "{text}");
        for line in text.lines() {
            assert!(line.starts_with("# ") || line.starts_with("taskgauge_"), "{line}");
        }
    }
}
