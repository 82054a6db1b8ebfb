//! Random questions: in which workspace, at which moment, over which dates, about which records, and for whom.
//!
//! They are drawn from a seed that stays the same, so that each run asks the same ones; in the environment,
//! `PROPTEST_RNG_SEED` draws others, and `PROPTEST_CASES` says how many. What a property does not hold for is made as
//! small as it gets before it is told, with all that it takes to ask it again.
//!
//! Workspaces are on both sides of UTC, and clocks stand where counts go wrong: around midnight, around days on which
//! clocks change, at the ends of months and years. Filters are by what the tenant has, and now and then by nothing or by
//! what it has not.

use super::clocks::{self, READ_AT};
use super::tenant::{self, Copy};
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc, Weekday};
use chrono_tz::{America, Asia, Australia, Europe, Pacific, Tz};
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use proptest::test_runner::{Config, RngSeed, TestRunner};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use taskgauge_model::gauge::{Answer, FILTERS, Filters, Gauge};
use taskgauge_model::range::{Range, start_of_day};
use taskgauge_model::settings::Settings;
use taskgauge_store::Scope;

/// What all draws are made from, unless the environment names another.
const SEED: u64 = 20_260_406;
/// How long a draw that fails is made smaller, in milliseconds.
const SHRINKING: u32 = 10_000;

/// In some of these midnight comes twice or never, and in one clocks change by half an hour.
const ZONES: [Tz; 12] = [
    chrono_tz::UTC,
    Europe::Berlin,
    America::New_York,
    America::Los_Angeles,
    America::Havana,
    America::Santiago,
    America::St_Johns,
    Asia::Kathmandu,
    Australia::Lord_Howe,
    Pacific::Auckland,
    Pacific::Honolulu,
    Pacific::Kiritimati,
];

/// Dates on which clocks change in one of the zones, and the ends of years and months.
const TURNS: [&str; 14] = [
    "2025-09-07",
    "2025-09-28",
    "2025-10-05",
    "2025-10-26",
    "2025-11-02",
    "2025-12-31",
    "2026-01-01",
    "2026-01-31",
    "2026-02-28",
    "2026-03-08",
    "2026-03-29",
    "2026-03-31",
    "2026-04-01",
    "2026-04-05",
];

/// How many seconds a day has that is neither shorter nor longer.
const DAY: i64 = 24 * 3_600;

/// An id that no record has.
const UNKNOWN: &str = "987654321";

/// A question, but for the gauges that it is put to.
#[derive(Debug, Clone)]
pub struct Question {
    pub at: DateTime<Utc>,
    pub workspace: Workspace,
    pub filters: Filters,
    pub scope: Scope,
}

/// Where and how somebody counts.
#[derive(Debug, Clone, Copy)]
pub struct Workspace {
    pub zone: Tz,
    pub week_starts: Weekday,
    /// First month of the fiscal year.
    pub year_starts: u8,
    /// Whether the other settings are not those that Taskgauge comes with.
    pub changed: bool,
}

/// What the tenant has that can be asked about.
pub struct Choices {
    /// Id and label of the values of each filter.
    filters: BTreeMap<&'static str, Vec<(String, String)>>,
    /// Companies with tickets, the provider among them.
    pub companies: Vec<i64>,
}

/// Dates, as they lie to today.
#[derive(Debug, Clone, Copy)]
enum Span {
    Own,
    Named(Range),
    /// So many dates, the last of them so many days before today, or after it.
    Around {
        ago: i64,
        long: u64,
    },
}

/// Values of a filter, by their places in a list.
#[derive(Debug, Clone)]
enum Pick {
    Some(Vec<Index>),
    /// One of them by what it is called.
    Called(Index),
    /// Records without a value.
    None,
    Unknown,
}

impl Choices {
    async fn of(copy: &Copy) -> Choices {
        let mut filters = BTreeMap::new();
        for (name, ..) in FILTERS {
            let values = copy.store.filter_choices(copy.datasource, name, &Scope::All).await.unwrap();
            filters.insert(*name, values);
        }
        let tickets = tenant::read().records.all("Tickets");
        let companies: BTreeSet<i64> = tickets.iter().filter_map(|row| row.int("companyID")).collect();
        Choices { filters, companies: companies.into_iter().collect() }
    }

    fn values(&self, name: &str, pick: &Pick) -> Vec<String> {
        let known = &self.filters[name];
        let id = |at: &Index| known.get(at.index(known.len().max(1))).map(|(id, _)| id.clone());
        match pick {
            Pick::Some(places) => {
                let ids: BTreeSet<String> = places.iter().filter_map(id).collect();
                ids.into_iter().collect()
            }
            Pick::Called(at) => known
                .get(at.index(known.len().max(1)))
                .map(|(_, label)| label.to_uppercase())
                .into_iter()
                .collect(),
            Pick::None => vec![String::new()],
            Pick::Unknown => vec![UNKNOWN.to_owned()],
        }
    }
}

impl Question {
    /// Puts the workspace where the question is asked.
    pub async fn settle(&self, copy: &Copy) {
        let Workspace { zone, week_starts, year_starts, changed } = self.workspace;
        let settings = if changed { (clocks::OWN_SETTINGS.settings)() } else { Settings::default() };
        copy.settle(zone, &Settings { week_starts, fiscal_year_starts: year_starts, ..settings }).await;
    }

    pub async fn ask(&self, copy: &Copy, gauges: &[&Gauge]) -> Vec<Answer> {
        let Question { at, filters, scope, .. } = self;
        let answers = copy.store.answers(copy.datasource, gauges, filters, scope, *at).await;
        let answered = gauges.iter().zip(answers);
        answered
            .map(|(gauge, answer)| answer.unwrap_or_else(|error| panic!("{}: {error:?}", gauge.id)))
            .collect()
    }

    pub fn today(&self) -> NaiveDate {
        self.date(self.at)
    }

    pub fn date(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.workspace.zone).date_naive()
    }

    #[must_use]
    pub fn over(&self, from: NaiveDate, to: NaiveDate) -> Question {
        let filters = Filters { range: Some(Range::Dates(from, to)), ..self.filters.clone() };
        Question { filters, ..self.clone() }
    }

    /// As it is, by these values of a filter; none means that it is not filtered by it.
    #[must_use]
    pub fn by(&self, filter: &str, values: Vec<String>) -> Question {
        let mut question = self.clone();
        question.filters.fields.remove(filter);
        if !values.is_empty() {
            question.filters.fields.insert(filter.to_owned(), values);
        }
        question
    }

    #[must_use]
    pub fn of(&self, scope: Scope) -> Question {
        Question { scope, ..self.clone() }
    }
}

/// Questions of every kind.
pub fn question(choices: &Choices) -> impl Strategy<Value = Question> + use<> {
    let names: Vec<&str> = choices.filters.keys().copied().collect();
    let lists = Choices { filters: choices.filters.clone(), companies: Vec::new() };
    let filters = prop::collection::vec((select(names), pick()), 0..=2);
    (workspace(), date(), second(), span(), filters, scope(choices)).prop_map(
        move |(workspace, date, second, span, filters, scope)| {
            let at = start_of_day(date, &workspace.zone) + TimeDelta::seconds(second);
            let today = at.with_timezone(&workspace.zone).date_naive();
            let range = match span {
                Span::Own => None,
                Span::Named(range) => Some(range),
                Span::Around { ago, long } => {
                    let last = today - TimeDelta::days(ago);
                    Some(Range::Dates(last - Days::new(long - 1), last))
                }
            };
            let fields = filters.iter().map(|(name, pick)| ((*name).to_owned(), lists.values(name, pick)));
            Question { at, workspace, filters: Filters { range, fields: fields.collect() }, scope }
        },
    )
}

/// So many of these gauges, by id.
pub fn gauges(ids: Vec<&'static str>, many: usize) -> impl Strategy<Value = Vec<&'static str>> + use<> {
    let many = many.min(ids.len());
    subsequence(ids, 1..=many)
}

fn workspace() -> impl Strategy<Value = Workspace> {
    let weeks = select(vec![Weekday::Mon, Weekday::Sun, Weekday::Sat]);
    (select(&ZONES[..]), weeks, 1_u8..=12, prop::bool::weighted(0.2)).prop_map(
        |(zone, week_starts, year_starts, changed)| Workspace { zone, week_starts, year_starts, changed },
    )
}

/// Most often near the end of what the tenant has, where something is open.
fn date() -> impl Strategy<Value = NaiveDate> {
    let last = READ_AT.parse::<DateTime<Utc>>().unwrap().date_naive();
    let turns: Vec<NaiveDate> = TURNS.iter().map(|date| date.parse().unwrap()).collect();
    prop_oneof![
        3 => (-1_i64..10).prop_map(move |ago| last - TimeDelta::days(ago)),
        3 => (select(turns), -1_i64..=1).prop_map(|(turn, days)| turn + TimeDelta::days(days)),
        1 => (0_i64..300).prop_map(move |ago| last - TimeDelta::days(ago)),
    ]
}

/// Seconds since the day began.
fn second() -> impl Strategy<Value = i64> {
    prop_oneof![1 => Just(0), 1 => Just(DAY - 1), 4 => 0..DAY]
}

fn span() -> impl Strategy<Value = Span> {
    prop_oneof![
        2 => Just(Span::Own),
        3 => select(Range::choices()).prop_map(Span::Named),
        2 => (1_u16..=400).prop_map(|days| Span::Named(Range::Last(days))),
        3 => (-20_i64..400, 1_u64..=100).prop_map(|(ago, long)| Span::Around { ago, long }),
    ]
}

fn pick() -> impl Strategy<Value = Pick> {
    prop_oneof![
        6 => prop::collection::vec(any::<Index>(), 1..=4).prop_map(Pick::Some),
        1 => any::<Index>().prop_map(Pick::Called),
        1 => Just(Pick::None),
        1 => Just(Pick::Unknown),
    ]
}

fn scope(choices: &Choices) -> impl Strategy<Value = Scope> + use<> {
    prop_oneof![
        6 => Just(Scope::All),
        4 => some(choices).prop_map(Scope::Companies),
        1 => Just(Scope::Companies(Vec::new())),
    ]
}

/// Some companies.
pub fn some(choices: &Choices) -> impl Strategy<Value = Vec<i64>> + use<> {
    subsequence(choices.companies.clone(), 1..=8)
}

/// Holds so many draws against a property, in a copy of the tenant's database. What the property says of each draw is
/// added up: how much it compared.
pub fn hold<S: Strategy>(
    draws: u32,
    strategy: impl FnOnce(&Choices) -> S,
    property: impl AsyncFn(&Copy, S::Value) -> usize,
) -> usize {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let copy = runtime.block_on(tenant::read().copy(&clocks::ORDINARY));
    let strategy = strategy(&runtime.block_on(Choices::of(&copy)));
    // What the environment says is in there.
    let config = Config::default();
    let draws = if std::env::var_os("PROPTEST_CASES").is_some() { config.cases } else { draws };
    let seed = match config.rng_seed {
        RngSeed::Random => SEED,
        RngSeed::Fixed(seed) => seed,
    };
    let config = Config {
        cases: draws,
        rng_seed: RngSeed::Fixed(seed),
        max_shrink_time: SHRINKING,
        failure_persistence: None,
        ..config
    };
    let compared = Cell::new(0);
    let held = TestRunner::new(config).run(&strategy, |draw| {
        compared.set(compared.get() + runtime.block_on(property(&copy, draw)));
        Ok(())
    });
    runtime.block_on(copy.store.close());
    if let Err(error) = held {
        panic!("Seed {seed}. {error}");
    }
    compared.get()
}
