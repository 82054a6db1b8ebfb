//! Columns beside or upon each other; values marked as lines are drawn over them.

use super::{
    axis_of, colour, cut, measured, names_axis, numbers_axes, own_tooltip, points, target_line, tooltip,
    unit_of, with_legend,
};
use charming::{
    Chart,
    element::{ItemStyle, Label, LabelPosition, LineStyle, MarkLineData, Symbol},
    series::{Bar, Line},
};
use taskgauge_model::gauge::{Answer, Target};

/// Most columns that carry their number.
const LABELLED_MAX: usize = 8;

pub fn columns(answer: &Answer, target: Option<&Target>, stacked: bool) -> Chart {
    let target = measured(answer, target);
    let unit = unit_of(answer);
    let labelled = answer.series.len() == 1 && answer.groups.len() <= LABELLED_MAX;
    let mut chart = with_legend(
        numbers_axes(Chart::new().x_axis(names_axis(&answer.groups)), answer).tooltip(tooltip(unit)),
        answer,
    );
    for (place, series) in answer.series.iter().enumerate() {
        let data = points(answer, series, target);
        let colour = colour(series, place);
        if series.line {
            chart = chart.series(
                Line::new()
                    .name(cut(&series.label))
                    .y_axis_index(axis_of(answer, series))
                    .tooltip(own_tooltip(series))
                    .symbol(Symbol::Circle)
                    .item_style(ItemStyle::new().color(colour.clone()))
                    .line_style(LineStyle::new().width(2).color(colour))
                    .data(data),
            );
        } else {
            let mut bar = Bar::new()
                .name(cut(&series.label))
                .y_axis_index(axis_of(answer, series))
                .tooltip(own_tooltip(series))
                .item_style(ItemStyle::new().color(colour).border_radius(if stacked { 0 } else { 3 }))
                .data(data);
            if stacked {
                bar = bar.stack("total");
            }
            if let Some(target) = target {
                bar = bar.mark_line(target_line(MarkLineData::new().y_axis(target.value), true));
            }
            if labelled {
                bar = bar.label(
                    Label::new()
                        .show(true)
                        .position(LabelPosition::Top)
                        .formatter(super::short_numbers(unit)),
                );
            }
            chart = chart.series(bar);
        }
    }
    chart
}
