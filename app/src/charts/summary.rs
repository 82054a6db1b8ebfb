//! A chart in a few sentences, for those who cannot see it.

use taskgauge_model::{
    format,
    gauge::{Answer, Status, Target, Tone},
};

/// What a chart shows, in words: how many groups, the largest and the smallest number, and how many miss the target.
pub fn summary(title: &str, answer: &Answer, target: Option<&Target>) -> String {
    if answer.status != Status::Ok {
        return format!("{title}: {}", answer.note.as_deref().unwrap_or("no data."));
    }
    let Some(first) = answer.series.first() else { return title.to_owned() };
    // Series are values, of which the first leads, or groups of a second kind, which are all alike.
    let crossed = answer.dimensions > 1;
    let told = if crossed { &answer.series[..] } else { &answer.series[..1] };
    let mut known: Vec<(String, f64)> = Vec::new();
    for group in &answer.groups {
        for series in told {
            let Some(value) = group.values.get(&series.id) else { continue };
            let name =
                if crossed { format!("{}, {}", group.label, series.label) } else { group.label.clone() };
            known.push((name, *value));
        }
    }
    known.sort_by(|one, other| other.1.total_cmp(&one.1));
    let (Some(most), Some(least)) = (known.first(), known.last()) else {
        return format!("{title}: no data.");
    };
    let what = if crossed {
        format!("{} groups by {}", answer.groups.len(), answer.series.len())
    } else {
        format!("{} by {} groups", first.label, answer.groups.len())
    };
    let number = |value: f64| format::value(value, first.unit);
    let mut text = format!(
        "{title}: {what}. Most: {} with {}. Least: {} with {}.",
        most.0,
        number(most.1),
        least.0,
        number(least.1),
    );
    if let Some(target) = target.filter(|_| crossed || answer.series.len() == 1) {
        let missed = known.iter().filter(|(_, value)| target.tone(*value) == Tone::Bad).count();
        text.push_str(&[" ", &missed.to_string(), " of ", &known.len().to_string()].concat());
        text.push_str(&[" miss the goal of ", &number(target.value), "."].concat());
    }
    if !crossed && answer.series.len() > 1 {
        let others: Vec<_> = answer.series.iter().skip(1).map(|series| series.label.as_str()).collect();
        text.push_str(" Also shown: ");
        text.push_str(&others.join(", "));
        text.push('.');
    }
    text
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;
    use crate::charts::draw::tests::{answer, ninety};

    #[test]
    fn one_row_of_groups_is_told_by_its_first_value() {
        let one = answer(
            &[("opened", None), ("closed", None)],
            &[("Mon", &[Some(3.0), Some(90.0)]), ("Tue", &[Some(1.0), None])],
        );
        assert_eq!(
            summary("Flow", &one, None),
            "Flow: opened by 2 groups. Most: Mon with 3. Least: Tue with 1. Also shown: closed."
        );
    }

    #[test]
    fn a_matrix_is_told_by_its_cells() {
        let mut matrix = answer(
            &[("08", None), ("09", None)],
            &[("Mon", &[Some(1.0), Some(7.0)]), ("Tue", &[None, Some(0.0)])],
        );
        matrix.dimensions = 2;
        assert_eq!(
            summary("Arrivals", &matrix, None),
            "Arrivals: 2 groups by 2. Most: Mon, 09 with 7. Least: Tue, 09 with 0."
        );
    }

    #[test]
    fn what_misses_the_goal_is_counted() {
        let one =
            answer(&[("met", None)], &[("A", &[Some(95.0)]), ("B", &[Some(87.0)]), ("C", &[Some(10.0)])]);
        assert!(summary("Met", &one, Some(&ninety())).ends_with(" 1 of 3 miss the goal of 90."));
    }
}
