//! From a row as Autotask sends it to a row as it is stored.

use serde_json::{Map, Value};
use std::collections::HashMap;
use taskgauge_autotask::value::{self, ValueError};
use taskgauge_model::entity::{Entity, Kind, column_name};
use taskgauge_store::rows::{Row, Unreadable};

/// Earliest year that is a date to Postgres; year 0 is none.
const FIRST_YEAR: i32 = 1;

/// Reads the rows of one entity.
#[derive(Debug)]
pub struct Normaliser {
    /// By the field's name in lower case: its name, its column and how its values are kept.
    columns: HashMap<String, (&'static str, String, Kind)>,
}

impl Normaliser {
    /// For the rows of this entity.
    pub fn new(entity: &Entity) -> Self {
        let columns = entity
            .columns
            .iter()
            .map(|column| {
                (column.field.to_ascii_lowercase(), (column.field, column_name(column.field), column.kind))
            })
            .collect();
        Self { columns }
    }

    /// The row as it is stored. A field that no column holds goes to `extra` unless it is null; user-defined fields
    /// go to `udf`.
    ///
    /// # Errors
    /// The row with the reason, when the value of any declared field cannot be read.
    pub fn row(&self, wire: taskgauge_autotask::Row) -> Result<Row, Unreadable> {
        let mut row = Row::default();
        let mut problem = None;
        for (field, value) in &wire {
            let name = field.to_ascii_lowercase();
            if name == "id" {
                match value::integer(value) {
                    Ok(Some(id)) => row.id = id,
                    Ok(None) | Err(_) => problem = Some("The id is not a whole number.".to_owned()),
                }
            } else if name == "userdefinedfields" {
                row.udf = user_defined(value);
            } else if let Some((field, column, kind)) = self.columns.get(&name) {
                match read(*kind, value) {
                    Ok(Value::Null) => {}
                    Ok(value) => {
                        row.columns.insert(column.clone(), value);
                    }
                    Err(error) => problem = Some(format!("{field} is {error}.")),
                }
            } else if !value.is_null() {
                row.extra.insert(without_nul(field), clean(value.clone()));
            }
        }
        match problem {
            None => Ok(row),
            Some(reason) => Err(Unreadable { id: row.id, reason, row: clean(Value::Object(wire)) }),
        }
    }
}

/// A value in the form Postgres reads; null for "none".
fn read(kind: Kind, value: &Value) -> Result<Value, ValueError> {
    Ok(match kind {
        // The same flag is a number on one entity and a boolean on another.
        Kind::Integer | Kind::Picklist => match value {
            Value::Bool(flag) => Value::from(i64::from(*flag)),
            _ => value::integer(value)?.into(),
        },
        Kind::Number => value::decimal(value)?.into(),
        Kind::Text | Kind::Code => value::text(value)?.map(|text| without_nul(&text)).into(),
        Kind::Flag => value::boolean(value)?.into(),
        Kind::DateTime => match value::date_time(value)? {
            Some(instant) if chrono::Datelike::year(&instant) < FIRST_YEAR => {
                return Err(ValueError { expected: "an instant" });
            }
            instant => {
                instant.map(|instant| instant.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)).into()
            }
        },
        Kind::Date => match value::date(value)? {
            Some(day) if chrono::Datelike::year(&day) < FIRST_YEAR => {
                return Err(ValueError { expected: "a date" });
            }
            day => day.map(|day| day.format("%Y-%m-%d").to_string()).into(),
        },
    })
}

/// User-defined fields, name → text. Empty ones are left out.
fn user_defined(value: &Value) -> Map<String, Value> {
    let mut fields = Map::new();
    for entry in value.as_array().into_iter().flatten().filter_map(Value::as_object) {
        let name = value::field(entry, "name").and_then(Value::as_str).unwrap_or_default();
        let Some(value) = value::field(entry, "value") else { continue };
        if name.is_empty() {
            continue;
        }
        match value::text(value) {
            Ok(None) => {}
            Ok(Some(text)) => {
                fields.insert(without_nul(name), without_nul(&text).into());
            }
            // Documented as texts; anything else is kept as it is rather than lost.
            Err(_) => {
                fields.insert(without_nul(name), clean(value.clone()));
            }
        }
    }
    fields
}

/// Postgres stores no NUL character; the replacement character shows that there was something.
fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn clean(value: Value) -> Value {
    match value {
        Value::String(text) => without_nul(&text).into(),
        Value::Array(items) => items.into_iter().map(clean).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (without_nul(&name), clean(value))).collect()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;
    use taskgauge_model::entity::{CONTACTS, CONTRACTS, TICKETS, TIME_ENTRIES};

    fn wire(value: Value) -> taskgauge_autotask::Row {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn every_kind_is_read() {
        let row = Normaliser::new(&TICKETS)
            .row(wire(json!({
                "id": 7, "CompanyID": 0, "title": "Printer\u{0}", "description": "", "status": "5",
                "estimatedHours": 1.10, "isVisibleToComanaged": 1, "createDate": "2026-03-01T10:00:00.1234567",
                "dueDateTime": null, "newField": {"a": "b\u{0}"}, "nothing": null,
                "userDefinedFields": [{"name": "Site", "value": "North"}, {"name": "Empty", "value": null}, {"name": "Number", "value": 4}],
            })))
            .unwrap();
        assert_eq!(row.id, 7);
        assert_eq!(
            Value::Object(row.columns),
            json!({
                "company_id": 0, "title": "Printer\u{fffd}", "status": 5, "estimated_hours": "1.1",
                "is_visible_to_comanaged": true, "create_date": "2026-03-01T10:00:00.123456Z",
            })
        );
        assert_eq!(Value::Object(row.extra), json!({"newField": {"a": "b\u{fffd}"}}));
        assert_eq!(Value::Object(row.udf), json!({"Site": "North", "Number": "4"}));
    }

    #[test]
    fn a_flag_kept_as_number_takes_booleans() {
        let row = Normaliser::new(&CONTACTS).row(wire(json!({"id": 1, "isActive": true}))).unwrap();
        assert_eq!(row.columns["is_active"], json!(1));
    }

    #[test]
    fn what_cannot_be_read_is_named_and_kept() {
        let sent = json!({"id": 9, "title": "x", "companyID": "many", "createDate": "0000-01-01T00:00:00Z"});
        let refused = Normaliser::new(&TICKETS).row(wire(sent.clone())).unwrap_err();
        assert_eq!((refused.id, &refused.row), (9, &sent));
        assert_eq!(refused.reason, "createDate is not an instant.");
        let refused = Normaliser::new(&TICKETS).row(wire(json!({"id": 9, "companyID": "many"}))).unwrap_err();
        assert_eq!(refused.reason, "companyID is not a whole number.");
    }

    proptest! {
        /// A calendar date is what was written, whatever clock time and offset follow.
        #[test]
        fn dates_never_move(day in 1_i32..3_000_000, seconds in 0_u32..86_400, offset in -14_i32..=14) {
            let day = chrono::NaiveDate::from_num_days_from_ce_opt(day).unwrap();
            let time = chrono::NaiveTime::from_num_seconds_from_midnight_opt(seconds, 0).unwrap();
            let sent = format!("{}T{}{:+03}:00", day.format("%Y-%m-%d"), time.format("%H:%M:%S"), offset);
            let day = day.format("%Y-%m-%d").to_string();
            // Years of five digits are none that Autotask knows.
            prop_assume!(day.len() == 10);
            match Normaliser::new(&TIME_ENTRIES).row(wire(json!({"id": 1, "dateWorked": sent}))) {
                Ok(row) => prop_assert_eq!(&row.columns["date_worked"], &json!(day)),
                Err(refused) => prop_assert!(refused.reason.contains("dateWorked")),
            }
        }

        /// Nothing panics, nothing is lost: a row is stored or kept as it came.
        #[test]
        fn every_row_is_kept(id in 0_i64.., key in "[a-zA-Z]{1,12}", value in any_json()) {
            let sent = wire(json!({"id": id, "contractName": value, key.clone(): value}));
            match Normaliser::new(&CONTRACTS).row(sent.clone()) {
                Ok(row) => {
                    prop_assert_eq!(row.id, if key.eq_ignore_ascii_case("id") { row.id } else { id });
                    let text = serde_json::to_string(&row).unwrap();
                    prop_assert!(!text.contains("\\u0000"));
                }
                Err(refused) => prop_assert!(!refused.reason.is_empty() && refused.row.is_object()),
            }
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }
}
