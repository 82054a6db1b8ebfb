//! The permission doctor: what the API user can read, what is silently left out, and which right brings it back.

mod evidence;

use crate::failure;
use chrono::{DateTime, Utc};
use futures::{StreamExt, stream};
use secrecy::ExposeSecret;
use taskgauge_autotask::{Access, Client, Connector, Credentials, Error, Filter};
use taskgauge_model::catalogue::Catalogue;
use taskgauge_model::dataset::Dataset;
use taskgauge_model::datasource::{Doctor, DoctorNote, Finding, Probe};
use taskgauge_model::entity::Entity;
use taskgauge_model::gaps::Gap;
use taskgauge_model::gauge::{Gauge, Layer};
use taskgauge_model::ids::DatasourceId;
use taskgauge_model::lacks::need;
use taskgauge_model::run::{RunState, Step};
use taskgauge_store::{Store, StoreError};

/// Counts that the doctor asks for at once. Each is another entity, so the limit per entity is far.
const PROBES_AT_ONCE: usize = 8;
/// More requests than an examination takes.
pub(crate) const REQUESTS: u64 = 100;

/// Why the doctor could not look.
#[derive(Debug, thiserror::Error)]
pub enum DoctorError {
    /// The database did not answer, or the datasource is gone.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Autotask refuses the stored credentials, or cannot be reached.
    #[error("{}", failure::sentence(.0))]
    Autotask(#[from] Box<Error>),
}

/// A client with the stored credentials of a datasource, and the credentials.
pub(crate) async fn client_of(
    store: &Store,
    connector: &Connector,
    datasource: DatasourceId,
) -> Result<(Client, Credentials), DoctorError> {
    let stored = store.credentials(datasource).await?;
    let api_url = url::Url::parse(&stored.api_url)
        .map_err(|_| Box::new(Error::Origin { host: "the stored address".to_owned() }))?;
    let credentials = Credentials::new(
        stored.user_name.expose_secret(),
        stored.secret.expose_secret(),
        stored.integration_code.expose_secret(),
    );
    let client = connector.client(api_url, credentials.clone()).map_err(Box::new)?;
    Ok((client, credentials))
}

/// Examines a datasource with its stored credentials and keeps what was found.
///
/// # Errors
/// As [`DoctorError`] says; what was found before stays then.
pub async fn examine_stored(
    store: &Store,
    connector: &Connector,
    datasource: DatasourceId,
) -> Result<(), DoctorError> {
    let (client, _) = client_of(store, connector, datasource).await?;
    // Refused credentials are refused once, not once for every entity.
    client.version().await.map_err(Box::new)?;
    let found = examine(&client, store.clock().now()).await;
    Ok(store.set_doctor(datasource, &found).await?)
}

/// The permission doctor: asks every entity for its number of rows, looks for evidence of what is hidden silently, and
/// says what is missing, which datasets and gauges lose by it, and which right brings it back.
pub async fn examine(client: &Client, at: DateTime<Utc>) -> Doctor {
    // Collected first: a stream over borrowed closures is not `Send` for every lifetime.
    let asked: Vec<_> = Entity::all().into_iter().map(|entity| examine_one(client, entity)).collect();
    let probes: Vec<Probe> = stream::iter(asked).buffered(PROBES_AT_ONCE).collect().await;
    let gaps = evidence::gaps(client, at, &probes).await;
    Doctor { at: Some(at), probes, notes: notes(client).await, gaps }
}

async fn examine_one(client: &Client, entity: &'static Entity) -> Probe {
    let finding = match client.count(entity.name, &Filter::All).await {
        Ok(rows) => readable(entity, rows),
        Err(Error::Forbidden { .. }) => Finding::Forbidden,
        Err(error) => Finding::Unknown { why: failure::sentence(&error) },
    };
    probe(entity, finding)
}

fn readable(entity: &Entity, rows: u64) -> Finding {
    match rows {
        0 if entity.never_empty => Finding::SuspiciouslyEmpty,
        0 => Finding::Empty,
        rows => Finding::Readable { rows },
    }
}

/// What a run has learnt since the doctor looked: rights that were given or taken away show in it first. `rows` is the
/// number of rows that are stored of an entity. Answers `None` when nothing is different in kind; numbers of rows alone
/// are not worth a new diagnosis. Gaps stay until the doctor looks again, unless the rows that were missing came.
pub fn learnt(doctor: &Doctor, steps: &[Step], rows: impl Fn(&str) -> u64) -> Option<Doctor> {
    let mut changed = false;
    let probes: Vec<Probe> = doctor
        .probes
        .iter()
        .map(|known| {
            let step = steps.iter().find(|step| step.entity == known.entity);
            let now = match (Entity::named(&known.entity), step) {
                (Some(entity), Some(Step { state: RunState::Done, read, .. })) => match known.finding {
                    // It was answered, which it was not before.
                    Finding::Forbidden | Finding::Unknown { .. } => {
                        probe(entity, readable(entity, rows(entity.name)))
                    }
                    // What is stored may be from before it fell silent; what was read is not.
                    Finding::SuspiciouslyEmpty | Finding::Empty if *read > 0 => {
                        probe(entity, Finding::Readable { rows: rows(entity.name) })
                    }
                    _ => return known.clone(),
                },
                (Some(entity), Some(Step { state: RunState::Failed, problem: Some(problem), .. }))
                    if failure::is_about_rights(problem) =>
                {
                    probe(entity, Finding::Forbidden)
                }
                _ => return known.clone(),
            };
            if std::mem::discriminant(&now.finding) == std::mem::discriminant(&known.finding) {
                return known.clone();
            }
            changed = true;
            now
        })
        .collect();
    let has_come = |found: &Probe| {
        let ends = match &found.finding {
            Finding::Gap { id, .. } => Gap::named(id).is_some_and(evidence::ends_with_rows),
            _ => false,
        };
        ends && probes
            .iter()
            .any(|probe| probe.entity == found.entity && matches!(probe.finding, Finding::Readable { .. }))
    };
    let gaps = doctor.gaps.iter().filter(|found| !has_come(found)).cloned().collect();
    changed.then(|| Doctor { probes, gaps, ..doctor.clone() })
}

fn probe(entity: &Entity, finding: Finding) -> Probe {
    let missing = matches!(finding, Finding::Forbidden | Finding::SuspiciouslyEmpty);
    let loses = missing || matches!(finding, Finding::Unknown { .. });
    let (datasets, gauges) = if loses {
        affected(
            |dataset| dataset.entities.iter().any(|name| name == entity.name),
            |gauge, layer, dataset| need(gauge, layer, dataset, entity.name).is_some(),
        )
    } else {
        (Vec::new(), Vec::new())
    };
    Probe {
        entity: entity.name.to_owned(),
        label: entity.label.to_owned(),
        finding,
        right: missing.then(|| (entity.right.tab.to_owned(), entity.right.row.to_owned())),
        datasets,
        gauges,
    }
}

/// Titles of the datasets and of the gauges that something is missing from.
fn affected(
    dataset: impl Fn(&Dataset) -> bool,
    layer: impl Fn(&Gauge, &Layer, &Dataset) -> bool,
) -> (Vec<String>, Vec<String>) {
    let catalogue = Catalogue::shipped();
    let counts = |gauge: &Gauge| {
        gauge.layers.iter().any(|counted| {
            catalogue.dataset(&counted.dataset).is_some_and(|dataset| layer(gauge, counted, dataset))
        })
    };
    let datasets = catalogue.datasets.iter().filter(|known| dataset(known));
    let gauges = catalogue.gauges.iter().filter(|gauge| counts(gauge));
    (
        datasets.map(|dataset| dataset.title.clone()).collect(),
        gauges.map(|gauge| gauge.title.clone()).collect(),
    )
}

/// Entities that integrations are most often given too many rights on.
const WRITTEN: [&str; 8] = [
    "Tickets",
    "TimeEntries",
    "Companies",
    "Contacts",
    "Contracts",
    "Projects",
    "Opportunities",
    "ConfigurationItems",
];

/// What rights the API user has and Taskgauge never uses.
async fn notes(client: &Client) -> Vec<DoctorNote> {
    let entities = WRITTEN.iter().filter_map(|name| Entity::named(name));
    let asked: Vec<_> =
        entities.map(|entity| async move { (entity, client.info(entity.name).await) }).collect();
    let may = |access: Option<Access>| matches!(access, Some(Access::All | Access::Restricted));
    let written: Vec<String> = stream::iter(asked)
        .buffered(PROBES_AT_ONCE)
        .filter_map(|(entity, info)| async move {
            let info = info.ok()?;
            let writes = may(info.user_access_for_create)
                || may(info.user_access_for_update)
                || may(info.user_access_for_delete);
            writes.then(|| entity.label.to_lowercase())
        })
        .collect()
        .await;
    if written.is_empty() {
        return Vec::new();
    }
    vec![DoctorNote {
        missing: false,
        what: format!(
            "This API user may create, change or delete {}. Taskgauge changes none of them.",
            written.join(", ")
        ),
        next: "If no other tool uses this API user, take Add, Edit and Delete away from its security level."
            .to_owned(),
    }]
}
