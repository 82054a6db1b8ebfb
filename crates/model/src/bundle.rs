//! Files of gauges and dashboards, as people export and import them: TOML, the format of the catalogue.

use crate::{dashboard::Dashboard, gauge::Gauge, ids::repeated};
use serde::{Deserialize, Serialize};

/// Largest file that is read, in bytes.
pub const BUNDLE_MAX: usize = 200 * 1024;

/// Gauges and dashboards in one file, as `[[gauge]]` and `[[dashboard]]`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// Gauges.
    #[serde(default, rename = "gauge", skip_serializing_if = "Vec::is_empty")]
    pub gauges: Vec<Gauge>,
    /// Dashboards.
    #[serde(default, rename = "dashboard", skip_serializing_if = "Vec::is_empty")]
    pub dashboards: Vec<Dashboard>,
}

/// Why a file cannot be read, as a sentence with the line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(String);

impl Bundle {
    /// Reads a file; a lone dashboard as the catalogue has it is one, too.
    ///
    /// # Errors
    /// [`Unreadable`] for what is no TOML, names what is not known or one thing twice, or is larger than [`BUNDLE_MAX`].
    pub fn read(text: &str) -> Result<Bundle, Unreadable> {
        if text.len() > BUNDLE_MAX {
            return Err(Unreadable(format!("The file is larger than {} KB.", BUNDLE_MAX / 1024)));
        }
        let is_lone = text.lines().any(|line| line.trim_start().starts_with("tiles"))
            && !text.contains("[[dashboard]]");
        let read = if is_lone {
            toml::from_str(text).map(|board| Bundle { gauges: Vec::new(), dashboards: vec![board] })
        } else {
            toml::from_str(text)
        };
        let bundle: Bundle = read.map_err(|error| {
            let before = error.span().map_or(0, |span| span.start).min(text.len());
            let line = text.get(..before).unwrap_or_default().matches('\n').count() + 1;
            Unreadable(format!("Line {line} cannot be read: {}.", error.message().trim_end_matches('.')))
        })?;
        if bundle.gauges.is_empty() && bundle.dashboards.is_empty() {
            return Err(Unreadable("The file holds neither a gauge nor a dashboard.".to_owned()));
        }
        let gauge = repeated(bundle.gauges.iter().map(|gauge| gauge.id.as_str()));
        let dashboard = repeated(bundle.dashboards.iter().map(|dashboard| dashboard.id.as_str()));
        for (noun, id) in [("gauge", gauge), ("dashboard", dashboard)] {
            if let Some(id) = id {
                return Err(Unreadable(format!("The file holds the {noun} “{id}” twice.")));
            }
        }
        Ok(bundle)
    }

    /// The file's text.
    ///
    /// # Errors
    /// [`Unreadable`] for numbers that a file cannot hold.
    pub fn write(&self) -> Result<String, Unreadable> {
        toml::to_string_pretty(self).map_err(|error| Unreadable(format!("This cannot be written: {error}.")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    #[test]
    fn what_ships_survives_a_file() {
        let catalogue = Catalogue::shipped();
        let bundle = Bundle { gauges: catalogue.gauges.clone(), dashboards: catalogue.dashboards.clone() };
        let text = bundle.write().unwrap();
        assert_eq!(Bundle::read(&text[..]).unwrap(), bundle);
    }

    #[test]
    fn a_lone_dashboard_is_read() {
        let text = "id = \"mine\"\ntitle = \"Mine\"\nabout = \"\"\ntiles = [{ gauge = \"open_tickets\", width = 2, height = 2 }]";
        assert_eq!(Bundle::read(text).unwrap().dashboards[0].id, "mine");
    }

    #[test]
    fn a_file_holds_each_thing_once() {
        let one = Bundle { gauges: vec![Catalogue::shipped().gauges[0].clone()], dashboards: Vec::new() };
        let text = one.write().unwrap();
        let error = Bundle::read(&format!("{text}\n{text}")).unwrap_err().to_string();
        assert!(error.contains(&one.gauges[0].id) && error.contains("twice"), "{error}");
    }

    #[test]
    fn hostile_files_are_refused_with_a_line() {
        for (text, wanted) in [
            ("", "neither"),
            ("[[gauge]]\nid = 3", "Line 2"),
            ("[[gauge]]\nid = \"a\"\nshell = \"rm\"", "Line 3"),
            ("[[gauge", "Line 1"),
            (&format!("a = {}1{}", "[".repeat(50_000), "]".repeat(50_000)), "Line 1"),
            (&"#".repeat(BUNDLE_MAX + 1), "larger"),
        ] {
            let error = Bundle::read(text).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }
}
