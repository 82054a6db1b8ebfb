//! How the form is read.

use super::{BETWEEN, ORDERS, SETTING, UNITS, without_empty_lines};
use std::collections::BTreeMap;
use taskgauge_model::{
    catalogue::Catalogue,
    dataset::{ColumnKind, Dataset},
    gauge::{
        ChartKind, Condition, Gauge, Good, Group, Layer, Measure, Op, Order, RowList, Scalar, Target, Unit,
        Value,
    },
    range::{Range, UnknownRange},
    words::{CHARTS, OPS},
};

/// Numbers in the form's lists at most; the gauge's own limits are stricter.
const ENTRIES_MAX: usize = 40;

/// What a form sent.
pub struct Sent(BTreeMap<String, Vec<String>>);

impl Sent {
    /// Takes the fields as they came.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Sent {
        let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in pairs {
            fields.entry(name).or_default().push(value);
        }
        Sent(fields)
    }

    /// A field's value, without spaces around it; empty where it was not sent.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).and_then(|values| values.last()).map_or("", |value| value.trim())
    }

    fn some(&self, name: &str) -> Option<String> {
        Some(self.get(name)).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// All values of a field that are not empty.
    pub fn all(&self, name: &str) -> Vec<String> {
        self.0.get(name).cloned().unwrap_or_default().into_iter().filter(|text| !text.is_empty()).collect()
    }

    fn flag(&self, name: &str) -> bool {
        !self.get(name).is_empty()
    }

    /// A field as a number; `None` where it is empty or no number.
    pub fn number(&self, name: &str) -> Option<f64> {
        number(self.get(name))
    }

    /// Prefixes of the entries of a list, in order: `layers.0`, `layers.1` …
    fn entries(&self, list: &str) -> Vec<String> {
        (0..ENTRIES_MAX)
            .map(|place| format!("{list}.{place}"))
            .take_while(|prefix| {
                let from = format!("{prefix}.");
                self.0.range(from.clone()..).next().is_some_and(|(name, _)| name.starts_with(&from))
            })
            .collect()
    }

    /// The gauge that was typed. What cannot be read is left out, for the gauge's own checks to say; lines in which
    /// nothing was chosen are no part of it.
    pub fn gauge(&self) -> Gauge {
        without_empty_lines(self.typed())
    }

    /// As [`Self::gauge`] with every line of the form, in the places that its buttons name.
    pub fn typed(&self) -> Gauge {
        let layers: Vec<Layer> = self.entries("layers").iter().map(|prefix| self.layer(prefix)).collect();
        let values = self.entries("values").iter().map(|prefix| self.value(prefix)).collect();
        let groups = self.entries("groups").iter().map(|prefix| self.group(prefix)).collect();
        let columns = self.all("rows.columns");
        let target = self.number("target.value").map(|value| Target {
            value,
            of: self.some("target.of").filter(|of| !of.starts_with(SETTING)),
            setting: self.get("target.of").strip_prefix(SETTING).map(str::to_owned),
            good: if self.get("target.good") == "lower" { Good::Lower } else { Good::Higher },
            warn_within: self.number("target.warn_within").unwrap_or_default(),
            warn_beyond: self.number("target.warn_beyond"),
            origin: self.some("target.origin"),
        });
        let title = self.get("title").to_owned();
        Gauge {
            id: self.some("id").unwrap_or_else(|| slug(&title, '_')),
            title,
            about: self.get("about").to_owned(),
            range: self.range().unwrap_or_default(),
            chart: CHARTS
                .iter()
                .find(|(_, name, _)| *name == self.get("chart"))
                .map_or(ChartKind::Number, |(kind, _, _)| *kind),
            layers,
            values,
            unit: unit(self.get("unit")).unwrap_or_default(),
            groups,
            target,
            compare: self.flag("compare"),
            rows: (!columns.is_empty()).then(|| RowList {
                sort: self.some("rows.sort").unwrap_or_else(|| columns[0].clone()),
                then: self.some("rows.then"),
                columns,
                limit: self.get("rows.limit").parse().unwrap_or(10),
            }),
            empty: self.some("empty"),
            total: self.flag("total"),
            internal: self.flag("internal"),
        }
    }

    /// What was typed that no gauge can hold, as a sentence.
    pub fn problem(&self) -> Option<String> {
        if self.range().is_err() {
            return Some(
                "The range needs a first and a last date, the first not after the last, and ten years apart at most."
                    .to_owned(),
            );
        }
        let groups = self.entries("groups");
        let numbers = [
            ("target.value", "The target"),
            ("target.warn_within", "The distance at which a target is close"),
            ("target.warn_beyond", "What is beyond the target"),
            ("rows.limit", "How many rows are on the tile"),
        ]
        .into_iter()
        .map(|(name, what)| (name.to_owned(), what))
        .chain(groups.iter().flat_map(|group| {
            [("top", "How many groups are shown"), ("min_rows", "The least rows of a group")]
                .map(|(name, what)| (format!("{group}.{name}"), what))
        }));
        let wrong = |what: &str, text: &str| {
            let text: String = text.chars().take(40).collect();
            format!("{what} is a number, and “{text}” is none.")
        };
        for (name, what) in numbers {
            let text = self.get(&name);
            let is_whole = name.ends_with("limit") || name.ends_with("top") || name.ends_with("min_rows");
            let is_read = if is_whole { text.parse::<u64>().is_ok() } else { number(text).is_some() };
            if !text.is_empty() && !is_read {
                return Some(wrong(what, text));
            }
        }
        let bands = groups.iter().map(|group| self.get(&format!("{group}.bands")));
        let mut bounds =
            bands.flat_map(|bands| bands.split(',')).map(str::trim).filter(|bound| !bound.is_empty());
        bounds.find(|bound| number(bound).is_none()).map(|bound| wrong("Each bound of bands", bound))
    }

    /// The two dates of the range as they were typed, where it is to be between two.
    pub fn dates(&self) -> Option<(String, String)> {
        (self.get("range") == BETWEEN)
            .then(|| (self.get("range.from").to_owned(), self.get("range.to").to_owned()))
    }

    fn range(&self) -> Result<Range, UnknownRange> {
        match self.get("range") {
            "" => Ok(Range::default()),
            BETWEEN => format!("{}..{}", self.get("range.from"), self.get("range.to")).parse(),
            named => named.parse(),
        }
    }

    fn layer(&self, prefix: &str) -> Layer {
        let get = |name: &str| self.get(&format!("{prefix}.{name}"));
        let dataset = get("dataset").to_owned();
        let known = Catalogue::shipped().dataset(&dataset);
        let label = get("label").to_owned();
        let conditions = self
            .entries(&format!("{prefix}.where"))
            .iter()
            .map(|prefix| self.condition(prefix, known))
            .collect();
        Layer {
            id: self.some(&format!("{prefix}.id")).unwrap_or_else(|| slug(&label, '_')),
            label,
            measure: Measure::named(get("measure"), get("column")).unwrap_or_default(),
            conditions,
            date: self.some(&format!("{prefix}.date")),
            until: self.some(&format!("{prefix}.until")),
            range: self.some(&format!("{prefix}.range")).and_then(|range| range.parse().ok()),
            before: self.flag(&format!("{prefix}.before")),
            member: self.some(&format!("{prefix}.member")),
            by: get("by").split(',').map(str::trim).filter(|by| !by.is_empty()).map(str::to_owned).collect(),
            tone: self.some(&format!("{prefix}.tone")),
            dataset,
        }
    }

    fn condition(&self, prefix: &str, dataset: Option<&Dataset>) -> Condition {
        let column = self.get(&format!("{prefix}.column")).to_owned();
        let named = self.get(&format!("{prefix}.op"));
        let op = OPS.iter().find(|(_, name, _)| *name == named).map_or(Op::Is, |(op, _, _)| *op);
        let text = self.get(&format!("{prefix}.value"));
        let kind = dataset.and_then(|dataset| dataset.column(&column)).map(|column| column.kind);
        let value = match op {
            Op::Empty | Op::Filled => Scalar::Nothing,
            Op::In | Op::NotIn => {
                Scalar::List(entries(text).iter().map(|entry| scalar(entry, kind)).collect())
            }
            _ => scalar(text, kind),
        };
        Condition { column, op, value }
    }

    fn value(&self, prefix: &str) -> Value {
        let get = |name: &str| self.get(&format!("{prefix}.{name}"));
        let label = get("label").to_owned();
        Value {
            id: self.some(&format!("{prefix}.id")).unwrap_or_else(|| slug(&label, '_')),
            label,
            formula: get("formula").to_owned(),
            unit: unit(get("unit")),
            of_total: self.flag(&format!("{prefix}.of_total")),
            line: self.flag(&format!("{prefix}.line")),
            tone: self.some(&format!("{prefix}.tone")),
        }
    }

    fn group(&self, prefix: &str) -> Group {
        let get = |name: &str| self.get(&format!("{prefix}.{name}"));
        Group {
            by: get("by").to_owned(),
            order: ORDERS
                .iter()
                .find(|(_, name, _)| *name == get("order"))
                .map_or(Order::Largest, |(order, _, _)| *order),
            top: get("top").parse().ok(),
            none: self.some(&format!("{prefix}.none")),
            bands: get("bands").split(',').filter_map(number).collect(),
            min_rows: get("min_rows").parse().ok(),
            workdays: self.flag(&format!("{prefix}.workdays")),
        }
    }
}

/// A number as people write it: `2.5`, `2,5`, `10,000`, `1,234.50`, `95 %`. Commas before three digits each are those of
/// thousands, as the program writes them.
fn number(text: &str) -> Option<f64> {
    let text = &text.trim().trim_end_matches('%').trim_end().replace('−', "-");
    let groups: Vec<&str> = text.trim_start_matches('-').split(',').collect();
    let is_grouped = groups.len() > 1
        && (1..=3).contains(&groups[0].len())
        && groups[1..].iter().all(|group| group.split('.').next().is_some_and(|digits| digits.len() == 3));
    let plain = if is_grouped { text.replace(',', "") } else { text.replace(',', ".") };
    plain.parse().ok().filter(|number: &f64| number.is_finite())
}

/// A value of a condition, as its column's kind reads it.
fn scalar(text: &str, kind: Option<ColumnKind>) -> Scalar {
    match kind {
        Some(ColumnKind::Flag) => match text.to_lowercase().as_str() {
            "yes" | "true" | "1" => Scalar::Flag(true),
            "no" | "false" | "0" => Scalar::Flag(false),
            // The gauge's checks say that it is neither.
            _ => Scalar::Text(text.to_owned()),
        },
        Some(kind) if kind.is_numeric() => {
            number(text).map_or_else(|| Scalar::Text(text.to_owned()), Scalar::Number)
        }
        _ => Scalar::Text(text.to_owned()),
    }
}

/// A value of a condition for its field, from which [`scalar`] and [`entries`] read the same again.
pub(super) fn written(value: &Scalar) -> String {
    let quoted = |entry: &Scalar| {
        let text = written(entry);
        if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
    };
    match value {
        Scalar::Nothing => String::new(),
        Scalar::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        Scalar::Number(number) => number.to_string(),
        Scalar::Text(text) => text.clone(),
        Scalar::List(values) => values.iter().map(quoted).collect::<Vec<_>>().join(", "),
    }
}

/// The entries of a list with commas; what stands in quotes may hold some, and a quote is written twice there.
fn entries(text: &str) -> Vec<String> {
    let (mut found, mut entry, mut is_inside) = (Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if is_inside && letters.next_if_eq(&'"').is_some() => entry.push('"'),
            '"' if is_inside || entry.trim().is_empty() => is_inside = !is_inside,
            ',' if !is_inside => found.push(std::mem::take(&mut entry)),
            letter => entry.push(letter),
        }
    }
    found.push(entry);
    found.iter().map(|entry| entry.trim().to_owned()).filter(|entry| !entry.is_empty()).collect()
}

fn unit(name: &str) -> Option<Unit> {
    UNITS.iter().find(|(_, known, _)| *known == name).map(|(unit, _, _)| *unit)
}

/// A name for addresses and formulas from what people call something.
pub fn slug(label: &str, between: char) -> String {
    let mut out = String::new();
    for letter in label.to_lowercase().chars() {
        if letter.is_ascii_alphanumeric() {
            out.push(letter);
        } else if !out.is_empty() && !out.ends_with(between) {
            out.push(between);
        }
        if out.len() >= 50 {
            break;
        }
    }
    let out = out.trim_end_matches(between);
    // Names in formulas begin with a letter.
    if out.starts_with(|first: char| first.is_ascii_digit()) {
        format!("n{between}{out}")
    } else {
        out.to_owned()
    }
}
