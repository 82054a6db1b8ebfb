//! A connected tenant as people see it: the form, its test, and the state of the connection.

use crate::ids::DatasourceId;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Longest name of a datasource, in characters.
pub const NAME_MAX: usize = 80;
/// Longest credential or address, in characters.
pub const FIELD_MAX: usize = 500;

/// What a person typed into the datasource form. It travels once, from the browser to the test.
///
/// `Debug` leaves the credentials out.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The datasource's name, chosen by the admin.
    #[serde(default)]
    pub name: String,
    /// The API user's name (key), e-mail style.
    #[serde(default)]
    pub user_name: String,
    /// The API user's secret.
    #[serde(default)]
    pub secret: String,
    /// The API tracking identifier.
    #[serde(default)]
    pub integration_code: String,
    /// Zone override: a number or any address of the zone; empty means *find it*.
    #[serde(default)]
    pub zone: String,
    /// Deep-link address override; empty means *as discovered*.
    #[serde(default)]
    pub web_url: String,
    /// IANA name of the zone that days are counted in.
    #[serde(default)]
    pub time_zone: String,
}

impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Draft").field("name", &self.name).field("zone", &self.zone).finish_non_exhaustive()
    }
}

/// A field of the form, for messages that belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DraftField {
    /// [`Draft::name`]
    Name,
    /// [`Draft::user_name`]
    UserName,
    /// [`Draft::secret`]
    Secret,
    /// [`Draft::integration_code`]
    IntegrationCode,
    /// [`Draft::zone`]
    Zone,
    /// [`Draft::web_url`]
    WebUrl,
    /// [`Draft::time_zone`]
    TimeZone,
}

impl DraftField {
    /// The `name` of the input in the form, and of the command-line flag (with `-` for `_`).
    pub const fn key(self) -> &'static str {
        match self {
            DraftField::Name => "name",
            DraftField::UserName => "user_name",
            DraftField::Secret => "secret",
            DraftField::IntegrationCode => "integration_code",
            DraftField::Zone => "zone",
            DraftField::WebUrl => "web_url",
            DraftField::TimeZone => "time_zone",
        }
    }
}

/// Something wrong with one field, as a sentence that says what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldProblem {
    /// The field.
    pub field: DraftField,
    /// The sentence.
    pub message: String,
}

impl Draft {
    /// What may go back to the form: everything but the secrets.
    #[must_use]
    pub fn without_secrets(self) -> Draft {
        Draft { secret: String::new(), integration_code: String::new(), ..self }
    }

    /// What can be told without asking Autotask. Credentials are never trimmed or changed.
    pub fn problems(&self) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        let mut say =
            |field, message: &str| problems.push(FieldProblem { field, message: message.to_owned() });
        if self.name.trim().is_empty() {
            say(DraftField::Name, "Give the datasource a name, for example your company's.");
        } else if self.name.chars().count() > NAME_MAX {
            say(DraftField::Name, "Use a name of at most 80 characters.");
        } else if self.name.chars().any(char::is_control) {
            say(DraftField::Name, "Use a name without line breaks or control characters.");
        }
        for (field, value, what) in [
            (DraftField::UserName, &self.user_name, "the API user's name (key)"),
            (DraftField::Secret, &self.secret, "the API user's secret"),
            (
                DraftField::IntegrationCode,
                &self.integration_code,
                "the tracking identifier (integration code)",
            ),
        ] {
            if value.trim().is_empty() {
                say(field, &format!("Enter {what}."));
            } else if value.chars().count() > FIELD_MAX {
                say(field, "This is longer than Autotask allows (500 characters). Paste it again.");
            } else if value.chars().any(char::is_control) {
                say(field, "This holds a line break or control character. Paste it again without it.");
            } else if value.trim() != value {
                say(field, "This begins or ends with a space. Paste it again without it.");
            } else if field != DraftField::Secret && !value.is_ascii() {
                say(field, "This holds a character that Autotask does not use here. Paste it again.");
            }
        }
        if self.user_name.chars().any(char::is_whitespace) && self.user_name.trim() == self.user_name {
            say(DraftField::UserName, "An API user's name has no spaces. Copy it from the API user's page.");
        }
        for (field, value) in [(DraftField::Zone, &self.zone), (DraftField::WebUrl, &self.web_url)] {
            if value.chars().count() > FIELD_MAX {
                say(field, "This address is too long.");
            }
        }
        problems
    }
}

/// What a test found out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case", from = "flat::TestOutcome")]
#[allow(clippy::large_enum_variant, reason = "there is one of them, for a moment")]
pub enum TestOutcome {
    /// The credentials work; they are kept under `draft` for 15 minutes.
    Passed {
        /// Opaque id of the tested draft, bound to the session. *Save* names it and nothing else.
        draft: String,
        /// What was proven.
        report: TestReport,
    },
    /// They do not work, and this is the one thing to do.
    Failed(TestFailure),
    /// The form itself is incomplete or wrong.
    Invalid {
        /// At least one.
        problems: Vec<FieldProblem>,
    },
}

/// Why a test failed, in the words an admin reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestFailure {
    /// What kind of failure; stable, for scripts and tests.
    pub cause: FailureCause,
    /// What happened.
    pub what: String,
    /// The one thing to do next.
    pub next: String,
    /// The field to look at, if one is to blame.
    pub field: Option<DraftField>,
    /// A value the form can offer for that field (the right zone, say).
    pub suggestion: Option<String>,
}

/// The kinds of failure a connection can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureCause {
    /// Autotask does not know the user name.
    UnknownUser,
    /// The user is known, the credentials are refused: secret, integration code, locked or not an API user.
    Refused,
    /// Autotask says that the integration code is wrong.
    IntegrationCode,
    /// The zone given is not the user's.
    WrongZone,
    /// An address was refused by our own rules.
    Address,
    /// The name could not be resolved or nothing answers.
    Network,
    /// The certificate could not be trusted.
    Certificate,
    /// Autotask answers, but not with its API: maintenance, proxy page, 5xx.
    Unavailable,
    /// The tenant's hourly allowance is used up.
    HourlyLimit,
    /// No answer in time.
    Timeout,
    /// Nothing can be read: the security level lacks everything.
    NothingReadable,
    /// Anything else that Autotask said.
    Other,
}

/// What a passed test proved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestReport {
    /// The API user, for the summary. Never the secret.
    pub user_name: String,
    /// The zone's name as Autotask gives it.
    pub zone_name: String,
    /// The zone's number, when its address has one.
    pub zone_number: Option<u16>,
    /// API root.
    pub api_url: String,
    /// Web address, for deep links.
    pub web_url: Option<String>,
    /// Autotask's number of the customer database.
    pub tenant: Option<i64>,
    /// The MSP's own name (company 0), if readable.
    pub company: Option<String>,
    /// Version of the API.
    pub api_version: String,
    /// Round trip of one call, in milliseconds.
    pub round_trip_ms: u32,
    /// Requests used in the last hour, by everyone, and the limit.
    pub requests_used: u32,
    /// The tenant's limit per hour.
    pub request_limit: u32,
    /// What each entity answered.
    pub doctor: Doctor,
}

/// The permission doctor's findings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Doctor {
    /// When it looked.
    pub at: Option<DateTime<Utc>>,
    /// One per entity, in the order of the first load.
    pub probes: Vec<Probe>,
    /// Rights that are not needed.
    #[serde(default)]
    pub notes: Vec<DoctorNote>,
    /// What other rows say is missing, although nothing was refused: findings of the kind [`Finding::Gap`], or
    /// [`Finding::Unknown`] where the evidence could not be seen.
    #[serde(default)]
    pub gaps: Vec<Probe>,
}

impl Doctor {
    /// With what is `known` of entities that could not be asked about now; all of it where none could.
    #[must_use]
    pub fn or_known(mut self, known: &Doctor) -> Doctor {
        let is_unknown = |probe: &Probe| matches!(probe.finding, Finding::Unknown { .. });
        if self.probes.iter().all(is_unknown) {
            return known.clone();
        }
        for probe in self.probes.iter_mut().filter(|probe| is_unknown(probe)) {
            if let Some(before) = known.probes.iter().find(|before| before.entity == probe.entity) {
                probe.clone_from(before);
            }
        }
        self
    }

    /// How many entities can be read.
    pub fn readable(&self) -> usize {
        self.probes.iter().filter(|probe| matches!(probe.finding, Finding::Readable { .. })).count()
    }
}

/// What the doctor found for one entity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// The entity's name, e.g. `Tickets`.
    pub entity: String,
    /// What people call it.
    pub label: String,
    /// What was found.
    pub finding: Finding,
    /// The security level's tab and row to change, when something is missing.
    pub right: Option<(String, String)>,
    /// Titles of the datasets that lose by it.
    pub datasets: Vec<String>,
    /// Titles of the gauges that lose by it.
    #[serde(default)]
    pub gauges: Vec<String>,
}

/// An entity's answer to `query/count`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case", from = "flat::Finding")]
pub enum Finding {
    /// Rows can be read.
    Readable {
        /// How many.
        rows: u64,
    },
    /// Nothing came back where an MSP always has rows: most likely a right is missing.
    SuspiciouslyEmpty,
    /// Nothing there, and that is believable.
    Empty,
    /// Autotask refuses.
    Forbidden,
    /// The question could not be answered now.
    Unknown {
        /// Why, as a sentence.
        why: String,
    },
    /// Nothing was refused, but rows or values that should be there are not to be seen.
    Gap {
        /// Name of the gap's declaration.
        id: String,
        /// What was seen, what is wrong by it, and what would make it right, as sentences.
        why: String,
    },
}

/// A remark of the permission doctor that is not about one entity's count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoctorNote {
    /// Whether something is missing (`true`) or merely not needed (`false`).
    pub missing: bool,
    /// What was seen.
    pub what: String,
    /// The one thing to do.
    pub next: String,
}

/// A datasource as lists and pages show it. It holds no secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Datasource {
    /// Its id.
    pub id: DatasourceId,
    /// Its name.
    pub name: String,
    /// The API user's name.
    pub user_name: String,
    /// The zone's name.
    pub zone_name: String,
    /// API root.
    pub api_url: String,
    /// Web address for deep links.
    pub web_url: Option<String>,
    /// Autotask's number of the customer database.
    pub tenant: Option<i64>,
    /// IANA name of the zone that days are counted in.
    pub time_zone: String,
    /// When the credentials were stored.
    pub credentials_at: DateTime<Utc>,
    /// When Autotask last accepted them.
    pub credentials_worked_at: Option<DateTime<Utc>>,
    /// End of the last complete sync.
    pub synced_at: Option<DateTime<Utc>>,
    /// Whether syncing is paused by an admin.
    pub paused: bool,
    /// Minutes between two syncs.
    pub sync_minutes: u16,
    /// Share of what is left of the tenant's requests that a sync takes, in percent.
    pub share_percent: u8,
    /// What Autotask last said of the tenant's requests.
    pub hour: Option<HourOfRequests>,
}

/// Data is old when so many syncs in a row did not bring any, and never before half an hour.
const SYNCS_MISSED: i64 = 3;
const OLD_AFTER: i64 = 30;

impl Datasource {
    /// After how many minutes without a sync its data is old.
    pub fn stale_minutes(&self) -> i64 {
        (i64::from(self.sync_minutes) * SYNCS_MISSED).max(OLD_AFTER)
    }
}

/// The requests of a tenant in the last hour, of all integrations together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HourOfRequests {
    /// How many were made.
    pub used: u64,
    /// How many there may be.
    pub limit: u64,
    /// When that was said.
    pub at: DateTime<Utc>,
}

/// Minutes that may lie between two syncs.
pub const SYNC_MINUTES: std::ops::RangeInclusive<u16> = 1..=1_440;
/// Percent that a sync may take of what is left of the tenant's requests.
pub const SHARE_PERCENT: std::ops::RangeInclusive<u8> = 1..=100;

/// The root of the web interface beside an API address: `https://webservices5.autotask.net/ATServicesRest/` →
/// `https://ww5.autotask.net/`. Hosts that break the pattern serve both.
pub fn web_root(api_url: &str) -> Option<String> {
    let (scheme, rest) = api_url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next().filter(|host| !host.is_empty())?;
    let web = host.strip_prefix("webservices").map_or_else(|| host.to_owned(), |zone| format!("ww{zone}"));
    Some(format!("{scheme}://{web}/"))
}

/// Tagged enums as they are read: one structure with everything any variant holds. What serde writes for reading a tag
/// anywhere among the fields buffers the whole value first, and that is a twentieth of the wasm.
mod flat {
    use super::{FailureCause, FieldProblem, TestFailure, TestReport};
    use serde::Deserialize;

    #[derive(Deserialize)]
    pub(super) struct TestOutcome {
        draft: Option<String>,
        report: Option<TestReport>,
        problems: Option<Vec<FieldProblem>>,
        cause: Option<FailureCause>,
        what: Option<String>,
        next: Option<String>,
        field: Option<super::DraftField>,
        suggestion: Option<String>,
    }

    impl From<TestOutcome> for super::TestOutcome {
        fn from(flat: TestOutcome) -> Self {
            match (flat.draft, flat.report, flat.problems) {
                (Some(draft), Some(report), _) => Self::Passed { draft, report },
                (_, _, Some(problems)) => Self::Invalid { problems },
                _ => Self::Failed(TestFailure {
                    cause: flat.cause.unwrap_or(FailureCause::Other),
                    what: flat.what.unwrap_or_default(),
                    next: flat.next.unwrap_or_default(),
                    field: flat.field,
                    suggestion: flat.suggestion,
                }),
            }
        }
    }

    #[derive(Deserialize)]
    pub(super) struct Finding {
        state: State,
        rows: Option<u64>,
        why: Option<String>,
        id: Option<String>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum State {
        Readable,
        SuspiciouslyEmpty,
        Empty,
        Forbidden,
        Unknown,
        Gap,
    }

    impl From<Finding> for super::Finding {
        fn from(flat: Finding) -> Self {
            match flat.state {
                State::Readable => Self::Readable { rows: flat.rows.unwrap_or_default() },
                State::SuspiciouslyEmpty => Self::SuspiciouslyEmpty,
                State::Empty => Self::Empty,
                State::Forbidden => Self::Forbidden,
                State::Unknown => Self::Unknown { why: flat.why.unwrap_or_default() },
                State::Gap => {
                    Self::Gap { id: flat.id.unwrap_or_default(), why: flat.why.unwrap_or_default() }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_web_interface_stands_beside_the_api() {
        for (api, web) in [
            ("https://webservices5.autotask.net/ATServicesRest/", "https://ww5.autotask.net/"),
            ("https://prde.autotask.net/ATServicesRest/", "https://prde.autotask.net/"),
            ("http://127.0.0.1:7390/ATServicesRest/", "http://127.0.0.1:7390/"),
        ] {
            assert_eq!(web_root(api).as_deref(), Some(web));
        }
        assert_eq!(web_root("nothing"), None);
    }

    #[test]
    fn tagged_enums_are_read_as_they_are_written() {
        for finding in [
            Finding::Readable { rows: 7 },
            Finding::SuspiciouslyEmpty,
            Finding::Empty,
            Finding::Forbidden,
            Finding::Unknown { why: "Autotask is down.".to_owned() },
            Finding::Gap { id: "time_off".to_owned(), why: "Nobody was ever away.".to_owned() },
        ] {
            let written = serde_json::to_string(&finding).expect("plain data");
            assert_eq!(serde_json::from_str::<Finding>(&written).expect("the same type"), finding);
        }
        let report = TestReport {
            user_name: "api@example.com".to_owned(),
            zone_name: "Zone".to_owned(),
            zone_number: Some(5),
            api_url: "https://webservices5.autotask.net/".to_owned(),
            web_url: None,
            tenant: Some(1),
            company: None,
            api_version: "1.0".to_owned(),
            round_trip_ms: 12,
            requests_used: 3,
            request_limit: 10_000,
            doctor: Doctor::default(),
        };
        for outcome in [
            TestOutcome::Passed { draft: "id".to_owned(), report },
            TestOutcome::Failed(TestFailure {
                cause: FailureCause::WrongZone,
                what: "It is in another zone.".to_owned(),
                next: "Use zone 5.".to_owned(),
                field: Some(DraftField::Zone),
                suggestion: Some("5".to_owned()),
            }),
            TestOutcome::Invalid {
                problems: vec![FieldProblem { field: DraftField::Name, message: "Give a name.".to_owned() }],
            },
        ] {
            let written = serde_json::to_string(&outcome).expect("plain data");
            assert_eq!(serde_json::from_str::<TestOutcome>(&written).expect("the same type"), outcome);
        }
        assert_eq!(json!(Finding::Readable { rows: 7 }), json!({ "state": "readable", "rows": 7 }));
        // As it was kept before there were gaps.
        let kept: Doctor =
            serde_json::from_value(json!({ "at": null, "probes": [] })).expect("older findings");
        assert_eq!(kept, Doctor::default());
    }
}
