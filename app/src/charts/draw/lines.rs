//! Lines over time, filled where one quantity is shown.

use super::{
    axis_of, colour, cut, names_axis, numbers_axes, other_unit, own_tooltip, point, target_line, tooltip,
    unit_of, with_legend,
};
use charming::{
    Chart,
    datatype::DataPoint,
    element::{AreaStyle, AxisLabel, ItemStyle, LineStyle, MarkLineData, Symbol},
    series::Line,
};
use taskgauge_model::gauge::{Answer, Target};

/// From so many points on, a line goes without a mark at each.
const MARKED_MAX: usize = 16;

pub fn lines(answer: &Answer, target: Option<&Target>, filled: bool) -> Chart {
    let unit = unit_of(answer);
    let names = names_axis(&answer.groups).boundary_gap(false).axis_label(AxisLabel::new());
    let mut chart =
        with_legend(numbers_axes(Chart::new().x_axis(names), answer).tooltip(tooltip(unit)), answer);
    for (place, series) in answer.series.iter().enumerate() {
        let data: Vec<DataPoint> = answer.groups.iter().map(|group| point(group, series).into()).collect();
        let colour = colour(series, place);
        let mut line = Line::new()
            .name(cut(&series.label))
            .y_axis_index(axis_of(answer, series))
            .tooltip(own_tooltip(series))
            .symbol(Symbol::Circle)
            .symbol_size(5)
            .show_symbol(answer.groups.len() <= MARKED_MAX)
            .item_style(ItemStyle::new().color(colour.clone()))
            .line_style(LineStyle::new().width(2).color(colour.clone()))
            .data(data);
        // One target for all lines, where all are measured alike.
        if let Some(target) = target.filter(|_| place == 0 && other_unit(answer).is_none()) {
            line = line.mark_line(target_line(MarkLineData::new().y_axis(target.value), true));
        }
        if filled {
            line = line.area_style(AreaStyle::new().color(colour).opacity(0.14));
        }
        chart = chart.series(line);
    }
    chart
}
