//! The form's fields.

use super::{BETWEEN, ORDERS, SETTING, UNITS, sent::written};
use crate::plain::field::{area, check, date, option, select, text};
use leptos::prelude::*;
use taskgauge_model::{
    catalogue::Catalogue,
    dataset::{ColumnKind, Dataset},
    gauge::{Condition, Gauge, Good, Group, Layer, Measure, TONES, Value},
    range::Range,
    words::{CHARTS, MEASURES, OPS},
};

/// Parts of a date that groups can be made of.
const BUCKETS: [(&str, &str); 5] = [
    ("day", "Day"),
    ("week", "Week"),
    ("month", "Month"),
    ("weekday", "Day of the week"),
    ("hour", "Hour of the day"),
];

/// Settings of a datasource that can be a target, and in words.
const SETTINGS: [(&str, &str); 1] = [("sla_target", "The datasource’s goal for service levels")];

/// The fields of the form. `dates` are those that were typed for the range and make none yet.
pub fn fields(gauge: &Gauge, is_new: bool, dates: Option<(String, String)>) -> AnyView {
    let layers: Vec<_> = gauge
        .layers
        .iter()
        .enumerate()
        .map(|(at, layer)| layer_fields(layer, at, gauge.layers.len()))
        .collect();
    let values: Vec<_> = gauge.values.iter().enumerate().map(|(at, value)| value_fields(value, at)).collect();
    let first = gauge.layers.first().and_then(|layer| Catalogue::shipped().dataset(&layer.dataset));
    let groups: Vec<_> = (0..2).map(|at| group_fields(gauge.groups.get(at), at, first)).collect();
    let dates = dates.or_else(|| gauge.range.dates().map(|(from, to)| (from.to_string(), to.to_string())));
    let mut ranges: Vec<_> = range_options(Some(gauge.range).filter(|_| dates.is_none()), None);
    ranges.push(option(BETWEEN, "Between two dates", dates.is_some()));
    let (from, to) = dates.unzip();
    let charts = CHARTS
        .iter()
        .map(|(kind, name, label)| option(name, label, *kind == gauge.chart))
        .collect::<Vec<_>>();
    view! {
        {is_new.then_some(()).map_or_else(|| view! { <input type="hidden" name="id" value=gauge.id.clone() /> }.into_any(), |()| ().into_any())}
        <fieldset class="builder-part">
            <legend>"Words"</legend>
            {text("title", "Title", &gauge.title, Some("What stands on the tile."), 100)}
            {area("about", "What it counts, in words", &gauge.about, "Shown under “Explain this number”.")}
            {text("empty", "Sentence for no data", gauge.empty.as_deref().unwrap_or_default(), None, 500)}
        </fieldset>
        <fieldset class="builder-part">
            <legend>"What is counted"</legend>
            {layers}
            <p>{button("add.layers", "Add a number")}</p>
        </fieldset>
        <fieldset class="builder-part">
            <legend>"What is shown"</legend>
            <p class="help">"Each number as it is, or formulas over them with + − × ÷, by their names. “months” is the length of the window."</p>
            {values}
            <p>{button("add.values", "Add a formula")}</p>
            <div class="builder-row">
                {select("unit", "Unit", UNITS.iter().map(|(unit, name, label)| option(name, label, *unit == gauge.unit)).collect())}
                {select("chart", "Chart", charts)}
                {select("range", "Range", ranges)}
            </div>
            <details class="builder-more" id="more-range" open=from.is_some()>
                <summary>"Two dates"</summary>
                <div class="builder-row">
                    {date("range.from", "From", from.as_deref().unwrap_or_default(), None)}
                    {date("range.to", "To, included", to.as_deref().unwrap_or_default(), Some("For the range “Between two dates”."))}
                </div>
            </details>
            {check("compare", "Show the previous period of the same length beside it", gauge.compare)}
            {check("total", "The value over all groups above a chart", gauge.total)}
            {check("internal", "Internal: never shown by a client’s link", gauge.internal)}
        </fieldset>
        <fieldset class="builder-part">
            <legend>"Groups"</legend>
            {groups}
        </fieldset>
        {target_fields(gauge, first)}
        {row_fields(gauge, first)}
    }
    .into_any()
}

fn layer_fields(layer: &Layer, at: usize, count: usize) -> AnyView {
    let prefix = format!("layers.{at}");
    let name = |field: &str| format!("{prefix}.{field}");
    let dataset = Catalogue::shipped().dataset(&layer.dataset);
    let datasets = Catalogue::shipped()
        .datasets
        .iter()
        .map(|dataset| option(&dataset.slug, &dataset.title, dataset.slug == layer.dataset))
        .collect();
    let named = layer.measure.name();
    let own = (!MEASURES.contains(&named.as_ref())).then(|| named.clone());
    let measures = MEASURES
        .iter()
        .map(|&name| name.into())
        .chain(own)
        .filter_map(|name| Some(option(&name, &Measure::named(&name, "")?.label(), name == named)))
        .collect();
    let conditions: Vec<_> = layer
        .conditions
        .iter()
        .enumerate()
        .map(|(place, condition)| condition_fields(condition, &format!("{prefix}.where.{place}"), dataset))
        .collect();
    let tones = std::iter::once(&("", "By its place"))
        .chain(&TONES)
        .map(|(name, label)| option(name, label, Some(*name) == layer.tone.as_deref().or(Some(""))))
        .collect();
    let counted = layer.measure.column().unwrap_or_default();
    view! {
        <div class="builder-entry">
            <div class="builder-row">
                {text(&name("label"), "Label", &layer.label, None, 100)}
                {text(&name("id"), "Name in formulas", &layer.id, None, 60)}
                {refreshing(&name("dataset"), "Dataset", datasets)}
            </div>
            <div class="builder-row">
                {select(&name("measure"), "Measure", measures)}
                {select(&name("column"), "of", column_options(dataset, counted, "–", |_| true))}
                {select(&name("date"), "Range cuts", column_options(dataset, layer.date.as_deref().unwrap_or_default(), "Nothing: as it is now", is_dated))}
            </div>
            {conditions}
            <details class="builder-more" id=name("more")>
                <summary>"More"</summary>
                <div class="builder-row">
                    {select(&name("until"), "Counts until", column_options(dataset, layer.until.as_deref().unwrap_or_default(), "No level: in the range", is_dated))}
                    {select(&name("range"), "Range of its own", range_options(layer.range, Some("The gauge’s")))}
                    {select(&name("before"), "In", vec![option("", "the range", !layer.before), option("on", "the period before it", layer.before)])}
                    {select(&name("member"), "Filter by member", column_options(dataset, layer.member.as_deref().unwrap_or_default(), "As elsewhere", |kind| kind == ColumnKind::Text))}
                    {select(&name("tone"), "Colour", tones)}
                    {text(&name("by"), "Grouped by other columns", &layer.by.join(", "), Some("In the order of the groups, where its dataset names them differently."), 200)}
                </div>
            </details>
            <p class="row-actions">
                {button(&format!("add.{prefix}.where"), "Add a condition")}
                {(count > 1).then(|| button(&format!("drop.{prefix}"), "Remove this number"))}
            </p>
        </div>
    }
    .into_any()
}

fn condition_fields(condition: &Condition, prefix: &str, dataset: Option<&Dataset>) -> AnyView {
    let ops = OPS.iter().map(|(op, name, said)| option(name, said, *op == condition.op)).collect();
    view! {
        <div class="builder-row builder-condition">
            {select(&format!("{prefix}.column"), "Where", column_options(dataset, &condition.column, "–", |_| true))}
            {select(&format!("{prefix}.op"), "Comparison", ops)}
            {text(&format!("{prefix}.value"), "Value", &written(&condition.value), Some("Several with commas; times also as now, now-7d."), 2000)}
            {button(&format!("drop.{prefix}"), "Remove")}
        </div>
    }
    .into_any()
}

fn value_fields(value: &Value, at: usize) -> AnyView {
    let prefix = format!("values.{at}");
    let name = |field: &str| format!("{prefix}.{field}");
    let units = std::iter::once(option("", "The gauge’s", value.unit.is_none()))
        .chain(UNITS.iter().map(|(unit, name, label)| option(name, label, Some(*unit) == value.unit)))
        .collect();
    let tones = std::iter::once(&("", "By its place"))
        .chain(&TONES)
        .map(|(name, label)| option(name, label, Some(*name) == value.tone.as_deref().or(Some(""))))
        .collect();
    view! {
        <div class="builder-entry">
            <div class="builder-row">
                {text(&name("label"), "Label", &value.label, None, 100)}
                {text(&name("formula"), "Formula", &value.formula, None, 1000)}
                {select(&name("unit"), "Unit", units)}
            </div>
            <input type="hidden" name=name("id") value=value.id.clone() />
            <div class="builder-row">
                {select(&name("tone"), "Colour", tones)}
                {check(&name("line"), "A line over columns", value.line)}
                {check(&name("of_total"), "As a share of the whole", value.of_total)}
                {button(&format!("drop.{prefix}"), "Remove")}
            </div>
        </div>
    }
    .into_any()
}

fn group_fields(group: Option<&Group>, at: usize, dataset: Option<&Dataset>) -> AnyView {
    let prefix = format!("groups.{at}");
    let name = |field: &str| format!("{prefix}.{field}");
    let by = group.map(|group| group.by.as_str()).unwrap_or_default();
    let mut options = vec![option("", if at == 0 { "None: one number" } else { "None" }, by.is_empty())];
    options.extend(BUCKETS.iter().map(|(name, label)| option(name, label, *name == by)));
    let columns = dataset.map(|dataset| dataset.columns.as_slice()).unwrap_or_default();
    options.extend(
        columns
            .iter()
            .filter(|column| column.kind != ColumnKind::Json)
            .map(|column| option(&column.name, &column.label, column.name == by)),
    );
    let order = group.map(|group| group.order).unwrap_or_default();
    let orders = ORDERS.iter().map(|(known, name, label)| option(name, label, *known == order)).collect();
    let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    let bands = group.map(|group| group.bands.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    view! {
        <div class="builder-entry">
            <div class="builder-row">
                {select(&name("by"), if at == 0 { "First group" } else { "Second group" }, options)}
                {select(&name("order"), "Order", orders)}
                {text(&name("top"), "Show the top", &number(group.and_then(|it| it.top).map(u64::from)), Some("The rest becomes “Other”."), 4)}
            </div>
            <details class="builder-more" id=name("more")>
                <summary>"More"</summary>
                <div class="builder-row">
                    {text(&name("none"), "Rows without a value are called", group.and_then(|it| it.none.as_deref()).unwrap_or_default(), None, 100)}
                    {text(&name("bands"), "Bands of a number from", &bands.unwrap_or_default(), Some("0, 1, 3, 7"), 500)}
                    {check(&name("workdays"), "Of days: without Saturdays and Sundays", group.is_some_and(|it| it.workdays))}
                    {text(&name("min_rows"), "Leave groups out below so many rows", &number(group.and_then(|it| it.min_rows)), None, 9)}
                </div>
            </details>
        </div>
    }
    .into_any()
}

fn target_fields(gauge: &Gauge, dataset: Option<&Dataset>) -> AnyView {
    let target = gauge.target.as_ref();
    let number = |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
    let lower = target.is_some_and(|target| target.good == Good::Lower);
    let sides = vec![option("higher", "at or above it", !lower), option("lower", "at or below it", lower)];
    let of = target.and_then(|target| target.of.as_deref()).unwrap_or_default();
    let setting = target.and_then(|target| target.setting.as_deref()).unwrap_or_default();
    let mut values = vec![option("", "This number", of.is_empty())];
    values.extend(gauge.values.iter().skip(1).map(|value| option(&value.id, &value.label, value.id == of)));
    // Of a list: how many rows there are, or what stands in a column.
    let listed = gauge.rows.iter().flat_map(|list| &list.columns).filter_map(|name| dataset?.column(name));
    values.extend(
        listed
            .filter(|column| column.kind.is_numeric())
            .map(|column| option(&column.name, &column.label, column.name == of)),
    );
    values.extend(
        SETTINGS.iter().map(|(name, label)| option(&format!("{SETTING}{name}"), label, *name == setting)),
    );
    view! {
        <fieldset class="builder-part">
            <legend>"Target"</legend>
            <div class="builder-row">
                {text("target.value", "Target", &number(target.map(|it| it.value)), Some("Empty for none."), 20)}
                {select("target.good", "Good is", sides)}
                {text("target.warn_within", "Close is within", &number(target.map(|it| it.warn_within)), None, 20)}
                {text("target.warn_beyond", "Too good is beyond", &number(target.and_then(|it| it.warn_beyond)), Some("Warns, too; empty for never."), 20)}
            </div>
            <div class="builder-row">
                {select("target.of", "Taken from", values)}
                {text("target.origin", "Where it comes from", target.and_then(|it| it.origin.as_deref()).unwrap_or_default(), None, 300)}
            </div>
        </fieldset>
    }
    .into_any()
}

fn row_fields(gauge: &Gauge, dataset: Option<&Dataset>) -> AnyView {
    let chosen = gauge.rows.as_ref();
    let columns = dataset.map(|dataset| dataset.columns.as_slice()).unwrap_or_default();
    let is_chosen = |name: &str| chosen.is_some_and(|list| list.columns.iter().any(|column| column == name));
    // Chosen ones first, in their order.
    let mut sorted: Vec<_> = columns.iter().collect();
    sorted.sort_by_key(|column| {
        chosen
            .and_then(|list| list.columns.iter().position(|name| *name == column.name))
            .unwrap_or(usize::MAX)
    });
    let boxes: Vec<_> = sorted
        .into_iter()
        .map(|column| {
            let id = format!("rows-{}", column.name);
            view! {
                <li>
                    <input type="checkbox" id=id.clone() name="rows.columns" value=column.name.clone() checked=is_chosen(&column.name) />
                    <label for=id>{column.label.clone()}</label>
                </li>
            }
            .into_any()
        })
        .collect();
    let orders = |sort: &str| {
        let mut orders = vec![option("", "–", sort.is_empty())];
        for column in columns {
            let falling = format!("-{}", column.name);
            orders.push(option(&column.name, &format!("{} ▲", column.label), sort == column.name));
            orders.push(option(&falling, &format!("{} ▼", column.label), sort == falling));
        }
        orders
    };
    let sort = orders(chosen.map(|list| list.sort.as_str()).unwrap_or_default());
    let then = orders(chosen.and_then(|list| list.then.as_deref()).unwrap_or_default());
    let limit = chosen.map_or(10, |list| list.limit).to_string();
    view! {
        <fieldset class="builder-part">
            <legend>"List of rows"</legend>
            <p class="help">"For tables: the rows themselves instead of groups. They are those of the first number."</p>
            <details class="column-chooser"><summary class="button">"Columns"</summary><ul>{boxes}</ul></details>
            <div class="builder-row">
                {select("rows.sort", "Order", sort)}
                {select("rows.then", "Then by", then)}
                {text("rows.limit", "Rows on the tile", &limit, None, 3)}
            </div>
        </fieldset>
    }
    .into_any()
}

fn is_dated(kind: ColumnKind) -> bool {
    matches!(kind, ColumnKind::Time | ColumnKind::Date)
}

fn column_options(
    dataset: Option<&Dataset>,
    chosen: &str,
    nothing: &str,
    fits: impl Fn(ColumnKind) -> bool,
) -> Vec<AnyView> {
    let mut options = vec![option("", nothing, chosen.is_empty())];
    let columns = dataset.map(|dataset| dataset.columns.as_slice()).unwrap_or_default();
    options.extend(
        columns
            .iter()
            .filter(|column| fits(column.kind) || column.name == chosen)
            .map(|column| option(&column.name, &column.label, column.name == chosen)),
    );
    if !chosen.is_empty() && !columns.iter().any(|column| column.name == chosen) {
        options.push(option(chosen, &format!("{chosen} (not in this dataset)"), true));
    }
    options
}

fn range_options(chosen: Option<Range>, nothing: Option<&str>) -> Vec<AnyView> {
    let mut ranges = vec![Range::Now, Range::ThisQuarter, Range::Next(7), Range::Next(30), Range::Next(90)];
    ranges.splice(1..1, Range::choices());
    if let Some(own) = chosen.filter(|own| !ranges.contains(own)) {
        ranges.push(own);
    }
    let mut options: Vec<AnyView> =
        nothing.map(|label| option("", label, chosen.is_none())).into_iter().collect();
    options.extend(
        ranges.into_iter().map(|range| option(&range.to_string(), &range.label(), chosen == Some(range))),
    );
    options
}

/// A choice on which other fields depend: the form comes back with it.
fn refreshing(name: &str, label: &str, options: Vec<AnyView>) -> AnyView {
    let id = format!("f-{name}");
    view! {
        <div class="field">
            <label for=id.clone()>{label.to_owned()}</label>
            <select class="input" id=id name=name.to_owned() data-refresh="">{options}</select>
        </div>
    }
    .into_any()
}

fn button(what: &str, label: &'static str) -> AnyView {
    view! { <button class="button small" type="submit" id=format!("do-{what}") name="do" value=what.to_owned()>{label}</button> }
        .into_any()
}
