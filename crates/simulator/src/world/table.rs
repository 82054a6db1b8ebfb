//! Where the rows of one entity live: compact generated history below, stored rows above.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use super::cell::{Cell, Record, Row, Udf};
use crate::schema::Entity;

/// Generated history in compact records, in ascending id order; each field is computed when asked for.
pub(crate) trait Compact: Send + Sync {
    fn len(&self) -> usize;
    fn id_at(&self, position: usize) -> i64;
    fn cell(&self, position: usize, column: u16) -> Cell;
    fn udf(&self, position: usize) -> Vec<Udf>;
}

/// How one field of a compact record is computed.
pub(crate) type Getter<R, S> = fn(&R, &S) -> Cell;

/// A [`Compact`] over records `R` with context `S` that all of them share.
pub(crate) struct CompactRecords<R, S> {
    pub(crate) records: Arc<Vec<R>>,
    pub(crate) shared: Arc<S>,
    getters: Vec<Option<Getter<R, S>>>,
    id: fn(&R) -> i64,
    udf: fn(&R, &S) -> Vec<Udf>,
}

impl<R, S> CompactRecords<R, S> {
    pub(crate) fn new(
        entity: &Entity,
        records: Arc<Vec<R>>,
        shared: Arc<S>,
        id: fn(&R) -> i64,
        getter: fn(&str) -> Option<Getter<R, S>>,
        udf: fn(&R, &S) -> Vec<Udf>,
    ) -> Self {
        let getters = entity.fields.iter().map(|field| getter(&field.name)).collect();
        Self { records, shared, getters, id, udf }
    }
}

impl<R: Send + Sync, S: Send + Sync> Compact for CompactRecords<R, S> {
    fn len(&self) -> usize {
        self.records.len()
    }
    fn id_at(&self, position: usize) -> i64 {
        (self.id)(&self.records[position])
    }
    fn cell(&self, position: usize, column: u16) -> Cell {
        self.getters[usize::from(column)]
            .map_or(Cell::Null, |getter| getter(&self.records[position], &self.shared))
    }
    fn udf(&self, position: usize) -> Vec<Udf> {
        (self.udf)(&self.records[position], &self.shared)
    }
}

/// One row, wherever it lives.
#[derive(Clone, Copy)]
pub(crate) enum RowRef<'a> {
    Generated(&'a dyn Compact, usize),
    Stored(i64, &'a Record),
}

impl RowRef<'_> {
    pub(crate) fn id(&self) -> i64 {
        match self {
            Self::Generated(base, at) => base.id_at(*at),
            Self::Stored(id, _) => *id,
        }
    }

    pub(crate) fn cell(&self, column: u16) -> Cell {
        match self {
            Self::Generated(base, at) => base.cell(*at, column),
            Self::Stored(_, record) => record.get(column).clone(),
        }
    }

    pub(crate) fn udf(&self) -> Vec<Udf> {
        match self {
            Self::Generated(base, at) => base.udf(*at),
            Self::Stored(_, record) => record.udf.clone(),
        }
    }

    /// The row as JSON with every field present.
    pub(crate) fn to_row(self, entity: &Entity) -> Row {
        let mut row = Row::new();
        for (column, field) in (0_u16..).zip(&entity.fields) {
            row.insert(field.name.clone(), self.cell(column).to_json());
        }
        if entity.user_defined_fields {
            let fields = self
                .udf()
                .into_iter()
                .map(|(name, value)| serde_json::json!({"name": name, "value": value}))
                .collect();
            row.insert("userDefinedFields".into(), fields);
        }
        row
    }

    pub(crate) fn to_record(self, entity: &Entity) -> Record {
        match self {
            Self::Stored(_, record) => record.clone(),
            Self::Generated(..) => {
                let mut record = Record::default();
                record.udf = self.udf();
                for column in (0_u16..).take(entity.fields.len()) {
                    record.set(column, self.cell(column));
                }
                record
            }
        }
    }
}

/// The ids of rows by the value of one column: a superset, to be checked against the rows.
struct Index {
    sorted: Vec<(i64, i64)>,
    later: BTreeSet<(i64, i64)>,
}

/// Tables smaller than this are scanned.
const WORTH_AN_INDEX: usize = 2_000;

/// All rows of one entity.
pub(crate) struct Table {
    pub(crate) entity: &'static Entity,
    base: Option<Box<dyn Compact>>,
    /// Ids of generated rows that were replaced or deleted.
    gone: HashSet<i64>,
    rows: BTreeMap<i64, Record>,
    highest: i64,
    indexes: RwLock<HashMap<u16, Index>>,
}

impl Table {
    pub(crate) fn new(entity: &'static Entity) -> Self {
        Self {
            entity,
            base: None,
            gone: HashSet::new(),
            rows: BTreeMap::new(),
            highest: 0,
            indexes: RwLock::new(HashMap::new()),
        }
    }

    pub(crate) fn set_base(&mut self, base: Box<dyn Compact>) {
        if base.len() > 0 {
            self.highest = self.highest.max(base.id_at(base.len() - 1));
        }
        self.base = Some(base);
    }

    pub(crate) fn len(&self) -> usize {
        self.base.as_ref().map_or(0, |base| base.len()) - self.gone.len() + self.rows.len()
    }

    /// The id a new row gets.
    pub(crate) const fn next_id(&self) -> i64 {
        self.highest + 1
    }

    fn find_base(&self, id: i64) -> Option<usize> {
        let base = self.base.as_deref()?;
        let at = lower_bound(base, id);
        (at < base.len() && base.id_at(at) == id && !self.gone.contains(&id)).then_some(at)
    }

    pub(crate) fn get(&self, id: i64) -> Option<RowRef<'_>> {
        if let Some(record) = self.rows.get(&id) {
            return Some(RowRef::Stored(id, record));
        }
        let at = self.find_base(id)?;
        Some(RowRef::Generated(self.base.as_deref()?, at))
    }

    pub(crate) fn put(&mut self, id: i64, record: Record) {
        if self.find_base(id).is_some() {
            self.gone.insert(id);
        }
        let indexes = self.indexes.get_mut().unwrap_or_else(PoisonError::into_inner);
        for (&column, index) in indexes.iter_mut() {
            if let Some(key) = record.get(column).key() {
                index.later.insert((key, id));
            }
        }
        self.highest = self.highest.max(id);
        self.rows.insert(id, record);
    }

    pub(crate) fn remove(&mut self, id: i64) -> bool {
        if self.rows.remove(&id).is_some() {
            return true;
        }
        self.find_base(id).is_some() && self.gone.insert(id)
    }

    /// Rows in ascending id order, from this id on.
    pub(crate) fn starting_at(&self, lowest: i64) -> impl Iterator<Item = RowRef<'_>> {
        let base = self.base.as_deref();
        let start = base.map_or(0, |base| lower_bound(base, lowest));
        let end = base.map_or(0, Compact::len);
        let mut generated = (start..end)
            .filter_map(move |at| base.map(|base| RowRef::Generated(base, at)))
            .filter(|row| self.gone.is_empty() || !self.gone.contains(&row.id()))
            .peekable();
        let mut stored = self.rows.range(lowest..).map(|(id, record)| RowRef::Stored(*id, record)).peekable();
        std::iter::from_fn(move || match (generated.peek(), stored.peek()) {
            (Some(left), Some(right)) if right.id() < left.id() => stored.next(),
            (None, Some(_)) => stored.next(),
            _ => generated.next(),
        })
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = RowRef<'_>> {
        self.starting_at(i64::MIN)
    }

    /// Ids that may have a value of `column` in `low..=high`; `None` when a scan is the better way.
    pub(crate) fn candidates(&self, column: u16, low: i64, high: i64) -> Option<Vec<i64>> {
        if self.len() < WORTH_AN_INDEX || column == 0 {
            return None;
        }
        self.with_index(column, |index| {
            let start = index.sorted.partition_point(|(key, _)| *key < low);
            let end = index.sorted.partition_point(|(key, _)| *key <= high);
            if end.saturating_sub(start) > self.len() / 3 {
                return None;
            }
            let mut ids: Vec<i64> =
                index.sorted.get(start..end).unwrap_or_default().iter().map(|(_, id)| *id).collect();
            if low <= high {
                ids.extend(index.later.range((low, i64::MIN)..=(high, i64::MAX)).map(|(_, id)| *id));
            }
            Some(ids)
        })
    }

    fn with_index<T>(&self, column: u16, read: impl Fn(&Index) -> T) -> T {
        {
            let indexes = self.indexes.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(index) = indexes.get(&column) {
                return read(index);
            }
        }
        let mut sorted: Vec<(i64, i64)> =
            self.rows().filter_map(|row| row.cell(column).key().map(|key| (key, row.id()))).collect();
        sorted.sort_unstable();
        let index = Index { sorted, later: BTreeSet::new() };
        let answer = read(&index);
        self.indexes.write().unwrap_or_else(PoisonError::into_inner).insert(column, index);
        answer
    }
}

fn lower_bound(base: &dyn Compact, id: i64) -> usize {
    let (mut low, mut high) = (0, base.len());
    while low < high {
        let middle = low.midpoint(high);
        if base.id_at(middle) < id {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}
