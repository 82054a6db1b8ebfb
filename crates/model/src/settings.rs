//! What an admin can change about how a datasource's numbers are reckoned.

use crate::link::Links;
use chrono::Weekday;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Settings of a datasource. Only what differs from the defaults is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Days without activity after which an open ticket is stale.
    pub stale_days: u16,
    /// Labels of the ticket types that count as reactive work, without regard to case.
    pub reactive_types: Vec<String>,
    /// Labels of the issue types that count as reactive work, too, without regard to case.
    pub reactive_issue_types: Vec<String>,
    /// Ids of the queues whose tickets count as reactive work, too.
    pub reactive_queues: Vec<i64>,
    /// Parts of status labels that mean *waiting for someone else*, without regard to case.
    pub waiting_statuses: Vec<String>,
    /// Parts of labels of configuration item types that are endpoints, without regard to case.
    pub endpoint_types: Vec<String>,
    /// Share of service level agreements to be met, in percent.
    pub sla_target: f64,
    /// Share of a survey's scale from which an answer is positive, in percent.
    pub csat_positive_from: f64,
    /// Cost of an hour of work in the tenant's currency, where Autotask does not tell it.
    pub loaded_cost_per_hour: Option<f64>,
    /// Which hours utilization counts.
    pub utilization_basis: UtilizationBasis,
    /// Hours of a working day, for members without a calendar in Autotask.
    pub default_daily_hours: f64,
    /// First day of the week; `Mon` … `Sun`.
    pub week_starts: Weekday,
    /// First month of the fiscal year, 1 to 12.
    pub fiscal_year_starts: u8,
    /// Ids of the queues whose tickets count; empty means all.
    pub queues_in_scope: Vec<i64>,
    /// Ids of the ticket categories whose tickets do not count.
    pub excluded_ticket_categories: Vec<i64>,
    /// Status of tickets that were closed by merging; they are left out of measures of resolution.
    pub merged_ticket_status: Option<i64>,
    /// Where records open in Autotask.
    pub links: Links,
}

/// Which hours utilization counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UtilizationBasis {
    /// Hours for clients, billable or not.
    #[default]
    Client,
    /// Billable hours.
    Billable,
}

impl Default for Settings {
    fn default() -> Self {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        Self {
            stale_days: 3,
            reactive_types: words(&["Incident", "Problem"]),
            reactive_issue_types: Vec::new(),
            reactive_queues: Vec::new(),
            waiting_statuses: words(&["waiting", "hold", "customer", "vendor"]),
            endpoint_types: words(&["workstation", "desktop", "laptop", "server"]),
            sla_target: 90.0,
            csat_positive_from: 80.0,
            loaded_cost_per_hour: None,
            utilization_basis: UtilizationBasis::Client,
            default_daily_hours: 8.0,
            week_starts: Weekday::Mon,
            fiscal_year_starts: 1,
            queues_in_scope: Vec::new(),
            excluded_ticket_categories: Vec::new(),
            merged_ticket_status: None,
            links: Links::default(),
        }
    }
}

impl Settings {
    /// The setting of this name as a number, for gauges whose target it is.
    pub fn target(&self, name: &str) -> Option<f64> {
        match name {
            "sla_target" => Some(self.sla_target),
            _ => None,
        }
    }

    /// What is wrong with these settings, as a sentence.
    pub fn problem(&self) -> Option<String> {
        self.misplaced().map(str::to_owned).or_else(|| self.links.problem())
    }

    /// What is out of its bounds.
    fn misplaced(&self) -> Option<&'static str> {
        if !(1..=365).contains(&self.stale_days) {
            Some("Tickets can become stale after 1 to 365 days.")
        } else if !(0.0..=100.0).contains(&self.sla_target)
            || !(0.0..=100.0).contains(&self.csat_positive_from)
        {
            Some("A percentage lies between 0 and 100.")
        } else if !(0.25..=24.0).contains(&self.default_daily_hours) {
            Some("A working day has between a quarter of an hour and 24 hours.")
        } else if !(1..=12).contains(&self.fiscal_year_starts) {
            Some("The fiscal year starts in a month from 1 to 12.")
        } else if self.loaded_cost_per_hour.is_some_and(|cost| !(0.0..=1_000_000.0).contains(&cost)) {
            Some("The cost of an hour is a number from 0.")
        } else if [
            &self.reactive_types,
            &self.reactive_issue_types,
            &self.waiting_statuses,
            &self.endpoint_types,
        ]
        .iter()
        .any(|words| words.len() > 200 || words.iter().any(|word| word.trim().is_empty()))
        {
            Some("A list of labels has at most 200 entries, none of them empty.")
        } else {
            None
        }
    }

    /// What differs from the defaults, as JSON.
    ///
    /// # Errors
    /// A number that JSON cannot hold.
    pub fn to_stored(&self) -> Result<Value, serde_json::Error> {
        let (ours, defaults) = (serde_json::to_value(self)?, serde_json::to_value(Settings::default())?);
        let changed: Map<String, Value> = match ours {
            Value::Object(ours) => {
                ours.into_iter().filter(|(key, value)| defaults.get(key) != Some(value)).collect()
            }
            _ => Map::new(),
        };
        Ok(Value::Object(changed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_changes_are_stored() {
        assert_eq!(Settings::default().to_stored().unwrap(), json!({}));
        let changed = Settings { stale_days: 5, week_starts: Weekday::Sun, ..Settings::default() };
        let stored = changed.to_stored().unwrap();
        assert_eq!(stored, json!({ "stale_days": 5, "week_starts": "Sun" }));
        assert_eq!(serde_json::from_value::<Settings>(stored).unwrap(), changed);
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(Settings::default().problem(), None);
        for wrong in [
            Settings { stale_days: 0, ..Settings::default() },
            Settings { sla_target: 101.0, ..Settings::default() },
            Settings { csat_positive_from: f64::NAN, ..Settings::default() },
            Settings { default_daily_hours: 0.0, ..Settings::default() },
            Settings { fiscal_year_starts: 13, ..Settings::default() },
            Settings { loaded_cost_per_hour: Some(-1.0), ..Settings::default() },
            Settings { reactive_types: vec![" ".into()], ..Settings::default() },
        ] {
            assert!(wrong.problem().is_some(), "{wrong:?}");
        }
    }
}
