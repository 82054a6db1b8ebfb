//! The provider inside: every row of every entity, generated from a seed and then lived on.

pub(crate) mod assets;
pub(crate) mod billing;
pub(crate) mod calendar;
pub(crate) mod calls;
pub(crate) mod cell;
pub(crate) mod companies;
pub(crate) mod contracts;
pub(crate) mod life;
pub(crate) mod lookups;
pub(crate) mod notes;
pub(crate) mod people;
pub(crate) mod picklists;
pub(crate) mod projects;
pub(crate) mod sales;
pub(crate) mod surveys;
pub(crate) mod table;
pub(crate) mod text;
pub(crate) mod tickets;
pub(crate) mod time;
pub(crate) mod webhooks;

use chrono::{DateTime, Days, NaiveDate, Utc};

use self::calendar::Calendar;
use self::cell::{Cell, DAY, Draft, Record, Row};
use self::companies::Client;
use self::people::Staff;
use self::table::{RowRef, Table};
use crate::config::{Config, Size};
use crate::rng::Rng;
use crate::schema::schema;

/// How many of everything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    pub(crate) tickets: usize,
    pub(crate) companies: usize,
    pub(crate) technicians: usize,
    pub(crate) contacts: i64,
    pub(crate) items: i64,
    pub(crate) projects: usize,
    pub(crate) opportunities: i64,
    /// Mean time entries of a closed ticket that people worked on.
    pub(crate) touches: f64,
    /// Median hours of a time entry on a ticket.
    pub(crate) hours: f64,
}

impl Scale {
    const fn of(size: Size) -> Self {
        match size {
            Size::Small => Self {
                tickets: 2_500,
                companies: 25,
                technicians: 4,
                contacts: 8,
                items: 13,
                projects: 22,
                opportunities: 90,
                touches: 1.9,
                hours: 0.75,
            },
            Size::Medium => Self {
                tickets: 100_000,
                companies: 400,
                technicians: 75,
                contacts: 18,
                items: 32,
                projects: 350,
                opportunities: 1_400,
                touches: 2.3,
                hours: 0.6,
            },
            Size::Large => Self {
                tickets: 1_000_000,
                companies: 1_500,
                technicians: 680,
                contacts: 30,
                items: 60,
                projects: 2_200,
                opportunities: 6_000,
                touches: 2.9,
                hours: 0.4,
            },
        }
    }
}

/// Days of generated history.
pub(crate) const HISTORY_DAYS: i64 = 730;

/// A tenant: its rows, its clock, and what it takes to live on.
pub struct World {
    pub(crate) config: Config,
    pub(crate) scale: Scale,
    pub(crate) calendar: Calendar,
    pub(crate) now: i64,
    pub(crate) staff: Staff,
    pub(crate) clients: Vec<Client>,
    pub(crate) life: life::Life,
    pub(crate) webhooks: webhooks::Webhooks,
    tables: Vec<Table>,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").field("config", &self.config).field("now", &self.now).finish_non_exhaustive()
    }
}

impl World {
    /// Generates the tenant of a configuration. Pure: equal configurations give equal worlds.
    pub fn generate(config: &Config) -> Self {
        let now = config.now.timestamp_millis();
        let first = config
            .now
            .date_naive()
            .checked_sub_days(Days::new(HISTORY_DAYS.unsigned_abs() + 400))
            .unwrap_or_default();
        let mut world = Self {
            config: config.clone(),
            scale: Scale::of(config.size),
            calendar: Calendar::new(config.time_zone, first, HISTORY_DAYS.unsigned_abs() + 1_600),
            now,
            staff: Staff::default(),
            clients: Vec::new(),
            life: life::Life::default(),
            webhooks: webhooks::Webhooks::default(),
            tables: schema().entities().iter().map(Table::new).collect(),
        };
        lookups::fill(&mut world);
        people::fill(&mut world);
        companies::fill(&mut world);
        contracts::fill(&mut world);
        assets::fill(&mut world);
        let mut tickets = tickets::generate(&world);
        let mut work = projects::fill(&mut world);
        time::generate(&world, &mut tickets, &mut work);
        let entries = time::finish(&mut world, work);
        tickets::finish(&mut world, tickets);
        contracts::settle(&mut world, &entries);
        sales::fill(&mut world);
        billing::fill(&mut world, &entries);
        life::prepare(&mut world);
        world
    }

    /// The tenant's clock.
    pub fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.now).unwrap_or_default()
    }

    /// The provider's local date at the tenant's clock.
    pub fn today(&self) -> NaiveDate {
        self.calendar.date(self.now)
    }

    /// What the world was generated from.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Every row of an entity in ascending id order: the truth that tests compute from. Empty for an unknown name.
    pub fn rows(&self, entity: &str) -> impl Iterator<Item = Row> {
        self.table(entity).into_iter().flat_map(|table| table.rows().map(|row| row.to_row(table.entity)))
    }

    /// How many rows an entity has.
    pub fn len(&self, entity: &str) -> usize {
        self.table(entity).map_or(0, Table::len)
    }

    /// Whether an entity has no row.
    pub fn is_empty(&self, entity: &str) -> bool {
        self.len(entity) == 0
    }

    /// One row by id.
    pub fn get(&self, entity: &str, id: i64) -> Option<Row> {
        let table = self.table(entity)?;
        table.get(id).map(|row| row.to_row(table.entity))
    }

    /// Writes the given fields onto the row with their `id`, or onto a new row when there is none (a missing `id`
    /// gets the next one). The entity's change stamps move to [`World::now`] unless the row sets them itself.
    /// Returns the id, or why the row does not fit the entity.
    pub fn upsert(&mut self, entity: &str, row: Row) -> Result<i64, String> {
        self.upsert_at(entity, row, self.now())
    }

    /// As [`World::upsert`], with the change stamps moved to `at`.
    pub fn upsert_at(&mut self, entity: &str, row: Row, at: DateTime<Utc>) -> Result<i64, String> {
        let table = self.table(entity).ok_or_else(|| format!("no entity is named {entity}"))?;
        let definition = table.entity;
        let id = row
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("id"))
            .and_then(|(_, value)| value.as_i64())
            .unwrap_or_else(|| table.next_id());
        let known = table.get(id);
        let is_new = known.is_none();
        let mut record = known.map(|row| row.to_record(definition)).unwrap_or_default();
        record.set(0, Cell::Int(id));
        let mut given = Vec::new();
        for (name, value) in &row {
            if name.eq_ignore_ascii_case("userDefinedFields") {
                for field in value.as_array().into_iter().flatten() {
                    let wanted = field["name"].as_str().unwrap_or_default();
                    let udf = picklists::udf(&definition.name, wanted)
                        .ok_or_else(|| format!("{} has no user-defined field {wanted}", definition.name))?;
                    record.set_udf(udf.name, field["value"].as_str().map(Into::into));
                }
                continue;
            }
            let column =
                definition.column(name).ok_or_else(|| format!("{} has no field {name}", definition.name))?;
            let field = &definition.fields[usize::from(column)];
            let cell = Cell::from_json(field.kind, value)
                .ok_or_else(|| format!("{}.{name} is a {}: {value}", definition.name, field.kind.name()))?;
            record.set(column, cell);
            given.push(column);
        }
        let at = at.timestamp_millis();
        let created = if is_new { CREATED } else { &[] };
        for name in STAMPS.iter().chain(created) {
            if let Some(column) = definition.column(name).filter(|column| !given.contains(column)) {
                record.set(column, Cell::Time(at));
            }
        }
        self.put(&definition.name, id, record);
        webhooks::refresh(self, &definition.name);
        Ok(id)
    }

    /// Deletes a row as a person would in the tenant: tickets, and time entries and notes of tickets and tasks, leave
    /// a line in the matching deleted log. A ticket takes its notes, time entries, SLA result and secondary resources
    /// along. Returns whether there was such a row.
    pub fn delete(&mut self, entity: &str, id: i64) -> bool {
        life::delete(self, entity, id)
    }

    /// Lets the tenant live on for a span: tickets arrive, are worked on, closed and edited, now and then something is
    /// deleted. Deterministic, and the same whether a span is lived at once or in pieces.
    pub fn advance(&mut self, span: chrono::TimeDelta) {
        life::advance(self, span.num_milliseconds());
    }

    pub(crate) fn table(&self, entity: &str) -> Option<&Table> {
        schema().position(entity).map(|at| &self.tables[at])
    }

    /// # Panics
    /// When the schema has no such entity: a mistake in the generator, found by any test that generates.
    pub(crate) fn table_mut(&mut self, entity: &str) -> &mut Table {
        let at = schema().position(entity).expect("the schema has the entity");
        &mut self.tables[at]
    }

    pub(crate) fn row(&self, entity: &str, id: i64) -> Option<RowRef<'_>> {
        self.table(entity)?.get(id)
    }

    pub(crate) fn put(&mut self, entity: &str, id: i64, record: Record) {
        webhooks::notice(self, entity, id, Some(&record));
        self.table_mut(entity).put(id, record);
    }

    /// Removes a row, and nothing that hangs on it. Returns whether there was one.
    pub(crate) fn remove(&mut self, entity: &str, id: i64) -> bool {
        webhooks::notice(self, entity, id, None);
        self.table_mut(entity).remove(id)
    }

    /// Inserts a generated row; without an id it gets the next one.
    pub(crate) fn insert(&mut self, draft: Draft) -> i64 {
        let Draft { entity, mut record } = draft;
        let id = record.get(0).as_int().unwrap_or_else(|| self.table_mut(&entity.name).next_id());
        record.set(0, Cell::Int(id));
        self.put(&entity.name, id, record);
        id
    }

    /// Changes some fields of a stored row.
    pub(crate) fn change(&mut self, entity: &str, id: i64, fields: &[(&str, Cell)]) {
        let Some(table) = self.table(entity) else { return };
        let definition = table.entity;
        let Some(mut record) = table.get(id).map(|row| row.to_record(definition)) else { return };
        for (name, cell) in fields {
            if let Some(column) = definition.column(name) {
                record.set(column, cell.clone());
            }
        }
        self.put(entity, id, record);
    }

    pub(crate) const fn rng(&self, stream: u64) -> Rng {
        Rng::new(self.config.seed, stream)
    }

    /// The first instant of the generated history.
    pub(crate) const fn start(&self) -> i64 {
        self.config.now.timestamp_millis() - HISTORY_DAYS * DAY
    }
}

/// Fields that an edit moves, in any entity that has them.
pub(crate) const STAMPS: &[&str] = &[
    "lastActivityDate",
    "lastActivityDateTime",
    "lastActivity",
    "lastModifiedDate",
    "lastModifiedDateTime",
    "lastModifiedTime",
    "lastTrackedModificationDateTime",
    "lastTrackedModifiedDateTime",
    "updateDateTime",
];

/// Fields that creation sets, in any entity that has them.
const CREATED: &[&str] = &["createDate", "createDateTime", "createdTime"];
