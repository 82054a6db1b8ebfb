//! Testing a connection, and the permission doctor.

use crate::failure;
use chrono::{DateTime, Utc};
use futures::{StreamExt, stream};
use secrecy::SecretString;
use std::time::{Duration, Instant};
use taskgauge_autotask::{Access, AddressError, Client, Connector, Credentials, Error, Filter, Zone, value};
use taskgauge_model::catalogue::Catalogue;
use taskgauge_model::datasource::{
    Doctor, DoctorNote, Draft, DraftField, Finding, Probe, TestFailure, TestReport,
};
use taskgauge_model::entity::Entity;
use taskgauge_store::datasources::StoredCredentials;
use taskgauge_store::drafts::TestedDraft;
use url::Url;

/// Counts that the doctor asks for at once. Each is another entity, so the limit per entity is far.
const PROBES_AT_ONCE: usize = 8;

/// Collections that every managed service provider has rows in. None of them means a missing right.
const NEVER_EMPTY: &[&str] = &[
    "BillingCodes",
    "Companies",
    "Contacts",
    "Contracts",
    "Departments",
    "InternalLocations",
    "ResourceRoleDepartments",
    "Resources",
    "Roles",
    "TicketCategories",
    "Tickets",
    "TimeEntries",
];

/// Tests what a person typed: zone, credentials, and what can be read. `expected_tenant` is the tenant whose rows are
/// stored already, when credentials are replaced.
///
/// # Errors
/// The cause, and the one thing to do next. Refused credentials are never tried twice at the same address.
pub async fn test_connection(
    connector: &Connector,
    draft: &Draft,
    expected_tenant: Option<i64>,
    now: DateTime<Utc>,
) -> Result<TestedDraft, TestFailure> {
    let given = address(connector, DraftField::Zone, &draft.zone)?;
    let web_given = web_address(connector, &draft.web_url)?;
    let discovered = connector.discover(&draft.user_name).await;
    let api_url = match (&given, &discovered) {
        (Some(given), _) => given.clone(),
        (None, Ok(zone)) => zone.api_url.clone(),
        (None, Err(error)) => return Err(failure::of(error)),
    };
    let zone = discovered.as_ref().ok().filter(|zone| zone.api_url == api_url);
    let tenant = discovered.as_ref().ok().and_then(|zone| zone.tenant);
    if let (Some(expected), Some(tenant)) = (expected_tenant, tenant)
        && expected != tenant
    {
        return Err(failure::other_tenant());
    }
    let credentials = Credentials::new(&draft.user_name, &draft.secret, &draft.integration_code);
    let client = connector.client(api_url.clone(), credentials).map_err(|error| failure::of(&error))?;

    let began = Instant::now();
    let version = match client.version().await {
        Ok(version) => version,
        Err(Error::Unauthorized) => return Err(refusal(&api_url, &discovered)),
        Err(error) => return Err(failure::of(&error)),
    };
    let round_trip = began.elapsed();
    let limits = client.thresholds().await.map_err(|error| failure::of(&error))?;
    if limits.limit > 0 && limits.used >= limits.limit {
        return Err(failure::of(&Error::HourlyLimit));
    }
    let company = match client.get("Companies", 0).await {
        Ok(row) => row.and_then(|row| value::text(value::field(&row, "companyName")?).ok()?),
        Err(Error::Unauthorized) => return Err(refusal(&api_url, &discovered)),
        // Its name is a courtesy; whether companies can be read is the doctor's to say.
        Err(_) => None,
    };
    let doctor = examine(&client, now).await;
    if !doctor.probes.is_empty()
        && doctor.probes.iter().all(|probe| {
            matches!(probe.finding, Finding::Forbidden | Finding::SuspiciouslyEmpty | Finding::Empty)
        })
    {
        return Err(failure::nothing_readable());
    }
    let zone_name =
        zone.map_or_else(|| api_url.host_str().unwrap_or_default().to_owned(), |zone| zone.name.clone());
    let web_url = web_given.or_else(|| zone.and_then(|zone| zone.web_url.clone()));
    let report = TestReport {
        user_name: draft.user_name.clone(),
        zone_name,
        zone_number: zone.and_then(|zone| zone.number).or_else(|| number_in(&api_url)),
        api_url: api_url.to_string(),
        web_url: web_url.map(|url| url.to_string()),
        tenant,
        company,
        api_version: [version.major, version.minor, version.build]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("."),
        round_trip_ms: milliseconds(round_trip),
        requests_used: u32::try_from(limits.used).unwrap_or(u32::MAX),
        request_limit: u32::try_from(limits.limit).unwrap_or(u32::MAX),
        doctor,
    };
    let credentials = StoredCredentials {
        user_name: SecretString::from(draft.user_name.clone()),
        secret: SecretString::from(draft.secret.clone()),
        integration_code: SecretString::from(draft.integration_code.clone()),
        api_url: api_url.to_string(),
    };
    Ok(TestedDraft { credentials, report })
}

fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

/// What a person typed into an address field, if anything.
fn address(connector: &Connector, field: DraftField, text: &str) -> Result<Option<Url>, TestFailure> {
    match connector.zone_address(text) {
        Ok(url) => Ok(Some(url)),
        Err(AddressError::Empty) => Ok(None),
        Err(error) => Err(failure::of_address(field, &error)),
    }
}

/// The root of the web interface that a person typed. Only addresses of zones pass.
fn web_address(connector: &Connector, text: &str) -> Result<Option<Url>, TestFailure> {
    let Some(api_url) = address(connector, DraftField::WebUrl, text)? else { return Ok(None) };
    let host = api_url.host_str().unwrap_or_default();
    let mut web = api_url.clone();
    web.set_path("/");
    if let Some(number) = host.strip_prefix("webservices") {
        // The API's and the web interface's hosts differ in their first word only.
        if web.set_host(Some(&format!("ww{number}"))).is_err() {
            return Err(failure::of_address(DraftField::WebUrl, &AddressError::NotAnAddress));
        }
    }
    Ok(Some(web))
}

/// Why the credentials were refused: the wrong zone, an unknown user, or the credentials themselves.
fn refusal(tried: &Url, discovered: &Result<Zone, Error>) -> TestFailure {
    match discovered {
        Ok(zone) if &zone.api_url != tried => {
            let right = zone.number.or_else(|| number_in(&zone.api_url));
            failure::wrong_zone(right.map_or_else(|| zone.api_url.to_string(), |number| number.to_string()))
        }
        Err(error @ Error::UnknownUser) => failure::of(error),
        _ => failure::of(&Error::Unauthorized),
    }
}

/// The number in `webservicesN.autotask.net`.
fn number_in(url: &Url) -> Option<u16> {
    url.host_str()?.strip_prefix("webservices")?.split('.').next()?.parse().ok()
}

/// The permission doctor: asks every entity for its number of rows and says what is missing, which datasets lose by
/// it, and which right brings it back.
pub async fn examine(client: &Client, at: DateTime<Utc>) -> Doctor {
    // Collected first: a stream over borrowed closures is not `Send` for every lifetime.
    let asked: Vec<_> = Entity::all().into_iter().map(|entity| examine_one(client, entity)).collect();
    let probes = stream::iter(asked).buffered(PROBES_AT_ONCE).collect().await;
    Doctor { at: Some(at), probes, notes: notes(client).await }
}

async fn examine_one(client: &Client, entity: &'static Entity) -> Probe {
    let finding = match client.count(entity.name, &Filter::All).await {
        Ok(0) if NEVER_EMPTY.contains(&entity.name) => Finding::SuspiciouslyEmpty,
        Ok(0) => Finding::Empty,
        Ok(rows) => Finding::Readable { rows },
        Err(Error::Forbidden { .. }) => Finding::Forbidden,
        Err(error) => Finding::Unknown { why: failure::sentence(&error) },
    };
    probe(entity, finding)
}

fn probe(entity: &Entity, finding: Finding) -> Probe {
    let missing = matches!(finding, Finding::Forbidden | Finding::SuspiciouslyEmpty);
    let loses = missing || matches!(finding, Finding::Unknown { .. });
    let datasets = Catalogue::shipped()
        .datasets
        .iter()
        .filter(|dataset| loses && dataset.entities.iter().any(|name| name == entity.name))
        .map(|dataset| dataset.title.clone())
        .collect();
    Probe {
        entity: entity.name.to_owned(),
        label: entity.label.to_owned(),
        finding,
        right: missing.then(|| (entity.right.tab.to_owned(), entity.right.row.to_owned())),
        datasets,
    }
}

/// What rights the API user has and Taskgauge never uses.
async fn notes(client: &Client) -> Vec<DoctorNote> {
    let Ok(info) = client.info("Tickets").await else { return Vec::new() };
    let may = |access: Option<Access>| matches!(access, Some(Access::All | Access::Restricted));
    if may(info.user_access_for_create)
        || may(info.user_access_for_update)
        || may(info.user_access_for_delete)
    {
        vec![DoctorNote {
            missing: false,
            what: "This API user may create or change tickets. Taskgauge only reads.".to_owned(),
            next:
                "If no other tool uses this API user, take Add, Edit and Delete away from its security level."
                    .to_owned(),
        }]
    } else {
        Vec::new()
    }
}
