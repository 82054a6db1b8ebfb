//! A chart in one or two sentences, for those who cannot see it.

use taskgauge_model::{
    format,
    gauge::{Answer, Status},
};

/// What a chart shows, in words: how many groups, the largest and the smallest, the total.
pub fn summary(title: &str, answer: &Answer) -> String {
    if answer.status != Status::Ok {
        return format!("{title}: {}", answer.note.as_deref().unwrap_or("no data."));
    }
    let Some(series) = answer.series.first() else { return title.to_owned() };
    let mut known: Vec<(&str, f64)> = answer
        .groups
        .iter()
        .filter_map(|group| Some((group.label.as_str(), *group.values.get(&series.id)?)))
        .collect();
    known.sort_by(|one, other| other.1.total_cmp(&one.1));
    let (Some(most), Some(least)) = (known.first(), known.last()) else {
        return format!("{title}: no data.");
    };
    let mut text = format!(
        "{title}: {} by {} groups. Most: {} with {}. Least: {} with {}.",
        series.label,
        answer.groups.len(),
        most.0,
        format::value(most.1, series.unit),
        least.0,
        format::value(least.1, series.unit),
    );
    if answer.series.len() > 1 {
        let others: Vec<_> = answer.series.iter().skip(1).map(|series| series.label.as_str()).collect();
        text.push_str(" Also shown: ");
        text.push_str(&others.join(", "));
        text.push('.');
    }
    text
}
