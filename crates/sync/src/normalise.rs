//! From a row as Autotask sends it to a row as it is stored.

use chrono::Datelike as _;
use rustc_hash::FxHashMap;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;
use taskgauge_autotask::value::{self, Plain, ValueError};
use taskgauge_autotask::{ReadRow, read_row};
use taskgauge_model::entity::{Entity, Kind};
use taskgauge_store::rows::{Cell, Row, Unreadable};

/// Earliest year that is a date to Postgres; year 0 is none.
const FIRST_YEAR: i32 = 1;

/// Reads the rows of one entity.
#[derive(Debug)]
pub struct Normaliser {
    entity: &'static Entity,
    /// Place in the entity's columns by the field's name.
    places: FxHashMap<&'static str, usize>,
    /// The same by the name in lower case: the API is not strict about case.
    places_in_lower_case: FxHashMap<String, usize>,
}

impl Normaliser {
    /// For the rows of this entity.
    pub fn new(entity: &'static Entity) -> Self {
        let fields = || entity.columns.iter().enumerate().map(|(place, column)| (column.field, place));
        let lower = fields().map(|(field, place)| (field.to_ascii_lowercase(), place)).collect();
        Self { entity, places: fields().collect(), places_in_lower_case: lower }
    }

    /// A row as it is stored, from one that is here already.
    ///
    /// # Errors
    /// The row with the reason, when the value of any declared field cannot be read.
    pub fn row(&self, sent: taskgauge_autotask::Row) -> Result<Row, Unreadable> {
        match read_row(sent.clone(), self) {
            Ok((_, Ok(row))) => Ok(row),
            Ok((_, Err(problem))) => Err(problem.with_row(sent)),
            Err(error) => Err(Problem { id: 0, reason: error.to_string() }.with_row(sent)),
        }
    }

    fn member(&self, name: &str) -> Member {
        if let Some(place) = self.places.get(name) {
            return Member::Column(*place);
        }
        let lower = name.to_ascii_lowercase();
        match lower.as_str() {
            "id" => Member::Id,
            "userdefinedfields" => Member::UserDefined,
            lower => match self.places_in_lower_case.get(lower) {
                Some(place) => Member::Column(*place),
                None => Member::Other(without_nul(name.to_owned())),
            },
        }
    }
}

/// Why a row cannot be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The row's id.
    pub id: i64,
    /// A sentence.
    pub reason: String,
}

impl Problem {
    /// With the row as it came.
    pub fn with_row(self, sent: taskgauge_autotask::Row) -> Unreadable {
        Unreadable { id: self.id, reason: self.reason, row: clean(Value::Object(sent)) }
    }
}

/// A field that no column holds goes to `extra` unless it is null; user-defined fields go to `udf`.
impl ReadRow for Normaliser {
    type Row = Result<Row, Problem>;

    fn read<'de, A: MapAccess<'de>>(&self, mut members: A) -> Result<(Option<i64>, Self::Row), A::Error> {
        let columns = self.entity.columns;
        let mut row = Row::default();
        let mut id = None;
        let mut reason = None;
        while let Some(member) = members.next_key_seed(Name(self))? {
            match member {
                Member::Id => match members.next_value_seed(CellOf(Kind::Integer))? {
                    Ok(Cell::Whole(whole)) => id = Some(whole),
                    Ok(_) | Err(_) => reason = Some("The id is not a whole number.".to_owned()),
                },
                Member::UserDefined => row.udf = user_defined(&members.next_value()?),
                Member::Column(place) => match members.next_value_seed(CellOf(columns[place].kind))? {
                    Ok(Cell::Null) => {}
                    Ok(cell) => {
                        if row.cells.is_empty() {
                            row.cells.resize(columns.len(), Cell::Null);
                        }
                        row.cells[place] = cell;
                    }
                    Err(error) => reason = Some(format!("{} is {error}.", columns[place].field)),
                },
                Member::Other(name) => {
                    let value: Value = members.next_value()?;
                    if !value.is_null() {
                        row.extra.insert(name, clean(value));
                    }
                }
            }
        }
        row.id = id.unwrap_or_default();
        let read = match reason {
            None => Ok(row),
            Some(reason) => Err(Problem { id: row.id, reason }),
        };
        Ok((id, read))
    }
}

/// What a member of a row is to us.
enum Member {
    Id,
    UserDefined,
    Column(usize),
    Other(String),
}

struct Name<'a>(&'a Normaliser);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Member;

    fn deserialize<D: Deserializer<'de>>(self, name: D) -> Result<Member, D::Error> {
        name.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Member;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a field's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Member, E> {
        Ok(self.0.member(name))
    }
}

/// Reads a value of this kind. What cannot be read is the row's problem, not the page's.
struct CellOf(Kind);

impl<'de> DeserializeSeed<'de> for CellOf {
    type Value = Result<Cell, ValueError>;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<Self::Value, D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for CellOf {
    type Value = Result<Cell, ValueError>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Ok(Cell::Null))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(read(self.0, Plain::Flag(flag)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(read(self.0, Plain::Number(number.into())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(read(self.0, Plain::Number(number.into())))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        // JSON has no number that is none.
        Ok(read(self.0, serde_json::Number::from_f64(number).map_or(Plain::Null, Plain::Number)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(read(self.0, Plain::Text(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(read(self.0, Plain::Compound))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(read(self.0, Plain::Compound))
    }
}

/// A value as it is stored.
fn read(kind: Kind, value: Plain<'_>) -> Result<Cell, ValueError> {
    let cell = match kind {
        // The same flag is a number on one entity and a boolean on another.
        Kind::Integer | Kind::Picklist => match value {
            Plain::Flag(flag) => Some(Cell::Whole(flag.into())),
            _ => value::integer(value)?.map(Cell::Whole),
        },
        Kind::Number => value::decimal(value)?.map(Cell::Number),
        Kind::Text => value::text(value)?.map(|text| Cell::Text(without_nul(text))),
        // As in the list that names it.
        Kind::Code => value::text(value)?.map(|text| Cell::Text(without_nul(text.trim().to_owned()))),
        Kind::Flag => value::boolean(value)?.map(Cell::Flag),
        Kind::DateTime => match value::date_time(value)? {
            Some(instant) if instant.year() < FIRST_YEAR => {
                return Err(ValueError { expected: "an instant" });
            }
            instant => instant.map(Cell::Instant),
        },
        Kind::Date => match value::date(value)? {
            Some(day) if day.year() < FIRST_YEAR => return Err(ValueError { expected: "a date" }),
            day => day.map(Cell::Day),
        },
    };
    Ok(cell.unwrap_or(Cell::Null))
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
                fields.insert(without_nul(name.to_owned()), without_nul(text).into());
            }
            // Documented as texts; anything else is kept as it is rather than lost.
            Err(_) => {
                fields.insert(without_nul(name.to_owned()), clean(value.clone()));
            }
        }
    }
    fields
}

/// Postgres stores no NUL character; the replacement character shows that there was something.
fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

fn clean(value: Value) -> Value {
    match value {
        Value::String(text) => without_nul(text).into(),
        Value::Array(items) => items.into_iter().map(clean).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (without_nul(name), clean(value))).collect()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;
    use taskgauge_model::entity::{CONTACTS, CONTRACTS, OPPORTUNITIES, TICKETS, TIME_ENTRIES};

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
            Value::Object(row.columns(&TICKETS)),
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
        assert_eq!(row.columns(&CONTACTS)["is_active"], json!(1));
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
                Ok(row) => prop_assert_eq!(&row.columns(&TIME_ENTRIES)["date_worked"], &json!(day)),
                Err(refused) => prop_assert!(refused.reason.contains("dateWorked")),
            }
        }

        /// A label is found under what a row holds, however the two spell the value.
        #[test]
        fn values_of_lists_meet_their_labels(
            number in -9_007_199_254_740_992_i64..=9_007_199_254_740_992,
            spelling in 0..5,
            blanks in "[ ]{0,2}",
        ) {
            let sent = match spelling {
                0 => json!(number),
                1 => json!(number.to_string()),
                2 => json!(format!("{blanks}{number} ")),
                3 => json!(number as f64),
                _ => json!(format!("{number}.00")),
            };
            let row = Normaliser::new(&TICKETS).row(wire(json!({"id": 1, "status": sent}))).unwrap();
            prop_assert_eq!(&row.columns(&TICKETS)["status"], &json!(number));
            let listed = taskgauge_autotask::PicklistValue {
                value: format!("{blanks}{number}"),
                label: String::new(),
                is_default: false,
                sort_order: 0,
                parent_value: None,
                is_active: true,
                is_system: false,
            };
            prop_assert_eq!(listed.number(), Some(number));
        }

        /// Words of lists are kept letter by letter, since case tells them apart, and without blanks around them, as their
        /// labels are.
        #[test]
        fn words_of_lists_are_kept(code in "[a-zA-Z]{1,6}", before in " ?", behind in " ?") {
            let sent = json!({"id": 1, "revenueSpreadUnit": format!("{before}{code}{behind}")});
            let row = Normaliser::new(&OPPORTUNITIES).row(wire(sent)).unwrap();
            prop_assert_eq!(&row.columns(&OPPORTUNITIES)["revenue_spread_unit"], &json!(code));
        }

        /// Nothing panics, nothing is lost: a row is stored or kept as it came.
        #[test]
        fn every_row_is_kept(id in 0_i64.., key in "[a-zA-Z]{1,12}", value in any_json()) {
            let sent = wire(json!({"id": id, "contractName": value, key.clone(): value}));
            match Normaliser::new(&CONTRACTS).row(sent.clone()) {
                Ok(row) => {
                    prop_assert_eq!(row.id, if key.eq_ignore_ascii_case("id") { row.id } else { id });
                    let kept = (row.columns(&CONTRACTS), row.extra, row.udf);
                    prop_assert!(!serde_json::to_string(&kept).unwrap().contains("\\u0000"));
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
