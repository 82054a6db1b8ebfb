//! Horizontal bars, sorted, the value at the end of each.

use super::{
    colour, cut, exact_numbers, measured, names_axis, numbers_axis, own_tooltip, points, short_numbers,
    target_line, unit_of,
};
use charming::{
    Chart,
    component::{Axis, Grid, Legend},
    element::{
        AxisLabel, AxisType, ItemStyle, Label, LabelPosition, LineStyle, MarkLineData, SplitLine, Tooltip,
        Trigger,
    },
    series::{Bar, Line},
};
use taskgauge_model::gauge::{Answer, Target, Unit};

/// Most bars that carry their number where a category has several: more, and the numbers would lie over each other.
const LABELLED_MAX: usize = 16;

pub fn bars(answer: &Answer, target: Option<&Target>) -> Chart {
    let target = measured(answer, target);
    let unit = unit_of(answer);
    // Bars of another unit have no place on the axis.
    let (shown, others): (Vec<_>, Vec<_>) = answer.series.iter().partition(|series| series.unit == unit);
    let several = shown.len() > 1;
    // The groups of a second dimension are parts of the bar; several values stand beside each other.
    let stacked = several && answer.dimensions > 1;
    let labelled = !stacked && (!several || shown.len() * answer.groups.len() <= LABELLED_MAX);
    let names = names_axis(&answer.groups).inverse(true).axis_label(AxisLabel::new().interval(0));
    let numbers: Axis = numbers_axis(answer)
        .axis_label(AxisLabel::new().show(several).formatter(short_numbers(unit)))
        .split_line(SplitLine::new().show(several));
    let mut chart = Chart::new()
        .y_axis(names)
        .x_axis(numbers)
        .grid(
            Grid::new()
                .left(4)
                .right(52)
                .top(if several {
                    32
                } else if target.is_some() {
                    18
                } else {
                    4
                })
                .bottom(4),
        )
        .tooltip(Tooltip::new().trigger(Trigger::Axis).value_formatter(exact_numbers(unit)));
    if several {
        let names = shown.iter().map(|series| cut(&series.label)).collect();
        chart = chart.legend(Legend::new().left(0).top(0).data(names));
    }
    if !others.is_empty() {
        chart = chart.x_axis(Axis::new().type_(AxisType::Value).show(false));
    }
    for (place, series) in shown.into_iter().enumerate() {
        let bar = match target {
            Some(target) => {
                Bar::new().mark_line(target_line(MarkLineData::new().x_axis(target.value), false))
            }
            None => Bar::new(),
        };
        // Several bars share a category: their width is for the script to choose.
        let bar = match (several, stacked) {
            (false, _) => bar.bar_width("62%"),
            (true, true) => bar.bar_width("62%").stack("whole"),
            (true, false) => bar,
        };
        // A share beside a goal is told apart from it.
        let numbers = if unit == Unit::Percent { exact_numbers(unit) } else { short_numbers(unit) };
        let label = Label::new().show(labelled).position(LabelPosition::Right).formatter(numbers);
        chart = chart.series(
            bar.name(cut(&series.label))
                .item_style(ItemStyle::new().color(colour(series, place)).border_radius(if stacked {
                    0
                } else {
                    3
                }))
                .label(label)
                .data(points(answer, series, target)),
        );
    }
    // Not seen: their numbers stand in the tooltip.
    for series in others {
        chart = chart.series(
            Line::new()
                .name(cut(&series.label))
                .x_axis_index(1)
                .symbol_size(0)
                .line_style(LineStyle::new().width(0))
                .item_style(ItemStyle::new().color("var(--chart-text-muted)"))
                .tooltip(own_tooltip(series))
                .data(points(answer, series, None)),
        );
    }
    chart
}
