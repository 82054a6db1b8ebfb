//! Parts of a whole, at most a few.

use super::{cut, exact_numbers, rounded, unit_of};
use charming::{
    Chart,
    datatype::{DataPoint, DataPointItem},
    element::{Color, ItemStyle, Label, Tooltip, Trigger},
    series::Pie,
};
use taskgauge_model::gauge::Answer;

pub fn donut(answer: &Answer) -> Chart {
    let mut data: Vec<DataPoint> = Vec::new();
    if let Some(series) = answer.series.first() {
        for (place, group) in answer.groups.iter().enumerate() {
            let Some(value) = group.values.get(&series.id) else { continue };
            let colour = Color::from(format!("var(--series-{})", place % 8 + 1));
            data.push(
                DataPointItem::new(rounded(*value))
                    .name(cut(&group.label))
                    .item_style(ItemStyle::new().color(colour))
                    .into(),
            );
        }
    }
    Chart::new()
        .tooltip(Tooltip::new().trigger(Trigger::Item).value_formatter(exact_numbers(unit_of(answer))))
        .series(
            Pie::new()
                .radius(vec!["52%", "78%"])
                .center(vec!["50%", "50%"])
                .avoid_label_overlap(true)
                .label(Label::new().show(true).formatter("{b}\n{d} %"))
                .data(data),
        )
}
