//! A heat map: one hue in steps, the number in each cell.

use super::{cut, exact_numbers, rounded, short_numbers, unit_of};
use charming::{
    Chart,
    component::{Axis, Grid, VisualMap, VisualMapPiece, VisualMapType},
    datatype::{CompositeValue, DataPoint},
    element::{AxisType, Color, Label, SplitArea, Tooltip, Trigger},
    series::Heatmap,
};
use taskgauge_model::gauge::Answer;

/// Steps of the hue, `--heat-0` to `--heat-7`.
const STEPS: u8 = 8;

pub fn heat(answer: &Answer) -> Chart {
    let mut cells: Vec<DataPoint> = Vec::new();
    let mut most = 0.0_f64;
    for (row, group) in answer.groups.iter().enumerate() {
        for (column, series) in answer.series.iter().enumerate() {
            if let Some(value) = group.values.get(&series.id).copied().map(rounded) {
                most = most.max(value);
                cells.push(CompositeValue::from(vec![column as f64, row as f64, value]).into());
            }
        }
    }
    let unit = unit_of(answer);
    let names = |names: Vec<String>| {
        Axis::new().type_(AxisType::Category).data(names).split_area(SplitArea::new().show(false))
    };
    Chart::new()
        .grid(Grid::new().left(4).right(4).top(4).bottom(4))
        .x_axis(names(answer.series.iter().map(|series| cut(&series.label)).collect()))
        .y_axis(names(answer.groups.iter().map(|group| cut(&group.label)).collect()).inverse(true))
        .visual_map(
            VisualMap::new()
                .type_(VisualMapType::Piecewise)
                .show(false)
                .min(0)
                .max(most)
                .pieces(pieces(most)),
        )
        .tooltip(Tooltip::new().trigger(Trigger::Item).value_formatter(exact_numbers(unit)))
        .series(
            Heatmap::new().label(Label::new().show(true).formatter(short_numbers(unit))).data(vec![cells]),
        )
}

/// Even steps from 0 to the largest value.
fn pieces(most: f64) -> Vec<VisualMapPiece> {
    let step = most.max(1.0) / f64::from(STEPS);
    (0..STEPS)
        .map(|number| {
            let piece = VisualMapPiece::new().color(Color::from(format!("var(--heat-{number})")));
            let from = f64::from(number) * step;
            let piece = if number == 0 { piece.gte(0.0) } else { piece.gt(from) };
            if number + 1 == STEPS { piece } else { piece.lte(from + step) }
        })
        .collect()
}
