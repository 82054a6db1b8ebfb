//! The entities of Autotask that Taskgauge keeps, declared as data.
//!
//! One constant per entity, in a file per area. The sync engine walks these declarations, the store mirrors each in
//! one table of the schema `autotask`, the permission doctor names the right each one needs. Adding an entity is one
//! declaration here and one migration; tests compare declarations, tables and Autotask's field list.
//!
//! Every field of the REST model is a column, named by [`column_name`]; fields Autotask adds later land in the
//! column `extra` (`jsonb`), user-defined fields in `udf` (`jsonb`, name → value).

mod assets;
mod billing;
mod companies;
mod contracts;
mod people;
mod projects;
mod sales;
mod service_desk;

pub use assets::*;
pub use billing::*;
pub use companies::*;
pub use contracts::*;
pub use people::*;
pub use projects::*;
pub use sales::*;
pub use service_desk::*;

/// A REST collection of Autotask, mirrored in one table.
#[derive(Debug)]
pub struct Entity {
    /// The collection's name in the REST API, e.g. `Tickets`.
    pub name: &'static str,
    /// The table in schema `autotask`, e.g. `tickets`.
    pub table: &'static str,
    /// What people call its rows, in the plural and in sentence case.
    pub label: &'static str,
    /// The right of the API user's security level that makes its rows visible.
    pub right: Right,
    /// Place in the first load; lower comes first.
    pub order: u8,
    /// Disjoint parts of the first load, most wanted first. Together they are the whole collection.
    pub slices: &'static [Slice],
    /// How changes are found after the first load.
    pub refresh: Refresh,
    /// How deletions are found.
    pub deletes: Deletes,
    /// Whether every tenant has rows, so that none means a right that is missing.
    pub never_empty: bool,
    /// Whether rows carry user-defined fields.
    pub user_defined_fields: bool,
    /// The fields, `id` left out: every entity has it.
    pub columns: &'static [Column],
}

/// Where a right is found in Autotask: *Admin → Security levels → (level) →* tab → row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Right {
    /// The tab or section of the security level's page.
    pub tab: &'static str,
    /// The row in that section and the setting it needs.
    pub row: &'static str,
}

/// A part of the first load.
#[derive(Debug)]
pub struct Slice {
    /// Shown while it loads, e.g. `open and 14 days`.
    pub name: &'static str,
    /// Which rows belong to it.
    pub rule: Rule,
}

/// A condition on an entity's own fields that can be written as a constant.
#[derive(Debug)]
pub enum Rule {
    /// Every row.
    All,
    /// The field equals the number.
    Eq(&'static str, i64),
    /// The field differs from the number; rows without a value do too.
    NotEq(&'static str, i64),
    /// The date-time field is at or after now minus so many days.
    Since(&'static str, u16),
    /// The date-time field is before now minus so many days, or empty.
    Before(&'static str, u16),
    /// At least one holds.
    Any(&'static [Rule]),
    /// All hold.
    Every(&'static [Rule]),
}

/// How changed rows are found.
#[derive(Debug)]
pub enum Refresh {
    /// By change stamps: rows in which any of the fields is after the watermark.
    Stamped {
        /// Date-time fields, compared with *or*.
        stamps: &'static [&'static str],
        /// What is read again in any case, where the stamps do not tell of every change.
        again: Option<Again>,
    },
    /// Autotask tells nothing: the whole collection is read again after so many hours.
    Sweep {
        /// Hours between two sweeps.
        hours: u16,
    },
    /// Rows of parents that changed in this run are read again, and everything after so many hours.
    Children {
        /// The parent entity's name.
        parent: &'static str,
        /// The field that holds the parent's id.
        field: &'static str,
        /// Hours between two sweeps.
        hours: u16,
    },
}

/// Rows that are read again from time to time, changed or not.
#[derive(Debug)]
pub struct Again {
    /// Hours between two readings.
    pub hours: u16,
    /// Which rows.
    pub rule: Rule,
}

/// How deleted rows are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletes {
    /// Rows are never deleted.
    Never,
    /// By comparing ids when the collection is swept.
    Sweep,
    /// By log entities of Autotask, and by comparing ids as a second look.
    Log(&'static [&'static str]),
}

/// A field of an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Autotask's field name, e.g. `companyID`.
    pub field: &'static str,
    /// How its values are kept.
    pub kind: Kind,
    /// The entity it points to (singular, as Autotask names it), if any.
    pub reference: Option<&'static str>,
}

/// How a field's values are kept in Postgres.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `bigint`.
    Integer,
    /// `bigint`; its label comes from the entity's picklists.
    Picklist,
    /// `text`; its label comes from the entity's picklists too, in the few lists of words.
    Code,
    /// `numeric`.
    Number,
    /// `text`; empty text is kept as null.
    Text,
    /// `boolean`.
    Flag,
    /// `timestamptz`.
    DateTime,
    /// `date`: a calendar date, never shifted by a time zone.
    Date,
}

impl Kind {
    /// The column's type in Postgres.
    pub const fn sql(self) -> &'static str {
        match self {
            Kind::Integer | Kind::Picklist => "bigint",
            Kind::Number => "numeric",
            Kind::Text | Kind::Code => "text",
            Kind::Flag => "boolean",
            Kind::DateTime => "timestamptz",
            Kind::Date => "date",
        }
    }

    /// Whether a list of Autotask has labels for the values.
    pub const fn is_listed(self) -> bool {
        matches!(self, Kind::Picklist | Kind::Code)
    }
}

/// Short constructors, so that a declaration reads as a list of fields.
mod column {
    use super::{Column, Kind};

    const fn of(field: &'static str, kind: Kind) -> Column {
        Column { field, kind, reference: None }
    }
    pub const fn int(field: &'static str) -> Column {
        of(field, Kind::Integer)
    }
    pub const fn link(field: &'static str, entity: &'static str) -> Column {
        Column { field, kind: Kind::Integer, reference: Some(entity) }
    }
    pub const fn pick(field: &'static str) -> Column {
        of(field, Kind::Picklist)
    }
    pub const fn code(field: &'static str) -> Column {
        of(field, Kind::Code)
    }
    pub const fn num(field: &'static str) -> Column {
        of(field, Kind::Number)
    }
    pub const fn text(field: &'static str) -> Column {
        of(field, Kind::Text)
    }
    pub const fn flag(field: &'static str) -> Column {
        of(field, Kind::Flag)
    }
    pub const fn time(field: &'static str) -> Column {
        of(field, Kind::DateTime)
    }
    pub const fn date(field: &'static str) -> Column {
        of(field, Kind::Date)
    }
}

impl Entity {
    /// Every entity, in the order of the first load.
    pub fn all() -> Vec<&'static Entity> {
        let mut all: Vec<&'static Entity> = [
            service_desk::ALL,
            people::ALL,
            companies::ALL,
            contracts::ALL,
            billing::ALL,
            projects::ALL,
            sales::ALL,
            assets::ALL,
        ]
        .concat();
        all.sort_by_key(|entity| (entity.order, entity.name));
        all
    }

    /// The entity of that name, in any case.
    pub fn named(name: &str) -> Option<&'static Entity> {
        Entity::all().into_iter().find(|entity| entity.name.eq_ignore_ascii_case(name))
    }

    /// Whether its field list has to be read: for labels, for user-defined fields, or to know whether its stamps can be
    /// filtered on.
    pub fn needs_metadata(&self) -> bool {
        self.has_picklists() || self.user_defined_fields || matches!(self.refresh, Refresh::Stamped { .. })
    }

    /// Whether any of its fields is a picklist, so that its labels must be read.
    pub fn has_picklists(&self) -> bool {
        self.columns.iter().any(|column| column.kind.is_listed())
    }
}

/// The Postgres name of an Autotask field or collection: `companyID` → `company_id`.
pub fn column_name(field: &str) -> String {
    let letters: Vec<char> = field.chars().collect();
    let mut name = String::with_capacity(field.len() + 8);
    for (at, letter) in letters.iter().enumerate() {
        if letter.is_ascii_uppercase() && at > 0 {
            let before = letters[at - 1];
            let starts_word = before.is_ascii_lowercase() || before.is_ascii_digit();
            let ends_acronym =
                before.is_ascii_uppercase() && letters.get(at + 1).is_some_and(char::is_ascii_lowercase);
            if starts_word || ends_acronym {
                name.push('_');
            }
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_become_snake_case() {
        for (field, column) in [
            ("companyID", "company_id"),
            ("createDate", "create_date"),
            ("rmmDeviceAuditHostname", "rmm_device_audit_hostname"),
            ("sslSHA1Fingerprint", "ssl_sha1_fingerprint"),
            ("address1", "address1"),
            ("ServiceLevelAgreementResults", "service_level_agreement_results"),
        ] {
            assert_eq!(column_name(field), column);
        }
    }

    #[test]
    fn declarations_are_consistent() {
        let all = Entity::all();
        let names: HashSet<_> = all.iter().map(|entity| entity.name).collect();
        assert_eq!(names.len(), all.len(), "an entity is declared twice");
        for entity in &all {
            assert_eq!(entity.table, column_name(entity.name), "{}", entity.name);
            assert!(!entity.slices.is_empty(), "{} has no slice", entity.name);
            let fields: HashSet<_> = entity.columns.iter().map(|column| column.field).collect();
            assert_eq!(fields.len(), entity.columns.len(), "{} names a field twice", entity.name);
            match &entity.refresh {
                Refresh::Stamped { stamps, .. } => {
                    for stamp in *stamps {
                        assert!(fields.contains(stamp), "{}.{stamp}", entity.name);
                    }
                }
                Refresh::Children { parent, field, .. } => {
                    let parent = Entity::named(parent).expect("the parent is declared");
                    assert!(parent.order < entity.order, "{} is read before its parent", entity.name);
                    assert!(fields.contains(field));
                }
                Refresh::Sweep { hours } => assert!(*hours > 0),
            }
            if let Deletes::Log(logs) = entity.deletes {
                assert!(!logs.is_empty() && logs.iter().all(|log| names.contains(log)), "{}", entity.name);
            }
        }
    }
}
