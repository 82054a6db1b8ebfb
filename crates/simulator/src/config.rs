//! What a simulated tenant is made from: seed, size, the end of its history and its credentials.

use chrono::{DateTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// How much history the generated provider has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    /// About 2,500 tickets, 6,000 time entries and 25 companies: for tests and demonstrations.
    #[default]
    Small,
    /// About 100,000 tickets and 250,000 time entries: a mid-sized provider.
    Medium,
    /// About 1,000,000 tickets and 3,000,000 time entries: the largest tenants.
    Large,
}

impl std::str::FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "small" => Ok(Self::Small),
            "medium" => Ok(Self::Medium),
            "large" => Ok(Self::Large),
            other => Err(format!("unknown size {other:?}: use small, medium or large")),
        }
    }
}

/// The credentials the simulated tenant accepts. They protect nothing, so they are plain text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimCredentials {
    /// The API user's login, sent as `UserName`.
    pub user_name: String,
    /// Its password, sent as `Secret`.
    pub secret: String,
    /// The tracking identifier, sent as `ApiIntegrationCode`; 27 characters.
    pub integration_code: String,
}

impl Default for SimCredentials {
    fn default() -> Self {
        Self {
            user_name: "api@northwind-msp.example".into(),
            secret: "S1mulated-$ecret&".into(),
            integration_code: "NWMSPSIMULATEDTRACKINGID027".into(),
        }
    }
}

/// Everything that decides the generated world. Equal values generate equal worlds.
#[derive(Clone, Debug)]
pub struct Config {
    /// The seed of every random choice.
    pub seed: u64,
    /// How much history to generate.
    pub size: Size,
    /// The end of the generated history, and the tenant's clock when serving starts.
    pub now: DateTime<Utc>,
    /// What the tenant accepts as its API user.
    pub credentials: SimCredentials,
    /// The provider's own time zone: working hours, ticket numbers and date-only fields follow it.
    pub time_zone: Tz,
    /// The name of the provider, which is company 0.
    pub company_name: String,
    /// The database number that zone discovery answers as `ci`.
    pub customer_database: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 7,
            size: Size::Small,
            // A Wednesday, late morning in the provider's zone: a service desk in full swing.
            now: Utc.with_ymd_and_hms(2026, 3, 18, 15, 30, 0).single().unwrap_or_default(),
            credentials: SimCredentials::default(),
            time_zone: chrono_tz::America::New_York,
            company_name: "Northwind Managed IT".into(),
            customer_database: 417_236,
        }
    }
}
