//! What Taskgauge declares about Autotask's entities beside the vendor's field table, which the simulator serves from: each
//! name exists, fits, and can be asked for the way it is.

use serde::Deserialize;
use std::collections::{HashMap, HashSet};
use taskgauge_model::entity::{Deletes, Entity, Kind, Refresh, Rule};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Collection {
    name: String,
    legacy_name: Option<String>,
    query: bool,
    user_defined_fields: bool,
    fields: Vec<Field>,
}

#[derive(Deserialize)]
struct Field {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default = "yes")]
    queryable: bool,
    reference: Option<String>,
    #[serde(default)]
    picklist: bool,
}

fn yes() -> bool {
    true
}

impl Collection {
    fn field(&self, name: &str) -> &Field {
        let field = self.fields.iter().find(|field| field.name == name);
        field.unwrap_or_else(|| panic!("{} has no field {name}", self.name))
    }

    /// Fields that a condition names can be asked about.
    fn assert_queryable(&self, name: &str) {
        assert!(self.field(name).queryable, "{}.{name} cannot be filtered on", self.name);
    }

    fn assert_date_time(&self, name: &str) {
        assert_eq!(self.field(name).kind, "datetime", "{}.{name}", self.name);
    }
}

fn collections() -> HashMap<String, Collection> {
    let all: Vec<Collection> =
        serde_json::from_str(include_str!("../schema/entities.json")).expect("the field table");
    all.into_iter().map(|collection| (collection.name.clone(), collection)).collect()
}

/// Each entity with its collection.
fn entities() -> Vec<(&'static Entity, Collection)> {
    let mut collections = collections();
    let all = Entity::all().into_iter();
    all.map(|entity| {
        let collection = collections.remove(entity.name);
        (entity, collection.unwrap_or_else(|| panic!("there is no collection {}", entity.name)))
    })
    .collect()
}

#[test]
fn every_collection_can_be_asked_for_by_id() {
    for (entity, collection) in entities() {
        assert!(collection.query, "{} can only be read under its parents", entity.name);
        collection.assert_queryable("id");
        assert_eq!(entity.user_defined_fields, collection.user_defined_fields, "{}", entity.name);
    }
}

/// Lists of words whose values say what their labels do, such as `MM/dd/yyyy`.
const SELF_EXPLAINING: [(&str, &str); 4] = [
    ("Resources", "dateFormat"),
    ("Resources", "numberFormat"),
    ("Resources", "timeFormat"),
    ("Resources", "travelAvailabilityPct"),
];

/// Both ways: nothing is declared that does not exist, and nothing exists that is not kept in a column.
#[test]
fn columns_are_the_fields_and_fit_them() {
    for (entity, collection) in entities() {
        let declared: HashSet<&str> = entity.columns.iter().map(|column| column.field).collect();
        let there: HashSet<&str> = collection.fields.iter().map(|field| field.name.as_str()).collect();
        let missing: Vec<_> =
            there.iter().filter(|name| **name != "id" && !declared.contains(**name)).collect();
        assert!(missing.is_empty(), "{}: no column for {missing:?}", entity.name);
        for column in entity.columns {
            let field = collection.field(column.field);
            let what = format!("{}.{} is a {}", entity.name, field.name, field.kind);
            let fits = match column.kind {
                Kind::Integer => matches!(&*field.kind, "integer" | "long"),
                Kind::Picklist => matches!(&*field.kind, "integer" | "long"),
                // Words of a list; the list is told by its field.
                Kind::Code => field.kind == "string",
                Kind::Number => matches!(&*field.kind, "decimal" | "double" | "float"),
                Kind::Text => matches!(&*field.kind, "string" | "object"),
                Kind::Flag => field.kind == "boolean",
                Kind::DateTime | Kind::Date => field.kind == "datetime",
            };
            assert!(fits, "{what}, kept as {:?}", column.kind);
            match (field.picklist, &*field.kind) {
                (true, "integer" | "long") => assert_eq!(column.kind, Kind::Picklist, "{what} of a list"),
                (true, "string") if SELF_EXPLAINING.contains(&(entity.name, column.field)) => {
                    assert_eq!(column.kind, Kind::Text, "{what}");
                }
                (true, "string") => assert_eq!(column.kind, Kind::Code, "{what} of a list"),
                // Yes and no need no labels.
                (true, kind) => assert_eq!(kind, "boolean", "{what} of a list"),
                (false, _) => assert!(!column.kind.is_listed(), "{what} of no list"),
            }
            assert_eq!(column.reference, field.reference.as_deref(), "{what}");
        }
    }
}

/// The fields that a rule names, and those among them that are compared with times.
fn fields(rule: &Rule) -> Vec<(&'static str, bool)> {
    match rule {
        Rule::All => Vec::new(),
        Rule::Eq(field, _) | Rule::NotEq(field, _) => vec![(field, false)],
        Rule::Since(field, _) | Rule::Before(field, _) => vec![(field, true)],
        Rule::Any(rules) | Rule::Every(rules) => rules.iter().flat_map(fields).collect(),
    }
}

fn assert_can_be_asked(collection: &Collection, rule: &Rule) {
    for (field, is_time) in fields(rule) {
        collection.assert_queryable(field);
        if is_time {
            collection.assert_date_time(field);
        } else {
            let kind = &collection.field(field).kind;
            assert!(matches!(&**kind, "integer" | "long"), "{}.{field} is a {kind}", collection.name);
        }
    }
}

/// A field that cannot be filtered on would make every walk that names it fail.
#[test]
fn what_is_asked_for_can_be_asked_for() {
    let collections = collections();
    let mut stamped = 0;
    for (entity, collection) in entities() {
        for slice in entity.slices {
            assert_can_be_asked(&collection, &slice.rule);
        }
        match &entity.refresh {
            Refresh::Stamped { stamps, again } => {
                assert!(!stamps.is_empty(), "{}", entity.name);
                for stamp in *stamps {
                    collection.assert_queryable(stamp);
                    collection.assert_date_time(stamp);
                }
                if let Some(again) = again {
                    assert!(again.hours > 0, "{}", entity.name);
                    assert_can_be_asked(&collection, &again.rule);
                }
                stamped += 1;
            }
            Refresh::Children { parent, field, hours } => {
                collection.assert_queryable(field);
                assert!(*hours > 0, "{}", entity.name);
                let parent = &collections[*parent];
                let names = [Some(parent.name.as_str()), parent.legacy_name.as_deref()];
                let reference = collection.field(field).reference.as_deref();
                let is_it = names.contains(&reference)
                    || reference.is_some_and(|reference| parent.name == format!("{reference}s"));
                assert!(is_it, "{}.{field} points to {reference:?}, not to {}", entity.name, parent.name);
            }
            Refresh::Sweep { hours } => assert!(*hours > 0, "{}", entity.name),
        }
    }
    assert!(stamped > 10, "{stamped}");
}

/// A log names the row that was deleted, or its parent by a field that both have; either way its lines come by a stamp.
#[test]
fn deletion_logs_lead_to_what_was_deleted() {
    let collections = collections();
    let mut logs = 0;
    for (entity, collection) in entities() {
        let Deletes::Log(names) = entity.deletes else { continue };
        for name in names {
            logs += 1;
            let log = Entity::named(name).unwrap_or_else(|| panic!("{name} is not read"));
            assert!(matches!(log.refresh, Refresh::Stamped { .. }), "{name} is not read as it grows");
            assert_eq!(log.deletes, Deletes::Never, "{name}");
            let lines = &collections[*name];
            let shared = lines.fields.iter().filter(|field| {
                let own = collection.fields.iter().find(|own| own.name == field.name);
                own.is_some_and(|own| {
                    own.reference.is_some() && own.reference == field.reference && own.queryable
                })
            });
            let names_rows = lines.fields.iter().any(|field| {
                field.reference.as_deref().is_some_and(|reference| {
                    format!("{reference}s") == entity.name
                        || collection.legacy_name.as_deref() == Some(reference)
                })
            });
            assert!(names_rows || shared.count() > 0, "{name} does not lead to {}", entity.name);
        }
    }
    assert!(logs > 0);
}
