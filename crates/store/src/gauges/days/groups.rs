//! Groups of days, and how they are put together.
//!
//! A year of days has very many groups, so a day holds numbers alone: names stand once for all days of a scan.

use super::super::{
    cache,
    statement::{self, Row, Scan, level, percentile_columns},
};
use std::{
    collections::{HashMap, HashSet},
    hash::{Hash, Hasher},
    mem::{size_of, size_of_val},
    sync::Arc,
};
use taskgauge_model::gauge::Measure;

/// Key, label and order of a group.
#[derive(Debug, Clone)]
pub(super) struct Name {
    pub key: String,
    pub label: Option<String>,
    pub order: Option<f64>,
}

impl Name {
    fn parts(&self) -> (&str, Option<&str>, Option<u64>) {
        (&self.key, self.label.as_deref(), self.order.map(f64::to_bits))
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Name) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

/// The names of a scan's groups, by place. Places stay as they are.
#[derive(Debug, Clone, Default)]
pub(super) struct Names(Vec<Arc<Name>>);

impl Names {
    /// For names that come.
    pub fn naming(&mut self) -> Naming<'_> {
        let places = (0_u32..).zip(&self.0).map(|(place, name)| (name.clone(), place)).collect();
        Naming { names: &mut self.0, places }
    }

    fn at(&self, place: u32) -> Option<&Name> {
        self.0.get(usize::try_from(place).ok()?).map(|name| &**name)
    }

    /// Bytes that they take, about.
    pub fn bytes(&self) -> usize {
        let text = |text: &String| cache::bytes_of(text);
        self.0
            .iter()
            .map(|name| size_of_val(&**name) + text(&name.key) + name.label.as_ref().map_or(0, text))
            .sum()
    }
}

/// Gives names their places.
pub(super) struct Naming<'a> {
    names: &'a mut Vec<Arc<Name>>,
    places: HashMap<Arc<Name>, u32>,
}

impl Naming<'_> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    pub fn place(&mut self, name: Name) -> u32 {
        if let Some(place) = self.places.get(&name) {
            return *place;
        }
        let place = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        let name = Arc::new(name);
        self.names.push(name.clone());
        self.places.insert(name, place);
        place
    }
}

/// What a scan comes to in its finest groups on one day: group after group.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// Places of their names.
    names: Vec<[u32; 2]>,
    /// By the measure: nothing, the sum, the smallest, the largest, the number of different values; NaN where there is
    /// none. One per layer.
    values: Vec<f64>,
    /// Rows that count. One per layer.
    counts: Vec<i64>,
    /// What percentiles are taken of, column after column.
    numbers: Vec<f64>,
    /// What is told apart, layer after layer.
    texts: Vec<String>,
}

/// A layer's part of a group on one day.
struct Piece<'a> {
    value: Option<f64>,
    count: i64,
    numbers: &'a [f64],
    texts: &'a [String],
}

impl Groups {
    /// One more group.
    pub fn push(
        &mut self,
        names: [u32; 2],
        values: &[Option<f64>],
        counts: &[i64],
        numbers: &[f64],
        texts: Vec<String>,
    ) {
        self.names.push(names);
        self.values.extend(values.iter().map(|value| value.unwrap_or(f64::NAN)));
        self.counts.extend(counts);
        self.numbers.extend(numbers);
        self.texts.extend(texts);
    }

    /// Gives back what was reserved for more groups.
    pub fn shrink(&mut self) {
        self.names.shrink_to_fit();
        self.values.shrink_to_fit();
        self.counts.shrink_to_fit();
        self.numbers.shrink_to_fit();
        self.texts.shrink_to_fit();
    }

    /// Bytes that they take, about.
    pub fn bytes(&self) -> usize {
        size_of::<Groups>()
            + cache::PIECE
            + size_of_val(&*self.names)
            + size_of_val(&*self.values)
            + size_of_val(&*self.counts)
            + size_of_val(&*self.numbers)
            + self.texts.iter().map(|text| cache::bytes_of(text)).sum::<usize>()
    }

    /// The value and the rows of each layer of the first group, of layers that count and add up.
    pub fn first(&self, scan: &Scan<'_>) -> Option<Vec<(f64, i64)>> {
        self.names.first()?;
        let mut layers = Vec::with_capacity(scan.len());
        for ((_, layer), (value, count)) in scan.iter().zip(self.values.iter().zip(&self.counts)) {
            let counts = layer.layer.measure == Measure::Count;
            let value = if counts { *count as f64 } else { known(*value).unwrap_or_default() };
            layers.push((value, *count));
        }
        Some(layers)
    }

    /// The groups one by one: names, and a piece for each layer.
    fn pieces<'a>(&'a self, scan: &'a Scan<'_>) -> impl Iterator<Item = ([u32; 2], Vec<Piece<'a>>)> {
        // Of each column that percentiles are taken of, the layer that says how many numbers there are.
        let columns: Vec<(usize, &Measure)> = percentile_columns(scan)
            .into_iter()
            .filter_map(|at| scan.iter().position(|(other, _)| *other == at))
            .map(|place| (place, &scan[place].1.layer.measure))
            .collect();
        let (mut numbers, mut texts) = (self.numbers.as_slice(), self.texts.as_slice());
        let cells = self.values.chunks(scan.len()).zip(self.counts.chunks(scan.len()));
        self.names.iter().zip(cells).map(move |(names, (values, counts))| {
            let of_columns: Vec<(&Measure, &[f64])> = columns
                .iter()
                .map(|(place, measure)| {
                    let length = usize::try_from(counts[*place]).unwrap_or_default();
                    (*measure, take(&mut numbers, length))
                })
                .collect();
            let mut pieces = Vec::with_capacity(scan.len());
            for ((_, layer), (value, count)) in scan.iter().zip(values.iter().zip(counts)) {
                let mut piece = Piece { value: known(*value), count: *count, numbers: &[], texts: &[] };
                match &layer.layer.measure {
                    Measure::Percentile(_, column) => {
                        let of_column =
                            of_columns.iter().find(|(it, _)| it.column() == Some(column.as_str()));
                        piece.numbers = of_column.map_or(&[], |(_, numbers)| numbers);
                    }
                    Measure::Distinct(_) => {
                        #[expect(
                            clippy::cast_possible_truncation,
                            clippy::cast_sign_loss,
                            reason = "a count"
                        )]
                        let length = piece.value.unwrap_or_default() as usize;
                        piece.texts = take(&mut texts, length);
                    }
                    _ => {}
                }
                pieces.push(piece);
            }
            (*names, pieces)
        })
    }
}

/// A value as it is kept.
fn known(value: f64) -> Option<f64> {
    (!value.is_nan()).then_some(value)
}

/// The first of some things, which are no longer among them.
fn take<'a, T>(rest: &mut &'a [T], length: usize) -> &'a [T] {
    let (taken, left) = rest.split_at(length.min(rest.len()));
    *rest = left;
    taken
}

/// What some days come to, as rows of the statement.
pub(super) fn together<'a>(
    scan: &'a Scan<'_>,
    names: &'a Names,
    days: impl Iterator<Item = &'a Groups>,
    is_previous: bool,
) -> Vec<Row> {
    let keys = if is_previous { 0 } else { scan[0].1.keys.len() };
    let mut sums: HashMap<(i32, &str, &str), Sum<'_>> = HashMap::new();
    let levels: &[i32] = match keys {
        0 => &[level::TOTAL],
        1 => &[level::TOTAL, level::FIRST],
        _ => &[level::TOTAL, level::FIRST, level::SECOND, 0],
    };
    // Everything is a group even where there are no rows.
    sums.entry((level::TOTAL, "", "")).or_insert_with(|| Sum::new(scan.len()));
    for groups in days {
        for (pair, pieces) in groups.pieces(scan) {
            let [Some(first), Some(second)] = pair.map(|place| names.at(place)) else { continue };
            for level in levels {
                // `grouping(k1, k2)` has a bit for each key that is left out.
                let (k1, k2) = (
                    if level & 2 == 0 { first.key.as_str() } else { "" },
                    if level & 1 == 0 && keys > 1 { second.key.as_str() } else { "" },
                );
                let sum = sums.entry((*level, k1, k2)).or_insert_with(|| Sum::new(scan.len()));
                if level & 2 == 0 {
                    sum.names[0].add(first);
                }
                if level & 1 == 0 && keys > 1 {
                    sum.names[1].add(second);
                }
                for (total, piece) in sum.totals.iter_mut().zip(&pieces) {
                    total.add(piece);
                }
            }
        }
    }
    let mut groups: Vec<_> = sums
        .into_iter()
        .map(|(group, Sum { names, totals })| {
            let layers = scan.iter().zip(totals);
            let cells: Vec<_> =
                layers.map(|((at, layer), total)| (*at, total.value(&layer.layer.measure))).collect();
            (group, names, cells)
        })
        .collect();
    if keys > 0 {
        // As the statement does: totals first, then the largest groups.
        let size = |cells: &[(usize, (Option<f64>, i64))]| {
            cells.first().and_then(|(_, (value, _))| *value).unwrap_or(f64::NEG_INFINITY)
        };
        groups.sort_unstable_by(|((level, k1, k2), _, cells), ((other, o1, o2), _, others)| {
            other
                .cmp(level)
                .then_with(|| size(others).total_cmp(&size(cells)))
                .then_with(|| (k1, k2).cmp(&(o1, o2)))
        });
        groups.truncate(statement::GROUPS_MAX + 1);
    }
    let mut rows = Vec::with_capacity(groups.len() * scan.len());
    for ((level, k1, k2), [first, second], cells) in groups {
        for (at, (value, counted)) in cells {
            rows.push((
                i32::try_from(at).unwrap_or(i32::MAX),
                i32::from(is_previous),
                level,
                k1.to_owned(),
                first.label.clone(),
                first.order,
                k2.to_owned(),
                second.label.clone(),
                second.order,
                value,
                counted,
            ));
        }
    }
    rows
}

/// A group over all its days.
struct Sum<'a> {
    names: [Named; 2],
    totals: Vec<Total<'a>>,
}

impl Sum<'_> {
    fn new(layers: usize) -> Self {
        Sum {
            names: [const { Named { label: None, order: None } }; 2],
            totals: std::iter::repeat_with(Total::default).take(layers).collect(),
        }
    }
}

/// The largest label and the least order, as the statement takes them.
#[derive(Clone)]
struct Named {
    label: Option<String>,
    order: Option<f64>,
}

impl Named {
    fn add(&mut self, name: &Name) {
        if name.label > self.label {
            self.label.clone_from(&name.label);
        }
        self.order = [self.order, name.order].into_iter().flatten().min_by(f64::total_cmp);
    }
}

/// A layer of a group over all its days.
#[derive(Default)]
struct Total<'a> {
    sum: f64,
    least: Option<f64>,
    most: Option<f64>,
    count: i64,
    numbers: Vec<&'a [f64]>,
    texts: HashSet<&'a str>,
}

impl<'a> Total<'a> {
    fn add(&mut self, piece: &Piece<'a>) {
        if let Some(value) = piece.value {
            self.sum += value;
            self.least = Some(self.least.map_or(value, |least| least.min(value)));
            self.most = Some(self.most.map_or(value, |most| most.max(value)));
        }
        self.count += piece.count;
        if !piece.numbers.is_empty() {
            self.numbers.push(piece.numbers);
        }
        self.texts.extend(piece.texts.iter().map(String::as_str));
    }

    /// The value of a measure and the rows behind it.
    fn value(self, measure: &Measure) -> (Option<f64>, i64) {
        let value = match measure {
            Measure::Count => Some(self.count as f64),
            Measure::Sum(_) => Some(self.sum),
            Measure::Avg(_) => (self.count > 0).then(|| self.sum / self.count as f64),
            Measure::Percentile(percent, _) => percentile(self.numbers.concat(), f64::from(*percent) / 100.0),
            Measure::Distinct(_) => Some(self.texts.len() as f64),
            Measure::Min(_) => self.least,
            Measure::Max(_) => self.most,
        };
        (value, self.count)
    }
}

/// As Postgres' `percentile_cont`: between two numbers where the place is.
fn percentile(mut numbers: Vec<f64>, share: f64) -> Option<f64> {
    let last = numbers.len().checked_sub(1)?;
    let place = share * last as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the last place"
    )]
    let below = place.floor() as usize;
    let (_, low, above) = numbers.select_nth_unstable_by(below, f64::total_cmp);
    let low = *low;
    let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
    Some(low + (place - below as f64) * (high - low))
}
