//! Parts of a whole, at most a few.

use super::{cut, exact_numbers, rounded, unit_of};
use charming::{
    Chart,
    component::Legend,
    datatype::{DataPoint, DataPointItem},
    element::{Color, ItemStyle, Label, Orient, Tooltip, Trigger},
    series::Pie,
};
use taskgauge_model::gauge::Answer;

/// A part of the whole, for the name in the legend.
fn share(value: f64, whole: f64) -> String {
    if whole > 0.0 { format!("{} %", rounded_to_whole(100.0 * value / whole)) } else { String::new() }
}

/// Whole percent; what is not nothing is not 0.
fn rounded_to_whole(percent: f64) -> String {
    if percent > 0.0 && percent < 0.5 { "<1".to_owned() } else { format!("{percent:.0}") }
}

pub fn donut(answer: &Answer) -> Chart {
    let mut data: Vec<DataPoint> = Vec::new();
    if let Some(series) = answer.series.first() {
        let whole: f64 = answer.groups.iter().filter_map(|group| group.values.get(&series.id)).sum();
        for (place, group) in answer.groups.iter().enumerate() {
            let Some(value) = group.values.get(&series.id) else { continue };
            let colour = Color::from(format!("var(--series-{})", place % 8 + 1));
            data.push(
                DataPointItem::new(rounded(*value))
                    .name(format!("{}  {}", cut(&group.label), share(*value, whole)))
                    .item_style(ItemStyle::new().color(colour))
                    .into(),
            );
        }
    }
    Chart::new()
        .legend(Legend::new().orient(Orient::Vertical).left("54%").top("middle"))
        .tooltip(Tooltip::new().trigger(Trigger::Item).value_formatter(exact_numbers(unit_of(answer))))
        .series(Pie::new().radius(vec!["52%", "84%"]).label(Label::new().show(false)).data(data))
}
