//! The builder of a gauge: one plain form, and how it is read.
//!
//! Names of fields are paths into the gauge (`layers.0.where.1.op`). Buttons that change the form itself (one more
//! number, one condition less) send it, and it comes back with everything that was typed; a script does the same without
//! leaving the page, and shows the answer while somebody types.

mod form;
mod sent;

pub use form::fields;
pub use sent::{Sent, slug};

use taskgauge_model::{
    catalogue::Catalogue,
    format,
    gauge::{ChartKind, Condition, Gauge, Layer, Measure, Op, Order, Scalar, Target, Unit, Value},
    range::Range,
};

/// Units by the name they have in files, and in words.
const UNITS: [(Unit, &str, &str); 6] = [
    (Unit::Number, "number", "Number"),
    (Unit::Percent, "percent", "Percent"),
    (Unit::Hours, "hours", "Duration in hours"),
    (Unit::WorkHours, "work_hours", "Hours of work"),
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

/// The choice of a range whose dates have fields of their own.
const BETWEEN: &str = "between";

/// Before the name of a setting, where a target is one.
const SETTING: &str = "setting:";

/// Where a target comes from that somebody changed: what stands with the default is not true of it any more.
pub fn own_target(gauge: &mut Gauge) {
    let default = Catalogue::shipped().gauge(&gauge.id).and_then(|default| default.target.as_ref());
    let (Some(target), Some(default)) = (&mut gauge.target, default) else { return };
    let set_here = format!("Set here; the default is {}.", format::value(default.value, gauge.unit));
    let is_default = Target { origin: None, ..target.clone() } == Target { origin: None, ..default.clone() };
    if is_default && target.origin.as_ref() == Some(&set_here) {
        target.origin.clone_from(&default.origin);
    } else if !is_default && target.origin == default.origin {
        target.origin = Some(set_here);
    }
}

/// A gauge without the lines in which nothing was chosen.
pub fn without_empty_lines(mut gauge: Gauge) -> Gauge {
    gauge.values.retain(|value| !value.formula.is_empty());
    gauge.groups.retain(|group| !group.by.is_empty());
    for layer in &mut gauge.layers {
        layer.conditions.retain(|condition| !condition.column.is_empty());
    }
    gauge
}

/// Changes the form itself, as its buttons say: `add.layers`, `add.layers.0.where`, `drop.values.1`. Whether it was one
/// of those.
pub fn rebuild(gauge: &mut Gauge, what: &str) -> bool {
    let Some((verb, path)) = what.split_once('.') else { return what == "refresh" };
    let parts: Vec<&str> = path.split('.').collect();
    let place = |text: &str| text.parse::<usize>().unwrap_or(usize::MAX);
    match (verb, &parts[..]) {
        ("add", ["layers"]) => {
            let number = free(gauge.layers.len(), |number| {
                gauge.layers.iter().any(|layer| layer.id == format!("number_{number}"))
            });
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
            let number = free(gauge.values.len(), |number| {
                gauge.values.iter().any(|value| value.id == format!("value_{number}"))
            });
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

/// The first number after so many that is not taken, of which they can take as many.
fn free(after: usize, is_taken: impl Fn(usize) -> bool) -> usize {
    (after + 1..=2 * after + 1).find(|number| !is_taken(*number)).unwrap_or(after + 1)
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
        until: None,
        range: None,
        before: false,
        member: None,
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
        total: false,
        internal: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use leptos::prelude::*;

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
            let html = Owner::new().with(|| fields(gauge, false, None).to_html());
            let read = sent(&html).gauge();
            assert_eq!(read, *gauge, "{}", gauge.id);
        }
    }

    #[test]
    fn what_no_default_has_leads_back_as_well() {
        let mut gauge = blank();
        gauge.id = "mine".to_owned();
        gauge.title = "Mine".to_owned();
        gauge.range = "2026-01-05..2026-02-01".parse().unwrap();
        gauge.layers[0].measure = Measure::Percentile(97, "age_hours".to_owned());
        let html = Owner::new().with(|| fields(&gauge, false, None).to_html());
        assert_eq!(sent(&html).gauge(), gauge);
    }

    #[test]
    fn values_of_conditions_are_read_as_they_were_written() {
        let number = |number: f64| Scalar::Number(number);
        let text = |text: &str| Scalar::Text(text.to_owned());
        for (column, op, value) in [
            ("age_hours", Op::Over, number(0.125)),
            ("age_hours", Op::Over, number(-5.0)),
            ("age_hours", Op::Over, number(1_234_567.891)),
            ("age_hours", Op::In, Scalar::List(vec![number(1200.0), number(5.0)])),
            ("company_id", Op::In, Scalar::List(vec![text("1200"), text("5")])),
            (
                "status",
                Op::In,
                Scalar::List(vec![text("Waiting, Customer"), text("Say \"no\""), text("New")]),
            ),
            ("status", Op::Is, text("Waiting, Customer")),
            ("is_open", Op::Is, Scalar::Flag(false)),
            ("is_open", Op::Is, Scalar::Flag(true)),
            ("create_date", Op::AtLeast, text("now-7d")),
        ] {
            let mut gauge = blank();
            "mine".clone_into(&mut gauge.id);
            gauge.layers[0].conditions.push(Condition { column: column.to_owned(), op, value });
            let html = Owner::new().with(|| fields(&gauge, false, None).to_html());
            assert_eq!(sent(&html).gauge(), gauge);
        }
        let typed = |value: &str| {
            let fields = [
                ("layers.0.dataset", "tickets_14d"),
                ("layers.0.where.0.column", "is_open"),
                ("layers.0.where.0.value", value),
            ];
            let sent = Sent::new(fields.map(|(name, value)| (name.to_owned(), value.to_owned())));
            sent.gauge().layers[0].conditions[0].value.clone()
        };
        assert_eq!(typed("ja"), text("ja"), "what is neither yes nor no is not taken for one");
    }

    #[test]
    fn a_button_names_the_line_that_it_stands_at() {
        let fields = [
            ("layers.0.dataset", "tickets_14d"),
            ("layers.0.where.0.column", ""),
            ("layers.0.where.1.column", "status"),
            ("layers.0.where.2.column", "queue"),
            ("values.0.formula", ""),
            ("values.1.formula", "a"),
            ("values.2.formula", "b"),
        ];
        let sent = Sent::new(fields.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let mut typed = sent.typed();
        assert!(rebuild(&mut typed, "drop.layers.0.where.1") && rebuild(&mut typed, "drop.values.1"));
        assert_eq!(typed.layers[0].conditions[1].column, "queue");
        assert_eq!(typed.values[1].formula, "b");
        let saved = sent.gauge();
        assert_eq!((saved.layers[0].conditions.len(), saved.values.len()), (2, 2));
    }

    #[test]
    fn what_is_added_has_a_name_of_its_own() {
        let mut gauge = blank();
        for what in ["add.values", "add.values", "drop.values.0", "add.values", "add.layers", "add.layers"] {
            assert!(rebuild(&mut gauge, what));
        }
        for what in ["drop.layers.1", "add.layers"] {
            assert!(rebuild(&mut gauge, what));
        }
        let names: Vec<&str> = gauge.values.iter().map(|value| value.id.as_str()).collect();
        assert_eq!(names, ["value_2", "value_3"]);
        let names: Vec<&str> = gauge.layers.iter().map(|layer| layer.id.as_str()).collect();
        assert_eq!(names, ["tickets", "number_3", "number_4"]);
    }

    #[test]
    fn a_target_that_somebody_changed_says_so() {
        let shipped = Catalogue::shipped().gauge("sla_overall_met").unwrap();
        let origin = |gauge: &Gauge| gauge.target.as_ref().and_then(|target| target.origin.clone());
        let mut gauge = shipped.clone();
        own_target(&mut gauge);
        assert_eq!(gauge, *shipped);
        gauge.target.as_mut().unwrap().value += 3.0;
        own_target(&mut gauge);
        let said = origin(&gauge).unwrap();
        assert!(said.starts_with("Set here; the default is 90"), "{said}");
        gauge.target.as_mut().unwrap().value -= 3.0;
        own_target(&mut gauge);
        assert_eq!(gauge, *shipped);
        let target = gauge.target.as_mut().unwrap();
        (target.value, target.origin) = (80.0, Some("Our contract.".to_owned()));
        own_target(&mut gauge);
        assert_eq!(origin(&gauge).unwrap(), "Our contract.");
    }

    #[test]
    fn two_dates_that_make_no_range_are_said() {
        let range = |from: &str, to: &str| {
            let fields = [("range", BETWEEN), ("range.from", from), ("range.to", to)];
            Sent::new(fields.map(|(name, value)| (name.to_owned(), value.to_owned())))
        };
        let good = range("2026-03-01", "2026-03-31");
        assert_eq!(
            (good.problem(), good.gauge().range.to_string()),
            (None, "2026-03-01..2026-03-31".to_owned())
        );
        for (from, to) in
            [("", ""), ("2026-03-01", ""), ("2026-03-31", "2026-03-01"), ("1999-01-01", "2026-01-01")]
        {
            assert!(range(from, to).problem().is_some(), "{from} to {to}");
        }
        // What is not whole yet is not lost.
        let begun = range("2026-03-01", "");
        let html = Owner::new().with(|| fields(&begun.gauge(), true, begun.dates()).to_html());
        assert_eq!(sent(&html).dates(), Some(("2026-03-01".to_owned(), String::new())));
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        let target = |text: &str| Sent::new([("target.value".to_owned(), text.to_owned())]);
        for (text, read) in [
            ("2.5", 2.5),
            ("2,5", 2.5),
            ("10,000", 10_000.0),
            ("1,234,567.5", 1_234_567.5),
            ("95 %", 95.0),
            ("-3", -3.0),
        ] {
            let sent = target(text);
            assert_eq!(sent.gauge().target.map(|target| target.value), Some(read), "{text}");
            assert_eq!(sent.problem(), None, "{text}");
        }
        for text in ["ninety", "1e400", "nan", "1,2,3"] {
            assert!(target(text).problem().is_some_and(|said| said.contains(text)), "{text}");
        }
        let group = |name: &str, text: &str| {
            let fields = [
                ("groups.0.by".to_owned(), "queue".to_owned()),
                (format!("groups.0.{name}"), text.to_owned()),
            ];
            Sent::new(fields).problem()
        };
        for (name, text) in [("top", "ten"), ("top", "2.5"), ("min_rows", "-1"), ("bands", "0, 1, many")] {
            assert!(group(name, text).is_some(), "{name} {text}");
        }
        assert_eq!((group("top", "10"), group("bands", "0, 2.5, 7")), (None, None));
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
