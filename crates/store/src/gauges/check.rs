//! Whether a gauge that a person made can be asked at all, and without harm.

use super::{
    Context, invalid,
    plan::{Plan, TOP_ALONE, column},
    statement::{scans, statement},
};
use crate::{Scope, StoreError};
use chrono::{DateTime, Weekday};
use chrono_tz::Tz;
use std::collections::HashMap;
use taskgauge_model::{
    catalogue::Catalogue,
    dataset::TABLE_ROWS_MAX,
    datasource::Doctor,
    gauge::{ChartKind, Filters, Gauge, Layer, Scalar, TONES},
    ids::{DatasourceId, repeated},
    range::{Calendar, Range},
    settings::Settings,
};

/// Longest title, label and text, in characters.
pub(crate) const TITLE_MAX: usize = 100;
const LABEL_MAX: usize = 100;
const TEXT_MAX: usize = 2_000;
/// Most conditions of a layer and values of a condition.
const CONDITIONS_MAX: usize = 30;
const VALUES_MAX: usize = 500;
/// Most bands, and columns of a list.
const BANDS_MAX: usize = 50;
const COLUMNS_MAX: usize = 60;

/// Checks a gauge against the catalogue and its limits, as far as that can be done without rows.
///
/// # Errors
/// [`StoreError::Invalid`] with a sentence that says what to change.
pub(crate) fn check(gauge: &Gauge) -> Result<(), StoreError> {
    text("The title", &gauge.title, 1, TITLE_MAX)?;
    text("The description", &gauge.about, 0, TEXT_MAX)?;
    text("The sentence for no data", gauge.empty.as_deref().unwrap_or_default(), 0, TEXT_MAX)?;
    let tones = gauge.layers.iter().map(|layer| &layer.tone);
    for tone in tones.chain(gauge.values.iter().map(|value| &value.tone)).flatten() {
        if TONES.iter().all(|(name, _)| name != tone) {
            let known = TONES.map(|(name, _)| name).join(", ");
            return Err(invalid(format!("A colour is one of {known}.")));
        }
    }
    let nothing = gauge.groups.iter().filter_map(|group| group.none.as_deref());
    let by = gauge.layers.iter().flat_map(|layer| &layer.by).map(String::as_str);
    for name in nothing.chain(by) {
        text("What a group is called", name, 0, LABEL_MAX)?;
    }
    let origin = gauge.target.as_ref().and_then(|target| target.origin.as_deref()).unwrap_or_default();
    text("Where the target comes from", origin, 0, TEXT_MAX)?;
    let names = gauge.layers.iter().map(|layer| (&layer.id, &layer.label));
    for (id, label) in names.chain(gauge.values.iter().map(|value| (&value.id, &value.label))) {
        text("A label", label, 1, LABEL_MAX)?;
        if !is_name(id) {
            return Err(invalid(format!(
                "The name of “{label}” in formulas has 1 to 60 small letters, digits and “_”, a letter first."
            )));
        }
    }
    let is_long = |value: &Scalar| match value {
        Scalar::Text(text) => text.chars().count() > TEXT_MAX,
        // A number that no file can hold.
        Scalar::Number(number) => !number.is_finite(),
        _ => false,
    };
    for layer in &gauge.layers {
        let too_long = layer.conditions.iter().any(|condition| match &condition.value {
            Scalar::List(values) => values.len() > VALUES_MAX || values.iter().any(is_long),
            one => is_long(one),
        });
        if layer.conditions.len() > CONDITIONS_MAX || too_long {
            return Err(invalid(format!(
                "“{}” may have {CONDITIONS_MAX} conditions with {VALUES_MAX} values each at most.",
                layer.label
            )));
        }
    }
    for group in &gauge.groups {
        if group.top.is_some_and(|top| !(1..=TOP_ALONE).contains(&top)) || group.bands.len() > BANDS_MAX {
            return Err(invalid(format!(
                "A group shows 1 to {TOP_ALONE} entries before “Other”, or up to {BANDS_MAX} bands."
            )));
        }
        if group.workdays && group.by != "day" {
            return Err(invalid("Saturdays and Sundays can be left out where groups are days.".to_owned()));
        }
        if group.bands.iter().any(|bound| !bound.is_finite()) {
            return Err(invalid("The bounds of bands are numbers.".to_owned()));
        }
    }
    if let Some(target) = &gauge.target
        && (![target.value, target.warn_within, target.warn_beyond.unwrap_or_default()]
            .iter()
            .all(|it| it.is_finite())
            || target.warn_within < 0.0)
    {
        return Err(invalid("A target is a number, and the distance that warns is one from 0.".to_owned()));
    }
    if let Some(name) = gauge.target.as_ref().and_then(|target| target.setting.as_deref())
        && Settings::default().target(name).is_none()
    {
        return Err(invalid(format!("There is no setting “{name}” that can be a target.")));
    }
    shape(gauge)?;
    let catalogue = Catalogue::shipped();
    let context = Context::blank();
    let at = DateTime::UNIX_EPOCH;
    let plan = Plan::new(catalogue, &context, gauge, &Filters::default(), at)?;
    let asker = context.asker(&Scope::All, at);
    statement(&scans(&plan), &asker)?;
    if let (Some(list), Some(layer)) = (&gauge.rows, plan.layers.first()) {
        if list.columns.is_empty() || list.columns.len() > COLUMNS_MAX {
            return Err(invalid(format!("A list shows 1 to {COLUMNS_MAX} columns.")));
        }
        if !(1..=TABLE_ROWS_MAX).contains(&list.limit) {
            return Err(invalid(format!("A list shows 1 to {TABLE_ROWS_MAX} rows on its tile.")));
        }
        for name in list.names() {
            column(layer.dataset, name)?;
        }
    }
    Ok(())
}

/// Checks a gauge that somebody makes or changes for what would mislead. What is stored is read without it.
///
/// # Errors
/// As [`check`].
pub(crate) fn check_written(gauge: &Gauge) -> Result<(), StoreError> {
    let layer = repeated(gauge.layers.iter().map(|layer| layer.id.as_str()));
    let value = repeated(gauge.values.iter().map(|value| value.id.as_str()));
    if let Some(id) = layer.or(value) {
        return Err(invalid(format!(
            "Two numbers are called “{id}” in formulas; each needs a name of its own."
        )));
    }
    if gauge.layers.iter().all(|layer| layer.date.is_none()) && (gauge.range != Range::Now || gauge.compare) {
        return Err(invalid(format!(
            "“{}” has a range that cuts nothing. Choose the date that it cuts, or the range “{}”.",
            gauge.title,
            Range::Now.label()
        )));
    }
    let is_level = |layer: &Layer| layer.until.is_some();
    if gauge.total && gauge.chart == ChartKind::Area && !gauge.layers.iter().all(is_level) {
        return Err(invalid(
            "The value over all groups of an area is that of levels: of numbers that end on a date. Draw it as columns \
             or lines."
                .to_owned(),
        ));
    }
    check(gauge)
}

/// Whether the kind of chart can show what the gauge answers.
fn shape(gauge: &Gauge) -> Result<(), StoreError> {
    let (kind, groups) = (gauge.chart, gauge.groups.len());
    let (fits, wanted) = match kind {
        ChartKind::Number | ChartKind::Percent | ChartKind::Progress => (groups == 0, "no group"),
        ChartKind::Heat => (groups == 2, "two groups"),
        ChartKind::Table => (gauge.rows.is_some() || groups >= 1, "a group, or columns of rows"),
        ChartKind::Donut | ChartKind::Area => (groups == 1, "one group"),
        _ => (groups >= 1, "a group"),
    };
    if fits {
        return Ok(());
    }
    Err(invalid(format!("“{}” needs {wanted} to be drawn as it is to be.", gauge.title)))
}

/// Text of a length that pages can show.
pub(crate) fn text(what: &str, text: &str, least: usize, most: usize) -> Result<(), StoreError> {
    let length = text.trim().chars().count();
    if (least..=most).contains(&length) && !text.chars().any(|c| c.is_control() && c != '\n') {
        return Ok(());
    }
    Err(invalid(format!("{what} has {least} to {most} characters.")))
}

/// Whether formulas can name it.
fn is_name(id: &str) -> bool {
    id.len() <= 60
        && id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

impl Context {
    /// Of no datasource.
    fn blank() -> Context {
        Context {
            datasource: DatasourceId(0),
            zone: Tz::UTC,
            calendar: Calendar { week_starts: Weekday::Mon, year_starts: 1 },
            settings: Settings::default(),
            web_url: None,
            since: DateTime::UNIX_EPOCH,
            doctor: Doctor::default(),
            read_at: HashMap::new(),
            versions: HashMap::new(),
            labels: HashMap::new(),
            arrived: None,
            workspace: String::new(),
            reckoning: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use taskgauge_model::gauge::Group;

    #[test]
    fn what_ships_can_be_asked() {
        for gauge in &Catalogue::shipped().gauges {
            check_written(gauge).unwrap_or_else(|error| panic!("{}: {error}", gauge.id));
        }
    }

    type Change = fn(&mut Gauge);

    #[test]
    fn what_cannot_be_asked_is_refused_with_a_sentence() {
        let good = Catalogue::shipped().gauge("open_by_status").unwrap();
        let changed = |change: Change| {
            let mut gauge = good.clone();
            change(&mut gauge);
            check_written(&gauge).expect_err("a refusal").to_string()
        };
        let cases: [(Change, &str); 16] = [
            (|it| it.layers[0].tone = Some("x".repeat(60_000)), "A colour is one of"),
            (|it| it.groups[0].none = Some("x".repeat(101)), "called"),
            (|it| it.layers[0].by = vec!["x".repeat(60_000)], "called"),
            (|it| it.title.clear(), "The title"),
            (|it| it.layers.clear(), "needs 1 to"),
            (|it| it.layers[0].dataset = "tickets; drop".into(), "no dataset"),
            (|it| it.layers[0].id = "a b".into(), "small letters"),
            (|it| it.groups[0].by = "no_such".into(), "no column"),
            (|it| it.groups.clear(), "needs a group"),
            (|it| it.groups[0].top = Some(5_000_000), "before “Other”"),
            (|it| it.groups[0].bands = vec![f64::NAN], "numbers"),
            (|it| it.chart = ChartKind::Number, "needs no group"),
            (|it| it.layers[0].measure = taskgauge_model::gauge::Measure::Sum("title".into()), "no number"),
            (
                |it| {
                    it.groups.push(Group { by: "hour".into(), ..it.groups[0].clone() });
                },
                "date column",
            ),
            (|it| it.layers = vec![it.layers[0].clone(); 2], "name of its own"),
            (
                |it| {
                    let named = |number| Layer { id: format!("n{number}"), ..it.layers[0].clone() };
                    it.layers = (0..13).map(named).collect();
                },
                "needs 1 to",
            ),
        ];
        for (change, wanted) in cases {
            let why = changed(change);
            assert!(why.contains(wanted), "{why}");
        }
    }
}
