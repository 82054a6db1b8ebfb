//! Answers as charts: one file per kind.

mod bars;
mod columns;
mod donut;
mod heat;
mod lines;

use charming::{
    Chart,
    component::{Axis, Grid, Legend},
    datatype::{CompositeValue, DataPoint, DataPointItem},
    element::{
        AxisLabel, AxisType, Color, Formatter, ItemStyle, Label, LabelPosition, LineStyle, LineStyleType,
        MarkLine, MarkLineData, MarkLineVariant, SplitLine, Symbol, Tooltip, Trigger,
    },
};
use taskgauge_model::gauge::{Answer, AnswerGroup, ChartKind, Series, Target, Tone, Unit};

/// The chart of an answer; `None` for kinds that are words and numbers (number, percent, table) and for no data.
pub fn chart(kind: ChartKind, answer: &Answer, target: Option<&Target>) -> Option<Chart> {
    if answer.groups.is_empty() || answer.series.is_empty() {
        return None;
    }
    match kind {
        ChartKind::Number | ChartKind::Percent | ChartKind::Progress | ChartKind::Table => None,
        ChartKind::Columns => Some(columns::columns(answer, target, false)),
        ChartKind::Stack => Some(columns::columns(answer, None, true)),
        ChartKind::Bars | ChartKind::Rank => Some(bars::bars(answer, target)),
        ChartKind::Line => Some(lines::lines(answer, target, false)),
        ChartKind::Area => Some(lines::lines(answer, target, true)),
        ChartKind::Donut => Some(donut::donut(answer)),
        ChartKind::Heat => Some(heat::heat(answer)),
    }
}

/// The option as the chart script takes it.
pub fn option_json(chart: &Chart) -> String {
    serde_json::to_string(chart).unwrap_or_else(|_| "{}".to_owned())
}

/// The colour of a series: by meaning where it has one, else by its place.
fn colour(series: &Series, place: usize) -> Color {
    let name = match series.tone.as_deref() {
        Some("opened") => "--opened".to_owned(),
        Some("closed") => "--closed".to_owned(),
        Some(tone @ ("good" | "warn" | "bad")) => format!("--tone-{tone}"),
        _ => format!("--series-{}", place % 8 + 1),
    };
    Color::from(format!("var({name})"))
}

/// The number of a series in a group, as chart data; a gap where there is none.
fn point(group: &AnswerGroup, series: &Series) -> CompositeValue {
    CompositeValue::from(group.values.get(&series.id).copied().map(rounded))
}

/// The numbers of a series, one for each group; in the colours of how they stand to a target, where there is one.
fn points(answer: &Answer, series: &Series, target: Option<&Target>) -> Vec<DataPoint> {
    let drawn = |group: &AnswerGroup| {
        let point = point(group, series);
        let Some((target, value)) = target.zip(group.values.get(&series.id)) else { return point.into() };
        let name = match target.tone(*value) {
            Tone::Good => "--tone-good",
            Tone::Warn => "--tone-warn",
            Tone::Bad => "--tone-bad",
        };
        let colour = ItemStyle::new().color(Color::from(format!("var({name})")));
        DataPointItem::new(point).item_style(colour).into()
    };
    answer.groups.iter().map(drawn).collect()
}

/// The target that bars are measured by: where there is one kind of bar.
fn measured<'a>(answer: &Answer, target: Option<&'a Target>) -> Option<&'a Target> {
    target.filter(|_| answer.dimensions < 2 && answer.series.len() == 1)
}

/// A line where the target is, with its name: on a level line at its start, above an upright one.
fn target_line(at: MarkLineData, is_level: bool) -> MarkLine {
    let label = Label::new().show(true).formatter("goal").color("var(--text-muted)");
    let label = label.position(if is_level { LabelPosition::InsideStartTop } else { LabelPosition::Start });
    MarkLine::new()
        .symbol(vec![Symbol::None, Symbol::None])
        .silent(true)
        .label(label)
        .line_style(LineStyle::new().type_(LineStyleType::Dashed).width(1).color("var(--text-muted)"))
        .data(vec![MarkLineVariant::Simple(at)])
}

/// Charts carry four decimals: more is invisible and only makes the page larger.
fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

/// How the chart script writes numbers of a unit on axes and marks.
fn short_numbers(unit: Unit) -> Formatter {
    Formatter::from(match unit {
        Unit::Number | Unit::Money | Unit::Days => "fn:compact",
        Unit::Percent => "fn:percent:0",
        Unit::Hours => "fn:duration",
        Unit::WorkHours => "fn:hours",
    })
}

/// How the chart script writes numbers of a unit in tooltips.
fn exact_numbers(unit: Unit) -> Formatter {
    Formatter::from(match unit {
        Unit::Number | Unit::Money | Unit::Days => "fn:number",
        Unit::Percent => "fn:percent",
        Unit::Hours => "fn:duration",
        Unit::WorkHours => "fn:hours",
    })
}

fn unit_of(answer: &Answer) -> Unit {
    answer.series.first().map_or(answer.unit, |series| series.unit)
}

/// The unit of the series that are not measured in the first one's: they have an axis of their own, at the right.
fn other_unit(answer: &Answer) -> Option<Unit> {
    let first = unit_of(answer);
    answer.series.iter().map(|series| series.unit).find(|unit| *unit != first)
}

/// The axes of numbers: one, or two where there are two units.
fn numbers_axes(chart: Chart, answer: &Answer) -> Chart {
    let chart = chart.y_axis(numbers_axis(answer));
    match other_unit(answer) {
        Some(unit) => chart.y_axis(
            Axis::new()
                .type_(AxisType::Value)
                .split_number(4)
                .split_line(SplitLine::new().show(false))
                .axis_label(AxisLabel::new().formatter(short_numbers(unit))),
        ),
        None => chart,
    }
}

/// The axis of a series, by place.
fn axis_of(answer: &Answer, series: &Series) -> f64 {
    if series.unit == unit_of(answer) { 0.0 } else { 1.0 }
}

/// How a series writes its numbers in tooltips.
fn own_tooltip(series: &Series) -> Tooltip {
    Tooltip::new().value_formatter(exact_numbers(series.unit))
}

/// An axis of names or dates.
fn names_axis(groups: &[AnswerGroup]) -> Axis {
    Axis::new().type_(AxisType::Category).data(groups.iter().map(|group| cut(&group.label)).collect())
}

/// An axis of numbers that starts at zero. Shares end at 100, unless some are more, as a kill rate may be.
fn numbers_axis(answer: &Answer) -> Axis {
    let unit = unit_of(answer);
    let axis = Axis::new()
        .type_(AxisType::Value)
        .split_number(4)
        .axis_label(AxisLabel::new().formatter(short_numbers(unit)));
    match unit {
        Unit::Number => axis.min_interval(1),
        Unit::Percent if all_within(answer, unit, 100.0) => axis.max(100),
        _ => axis,
    }
}

/// Whether no value of this unit is above `most`.
fn all_within(answer: &Answer, unit: Unit, most: f64) -> bool {
    let series = || answer.series.iter().filter(|series| series.unit == unit);
    answer
        .groups
        .iter()
        .all(|group| series().filter_map(|series| group.values.get(&series.id)).all(|value| *value <= most))
}

/// A tooltip that lists all series at a point.
fn tooltip(unit: Unit) -> Tooltip {
    Tooltip::new().trigger(Trigger::Axis).value_formatter(exact_numbers(unit))
}

/// A legend above the chart, where there is more than one series; and the grid that leaves room for it.
fn with_legend(chart: Chart, answer: &Answer) -> Chart {
    if answer.series.len() > 1 {
        chart.legend(Legend::new().left(0).top(0)).grid(Grid::new().left(4).right(12).top(32).bottom(4))
    } else {
        chart.grid(Grid::new().left(4).right(12).top(12).bottom(4))
    }
}

/// Longest name on an axis, in characters; the whole name stands in the chart's table.
const NAME_MAX: usize = 26;

fn cut(name: &str) -> String {
    if name.chars().count() <= NAME_MAX {
        name.to_owned()
    } else {
        let mut short: String = name.chars().take(NAME_MAX - 1).collect();
        short.push('…');
        short
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use chrono::DateTime;
    use std::collections::BTreeMap;
    use taskgauge_model::gauge::{Good, Status};

    pub fn answer(series: &[(&str, Option<&str>)], groups: &[(&str, &[Option<f64>])]) -> Answer {
        Answer {
            gauge: "g".into(),
            at: DateTime::UNIX_EPOCH,
            status: Status::Ok,
            value: Some(1.0),
            figures: vec![],
            target: None,
            unit: Unit::Number,
            rows: 1,
            groups: groups
                .iter()
                .map(|(label, values)| AnswerGroup {
                    key: (*label).into(),
                    label: (*label).into(),
                    values: series
                        .iter()
                        .zip(*values)
                        .filter_map(|((id, _), value)| Some(((*id).to_owned(), (*value)?)))
                        .collect::<BTreeMap<_, _>>(),
                })
                .collect(),
            dimensions: 1,
            series: series
                .iter()
                .map(|(id, tone)| Series {
                    id: (*id).into(),
                    label: (*id).into(),
                    unit: Unit::Number,
                    line: false,
                    tone: tone.map(str::to_owned),
                })
                .collect(),
            previous: None,
            note: None,
            unfiltered: vec![],
            window: None,
            table: None,
            data_at: None,
        }
    }

    /// A target of at least 90, where from 85 on it is close.
    pub fn ninety() -> Target {
        Target {
            value: 90.0,
            of: None,
            setting: None,
            good: Good::Higher,
            warn_within: 5.0,
            warn_beyond: None,
            origin: None,
        }
    }

    #[test]
    fn every_kind_is_drawn_or_left_to_words() {
        let answer = answer(
            &[("opened", Some("opened")), ("closed", None)],
            &[("Mon", &[Some(1.0), Some(2.0)]), ("Tue", &[None, Some(0.333_333_3)])],
        );
        for kind in [
            ChartKind::Columns,
            ChartKind::Stack,
            ChartKind::Bars,
            ChartKind::Rank,
            ChartKind::Line,
            ChartKind::Area,
            ChartKind::Donut,
            ChartKind::Heat,
        ] {
            let json = option_json(&chart(kind, &answer, None).expect("a chart"));
            assert!(json.contains("\"series\""), "{kind:?}: {json}");
            assert!(!json.contains("0.3333333"), "{kind:?} carries too many decimals");
        }
        for kind in [ChartKind::Number, ChartKind::Percent, ChartKind::Progress, ChartKind::Table] {
            assert!(chart(kind, &answer, None).is_none());
        }
    }

    #[test]
    fn shares_end_at_a_hundred_unless_some_are_more() {
        let ends = |value: f64| {
            let mut answer = answer(&[("rate", None)], &[("Mon", &[Some(value)]), ("Tue", &[Some(50.0)])]);
            answer.series[0].unit = Unit::Percent;
            option_json(&chart(ChartKind::Columns, &answer, None).expect("a chart")).contains("\"max\":100")
        };
        assert!(ends(100.0) && !ends(140.0));
    }

    #[test]
    fn another_unit_has_an_axis_of_its_own() {
        let mut answer =
            answer(&[("rating", None), ("answers", None)], &[("Mon", &[Some(88.0), Some(140.0)])]);
        answer.series[0].unit = Unit::Percent;
        for kind in [ChartKind::Line, ChartKind::Columns] {
            let json = option_json(&chart(kind, &answer, None).expect("a chart"));
            assert!(json.contains("\"yAxisIndex\":1"), "{kind:?}: {json}");
            assert!(json.contains("\"max\":100"), "{kind:?}: the other unit moves no limit: {json}");
        }
    }

    #[test]
    fn another_unit_stands_in_the_tooltip_of_bars() {
        let mut answer = answer(&[("value", None), ("deals", None)], &[("Ann", &[Some(88.0), Some(3.0)])]);
        answer.series[0].unit = Unit::Money;
        let json = option_json(&chart(ChartKind::Bars, &answer, None).expect("a chart"));
        assert!(json.contains("\"xAxisIndex\":1") && json.contains("\"deals\""), "{json}");
        answer.series[1].unit = Unit::Money;
        let json = option_json(&chart(ChartKind::Bars, &answer, None).expect("a chart"));
        assert!(!json.contains("xAxisIndex"), "{json}");
    }

    #[test]
    fn meaning_decides_the_colour() {
        let answer =
            answer(&[("opened", Some("opened")), ("other", None)], &[("Mon", &[Some(1.0), Some(2.0)])]);
        let json = option_json(&chart(ChartKind::Line, &answer, None).expect("a chart"));
        assert!(json.contains("var(--opened)") && json.contains("var(--series-2)"), "{json}");
    }

    #[test]
    fn bars_say_how_they_stand_to_a_target() {
        let target = ninety();
        let groups: &[(&str, &[Option<f64>])] =
            &[("a", &[Some(95.0)]), ("b", &[Some(87.0)]), ("c", &[Some(10.0)]), ("d", &[None])];
        let answer_of_one = answer(&[("share", None)], groups);
        for kind in [ChartKind::Bars, ChartKind::Columns] {
            let json = option_json(&chart(kind, &answer_of_one, Some(&target)).expect("a chart"));
            for part in ["tone-good", "tone-warn", "tone-bad", "markLine"] {
                assert!(json.contains(part), "{kind:?} has {part}: {json}");
            }
        }
        // Where several kinds stand beside each other, colours tell them apart.
        let several = answer(&[("one", None), ("two", None)], &[("a", &[Some(1.0), Some(2.0)])]);
        let json = option_json(&chart(ChartKind::Columns, &several, Some(&target)).expect("a chart"));
        assert!(!json.contains("tone-") && !json.contains("markLine"), "{json}");
        // Lines that are measured alike have the target across them, once.
        let json = option_json(&chart(ChartKind::Line, &several, Some(&target)).expect("a chart"));
        assert_eq!(json.matches("markLine").count(), 1, "{json}");
    }

    #[test]
    fn gaps_stay_gaps() {
        let answer = answer(&[("a", None)], &[("Mon", &[None]), ("Tue", &[Some(0.0)])]);
        let json = option_json(&chart(ChartKind::Line, &answer, None).expect("a chart"));
        assert!(json.contains("[null,0"), "{json}");
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        assert_eq!(cut("é".repeat(40).as_str()).chars().count(), NAME_MAX);
        assert_eq!(cut("short"), "short");
    }
}
