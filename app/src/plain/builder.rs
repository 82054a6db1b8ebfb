//! The builder of a gauge: one plain form, and how it is read.
//!
//! Names of fields are paths into the gauge (`layers.0.where.1.op`). Buttons that change the form itself (one more
//! number, one condition less) send it, and it comes back with everything that was typed; a script does the same without
//! leaving the page, and shows the answer while somebody types.

use leptos::prelude::*;
use std::collections::BTreeMap;
use taskgauge_model::{
    catalogue::Catalogue,
    dataset::{ColumnKind, Dataset},
    gauge::{
        ChartKind, Condition, Gauge, Good, Group, Layer, Measure, Op, Order, RowList, Scalar, Target, Unit,
        Value,
    },
    range::Range,
    words::{CHARTS, MEASURES, OPS},
};

/// Units by the name they have in files, and in words.
const UNITS: [(Unit, &str, &str); 5] = [
    (Unit::Number, "number", "Number"),
    (Unit::Percent, "percent", "Percent"),
    (Unit::Hours, "hours", "Hours"),
    (Unit::Days, "days", "Days"),
    (Unit::Money, "money", "Money"),
];

/// Orders of groups by the name they have in files, and in words.
const ORDERS: [(Order, &str, &str); 4] = [
    (Order::Largest, "largest", "Largest first"),
    (Order::Smallest, "smallest", "Smallest first"),
    (Order::Picklist, "picklist", "As in Autotask’s list"),
    (Order::Key, "key", "By name or time"),
];

/// Parts of a date that groups can be made of.
const BUCKETS: [(&str, &str); 5] = [
    ("day", "Day"),
    ("week", "Week"),
    ("month", "Month"),
    ("weekday", "Day of the week"),
    ("hour", "Hour of the day"),
];

/// Series colours that mean something.
const TONES: [(&str, &str); 6] = [
    ("", "By its place"),
    ("opened", "Opened"),
    ("closed", "Closed"),
    ("good", "Good"),
    ("warn", "Warning"),
    ("bad", "Bad"),
];

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

    fn all(&self, name: &str) -> Vec<String> {
        self.0.get(name).cloned().unwrap_or_default().into_iter().filter(|text| !text.is_empty()).collect()
    }

    fn flag(&self, name: &str) -> bool {
        !self.get(name).is_empty()
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.get(name).replace(',', ".").parse().ok().filter(|number: &f64| number.is_finite())
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

    /// The gauge that was typed. What cannot be read is left out, for the gauge's own checks to say.
    pub fn gauge(&self) -> Gauge {
        let layers: Vec<Layer> = self.entries("layers").iter().map(|prefix| self.layer(prefix)).collect();
        let values = self
            .entries("values")
            .iter()
            .filter(|prefix| !self.get(&format!("{prefix}.formula")).is_empty())
            .map(|prefix| self.value(prefix))
            .collect();
        let groups = self
            .entries("groups")
            .iter()
            .filter(|prefix| !self.get(&format!("{prefix}.by")).is_empty())
            .map(|prefix| self.group(prefix))
            .collect();
        let columns = self.all("rows.columns");
        let target = self.number("target.value").map(|value| Target {
            value,
            of: self.some("target.of"),
            good: if self.get("target.good") == "lower" { Good::Lower } else { Good::Higher },
            warn_within: self.number("target.warn_within").unwrap_or_default(),
            origin: self.some("target.origin"),
        });
        let title = self.get("title").to_owned();
        Gauge {
            id: self.some("id").unwrap_or_else(|| slug(&title, '_')),
            title,
            about: self.get("about").to_owned(),
            range: self.get("range").parse().unwrap_or_default(),
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
                columns,
                limit: self.get("rows.limit").parse().unwrap_or(10),
            }),
            empty: self.some("empty"),
            internal: self.flag("internal"),
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
            .filter(|prefix| !self.get(&format!("{prefix}.column")).is_empty())
            .map(|prefix| self.condition(prefix, known))
            .collect();
        Layer {
            id: self.some(&format!("{prefix}.id")).unwrap_or_else(|| slug(&label, '_')),
            label,
            measure: Measure::named(get("measure"), get("column")).unwrap_or_default(),
            conditions,
            date: self.some(&format!("{prefix}.date")),
            range: self.some(&format!("{prefix}.range")).and_then(|range| range.parse().ok()),
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
                let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
                Scalar::List(entries.map(|entry| scalar(entry, kind)).collect())
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
            bands: get("bands").split(',').filter_map(|bound| bound.trim().parse().ok()).collect(),
            min_rows: get("min_rows").parse().ok(),
        }
    }
}

/// A value of a condition, as its column's kind reads it.
fn scalar(text: &str, kind: Option<ColumnKind>) -> Scalar {
    match kind {
        Some(ColumnKind::Flag) => Scalar::Flag(matches!(text.to_lowercase().as_str(), "yes" | "true" | "1")),
        Some(kind) if kind.is_numeric() => {
            text.replace(',', ".").parse().map_or_else(|_| Scalar::Text(text.to_owned()), Scalar::Number)
        }
        _ => Scalar::Text(text.to_owned()),
    }
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

/// Changes the form itself, as its buttons say: `add.layers`, `add.layers.0.where`, `drop.values.1`. Whether it was one
/// of those.
pub fn rebuild(gauge: &mut Gauge, what: &str) -> bool {
    let Some((verb, path)) = what.split_once('.') else { return what == "refresh" };
    let parts: Vec<&str> = path.split('.').collect();
    let place = |text: &str| text.parse::<usize>().unwrap_or(usize::MAX);
    match (verb, &parts[..]) {
        ("add", ["layers"]) => {
            let number = gauge.layers.len() + 1;
            let first = gauge.layers.first().cloned();
            gauge.layers.push(Layer {
                id: format!("number_{number}"),
                label: format!("Number {number}"),
                ..first.unwrap_or_else(blank_layer)
            });
        }
        ("add", ["layers", at, "where"]) => {
            if let Some(layer) = gauge.layers.get_mut(place(at)) {
                let column = Catalogue::shipped()
                    .dataset(&layer.dataset)
                    .and_then(|dataset| dataset.shown.first().cloned())
                    .unwrap_or_default();
                layer.conditions.push(Condition { column, op: Op::Is, value: Scalar::Text(String::new()) });
            }
        }
        ("add", ["values"]) => {
            let number = gauge.values.len() + 1;
            let formula = gauge.layers.first().map(|layer| layer.id.clone()).unwrap_or_default();
            gauge.values.push(Value {
                id: format!("value_{number}"),
                label: format!("Value {number}"),
                formula,
                unit: None,
                of_total: false,
                line: false,
                tone: None,
            });
        }
        ("drop", ["layers", at]) => drop_at(&mut gauge.layers, place(at)),
        ("drop", ["layers", at, "where", condition]) => {
            if let Some(layer) = gauge.layers.get_mut(place(at)) {
                drop_at(&mut layer.conditions, place(condition));
            }
        }
        ("drop", ["values", at]) => drop_at(&mut gauge.values, place(at)),
        _ => return false,
    }
    true
}

fn drop_at<T>(list: &mut Vec<T>, at: usize) {
    if at < list.len() {
        list.remove(at);
    }
}

fn blank_layer() -> Layer {
    Layer {
        id: "tickets".into(),
        label: "Tickets".into(),
        dataset: "tickets_14d".into(),
        measure: Measure::Count,
        conditions: Vec::new(),
        date: None,
        range: None,
        by: Vec::new(),
        tone: None,
    }
}

/// What a new gauge begins with.
pub fn blank() -> Gauge {
    Gauge {
        id: String::new(),
        title: String::new(),
        about: String::new(),
        range: Range::Now,
        chart: ChartKind::Number,
        layers: vec![blank_layer()],
        values: Vec::new(),
        unit: Unit::Number,
        groups: Vec::new(),
        target: None,
        compare: false,
        rows: None,
        empty: None,
        internal: false,
    }
}

/// The fields of the form.
pub fn fields(gauge: &Gauge, is_new: bool) -> AnyView {
    let layers: Vec<_> = gauge
        .layers
        .iter()
        .enumerate()
        .map(|(at, layer)| layer_fields(layer, at, gauge.layers.len()))
        .collect();
    let values: Vec<_> = gauge.values.iter().enumerate().map(|(at, value)| value_fields(value, at)).collect();
    let first = gauge.layers.first().and_then(|layer| Catalogue::shipped().dataset(&layer.dataset));
    let groups: Vec<_> = (0..2).map(|at| group_fields(gauge.groups.get(at), at, first)).collect();
    let ranges: Vec<_> = range_options(Some(gauge.range), None);
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
            {check("compare", "Show the previous period of the same length beside it", gauge.compare)}
            {check("internal", "Internal: never shown by a client’s link", gauge.internal)}
        </fieldset>
        <fieldset class="builder-part">
            <legend>"Groups"</legend>
            {groups}
        </fieldset>
        {target_fields(gauge)}
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
    let measures =
        MEASURES.iter().map(|(name, said)| option(name, said, *name == layer.measure.name())).collect();
    let conditions: Vec<_> = layer
        .conditions
        .iter()
        .enumerate()
        .map(|(place, condition)| condition_fields(condition, &format!("{prefix}.where.{place}"), dataset))
        .collect();
    let tones = TONES
        .iter()
        .map(|(name, label)| option(name, label, Some(*name) == layer.tone.as_deref().or(Some(""))))
        .collect();
    let measured = layer.measure.column().unwrap_or_default();
    view! {
        <div class="builder-entry">
            <div class="builder-row">
                {text(&name("label"), "Label", &layer.label, None, 100)}
                {text(&name("id"), "Name in formulas", &layer.id, None, 60)}
                {refreshing(&name("dataset"), "Dataset", datasets)}
            </div>
            <div class="builder-row">
                {select(&name("measure"), "Measure", measures)}
                {select(&name("column"), "of", column_options(dataset, measured, "–", |_| true))}
                {select(&name("date"), "Range cuts", column_options(dataset, layer.date.as_deref().unwrap_or_default(), "Nothing: as it is now", is_dated))}
            </div>
            {conditions}
            <details class="builder-more">
                <summary>"More"</summary>
                <div class="builder-row">
                    {select(&name("range"), "Range of its own", range_options(layer.range, Some("The gauge’s")))}
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
            {text(&format!("{prefix}.value"), "Value", &condition.value.words(), Some("Several with commas; times also as now, now-7d."), 2000)}
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
    let tones = TONES
        .iter()
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
            <details class="builder-more">
                <summary>"More"</summary>
                <div class="builder-row">
                    {text(&name("none"), "Rows without a value are called", group.and_then(|it| it.none.as_deref()).unwrap_or_default(), None, 100)}
                    {text(&name("bands"), "Bands of a number from", &bands.unwrap_or_default(), Some("0, 1, 3, 7"), 500)}
                    {text(&name("min_rows"), "Leave groups out below so many rows", &number(group.and_then(|it| it.min_rows)), None, 9)}
                </div>
            </details>
        </div>
    }
    .into_any()
}

fn target_fields(gauge: &Gauge) -> AnyView {
    let target = gauge.target.as_ref();
    let number = |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
    let lower = target.is_some_and(|target| target.good == Good::Lower);
    let sides = vec![option("higher", "at or above it", !lower), option("lower", "at or below it", lower)];
    let of = target.and_then(|target| target.of.as_deref()).unwrap_or_default();
    let mut values = vec![option("", "This number", of.is_empty())];
    values.extend(gauge.values.iter().skip(1).map(|value| option(&value.id, &value.label, value.id == of)));
    view! {
        <fieldset class="builder-part">
            <legend>"Target"</legend>
            <div class="builder-row">
                {text("target.value", "Target", &number(target.map(|it| it.value)), Some("Empty for none."), 20)}
                {select("target.good", "Good is", sides)}
                {text("target.warn_within", "Close is within", &number(target.map(|it| it.warn_within)), None, 20)}
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
    let sort = chosen.map(|list| list.sort.as_str()).unwrap_or_default();
    let mut orders = vec![option("", "–", sort.is_empty())];
    for column in columns {
        let falling = format!("-{}", column.name);
        orders.push(option(&column.name, &format!("{} ▲", column.label), sort == column.name));
        orders.push(option(&falling, &format!("{} ▼", column.label), sort == falling));
    }
    let limit = chosen.map_or(10, |list| list.limit).to_string();
    view! {
        <fieldset class="builder-part">
            <legend>"List of rows"</legend>
            <p class="help">"For tables: the rows themselves instead of groups. They are those of the first number."</p>
            <details class="column-chooser"><summary class="button">"Columns"</summary><ul>{boxes}</ul></details>
            <div class="builder-row">
                {select("rows.sort", "Order", orders)}
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

fn option(value: &str, label: &str, chosen: bool) -> AnyView {
    view! { <option value=value.to_owned() selected=chosen>{label.to_owned()}</option> }.into_any()
}

fn text(name: &str, label: &str, value: &str, help: Option<&str>, longest: u32) -> AnyView {
    let id = format!("f-{name}");
    let help_id = format!("{id}-help");
    let described = help.map(|_| help_id.clone());
    view! {
        <div class="field">
            <label for=id.clone()>{label.to_owned()}</label>
            <input class="input" id=id name=name.to_owned() value=value.to_owned() maxlength=longest autocomplete="off" aria-describedby=described />
            {help.map(|help| view! { <p class="help" id=help_id>{help.to_owned()}</p> })}
        </div>
    }
    .into_any()
}

fn area(name: &str, label: &str, value: &str, help: &str) -> AnyView {
    let id = format!("f-{name}");
    view! {
        <div class="field">
            <label for=id.clone()>{label.to_owned()}</label>
            <textarea class="input" id=id name=name.to_owned() rows="3" maxlength="2000">{value.to_owned()}</textarea>
            <p class="help">{help.to_owned()}</p>
        </div>
    }
    .into_any()
}

fn select(name: &str, label: &str, options: Vec<AnyView>) -> AnyView {
    let id = format!("f-{name}");
    view! {
        <div class="field">
            <label for=id.clone()>{label.to_owned()}</label>
            <select class="input" id=id name=name.to_owned()>{options}</select>
        </div>
    }
    .into_any()
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

fn check(name: &str, label: &str, checked: bool) -> AnyView {
    let id = format!("f-{name}");
    view! {
        <div class="check">
            <input type="checkbox" id=id.clone() name=name.to_owned() value="1" checked=checked />
            <label for=id>{label.to_owned()}</label>
        </div>
    }
    .into_any()
}

fn button(what: &str, label: &'static str) -> AnyView {
    view! { <button class="button small" type="submit" name="do" value=what.to_owned()>{label}</button> }
        .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a browser would send of the form's HTML: enough of HTML for what is written here.
    fn sent(html: &str) -> Sent {
        let attribute = |tag: &str, name: &str| {
            let from = tag.find(&format!(" {name}=\""))? + name.len() + 3;
            Some(unescaped(&tag[from..from + tag[from..].find('"')?]))
        };
        let mut pairs = Vec::new();
        let mut inside: Option<String> = None;
        for piece in html.split('<').skip(1) {
            let (tag, after) = piece.split_once('>').unwrap_or((piece, ""));
            if tag.starts_with("select") {
                inside = attribute(tag, "name");
            } else if tag.starts_with("option") && tag.contains(" selected") {
                if let Some(name) = &inside {
                    pairs.push((name.clone(), attribute(tag, "value").unwrap_or_default()));
                }
            } else if tag.starts_with("textarea") {
                pairs.push((attribute(tag, "name").expect("a name"), unescaped(after)));
            } else if tag.starts_with("input") {
                let is_box = tag.contains("type=\"checkbox\"");
                if !is_box || tag.contains(" checked") {
                    let name = attribute(tag, "name").expect("a name");
                    pairs.push((name, attribute(tag, "value").unwrap_or_default()));
                }
            }
        }
        Sent::new(pairs)
    }

    fn unescaped(text: &str) -> String {
        text.replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&#x27;", "'")
            .replace("&amp;", "&")
    }

    #[test]
    fn the_form_of_every_gauge_leads_back_to_it() {
        for gauge in &Catalogue::shipped().gauges {
            let html = Owner::new().with(|| fields(gauge, false).to_html());
            let read = sent(&html).gauge();
            assert_eq!(read, *gauge, "{}", gauge.id);
        }
    }

    #[test]
    fn buttons_change_the_form_and_nothing_else() {
        let mut gauge = blank();
        assert!(rebuild(&mut gauge, "add.layers"));
        assert!(rebuild(&mut gauge, "add.layers.1.where"));
        assert!(rebuild(&mut gauge, "add.values"));
        assert_eq!((gauge.layers.len(), gauge.layers[1].conditions.len(), gauge.values.len()), (2, 1, 1));
        assert!(rebuild(&mut gauge, "drop.layers.0"));
        assert!(rebuild(&mut gauge, "drop.layers.0.where.0"));
        assert!(rebuild(&mut gauge, "drop.layers.9"));
        assert_eq!((gauge.layers.len(), gauge.layers[0].conditions.len()), (1, 0));
        assert!(!rebuild(&mut gauge, "save") && !rebuild(&mut gauge, "add.shoes"));
    }

    #[test]
    fn names_are_made_of_titles() {
        assert_eq!(slug("Open tickets – München!", '_'), "open_tickets_m_nchen");
        assert_eq!(slug("30 days", '_'), "n_30_days");
        assert_eq!(slug("***", '-'), "");
    }
}
