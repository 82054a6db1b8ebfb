//! What failures mean to an admin, and the one thing to do next.

use taskgauge_autotask::{AddressError, ConnectFailure, Error};
use taskgauge_model::datasource::{DraftField, FailureCause, TestFailure};

const RIGHTS: &str = "The API user may not read this.";

fn failure(cause: FailureCause, what: impl Into<String>, next: impl Into<String>) -> TestFailure {
    TestFailure { cause, what: what.into(), next: next.into(), field: None, suggestion: None }
}

fn at(field: DraftField, failure: TestFailure) -> TestFailure {
    TestFailure { field: Some(field), ..failure }
}

/// A failed call in the words of the datasource form.
pub fn of(error: &Error) -> TestFailure {
    use FailureCause as Cause;
    match error {
        Error::Unauthorized => at(
            DraftField::Secret,
            failure(
                Cause::Refused,
                "Autotask knows the user name but refuses the credentials.",
                "Paste the secret again, or generate a new one on the API user's page. Check there too that the user is \
                 active, not locked, an API-only user, and that the integration code is the one on that page.",
            ),
        ),
        Error::UnknownUser => at(
            DraftField::UserName,
            failure(
                Cause::UnknownUser,
                "Autotask does not know this user name.",
                "Copy the username (key) from the API user's page. A new API user takes up to 5 minutes to be known: if you \
                 have just made it, wait 5 minutes and test again.",
            ),
        ),
        Error::IntegrationCode => at(
            DraftField::IntegrationCode,
            failure(
                Cause::IntegrationCode,
                "Autotask does not accept the integration code.",
                "Copy the tracking identifier from the API user's page.",
            ),
        ),
        Error::InvalidCredentials { field } => {
            let input = match *field {
                "user name" => DraftField::UserName,
                "secret" => DraftField::Secret,
                _ => DraftField::IntegrationCode,
            };
            at(
                input,
                failure(
                    Cause::Refused,
                    format!("The {field} holds a character that cannot be sent."),
                    "Paste it again without line breaks.",
                ),
            )
        }
        Error::Forbidden { entity, .. } => failure(
            Cause::Other,
            format!("{RIGHTS} Autotask refuses the collection {entity}."),
            "Give the API user's security level the right to view it.",
        ),
        Error::HourlyLimit => failure(
            Cause::HourlyLimit,
            "The requests that Autotask allows all your integrations together in an hour are used up.",
            "Wait until the hour has passed. Taskgauge goes on by itself. If this happens often, look for the integration \
             that uses most of them.",
        ),
        Error::Throttled { .. } | Error::ThreadLimit => failure(
            Cause::Unavailable,
            "Autotask asks to slow down and did so again after several attempts.",
            "Wait a few minutes. If another tool uses the same integration code, give Taskgauge its own.",
        ),
        Error::Unavailable { status } => failure(
            Cause::Unavailable,
            format!("Autotask is unavailable (HTTP {status})."),
            "Wait a few minutes and try again. Autotask announces maintenance on its status page.",
        ),
        Error::Html => failure(
            Cause::Unavailable,
            "A web page came instead of data: a maintenance page, or a proxy between this server and Autotask.",
            "Try again in a few minutes. If it stays, ask whoever runs the network whether a proxy answers for autotask.net.",
        ),
        Error::EmptyBody | Error::Truncated => failure(
            Cause::Unavailable,
            "Autotask's answer ended early, several times.",
            "Try again in a few minutes. If it stays, ask whoever runs the network about a proxy that cuts answers.",
        ),
        Error::Timeout => failure(
            Cause::Timeout,
            "Autotask did not answer in time.",
            "Try again. If it stays, check that this server may reach autotask.net on port 443.",
        ),
        Error::Connect { reason } => {
            let what = match reason {
                ConnectFailure::Dns => "The address of Autotask could not be resolved.",
                ConnectFailure::Refused => "The connection to Autotask was refused.",
                ConnectFailure::Unreachable => "There is no network route to Autotask.",
                ConnectFailure::Closed => "The connection to Autotask broke before an answer came.",
                _ => "No connection to Autotask could be made.",
            };
            let next = match reason {
                ConnectFailure::Dns => "Check the DNS settings of this server.",
                _ => "Check that this server may reach autotask.net on port 443, or set its proxy.",
            };
            failure(Cause::Network, what, next)
        }
        Error::Tls { certificate: true, .. } => failure(
            Cause::Certificate,
            "The certificate that came for Autotask cannot be trusted.",
            "A proxy may be inspecting the traffic: add its root certificate to this server, or exempt autotask.net. Check \
             the server's clock too.",
        ),
        Error::Tls { certificate: false, .. } => failure(
            Cause::Network,
            "No secure connection to Autotask could be made.",
            "Check that this server may reach autotask.net on port 443 with TLS 1.2 or newer.",
        ),
        Error::Redirected { to } => failure(
            Cause::Address,
            format!(
                "The server redirects to {}. Credentials are never sent after a redirect.",
                to.as_deref().unwrap_or("another place")
            ),
            "Check the zone, and whether a proxy stands between this server and Autotask.",
        ),
        Error::Origin { host } => failure(
            Cause::Address,
            format!("The address {host} is not one of Autotask. Nothing was sent to it."),
            "Leave the zone empty so that it is found, or enter its number.",
        ),
        Error::Rejected { status, errors } => failure(
            Cause::Other,
            format!("Autotask rejected the request (HTTP {status}): {}", errors.join("; ")),
            "Try again. If it stays, the text above helps Autotask's support.",
        ),
        Error::NotFound | Error::MethodNotAllowed => failure(
            Cause::Other,
            "Autotask does not have this part of its API here.",
            "Check that the module it belongs to is active in your Autotask.",
        ),
        Error::OutOfOrder { entity, .. } | Error::PageTooLarge { entity, .. } => failure(
            Cause::Other,
            format!("Autotask sent {entity} out of order. Reading stopped, so that no row is lost."),
            "Try again. If it stays, this is a change in Autotask's API that Taskgauge has to learn.",
        ),
        Error::BodyTooLarge { .. } => failure(
            Cause::Other,
            "Autotask's answer is larger than Taskgauge takes.",
            "Try again. If it stays, this is a change in Autotask's API that Taskgauge has to learn.",
        ),
        Error::Setup(what) => failure(
            Cause::Certificate,
            format!("This server cannot make secure connections: {what}."),
            "Install the system's root certificates.",
        ),
        // Decoding, invalid queries, and kinds of failure that a later client may add.
        other => failure(
            Cause::Other,
            format!("Autotask's answer cannot be used: {other}."),
            "Try again. If it stays, this is a change in Autotask's API that Taskgauge has to learn.",
        ),
    }
}

/// An address that a person typed and that is none, in the words of the form.
pub fn of_address(field: DraftField, error: &AddressError) -> TestFailure {
    let failure = failure(
        FailureCause::Address,
        error.to_string(),
        "Leave it empty so that it is found, or enter the number in your browser's address: ww5.autotask.net means zone 5.",
    );
    at(field, failure)
}

/// The zone that was given is not the one where the user lives.
pub fn wrong_zone(right: String) -> TestFailure {
    TestFailure {
        suggestion: Some(right.clone()),
        ..at(
            DraftField::Zone,
            failure(
                FailureCause::WrongZone,
                "This zone refuses the credentials, and Autotask says that the user lives in another one.",
                format!("Use zone {right}."),
            ),
        )
    }
}

/// The security level shows nothing at all.
pub fn nothing_readable() -> TestFailure {
    failure(
        FailureCause::NothingReadable,
        "The credentials work, but the API user may not read anything.",
        "Open Admin → Security levels in Autotask and give the API user's security level the right to view tickets, \
         companies, resources and the rest of the list in the guide. A copy of “API User (system)” has them all.",
    )
}

/// What happened and what to do, as the text beside a run or a step.
pub fn sentence(error: &Error) -> String {
    let TestFailure { what, next, .. } = of(error);
    format!("{what} {next}")
}

/// Whether a step's sentence tells of a missing right.
pub(crate) fn is_about_rights(problem: &str) -> bool {
    problem.starts_with(RIGHTS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use std::time::Duration;

    #[rstest]
    #[case(Error::Unauthorized, FailureCause::Refused)]
    #[case(Error::UnknownUser, FailureCause::UnknownUser)]
    #[case(Error::IntegrationCode, FailureCause::IntegrationCode)]
    #[case(Error::InvalidCredentials { field: "secret" }, FailureCause::Refused)]
    #[case(Error::Forbidden { entity: "Tickets".into(), message: String::new() }, FailureCause::Other)]
    #[case(Error::HourlyLimit, FailureCause::HourlyLimit)]
    #[case(Error::Throttled { retry_after: Some(Duration::from_mins(1)) }, FailureCause::Unavailable)]
    #[case(Error::ThreadLimit, FailureCause::Unavailable)]
    #[case(Error::Unavailable { status: 503 }, FailureCause::Unavailable)]
    #[case(Error::Html, FailureCause::Unavailable)]
    #[case(Error::EmptyBody, FailureCause::Unavailable)]
    #[case(Error::Truncated, FailureCause::Unavailable)]
    #[case(Error::Timeout, FailureCause::Timeout)]
    #[case(Error::Connect { reason: ConnectFailure::Dns }, FailureCause::Network)]
    #[case(Error::Connect { reason: ConnectFailure::Unreachable }, FailureCause::Network)]
    #[case(Error::Tls { certificate: true, reason: "unknown issuer".into() }, FailureCause::Certificate)]
    #[case(Error::Tls { certificate: false, reason: "handshake".into() }, FailureCause::Network)]
    #[case(Error::Redirected { to: None }, FailureCause::Address)]
    #[case(Error::Origin { host: "example.com".into() }, FailureCause::Address)]
    #[case(Error::Rejected { status: 500, errors: vec!["No.".into()] }, FailureCause::Other)]
    #[case(Error::NotFound, FailureCause::Other)]
    #[case(Error::Decode { what: "the page has no items".into() }, FailureCause::Other)]
    #[case(Error::OutOfOrder { entity: "Tickets".into(), previous: 2, found: 1 }, FailureCause::Other)]
    #[case(Error::BodyTooLarge { limit: 1 }, FailureCause::Other)]
    #[case(Error::Setup("no root certificates".into()), FailureCause::Certificate)]
    fn every_failure_says_what_and_what_next(#[case] error: Error, #[case] cause: FailureCause) {
        let failure = of(&error);
        assert_eq!(failure.cause, cause);
        for sentence in [&failure.what, &failure.next] {
            assert!(
                sentence.ends_with('.') && sentence.starts_with(|first: char| !first.is_lowercase()),
                "{sentence}"
            );
        }
        assert_eq!(is_about_rights(&sentence(&error)), matches!(error, Error::Forbidden { .. }));
    }
}
