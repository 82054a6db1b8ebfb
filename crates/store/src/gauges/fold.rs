//! From counted rows to an answer: groups in order, formulas, the rest as *Other*.

use super::{
    bucket::Bucket,
    plan::{Dimension, Measured, Plan, adds_up},
    statement::{GROUPS_MAX, Row, level},
};
use chrono::{Datelike, NaiveDate, Weekday};
use std::collections::{BTreeMap, HashMap};
use taskgauge_model::{
    format,
    gauge::{Answer, AnswerGroup, ChartKind, Figure, OTHER, Order, Series, Status},
    range::{Calendar, Window},
};

/// What people call what is beyond the top.
pub(super) const OTHERS: &str = "Other";
/// Names listed in a note.
const NAMED_MAX: usize = 3;
/// Most days that are told apart without their month.
const DAYS_WITHOUT_MONTH: usize = 31;

/// A layer's number for a group, and the rows behind it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    pub value: Option<f64>,
    pub rows: i64,
}

/// One cell per layer.
pub(super) type Cells = Vec<Cell>;

/// A key of a dimension with what was counted for it.
#[derive(Debug)]
struct Member {
    key: String,
    label: Option<String>,
    order: Option<f64>,
    cells: Cells,
}

/// The statement's rows, sorted out.
struct Counted {
    total: Cells,
    previous: Cells,
    members: [BTreeMap<String, Member>; 2],
    matrix: HashMap<(String, String), Cells>,
    /// Whether there were more groups than are read.
    cut_off: bool,
}

/// A dimension ready to be shown.
struct Shown {
    members: Vec<Member>,
    /// Whether members beyond the top are to be shown as one.
    rest: bool,
    /// What to say of members that are not shown though the gauge does not leave them out.
    note: Option<String>,
}

/// Fills `answer` with what was counted.
pub(super) fn fold(plan: &Plan<'_>, calendar: Calendar, rows: Vec<Row>, answer: &mut Answer) {
    let Some(measure) = plan.measures.first() else { return };
    let mut counted = Counted::new(plan, rows);
    let mut notes = Vec::new();
    if counted.cut_off {
        notes.push(format!("Only the {} largest groups are shown.", format::exact(GROUPS_MAX as f64)));
    }
    answer.value = plan.number(measure, &counted.total);
    answer.rows = rows_of(measure, &counted.total);
    answer.previous = if plan.compares { plan.number(measure, &counted.previous) } else { None };
    notes.extend(over_groups_with_a_divisor(plan, measure, &counted, answer));
    let mut has_groups = true;
    let target = plan.gauge.target.as_ref().and_then(|target| target.of.as_deref());
    let is_target = |measure: &&Measured| target == Some(measure.id.as_str());
    if let Some(measure) = plan.measures.iter().find(is_target) {
        answer.target = plan.number(measure, &counted.total);
    }
    match &plan.dimensions[..] {
        [] => {
            let others = plan.measures.iter().skip(1).filter(|measure| !is_target(measure));
            answer.figures =
                others.filter_map(|it| Some(figure(it, plan.number(it, &counted.total)?))).collect();
        }
        [dimension] => {
            let mut shown = counted.shown(plan, calendar, 0, dimension);
            notes.extend(shown.note.take());
            answer.series = plan.measures.iter().map(series).collect();
            answer.groups = plan.groups(&counted, shown);
            has_groups = !answer.groups.is_empty();
        }
        [first, second, ..] => {
            let mut shown =
                [counted.shown(plan, calendar, 0, first), counted.shown(plan, calendar, 1, second)];
            notes.extend(shown.iter_mut().filter_map(|shown| shown.note.take()));
            plan.matrix(&mut counted, shown, measure, answer);
            has_groups = answer.groups.iter().any(|group| !group.values.is_empty());
        }
    }
    let in_time = plan.dimensions.first().is_some_and(|it| it.bucket.is_some_and(Bucket::is_calendar));
    if in_time && plan.gauge.chart == ChartKind::Area {
        answer.value = answer.groups.last().and_then(|group| group.values.get(&measure.id).copied());
        answer.previous = None;
    }
    let answered = if let Some(table) = &answer.table {
        answer.value = None;
        answer.previous = None;
        answer.rows = table.total;
        table.total > 0
    } else if plan.dimensions.is_empty() {
        answer.value.is_some()
    } else {
        // A line at zero says something; groups of nothing do not.
        let rests_on_rows = plan.measures.iter().any(|measure| rows_of(measure, &counted.total) > 0);
        has_groups && (rests_on_rows || (in_time && answer.value.is_some()))
    };
    if answered {
        answer.status = Status::Ok;
    } else {
        answer.status = Status::NoData;
        answer.value = None;
        answer.figures.clear();
        answer.groups.clear();
        notes.insert(0, plan.why_empty(&counted.total));
    }
    answer.note = (!notes.is_empty()).then(|| notes.join(" "));
}

impl Plan<'_> {
    /// What no rows count as: 0 where that is true, else nothing.
    fn blank(&self) -> Cells {
        self.layers
            .iter()
            .map(|layer| Cell { value: layer.layer.measure.is_zero_when_empty().then_some(0.0), rows: 0 })
            .collect()
    }

    /// What a measure comes to.
    pub(super) fn number(&self, measure: &Measured, cells: &[Cell]) -> Option<f64> {
        self.value(measure, |at| cells.get(at)?.value)
    }

    fn groups(&self, counted: &Counted, shown: Shown) -> Vec<AnswerGroup> {
        let mut members = shown.members;
        if shown.rest {
            let cells = rest(&counted.total, members.iter().map(|member| &member.cells));
            members.push(other(cells));
        }
        members
            .into_iter()
            .map(|member| AnswerGroup {
                values: self
                    .measures
                    .iter()
                    .filter_map(|measure| {
                        let number = self.number(measure, &member.cells)?;
                        let shown = if measure.of_total {
                            share(number, self.number(measure, &counted.total)?)?
                        } else {
                            number
                        };
                        Some((measure.id.clone(), shown))
                    })
                    .collect(),
                label: member.label.unwrap_or_default(),
                key: member.key,
            })
            .collect()
    }

    /// Groups of the first dimension, series of the second.
    fn matrix(&self, counted: &mut Counted, shown: [Shown; 2], measure: &Measured, answer: &mut Answer) {
        let [mut rows, mut columns] = shown;
        let blank = self.blank();
        // Of a cell that was not read nothing is known.
        let nothing = (!counted.cut_off).then_some(&blank);
        if rows.rest {
            for (key, member) in &counted.members[1] {
                let cells = rest(
                    &member.cells,
                    rows.members.iter().filter_map(|row| counted.matrix.get(&(row.key.clone(), key.clone()))),
                );
                counted.matrix.insert((OTHER.to_owned(), key.clone()), cells);
            }
            let cells = rest(&counted.total, rows.members.iter().map(|row| &row.cells));
            rows.members.push(other(cells));
        }
        if columns.rest {
            for row in &rows.members {
                let cells = rest(
                    &row.cells,
                    columns
                        .members
                        .iter()
                        .filter_map(|column| counted.matrix.get(&(row.key.clone(), column.key.clone()))),
                );
                counted.matrix.insert((row.key.clone(), OTHER.to_owned()), cells);
            }
            columns.members.push(other(blank.clone()));
        }
        answer.groups = rows
            .members
            .into_iter()
            .map(|row| AnswerGroup {
                values: columns
                    .members
                    .iter()
                    .filter_map(|column| {
                        let cells = counted.matrix.get(&(row.key.clone(), column.key.clone()));
                        Some((column.key.clone(), self.number(measure, cells.or(nothing)?)?))
                    })
                    .collect(),
                label: row.label.unwrap_or_default(),
                key: row.key,
            })
            .collect();
        answer.series = columns
            .members
            .into_iter()
            .map(|column| Series {
                id: column.key,
                label: column.label.unwrap_or_default(),
                unit: measure.unit,
                line: false,
                tone: None,
            })
            .collect();
    }

    /// The gauge's own sentence with the layers' numbers in it, or a plain one.
    fn why_empty(&self, total: &[Cell]) -> String {
        let Some(text) = &self.gauge.empty else {
            let when = if self.window.is_some() { " in this period" } else { "" };
            return format!("There is nothing to count{when}.");
        };
        let mut text = text.clone();
        for (layer, cell) in self.layers.iter().zip(total) {
            let number = match cell.value {
                Some(value) if value != 0.0 => format::exact(value),
                _ => "none".to_owned(),
            };
            text = text.replace(&format!("{{{}}}", layer.layer.id), &number);
        }
        let mut letters = text.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
    }

    /// Whether a measure over everything leaves out the groups that have no number of their own, as
    /// [`over_groups_with_a_divisor`] says.
    pub(super) fn leaves_out_groups(&self, measure: &Measured) -> bool {
        let is_ratio = measure.rests_on.len() < measure.uses.len();
        let sums = measure.uses.iter().all(|at| adds_up(&self.layers[*at].layer.measure));
        self.mixes_datasets() && self.dimensions.len() == 1 && is_ratio && sums
    }

    /// Keys of the groups that have a number in a measure.
    pub(super) fn keys_with_number(&self, measure: &Measured, rows: Vec<Row>) -> Vec<String> {
        let [members, _] = Counted::new(self, rows).members;
        members
            .into_values()
            .filter(|member| self.number(measure, &member.cells).is_some())
            .map(|member| member.key)
            .collect()
    }

    /// What each layer comes to over everything, and the label of the first key of each dimension.
    pub(super) fn totals(&self, rows: Vec<Row>) -> (Cells, [Option<String>; 2]) {
        let mut counted = Counted::new(self, rows);
        let label = |members: &mut BTreeMap<String, Member>| members.pop_first()?.1.label;
        let [first, second] = &mut counted.members;
        (counted.total, [label(first), label(second)])
    }

    /// First and last date that any layer covers.
    fn covered(&self) -> Option<Window> {
        self.layers
            .iter()
            .filter_map(|layer| layer.cut.map(|cut| cut.window))
            .reduce(|a, b| Window { from: a.from.min(b.from), to: a.to.max(b.to) })
    }
}

impl Counted {
    fn new(plan: &Plan<'_>, rows: Vec<Row>) -> Counted {
        let blank = plan.blank();
        let mut counted = Counted {
            total: blank.clone(),
            previous: blank.clone(),
            members: [BTreeMap::new(), BTreeMap::new()],
            matrix: HashMap::new(),
            cut_off: false,
        };
        let mut read = vec![0_usize; plan.layers.len()];
        for (layer, period, at_level, k1, l1, o1, k2, l2, o2, value, rows) in rows {
            let Ok(at) = usize::try_from(layer) else { continue };
            let cell = Cell { value, rows };
            if period == 1 {
                counted.previous[at] = cell;
                continue;
            }
            read[at] += 1;
            match at_level {
                level::TOTAL => counted.total[at] = cell,
                level::FIRST => counted.members[0].add(k1, l1, o1, &blank)[at] = cell,
                level::SECOND => counted.members[1].add(k2, l2, o2, &blank)[at] = cell,
                _ => counted.matrix.entry((k1, k2)).or_insert_with(|| blank.clone())[at] = cell,
            }
        }
        for (at, layer) in plan.layers.iter().enumerate() {
            if layer.cut.is_none_or(|cut| cut.previous.is_none()) {
                counted.previous[at] = counted.total[at];
            }
        }
        counted.cut_off = read.iter().any(|read| *read > GROUPS_MAX);
        counted
    }

    /// The members of a dimension that are shown, in order.
    fn shown(
        &mut self,
        plan: &Plan<'_>,
        calendar: Calendar,
        place: usize,
        dimension: &Dimension<'_>,
    ) -> Shown {
        let blank = plan.blank();
        for key in whole(dimension, plan.covered(), calendar) {
            self.members[place].add(key, None, None, &blank);
        }
        let mut members: Vec<Member> = std::mem::take(&mut self.members[place]).into_values().collect();
        if place == 1 {
            // The rest of the first dimension is reckoned from the totals of the second.
            self.members[1] = members.iter().map(|member| (member.key.clone(), member.copy())).collect();
        }
        let has_value =
            |member: &Member| plan.measures.iter().any(|it| plan.number(it, &member.cells).is_some());
        let is_filled = dimension.is_numbered();
        members.retain(|member| {
            let rows = plan.measures.first().map_or(0, |measure| rows_of(measure, &member.cells));
            if dimension.group.workdays && dimension.bucket == Some(Bucket::Day) && is_weekend(&member.key) {
                return false;
            }
            let enough = dimension.group.min_rows.is_none_or(|least| rows >= least);
            is_filled || (enough && has_value(member))
        });
        let is_long = members.len() > DAYS_WITHOUT_MONTH;
        for member in &mut members {
            member.label = Some(label(dimension, &member.key, member.label.take(), is_long));
        }
        sort(plan, calendar, dimension, &mut members);
        let (mut rest, mut note) = (false, None);
        if let Some(most) = dimension.top {
            let top = usize::try_from(most).unwrap_or(usize::MAX);
            let is_beyond = members.len() > top;
            rest = (is_beyond || self.cut_off) && plan.measures.iter().all(|it| it.adds_up);
            if is_beyond && dimension.group.top != Some(most) {
                let number = |number: usize| format::exact(number as f64);
                let other = if rest { " The rest is in “Other”." } else { "" };
                note = Some(format!("{} of {} groups are shown.{other}", number(top), number(members.len())));
            }
            members.truncate(top);
        }
        Shown { members, rest, note }
    }
}

impl Member {
    fn copy(&self) -> Member {
        Member {
            key: self.key.clone(),
            label: self.label.clone(),
            order: self.order,
            cells: self.cells.clone(),
        }
    }
}

/// Keys of a dimension while they are collected.
trait Members {
    /// The cells of a key, which is added if new; its first label and order stay.
    fn add(&mut self, key: String, label: Option<String>, order: Option<f64>, blank: &Cells) -> &mut Cells;
}

impl Members for BTreeMap<String, Member> {
    fn add(&mut self, key: String, label: Option<String>, order: Option<f64>, blank: &Cells) -> &mut Cells {
        let member = self.entry(key.clone()).or_insert_with(|| Member {
            key,
            label: None,
            order: None,
            cells: blank.clone(),
        });
        member.label = member.label.take().or(label);
        member.order = member.order.or(order);
        &mut member.cells
    }
}

/// Rows that a measure rests on.
fn rows_of(measure: &Measured, cells: &[Cell]) -> u64 {
    let rows: i64 = measure.rests_on.iter().filter_map(|at| cells.get(*at)).map(|cell| cell.rows).sum();
    u64::try_from(rows).unwrap_or(0)
}

fn figure(measure: &Measured, value: f64) -> Figure {
    Figure { id: measure.id.clone(), label: measure.label.clone(), unit: measure.unit, value }
}

/// The part of a whole, 0 to 100; of nothing there is none.
pub(super) fn share(part: f64, whole: f64) -> Option<f64> {
    (whole != 0.0).then(|| part / whole * 100.0)
}

fn series(measure: &Measured) -> Series {
    Series {
        id: measure.id.clone(),
        label: measure.label.clone(),
        unit: measure.unit,
        line: measure.line,
        tone: measure.tone.clone(),
    }
}

fn other(cells: Cells) -> Member {
    Member { key: OTHER.to_owned(), label: Some(OTHERS.to_owned()), order: None, cells }
}

/// What is left of `whole` without `parts`.
fn rest<'a>(whole: &Cells, parts: impl Iterator<Item = &'a Cells>) -> Cells {
    let mut left = whole.clone();
    for part in parts {
        for (left, part) in left.iter_mut().zip(part) {
            left.value = left.value.map(|value| value - part.value.unwrap_or(0.0));
            left.rows -= part.rows;
        }
    }
    left
}

/// A ratio between datasets is true only where there is something to divide by: clients without endpoints are named
/// instead of making the others look worse.
fn over_groups_with_a_divisor(
    plan: &Plan<'_>,
    measure: &Measured,
    counted: &Counted,
    answer: &mut Answer,
) -> Option<String> {
    if !plan.leaves_out_groups(measure) {
        return None;
    }
    let mut sum = plan.blank();
    let mut without = Vec::new();
    for member in counted.members[0].values() {
        if plan.number(measure, &member.cells).is_none() {
            without.push(label(&plan.dimensions[0], &member.key, member.label.clone(), true));
            continue;
        }
        for (sum, cell) in sum.iter_mut().zip(&member.cells) {
            sum.value = sum.value.zip(cell.value).map(|(a, b)| a + b);
            sum.rows += cell.rows;
        }
    }
    answer.value = plan.number(measure, &sum);
    answer.rows = rows_of(measure, &sum);
    answer.previous = None;
    if without.is_empty() {
        return None;
    }
    let divisor: Vec<_> =
        measure.rests_on.iter().map(|at| plan.layers[*at].layer.label.to_lowercase()).collect();
    let more = match without.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    without.sort();
    without.truncate(NAMED_MAX);
    Some(format!("Left out, without {}: {}{more}.", divisor.join(" and "), without.join(", ")))
}

/// Every key a dimension has by its nature: each day of the window, each hour, each band.
fn whole(dimension: &Dimension<'_>, covered: Option<Window>, calendar: Calendar) -> Vec<String> {
    match dimension.bucket {
        Some(Bucket::Hour) => (0..24).map(|hour: u8| hour.to_string()).collect(),
        Some(Bucket::Weekday) => (1..=7).map(|day: u8| day.to_string()).collect(),
        Some(bucket) => covered.map_or_else(Vec::new, |window| {
            let groups = bucket.groups(window, calendar.week_starts).take(GROUPS_MAX);
            groups.map(|(first, _)| first.to_string()).collect()
        }),
        None => (1..=dimension.group.bands.len()).map(|band| band.to_string()).collect(),
    }
}

/// What people read for a key.
/// Days among `is_long` have their month.
pub(super) fn label(dimension: &Dimension<'_>, key: &str, label: Option<String>, is_long: bool) -> String {
    if key.is_empty() {
        return dimension.group.none.clone().unwrap_or_else(|| "None".to_owned());
    }
    let date = || key.parse::<NaiveDate>().ok();
    let read = match dimension.bucket {
        Some(Bucket::Hour) => Some(format!("{key:0>2}")),
        Some(Bucket::Weekday) => weekday(key).map(|day| day.to_string()),
        Some(Bucket::Day) => date().map(|date| format::day(date, is_long)),
        Some(Bucket::Week) => date().map(|date| date.format("%-d %b").to_string()),
        Some(Bucket::Month) => date().map(format::month),
        None if !dimension.group.bands.is_empty() => Some(band(&dimension.group.bands, key)),
        None => label.filter(|label| !label.is_empty()),
    };
    // An id whose record the API user may not read has no name.
    read.unwrap_or_else(|| format!("#{key}"))
}

/// Whether a day is a Saturday or a Sunday.
fn is_weekend(day: &str) -> bool {
    day.parse::<NaiveDate>().is_ok_and(|day| matches!(day.weekday(), Weekday::Sat | Weekday::Sun))
}

/// ISO number of a day of the week.
fn weekday(key: &str) -> Option<Weekday> {
    Weekday::try_from(key.parse::<u8>().ok()?.checked_sub(1)?).ok()
}

/// `0–1`, `30+`; the key is the number of the band, 0 what is below all of them.
fn band(bounds: &[f64], key: &str) -> String {
    let at = key.parse::<usize>().unwrap_or(0);
    let from = at.checked_sub(1).and_then(|at| bounds.get(at)).map(|bound| format::exact(*bound));
    let until = bounds.get(at).map(|bound| format::exact(*bound));
    match (from, until) {
        (Some(from), Some(until)) => format!("{from}–{until}"),
        (Some(from), None) => format!("{from}+"),
        (None, Some(until)) => format!("under {until}"),
        (None, None) => key.to_owned(),
    }
}

fn sort(plan: &Plan<'_>, calendar: Calendar, dimension: &Dimension<'_>, members: &mut [Member]) {
    let size =
        |member: &Member| plan.measures.first().and_then(|measure| plan.number(measure, &member.cells));
    // Rows without a value, and groups without a number, come last.
    let place = |member: &Member| -> (bool, f64) {
        let number = match dimension.order() {
            Order::Largest => size(member).map(|size| -size),
            Order::Smallest => size(member),
            Order::Picklist => member.order.filter(|_| !member.key.is_empty()),
            Order::Key => match dimension.bucket {
                Some(Bucket::Weekday) => {
                    weekday(&member.key).map(|day| f64::from(day.days_since(calendar.week_starts)))
                }
                Some(bucket) if bucket.is_calendar() => None,
                _ => member.key.parse().ok().filter(|_| dimension.is_numbered()),
            },
        };
        (number.is_none(), number.unwrap_or(0.0))
    };
    let name = |member: &Member| -> (bool, String) {
        let in_time = dimension.bucket.is_some_and(Bucket::is_calendar);
        let text = if in_time {
            member.key.clone()
        } else {
            member.label.clone().unwrap_or_default().to_lowercase()
        };
        (member.key.is_empty(), text)
    };
    members.sort_by(|a, b| {
        let ((a_last, a_number), (b_last, b_number)) = (place(a), place(b));
        a_last
            .cmp(&b_last)
            .then(a_number.total_cmp(&b_number))
            .then_with(|| name(a).cmp(&name(b)))
            .then_with(|| a.key.cmp(&b.key))
    });
}
