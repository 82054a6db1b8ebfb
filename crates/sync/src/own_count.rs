//! Autotask's own count of the rows behind a number, on request.

use crate::doctor::{DoctorError, client_of};
use crate::failure;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use taskgauge_autotask::{Connector, Error, Filter};
use taskgauge_model::entity::{Entity, Kind};
use taskgauge_model::field_filter::FieldFilter;
use taskgauge_model::gauge::{Condition, Op, Scalar};
use taskgauge_model::ids::DatasourceId;
use taskgauge_store::Store;
use taskgauge_store::gauges::OwnQuestion;

/// How many rows Autotask counts for each question, or why it does not, as a sentence. Questions that are the same are
/// asked once; those that cannot be asked keep their reason.
///
/// # Errors
/// As [`DoctorError`] says: refused credentials are refused once.
pub async fn own_counts(
    store: &Store,
    connector: &Connector,
    datasource: DatasourceId,
    questions: &[Result<OwnQuestion, String>],
) -> Result<Vec<Result<u64, String>>, DoctorError> {
    let (client, _) = client_of(store, connector, datasource).await?;
    let mut known: Vec<(&OwnQuestion, Result<u64, String>)> = Vec::new();
    let mut counts = Vec::with_capacity(questions.len());
    for question in questions {
        let question = match question {
            Ok(question) => question,
            Err(why) => {
                counts.push(Err(why.clone()));
                continue;
            }
        };
        let before = known.iter().find(|(asked, _)| *asked == question).map(|(_, count)| count.clone());
        let filter = Entity::named(question.entity).and_then(|entity| asked(entity, &question.filter));
        let count = match (before, filter) {
            (Some(count), _) => count,
            (None, None) => {
                Err("A value that is compared with is of another kind than the field.".to_owned())
            }
            (None, Some(filter)) => match client.count(question.entity, &filter).await {
                Ok(rows) => Ok(rows),
                Err(error @ Error::Unauthorized) => return Err(Box::new(error).into()),
                Err(error) => Err(failure::sentence(&error)),
            },
        };
        known.push((question, count.clone()));
        counts.push(count);
    }
    Ok(counts)
}

/// The filter as Autotask is asked; `None` where a value does not fit its field.
fn asked(entity: &Entity, filter: &FieldFilter) -> Option<Filter> {
    let each = |filters: &[FieldFilter]| -> Option<Vec<Filter>> {
        filters.iter().map(|filter| asked(entity, filter)).collect()
    };
    match filter {
        FieldFilter::Every { every } => Some(Filter::and(each(every)?)),
        FieldFilter::Any { any } => {
            let any = each(any)?;
            Some(if any.contains(&Filter::All) { Filter::All } else { or(any) })
        }
        FieldFilter::Compared(condition) => compared(entity, condition),
        // Labels are known as values by now.
        FieldFilter::Like { .. } | FieldFilter::Unlike { .. } => None,
    }
}

/// At least one of the filters; no row where there is none.
fn or(mut filters: Vec<Filter>) -> Filter {
    match filters.len() {
        0 => nothing(),
        1 => filters.remove(0),
        _ => Filter::or(filters),
    }
}

/// No row at all: ids begin at 0.
fn nothing() -> Filter {
    Filter::lt("id", 0)
}

fn compared(entity: &Entity, condition: &Condition) -> Option<Filter> {
    let field = condition.column.as_str();
    let kind = entity.columns.iter().find(|column| column.field == field).map_or(Kind::Integer, |it| it.kind);
    let or_empty = |filter: Filter| Filter::or([filter, Filter::not_exist(field)]);
    match condition.op {
        Op::Empty => return Some(Filter::not_exist(field)),
        Op::Filled => return Some(Filter::exist(field)),
        _ => {}
    }
    let values: Vec<serde_json::Value> = match &condition.value {
        Scalar::List(values) => values.iter().map(|value| value_of(kind, value)).collect::<Option<_>>()?,
        value => vec![value_of(kind, value)?],
    };
    let one = || values.first().cloned();
    Some(match (condition.op, kind) {
        (Op::In, _) if values.is_empty() => nothing(),
        (Op::NotIn, _) if values.is_empty() => Filter::All,
        // A date is a midnight there, and may have a time of day.
        (_, Kind::Date) => return of_day(condition),
        (Op::In, _) => Filter::is_in(field, values),
        (Op::NotIn, _) => or_empty(Filter::not_in(field, values)),
        (Op::Is, _) => Filter::eq(field, one()?),
        (Op::IsNot, _) => or_empty(Filter::noteq(field, one()?)),
        (Op::Over, _) => Filter::gt(field, one()?),
        (Op::AtLeast, _) => Filter::gte(field, one()?),
        (Op::Under, _) => Filter::lt(field, one()?),
        (Op::AtMost, _) => Filter::lte(field, one()?),
        (Op::Contains, _) => Filter::contains(field, one()?),
        (Op::Empty | Op::Filled, _) => return None,
    })
}

/// A comparison of a date, by the midnights around it.
fn of_day(condition: &Condition) -> Option<Filter> {
    let field = condition.column.as_str();
    let Scalar::Text(text) = &condition.value else { return None };
    let day: NaiveDate = text.parse().ok()?;
    let next = day.checked_add_signed(TimeDelta::days(1))?;
    Some(match condition.op {
        Op::Is => Filter::and([Filter::gte(field, day), Filter::lt(field, next)]),
        Op::IsNot => Filter::or([Filter::lt(field, day), Filter::gte(field, next), Filter::not_exist(field)]),
        Op::Over => Filter::gte(field, next),
        Op::AtLeast => Filter::gte(field, day),
        Op::Under => Filter::lt(field, day),
        Op::AtMost => Filter::lt(field, next),
        Op::In | Op::NotIn | Op::Contains | Op::Empty | Op::Filled => return None,
    })
}

/// A value as the API wants it for a field of that kind: an id in words matches nothing there.
fn value_of(kind: Kind, value: &Scalar) -> Option<serde_json::Value> {
    Some(match (kind, value) {
        (Kind::Integer | Kind::Picklist, Scalar::Text(text)) => text.trim().parse::<i64>().ok()?.into(),
        (Kind::Integer | Kind::Picklist, Scalar::Number(number)) if number.fract() == 0.0 => {
            #[expect(clippy::cast_possible_truncation, reason = "a whole number; ids are far smaller")]
            let whole = *number as i64;
            whole.into()
        }
        (Kind::Number, Scalar::Number(number)) => serde_json::Number::from_f64(*number)?.into(),
        (Kind::Flag, Scalar::Flag(flag)) => (*flag).into(),
        (Kind::Text | Kind::Code | Kind::Date, Scalar::Text(text)) => text.clone().into(),
        (Kind::DateTime, Scalar::Text(text)) => {
            let instant: DateTime<Utc> = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
            instant.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string().into()
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn text(text: &str) -> Scalar {
        Scalar::Text(text.to_owned())
    }

    #[rstest]
    #[case("status", Op::Is, text("5"), Some(Filter::eq("status", 5)))]
    #[case("status", Op::IsNot, Scalar::Number(5.0), Some(Filter::or([Filter::noteq("status", 5), Filter::not_exist("status")])))]
    #[case("queueID", Op::In, Scalar::List(vec![text("8"), text("9")]), Some(Filter::is_in("queueID", [8, 9])))]
    #[case("queueID", Op::In, Scalar::List(vec![]), Some(Filter::lt("id", 0)))]
    #[case("queueID", Op::NotIn, Scalar::List(vec![]), Some(Filter::All))]
    #[case("queueID", Op::Is, text("Level I"), None)]
    #[case("status", Op::Over, Scalar::Number(1.5), None)]
    #[case("assignedResourceID", Op::Empty, Scalar::Nothing, Some(Filter::not_exist("assignedResourceID")))]
    #[case("title", Op::Contains, text("printer"), Some(Filter::contains("title", "printer")))]
    #[case(
        "createDate",
        Op::AtLeast,
        text("2026-03-18T00:00:00+01:00"),
        Some(Filter::gte("createDate", "2026-03-17T23:00:00.000Z"))
    )]
    #[case("createDate", Op::AtLeast, text("yesterday"), None)]
    fn values_are_of_their_fields_kind(
        #[case] field: &str,
        #[case] op: Op,
        #[case] value: Scalar,
        #[case] wanted: Option<Filter>,
    ) {
        let tickets = Entity::named("Tickets").unwrap();
        assert_eq!(asked(tickets, &FieldFilter::compared(field, op, value)), wanted);
    }

    #[test]
    fn a_date_is_all_of_its_day() {
        let entries = Entity::named("TimeEntries").unwrap();
        let day = |op| asked(entries, &FieldFilter::compared("dateWorked", op, text("2026-02-28"))).unwrap();
        let midnight = |day: u32, month: u32| NaiveDate::from_ymd_opt(2026, month, day).unwrap();
        let (first, next) = (midnight(28, 2), midnight(1, 3));
        assert_eq!(day(Op::AtMost), Filter::lt("dateWorked", next));
        assert_eq!(day(Op::Over), Filter::gte("dateWorked", next));
        assert_eq!(
            day(Op::Is),
            Filter::and([Filter::gte("dateWorked", first), Filter::lt("dateWorked", next)])
        );
    }
}
