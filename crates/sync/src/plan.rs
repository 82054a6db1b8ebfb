//! What to ask Autotask for: conditions, and what of an entity is due.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;
use taskgauge_autotask::Filter;
use taskgauge_model::entity::{Entity, Kind, Refresh, Rule, Slice};
use taskgauge_model::run::RunKind;
use taskgauge_store::runs::EntityState;

/// Changes are asked for from this long before the last watermark: stamps lag behind the change they stand for.
pub(crate) const OVERLAP: TimeDelta = TimeDelta::minutes(10);
/// The same for a stamp that is a calendar date: it travels as the midnight of some zone.
const DATE_OVERLAP: TimeDelta = TimeDelta::hours(36);
/// When the night's work begins, in the datasource's time zone: comparisons, everything that is read whole once a day, field
/// lists, the permission doctor. The first run from then on does it.
const NIGHT: NaiveTime = NaiveTime::from_hms_opt(2, 0, 0).expect("a time of day");
/// What is to be read again after so many hours is read by night.
const A_DAY: i64 = 24;
/// Hours between two readings of an entity whose stamps cannot be filtered on.
const FALLBACK_HOURS: i64 = 24;
/// The same for one with so few rows that reading it costs little.
const SMALL_FALLBACK_HOURS: i64 = 1;
const SMALL: i64 = 5_000;

/// What is due for one entity.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "a list of what is due; any of it may be")]
pub struct Due {
    /// Its fields' metadata.
    pub metadata: bool,
    /// Everything, slice by slice.
    pub load: bool,
    /// Rows stamped since then.
    pub changes: Option<Filter>,
    /// Rows that are read again in any case.
    pub again: Option<Filter>,
    /// Everything in one walk, and absences.
    pub sweep: bool,
    /// All ids, and absences.
    pub reconcile: bool,
    /// Another look at rows missed earlier.
    pub second_look: bool,
    /// Rows of parents that changed, once the parents are read.
    pub children: bool,
}

impl Due {
    /// Whether anything is to be read before the parents are known.
    pub fn is_work(&self) -> bool {
        self.load
            || self.changes.is_some()
            || self.again.is_some()
            || self.sweep
            || self.reconcile
            || self.second_look
    }
}

/// The times that decide what is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// Autotask's time at the start of the run.
    pub now: DateTime<Utc>,
    /// This machine's time then.
    pub here: DateTime<Utc>,
    /// When the last night's work began, in Autotask's time.
    pub night: DateTime<Utc>,
}

impl Times {
    /// For a run that starts now, of a datasource in this zone.
    pub fn of(now: DateTime<Utc>, here: DateTime<Utc>, zone: Tz) -> Self {
        let today = now.with_timezone(&zone).date_naive();
        let begins = |day: NaiveDate| {
            let local = day.and_time(NIGHT);
            // Where clocks are put forward over it, an hour later.
            let local = |later: i64| zone.from_local_datetime(&(local + TimeDelta::hours(later))).earliest();
            local(0).or_else(|| local(1)).map(|at| at.with_timezone(&Utc))
        };
        let days = [Some(today), today.pred_opt()];
        let night = days.into_iter().flatten().filter_map(begins).find(|night| *night <= now);
        Self { now, here, night: night.unwrap_or(now - TimeDelta::hours(A_DAY)) }
    }

    /// Whether something that this machine stamped was before the last night.
    pub fn is_before_night(&self, at: DateTime<Utc>) -> bool {
        at < self.night + (self.here - self.now)
    }
}

/// What of an entity a run has to read.
pub fn due(entity: &Entity, state: Option<&EntityState>, kind: RunKind, times: Times) -> Due {
    let Times { now, night, .. } = times;
    let has_metadata = entity.needs_metadata();
    let Some(state) = state.filter(|state| state.loaded_at.is_some() && kind != RunKind::Full) else {
        return Due { metadata: has_metadata, load: true, ..Due::default() };
    };
    let old = |at: Option<DateTime<Utc>>, hours: i64| {
        at.is_none_or(|at| if hours >= A_DAY { at < night } else { at + TimeDelta::hours(hours) <= now })
    };
    // Everything that is compared or read whole now and then.
    let asked = kind == RunKind::Reconcile;
    let mut due = Due::default();
    match entity.refresh {
        Refresh::Stamped { stamps, ref again } => {
            let usable: Vec<&str> = stamps.iter().copied().filter(|stamp| queryable(state, stamp)).collect();
            if let (false, Some(watermark)) = (usable.is_empty(), state.watermark) {
                due.changes = Some(changes(entity, &usable, watermark));
                due.again = again
                    .as_ref()
                    .filter(|again| old(state.again_at.or(state.loaded_at), again.hours.into()))
                    .map(|again| filter(&again.rule, now));
                due.reconcile = asked || old(state.swept_at, A_DAY);
            } else {
                let hours = if state.rows <= SMALL { SMALL_FALLBACK_HOURS } else { FALLBACK_HOURS };
                due.sweep = asked || old(state.swept_at, hours);
            }
        }
        Refresh::Sweep { hours } => due.sweep = asked || old(state.swept_at, hours.into()),
        Refresh::Children { hours, .. } => {
            due.sweep = asked || old(state.swept_at, hours.into());
            due.children = !due.sweep;
        }
    }
    due.second_look = state.has_absent && !due.sweep && !due.reconcile;
    due.metadata = has_metadata && state.metadata_at.is_none_or(|at| times.is_before_night(at));
    due
}

fn queryable(state: &EntityState, field: &str) -> bool {
    !state.unqueryable.iter().any(|other| other.eq_ignore_ascii_case(field))
}

fn changes(entity: &Entity, stamps: &[&str], watermark: DateTime<Utc>) -> Filter {
    let is_date =
        |stamp| entity.columns.iter().any(|column| column.field == stamp && column.kind == Kind::Date);
    let since = |stamp| watermark - if is_date(stamp) { DATE_OVERLAP } else { OVERLAP };
    let mut conditions: Vec<Filter> = stamps.iter().map(|stamp| Filter::gte(*stamp, since(*stamp))).collect();
    if conditions.len() == 1 { conditions.remove(0) } else { Filter::or(conditions) }
}

/// A part of the first load, as it is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Its name for people and cursors.
    pub name: String,
    /// Which rows.
    pub filter: Filter,
}

/// The parts of an entity's first load at Autotask's time `now`, where so many rows are `expected`, if that is known.
///
/// It is one part when a field that its slices are cut by cannot be filtered on, and when all fits on a few pages. The history
/// of a large collection is read year by year, the latest first: each year can be used as it lands, and two are read
/// beside each other, as far as the limit of requests allows.
pub fn parts(
    entity: &Entity,
    unqueryable: &[String],
    now: DateTime<Utc>,
    expected: Option<u64>,
) -> Vec<Part> {
    let usable = |rule: &Rule| {
        !fields(rule).iter().any(|field| unqueryable.iter().any(|other| other.eq_ignore_ascii_case(field)))
    };
    let is_small = expected.is_some_and(|rows| rows <= FEW);
    if is_small || !entity.slices.iter().all(|slice| usable(&slice.rule)) {
        return vec![Part { name: "everything".to_owned(), filter: Filter::All }];
    }
    let by_years = expected.is_some_and(|rows| rows > LARGE);
    let mut parts = Vec::new();
    for slice in entity.slices {
        match before(&slice.rule).filter(|_| by_years && slice.name == HISTORY) {
            None => parts.push(Part { name: slice.name.to_owned(), filter: filter(&slice.rule, now) }),
            Some((field, days)) => {
                let at = |years: i64| now - TimeDelta::days(i64::from(days) + years * 365);
                let rule = filter(&slice.rule, now);
                for year in 0..YEARS {
                    let name = format!("{HISTORY}, year {}", year + 1);
                    let mut conditions = vec![rule.clone(), Filter::gte(field, at(year + 1))];
                    if year > 0 {
                        conditions.push(Filter::lt(field, at(year)));
                    }
                    parts.push(Part { name, filter: Filter::and(conditions) });
                }
                let oldest = Filter::or([Filter::lt(field, at(YEARS)), Filter::not_exist(field)]);
                let name = format!("{HISTORY}, older");
                parts.push(Part { name, filter: Filter::and([rule, oldest]) });
            }
        }
    }
    parts
}

/// Up to so many rows, parts would take more requests than they are worth.
const FEW: u64 = 2_000;
/// From more rows on, a few requests for years without any do not count.
const LARGE: u64 = 100_000;
/// Years of history that are parts of their own.
const YEARS: i64 = 8;
/// The slice that holds what is left of the past.
const HISTORY: &str = "history";

/// The field, and the days, before which a rule wants rows to be.
fn before(rule: &Rule) -> Option<(&'static str, u16)> {
    match rule {
        Rule::Before(field, days) => Some((field, *days)),
        Rule::Every(rules) => rules.iter().find_map(before),
        Rule::All | Rule::Eq(..) | Rule::NotEq(..) | Rule::Since(..) | Rule::Any(_) => None,
    }
}

/// The windows of an entity whose rows are counted on both sides: the slices of its first load, where there are several.
/// Left out are those cut by a field that cannot be filtered on, and by a calendar date, which is the midnight of a zone
/// to Autotask and a day here.
pub fn windows(entity: &'static Entity, unqueryable: &[String]) -> Vec<&'static Slice> {
    let is_countable = |field: &&str| {
        let is_date = entity.columns.iter().any(|column| column.field == *field && column.kind == Kind::Date);
        !is_date && !unqueryable.iter().any(|other| other.eq_ignore_ascii_case(field))
    };
    let countable = |slice: &&Slice| fields(&slice.rule).iter().all(is_countable);
    if entity.slices.len() < 2 { Vec::new() } else { entity.slices.iter().filter(countable).collect() }
}

fn fields(rule: &Rule) -> Vec<&'static str> {
    match rule {
        Rule::All => Vec::new(),
        Rule::Eq(field, _) | Rule::NotEq(field, _) | Rule::Since(field, _) | Rule::Before(field, _) => {
            vec![field]
        }
        Rule::Any(rules) | Rule::Every(rules) => rules.iter().flat_map(fields).collect(),
    }
}

/// A rule as a filter at the time `now`.
pub fn filter(rule: &Rule, now: DateTime<Utc>) -> Filter {
    match rule {
        Rule::All => Filter::All,
        Rule::Eq(field, value) => Filter::eq(*field, *value),
        Rule::NotEq(field, value) => Filter::or([Filter::noteq(*field, *value), Filter::not_exist(*field)]),
        Rule::Since(field, days) => Filter::gte(*field, now - TimeDelta::days((*days).into())),
        Rule::Before(field, days) => {
            Filter::or([Filter::lt(*field, now - TimeDelta::days((*days).into())), Filter::not_exist(*field)])
        }
        Rule::Any(rules) => {
            let mut all = Vec::new();
            for rule in *rules {
                match filter(rule, now) {
                    Filter::Or(inner) => all.extend(inner),
                    other => all.push(other),
                }
            }
            if all.contains(&Filter::All) { Filter::All } else { Filter::or(all) }
        }
        Rule::Every(rules) => Filter::and(rules.iter().map(|rule| filter(rule, now))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::{Map, Value, json};
    use taskgauge_autotask::Op;
    use taskgauge_model::entity::{
        DELETED_TICKET_LOGS, INVOICES, RESOURCES, SERVICE_LEVEL_AGREEMENT_RESULTS, TICKETS,
    };

    fn now() -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 3, 18, 10, 0, 0).unwrap()
    }

    fn matches(filter: &Filter, row: &Map<String, Value>) -> bool {
        match filter {
            Filter::All => true,
            Filter::And(all) => all.iter().all(|filter| matches(filter, row)),
            Filter::Or(any) => any.iter().any(|filter| matches(filter, row)),
            Filter::Field { field, op, .. } => {
                let value = row.get(field).filter(|value| !value.is_null());
                let compare = |with: &Value| {
                    value.map(|value| match (value, with) {
                        (Value::Number(a), Value::Number(b)) => a.as_i64().cmp(&b.as_i64()),
                        (a, b) => a.as_str().cmp(&b.as_str()),
                    })
                };
                match op {
                    Op::Eq(with) => compare(with).is_some_and(std::cmp::Ordering::is_eq),
                    Op::NotEq(with) => compare(with).is_some_and(std::cmp::Ordering::is_ne),
                    Op::Gte(with) => compare(with).is_some_and(std::cmp::Ordering::is_ge),
                    Op::Lt(with) => compare(with).is_some_and(std::cmp::Ordering::is_lt),
                    Op::NotExist => value.is_none(),
                    other => panic!("{other:?} is not used by rules"),
                }
            }
        }
    }

    proptest! {
        /// Every row is in exactly one part of its entity's first load.
        #[test]
        fn parts_divide_the_collection(
            days in prop::option::of(-5_i64..4_000),
            status in prop::option::of(1_i64..9),
            expected in prop::option::of(prop_oneof![Just(2_000_u64), Just(2_001), Just(100_001)]),
        ) {
            let at = days.map(|days| (now() - TimeDelta::days(days)).format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string());
            for entity in Entity::all() {
                let mut row = Map::new();
                for column in entity.columns {
                    let value = match column.kind {
                        Kind::DateTime | Kind::Date => json!(at),
                        _ => json!(status),
                    };
                    row.insert(column.field.to_owned(), value);
                }
                let parts = parts(entity, &[], now(), expected);
                let holding = parts.iter().filter(|part| matches(&part.filter, &row)).count();
                prop_assert_eq!(holding, 1, "{}", entity.name);
            }
        }
    }

    proptest! {
        /// A change since the last watermark is asked for: though its stamp lags, and though a date is the midnight of
        /// whatever zone the tenant is in. What is long past is not.
        #[test]
        fn no_change_is_left_out(
            seconds in 0_i64..100_000,
            lag in 0_i64..=600,
            zone in -12 * 60_i64..=14 * 60,
        ) {
            let watermark = now() - TimeDelta::days(5);
            let changed = watermark + TimeDelta::seconds(seconds);
            let local = changed + TimeDelta::minutes(zone);
            for entity in Entity::all() {
                let Refresh::Stamped { stamps, .. } = &entity.refresh else { continue };
                let state = EntityState { watermark: Some(watermark), ..loaded(1) };
                let due = due(entity, Some(&state), RunKind::Incremental, Times::of(now(), now(), Tz::UTC));
                let changes = due.changes.unwrap();
                for stamp in *stamps {
                    let column = entity.columns.iter().find(|column| column.field == *stamp).unwrap();
                    let row = |days| {
                        let written = match column.kind {
                            Kind::Date => (local - TimeDelta::days(days)).format("%Y-%m-%dT00:00:00.000Z"),
                            _ => (changed - TimeDelta::days(days) - TimeDelta::seconds(lag))
                                .format("%Y-%m-%dT%H:%M:%S%.3fZ"),
                        };
                        Map::from_iter([((*stamp).to_owned(), json!(written.to_string()))])
                    };
                    prop_assert!(matches(&changes, &row(0)), "{}: {:?}", entity.name, row(0));
                    prop_assert!(!matches(&changes, &row(4)), "{}: {:?}", entity.name, row(4));
                }
            }
        }
    }

    #[rstest]
    #[case(Tz::UTC, "2026-03-18T10:00:00Z", "2026-03-18T02:00:00Z")]
    #[case(Tz::UTC, "2026-03-18T01:59:59Z", "2026-03-17T02:00:00Z")]
    #[case(Tz::America__New_York, "2026-03-18T05:00:00Z", "2026-03-17T06:00:00Z")]
    #[case(Tz::America__New_York, "2026-03-18T06:00:00Z", "2026-03-18T06:00:00Z")]
    #[case::clocks_go_forward_over_it(Tz::America__New_York, "2026-03-08T12:00:00Z", "2026-03-08T07:00:00Z")]
    #[case(Tz::Pacific__Kiritimati, "2026-03-18T10:00:00Z", "2026-03-17T12:00:00Z")]
    fn the_night_begins_by_the_datasources_clock(#[case] zone: Tz, #[case] now: &str, #[case] night: &str) {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let times = Times::of(at(now), at(now) + TimeDelta::hours(3), zone);
        assert_eq!(times.night, at(night));
        assert!(times.is_before_night(at(night) + TimeDelta::hours(3) - TimeDelta::seconds(1)));
        assert!(!times.is_before_night(at(night) + TimeDelta::hours(3)));
    }

    #[test]
    fn every_filter_may_be_sent() {
        for entity in Entity::all() {
            for part in parts(entity, &[], now(), Some(1_000_000)) {
                part.filter.validate().unwrap();
            }
        }
    }

    #[test]
    fn parts_follow_what_there_is_to_read() {
        let names = |expected| -> Vec<String> {
            parts(&TICKETS, &[], now(), expected).into_iter().map(|part| part.name).collect()
        };
        assert_eq!(names(Some(2_000)), ["everything"]);
        assert_eq!(names(Some(2_001)), ["open and 14 days", "210 days", "history"]);
        assert_eq!(names(None), names(Some(2_001)));
        let large = names(Some(100_001));
        assert_eq!(large[..3], ["open and 14 days", "210 days", "history, year 1"]);
        assert_eq!(large.last().unwrap(), "history, older");
    }

    fn loaded(hours: i64) -> EntityState {
        let at = now() - TimeDelta::hours(hours);
        EntityState {
            loaded_at: Some(at),
            watermark: Some(at),
            swept_at: Some(at),
            metadata_at: Some(at),
            rows: 10_000,
            ..EntityState::default()
        }
    }

    #[rstest]
    #[case(&TICKETS, None, RunKind::Incremental, "load")]
    #[case(&TICKETS, Some(loaded(1)), RunKind::Full, "load")]
    #[case(&TICKETS, Some(loaded(1)), RunKind::Incremental, "changes")]
    #[case(&TICKETS, Some(loaded(24)), RunKind::Incremental, "changes reconcile")]
    #[case(&TICKETS, Some(EntityState { has_absent: true, ..loaded(1) }), RunKind::Incremental, "changes second_look")]
    #[case(&TICKETS, Some(EntityState { unqueryable: vec!["lastActivityDate".into(), "LASTTRACKEDMODIFICATIONDATETIME".into()], ..loaded(25) }), RunKind::Incremental, "sweep")]
    #[case(&INVOICES, Some(loaded(7)), RunKind::Incremental, "changes")]
    #[case(&TICKETS, Some(loaded(1)), RunKind::Reconcile, "changes reconcile")]
    #[case(&INVOICES, Some(loaded(9)), RunKind::Incremental, "changes again reconcile")]
    #[case(&INVOICES, Some(EntityState { again_at: Some(now()), ..loaded(9) }), RunKind::Incremental, "changes reconcile")]
    #[case(&DELETED_TICKET_LOGS, Some(loaded(100)), RunKind::Incremental, "changes reconcile")]
    #[case(&RESOURCES, Some(loaded(0)), RunKind::Incremental, "")]
    #[case(&RESOURCES, Some(loaded(1)), RunKind::Incremental, "sweep")]
    #[case(&SERVICE_LEVEL_AGREEMENT_RESULTS, Some(loaded(1)), RunKind::Incremental, "children")]
    #[case(&SERVICE_LEVEL_AGREEMENT_RESULTS, Some(loaded(24)), RunKind::Incremental, "sweep")]
    fn what_is_due(
        #[case] entity: &Entity,
        #[case] state: Option<EntityState>,
        #[case] kind: RunKind,
        #[case] expected: &str,
    ) {
        let due = due(entity, state.as_ref(), kind, Times::of(now(), now(), Tz::UTC));
        let words: Vec<&str> = [
            (due.load, "load"),
            (due.changes.is_some(), "changes"),
            (due.again.is_some(), "again"),
            (due.sweep, "sweep"),
            (due.reconcile, "reconcile"),
            (due.second_look, "second_look"),
            (due.children, "children"),
        ]
        .into_iter()
        .filter_map(|(is, word)| is.then_some(word))
        .collect();
        assert_eq!(words.join(" "), expected);
    }

    #[test]
    fn a_date_is_asked_for_from_the_day_before() {
        let due = due(&INVOICES, Some(&loaded(1)), RunKind::Incremental, Times::of(now(), now(), Tz::UTC));
        let at = |overlap| now() - TimeDelta::hours(1) - overlap;
        let stamps = [("createDateTime", OVERLAP), ("voidedDate", OVERLAP), ("paidDate", DATE_OVERLAP)];
        let asked = stamps.map(|(stamp, overlap)| Filter::gte(stamp, at(overlap)));
        assert_eq!(due.changes, Some(Filter::or(asked)));
    }

    #[test]
    fn one_stamp_that_cannot_be_queried_leaves_the_other() {
        let state = EntityState { unqueryable: vec!["lastTrackedModificationDateTime".into()], ..loaded(1) };
        let due = due(&TICKETS, Some(&state), RunKind::Incremental, Times::of(now(), now(), Tz::UTC));
        let since = now() - TimeDelta::hours(1) - OVERLAP;
        assert_eq!(due.changes, Some(Filter::gte("lastActivityDate", since)));
        assert_eq!(parts(&TICKETS, &["lastActivityDate".into()], now(), None).len(), 1);
    }
}
