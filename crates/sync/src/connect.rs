//! Testing a connection.

use crate::doctor::examine;
use crate::failure;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use std::time::{Duration, Instant};
use taskgauge_autotask::{AddressError, Connector, Credentials, Error, Zone, value};
use taskgauge_model::datasource::{Draft, DraftField, Finding, TestFailure, TestReport, web_root};
use taskgauge_store::datasources::StoredCredentials;
use taskgauge_store::drafts::TestedDraft;
use url::Url;

/// Tests what a person typed: zone, credentials, and what can be read. Whether it is the tenant whose rows are stored
/// already is asked when the tested draft is saved.
///
/// # Errors
/// The cause, and the one thing to do next. Refused credentials are never tried twice at the same address.
pub async fn test_connection(
    connector: &Connector,
    draft: &Draft,
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
    let credentials = Credentials::new(&draft.user_name, &draft.secret, &draft.integration_code);
    let client = connector.client(api_url.clone(), credentials).map_err(|error| failure::of(&error))?;

    let began = Instant::now();
    let version = match client.version().await {
        Ok(version) => version,
        Err(Error::Unauthorized) => return Err(refusal(&api_url, &discovered)),
        // Some zones answer an unknown user with an error of their own; discovery has said it plainly.
        Err(Error::Rejected { .. }) if matches!(discovered, Err(Error::UnknownUser)) => {
            return Err(failure::of(&Error::UnknownUser));
        }
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

/// The root of the web interface that a person typed, by any address or number of the zone; `None` when nothing was
/// typed. What passes is what is stored: the same in the test, when it is saved, and when it is changed later.
///
/// # Errors
/// Addresses of other hosts, and what is no address.
pub fn web_address(connector: &Connector, text: &str) -> Result<Option<Url>, TestFailure> {
    let Some(api_url) = address(connector, DraftField::WebUrl, text)? else { return Ok(None) };
    web_root(api_url.as_str())
        .and_then(|root| Url::parse(&root).ok())
        .map(Some)
        .ok_or_else(|| failure::of_address(DraftField::WebUrl, &AddressError::NotAnAddress))
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
