//! What is chosen on a page, as the part of an address after its path.

use std::fmt::Write as _;
use taskgauge_model::{gauge::Filters, ids::DatasourceId};

/// Percent-encodes what is not safe in a value of an address.
pub fn encode(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b',') {
            out.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// `?name=value&…`; pairs without a value are left out.
pub fn query<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = String::new();
    for (name, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
        out.push(if out.is_empty() { '?' } else { '&' });
        out.push_str(name);
        out.push('=');
        out.push_str(&encode(value));
    }
    out
}

/// An address with more behind it.
pub fn with(address: &str, more: &[(&str, &str)]) -> String {
    let mut way = address.to_owned();
    for (name, value) in more {
        way.push(if way.contains('?') { '&' } else { '?' });
        way.push_str(name);
        way.push('=');
        way.push_str(&encode(value));
    }
    way
}

/// The datasource and the filters in force.
pub fn of_filters(source: Option<DatasourceId>, filters: &Filters) -> String {
    let source = source.map(|source| source.to_string()).unwrap_or_default();
    let range = filters.range.map(|range| range.to_string()).unwrap_or_default();
    let own = [("source", source.as_str()), ("range", range.as_str())];
    let fields = filters
        .fields
        .iter()
        .flat_map(|(name, values)| values.iter().map(move |value| (name.as_str(), value.as_str())));
    query(own.into_iter().chain(fields))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use taskgauge_model::range::Range;

    #[test]
    fn addresses_hold_what_is_chosen_and_nothing_else() {
        let fields = BTreeMap::from([
            ("client".to_owned(), Vec::new()),
            ("queue".to_owned(), vec!["8".to_owned(), "a&b ü".to_owned()]),
        ]);
        let filters = Filters { range: Some(Range::Last(30)), fields };
        assert_eq!(
            of_filters(Some(DatasourceId(3)), &filters),
            "?source=3&range=last_30d&queue=8&queue=a%26b%20%C3%BC"
        );
        assert_eq!(of_filters(None, &Filters::default()), "");
    }
}
