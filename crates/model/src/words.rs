//! What a gauge counts, in words: for *Explain this number* and for the builder.

use crate::{
    dataset::Dataset,
    formula::Formula,
    gauge::{ChartKind, Condition, Gauge, Group, Measure, Op, Scalar, Value},
};
use std::borrow::Cow;

/// Measures to choose from, by the name they have in files. There are as many percentiles as there are percents.
pub const MEASURES: [&str; 12] =
    ["count", "sum", "avg", "median", "p10", "p25", "p75", "p90", "p95", "distinct", "min", "max"];

/// Comparisons by the name they have in files, and in words.
pub const OPS: [(Op, &str, &str); 11] = [
    (Op::Is, "is", "is"),
    (Op::IsNot, "is_not", "is not"),
    (Op::In, "in", "is one of"),
    (Op::NotIn, "not_in", "is none of"),
    (Op::Over, "over", "is over"),
    (Op::AtLeast, "at_least", "is at least"),
    (Op::Under, "under", "is under"),
    (Op::AtMost, "at_most", "is at most"),
    (Op::Contains, "contains", "contains"),
    (Op::Empty, "empty", "has no value"),
    (Op::Filled, "filled", "has a value"),
];

/// What a column is called; its name where the dataset does not have it.
pub fn column(dataset: Option<&Dataset>, name: &str) -> String {
    let known = dataset.and_then(|dataset| dataset.column(name));
    known.map_or_else(|| name.replace('_', " "), |column| column.label.clone())
}

impl Measure {
    /// In words, without its column: `95th percentile`.
    pub fn label(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Measure::Count => "number of rows",
            Measure::Sum(_) => "sum",
            Measure::Avg(_) => "mean",
            Measure::Percentile(50, _) => "median",
            Measure::Percentile(percent, _) => {
                let ending = match (percent % 10, percent / 10) {
                    (1, tens) if tens != 1 => "st",
                    (2, tens) if tens != 1 => "nd",
                    (3, tens) if tens != 1 => "rd",
                    _ => "th",
                };
                return Cow::Owned(format!("{percent}{ending} percentile"));
            }
            Measure::Distinct(_) => "number of different values",
            Measure::Min(_) => "smallest value",
            Measure::Max(_) => "largest value",
        })
    }

    /// In words: `mean of First response`.
    pub fn words(&self, dataset: Option<&Dataset>) -> String {
        let said = self.label();
        match self.column() {
            Some(measured) => format!("{said} of {}", column(dataset, measured)),
            None => said.into_owned(),
        }
    }
}

/// Kinds of charts by the name they have in files, and in words.
pub const CHARTS: [(ChartKind, &str, &str); 12] = [
    (ChartKind::Number, "number", "Number"),
    (ChartKind::Percent, "percent", "Percentage"),
    (ChartKind::Progress, "progress", "Progress"),
    (ChartKind::Columns, "columns", "Columns"),
    (ChartKind::Bars, "bars", "Bars"),
    (ChartKind::Line, "line", "Lines"),
    (ChartKind::Area, "area", "Area"),
    (ChartKind::Stack, "stack", "Stacked columns"),
    (ChartKind::Donut, "donut", "Donut"),
    (ChartKind::Heat, "heat", "Heat map"),
    (ChartKind::Table, "table", "Table"),
    (ChartKind::Rank, "rank", "Leaderboard"),
];

impl ChartKind {
    /// In words.
    pub fn label(self) -> &'static str {
        CHARTS.iter().find(|(kind, _, _)| *kind == self).map_or("", |(_, _, label)| label)
    }
}

impl Op {
    /// Its name in files, and in words.
    pub fn words(self) -> (&'static str, &'static str) {
        OPS.iter().find(|(op, _, _)| *op == self).map_or(("is", "is"), |(_, name, said)| (name, said))
    }
}

impl Condition {
    /// In words: `Status is not Complete`.
    pub fn words(&self, dataset: Option<&Dataset>) -> String {
        let (subject, (_, said)) = (column(dataset, &self.column), self.op.words());
        match &self.value {
            Scalar::Nothing => format!("{subject} {said}"),
            value => format!("{subject} {said} {}", value.words()),
        }
    }
}

impl Scalar {
    /// As people write it.
    pub fn words(&self) -> String {
        match self {
            Scalar::Nothing => String::new(),
            Scalar::Flag(true) => "yes".to_owned(),
            Scalar::Flag(false) => "no".to_owned(),
            Scalar::Number(number) => crate::format::exact(*number),
            Scalar::Text(text) => text.clone(),
            Scalar::List(values) => values.iter().map(Scalar::words).collect::<Vec<_>>().join(", "),
        }
    }
}

impl Value {
    /// Its formula in words: `Closed ÷ Opened × 100`.
    pub fn words(&self, gauge: &Gauge) -> String {
        let label = |name: &str| {
            let layer = gauge.layers.iter().find(|layer| layer.id == name);
            layer.map_or_else(|| name.to_owned(), |layer| layer.label.clone())
        };
        match Formula::parse(&self.formula) {
            Ok(formula) if self.of_total => format!("share of {} in all", formula.words(&label)),
            Ok(formula) => formula.words(&label),
            Err(_) => self.formula.clone(),
        }
    }
}

impl Group {
    /// In words: `by Status`.
    pub fn words(&self, dataset: Option<&Dataset>) -> String {
        match self.by.as_str() {
            "hour" => "by hour of the day".to_owned(),
            "weekday" => "by day of the week".to_owned(),
            "day" if self.workdays => "by day, without Saturdays and Sundays".to_owned(),
            part @ ("day" | "week" | "month") => format!("by {part}"),
            name => format!("by {}", column(dataset, name)),
        }
    }
}
