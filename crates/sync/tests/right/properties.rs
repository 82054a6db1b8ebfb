//! What must hold between gauges whatever is asked: each is held against random questions.

use super::invariants::{adds_up, by_day, gauge};
use super::questions::{Choices, Question, gauges, hold, question, some};
use super::spots::{Opener, spots};
use super::tenant;
use chrono::{Datelike, Days, NaiveDate, TimeDelta};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::collections::{BTreeMap, BTreeSet};
use taskgauge_model::catalogue::Catalogue;
use taskgauge_model::dataset::{ColumnKind, Dataset, TableQuery};
use taskgauge_model::formula::Formula;
use taskgauge_model::gauge::{
    Answer, ChartKind, FILTERS, Gauge, Group, Layer, Measure, OTHER, Order, Status,
};
use taskgauge_model::range::Range;
use taskgauge_store::gauges::{Spot, filters_of};
use taskgauge_store::{Scope, StoreError};

/// Numbers of an answer by group and series; those over all groups have no group.
type Numbers = BTreeMap<(String, String), f64>;

/// Ids of the shipped gauges that are meant.
fn ids(is_meant: impl Fn(&Gauge) -> bool) -> Vec<&'static str> {
    let gauges = Catalogue::shipped().gauges.iter().filter(|gauge| is_meant(gauge));
    gauges.map(|gauge| gauge.id.as_str()).collect()
}

fn dataset(layer: &Layer) -> &'static Dataset {
    Catalogue::shipped().dataset(&layer.dataset).unwrap()
}

/// The values of a gauge and their formulas, shares of the whole left out.
fn formulas(gauge: &Gauge) -> Vec<(&str, Formula)> {
    let values = gauge.values.iter().filter(|value| !value.of_total);
    let values: Vec<(&str, &str)> = if gauge.values.is_empty() {
        gauge.layers.iter().map(|layer| (layer.id.as_str(), layer.id.as_str())).collect()
    } else {
        values.map(|value| (value.id.as_str(), value.formula.as_str())).collect()
    };
    values.into_iter().map(|(id, formula)| (id, Formula::parse(formula).unwrap())).collect()
}

/// Ids of the values that are counts and sums of these layers, added up or taken from each other.
fn additive(gauge: &Gauge, is_meant: impl Fn(&Layer) -> bool) -> Vec<&str> {
    let is_sum = |name: &str| {
        let layer = gauge.layers.iter().find(|layer| layer.id == name);
        layer
            .is_some_and(|layer| matches!(layer.measure, Measure::Count | Measure::Sum(_)) && is_meant(layer))
    };
    let is_linear = |formula: &Formula| {
        let of = |number: f64| formula.value(&|_| Some(number));
        let doubles = of(1.0).zip(of(2.0)).is_some_and(|(one, two)| (two - 2.0 * one).abs() < 1e-9);
        doubles && formula.divisor_names().is_empty()
    };
    let formulas = formulas(gauge).into_iter();
    let additive =
        formulas.filter(|(_, formula)| is_linear(formula) && formula.names().into_iter().all(is_sum));
    additive.map(|(id, _)| id).collect()
}

/// The numbers of an answer that add up.
fn numbers(gauge: &Gauge, answer: &Answer, additive: &[&str]) -> Numbers {
    let whole = |series: &str| (String::new(), series.to_owned());
    if let Some(table) = &answer.table {
        return [(whole("rows"), table.total as f64)].into();
    }
    let first = formulas(gauge)[0].0;
    let first_adds_up = additive.contains(&first);
    let mut numbers = Numbers::new();
    // An area chart has the last of its groups for a value.
    if first_adds_up && gauge.chart != ChartKind::Area {
        numbers.extend(answer.value.map(|value| (whole(first), value)));
        numbers.extend(answer.previous.map(|value| (whole(PREVIOUS), value)));
        numbers.insert(whole("rows"), answer.rows as f64);
    }
    let figures = answer.figures.iter().filter(|figure| additive.contains(&figure.id.as_str()));
    numbers.extend(figures.map(|figure| (whole(&figure.id), figure.value)));
    let is_cut = answer.groups.iter().any(|group| group.key == OTHER)
        || answer.series.iter().any(|series| series.id == OTHER);
    for group in answer.groups.iter().filter(|_| !is_cut) {
        let is_meant = |id: &str| if gauge.groups.len() > 1 { first_adds_up } else { additive.contains(&id) };
        let of_group = group.values.iter().filter(|(id, _)| is_meant(id));
        // The key of a group without a value is empty, too.
        numbers.extend(of_group.map(|(id, number)| ((format!("={}", group.key), id.clone()), *number)));
    }
    numbers
}

/// The value of the period before.
const PREVIOUS: &str = "(previous)";

/// All groups of a gauge, however small and many.
fn untrimmed(gauge: &Gauge) -> Gauge {
    let whole = |group: &Group| Group { top: None, min_rows: None, ..group.clone() };
    Gauge { groups: gauge.groups.iter().map(whole).collect(), ..gauge.clone() }
}

/// The number over everything alone.
fn ungrouped(gauge: &Gauge) -> Gauge {
    Gauge { groups: Vec::new(), chart: ChartKind::Number, rows: None, target: None, ..gauge.clone() }
}

/// The numbers of a gauge by a part of its dates.
fn by_time(gauge: &Gauge, by: &str) -> Gauge {
    let group = Group {
        by: by.to_owned(),
        order: Order::Key,
        top: None,
        none: None,
        bands: Vec::new(),
        min_rows: None,
        workdays: false,
    };
    let layers = gauge.layers.iter().map(|layer| Layer { by: Vec::new(), ..layer.clone() });
    let layers = layers.collect();
    Gauge { groups: vec![group], layers, chart: ChartKind::Columns, ..ungrouped(gauge) }
}

fn is_same(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-6 + 1e-9 * one.abs()
}

/// That the numbers of parts, added up, are those of the whole. How many of these are not 0.
fn add_up(id: &str, parts: &[Numbers], whole: &Numbers) -> usize {
    let mut sums = Numbers::new();
    for (key, number) in parts.iter().flatten() {
        *sums.entry(key.clone()).or_default() += number;
    }
    let of = |numbers: &Numbers, key: &(String, String)| numbers.get(key).copied().unwrap_or(0.0);
    for key in sums.keys().chain(whole.keys()) {
        let (sum, whole) = (of(&sums, key), of(whole, key));
        assert!(is_same(sum, whole), "{id} {key:?}: the parts are {sum}, the whole is {whole}");
    }
    whole.values().filter(|number| **number != 0.0).count()
}

fn is_shown(answer: &Answer) -> bool {
    matches!(answer.status, Status::Ok | Status::NoData)
}

/// Groups, *none* and *other* among them, add up to what is counted without groups.
#[test]
fn groups_add_up_to_the_whole() {
    let grouped = ids(adds_up);
    let compared = hold(
        32,
        |choices| (question(choices), gauges(grouped, 8)),
        async |copy, (question, ids)| {
            question.settle(copy).await;
            let shipped: Vec<&Gauge> = ids.iter().map(|id| gauge(id)).collect();
            let bare: Vec<Gauge> = shipped.iter().map(|gauge| ungrouped(gauge)).collect();
            let answers = question.ask(copy, &shipped).await;
            let wholes = question.ask(copy, &bare.iter().collect::<Vec<_>>()).await;
            let mut compared = 0;
            for ((gauge, bare), (answer, whole)) in shipped.iter().zip(&bare).zip(answers.iter().zip(&wholes))
            {
                if !is_shown(answer) {
                    continue;
                }
                let wanted = additive(gauge, |_| true);
                let crossed = gauge.groups.len() > 1;
                let mut sums = Numbers::new();
                for (id, number) in answer.groups.iter().flat_map(|group| &group.values) {
                    let id = if crossed { wanted[0] } else { id.as_str() };
                    if wanted.contains(&id) {
                        *sums.entry((String::new(), id.to_owned())).or_default() += number;
                    }
                }
                let mut whole = numbers(bare, whole, &wanted);
                whole.retain(|(_, id), _| wanted.contains(&id.as_str()) && (!crossed || *id == wanted[0]));
                compared += add_up(&gauge.id, &[sums], &whole);
                if let Some(value) = answer.value {
                    assert!(
                        is_same(value, whole[&(String::new(), wanted[0].to_owned())]),
                        "{}: {value}",
                        gauge.id
                    );
                }
            }
            compared
        },
    );
    assert!(compared > 50, "{compared}");
}

/// What came in less what was closed is what the backlog grew by, day by day, for whomever and whichever tickets.
#[test]
fn opened_less_closed_is_the_change_of_the_backlog() {
    let records = &tenant::read().records;
    let compared = hold(
        32,
        |choices| (question(choices), (-3_i64..400, 2_u64..=200)),
        async |copy, (question, (ago, long))| {
            question.settle(copy).await;
            let last = question.today() - TimeDelta::days(ago);
            let asked = question.over(last - Days::new(long - 1), last);
            let gauges = [gauge("opened_vs_closed_by_day"), gauge("backlog_trend")];
            let [flow, level] = &asked.ask(copy, &gauges).await[..] else { panic!("two answers") };
            assert!(is_shown(flow) && is_shown(level));
            if level.groups.is_empty() || flow.groups.is_empty() {
                return 0;
            }
            // Who was complete before the beginning, or does not say when, is closed on another day there.
            let odd: BTreeSet<NaiveDate> = records
                .all("Tickets")
                .iter()
                .filter(|row| row.int("status") == Some(5))
                .filter(|row| {
                    row.time("completedDate").is_none_or(|done| Some(done) < row.time("createDate"))
                })
                .flat_map(|row| {
                    [row.time("completedDate"), row.time("createDate"), row.time("lastActivityDate")]
                })
                .flatten()
                .map(|at| question.date(at))
                .collect();
            assert!(odd.len() < 10, "{odd:?}");
            let (opened, closed) = (by_day(flow, "opened"), by_day(flow, "closed"));
            let open = by_day(level, "open");
            assert_eq!((open.len() as u64, opened.len() as u64), (long, long));
            let mut compared = 0;
            for day in 1..open.len() {
                let date = open[day].0;
                // What stands today is what stands now; of days to come nothing is known.
                if date < question.today() && !odd.contains(&date) {
                    let (flow, level) = (opened[day].1 - closed[day].1, open[day].1 - open[day - 1].1);
                    assert!((flow - level).abs() < 1e-9, "{date}: {flow} and {level}");
                    compared += usize::from(opened[day].1 + closed[day].1 > 0.0);
                }
            }
            compared
        },
    );
    assert!(compared > 500, "{compared}");
}

/// Gauges over a period whose numbers are those of its days, added up.
fn over_days(gauge: &Gauge) -> bool {
    let is_dated = |layer: &Layer| layer.date.is_some() && layer.range.is_none() && layer.until.is_none();
    !matches!(gauge.range, Range::Now | Range::Today | Range::Next(_))
        && gauge.layers.iter().all(is_dated)
        && !additive(gauge, |layer| !layer.before).is_empty()
}

/// Windows that follow each other have the numbers of the one that holds them all.
#[test]
fn adjacent_windows_add_up() {
    let ids = ids(over_days);
    assert!(ids.len() > 30, "{ids:?}");
    let compared = hold(
        32,
        |choices| {
            let cuts = prop::collection::vec(any::<Index>(), 1..=3);
            (question(choices), gauges(ids, 3), (-20_i64..400, 2_u64..=200), cuts)
        },
        async |copy, (question, ids, (ago, long), cuts)| {
            question.settle(copy).await;
            let last = question.today() - TimeDelta::days(ago);
            let first = last - Days::new(long - 1);
            let cuts = cuts.iter().map(|cut| first + Days::new(cut.index(long as usize) as u64));
            let begins: BTreeSet<NaiveDate> = cuts.chain([first]).collect();
            let ends = begins.iter().skip(1).map(|begin| *begin - Days::new(1)).chain([last]);
            let gauges: Vec<Gauge> = ids.iter().map(|id| untrimmed(gauge(id))).collect();
            let asked: Vec<&Gauge> = gauges.iter().collect();
            let whole = question.over(first, last).ask(copy, &asked).await;
            let mut pieces = Vec::new();
            for (from, to) in begins.iter().zip(ends) {
                pieces.push(question.over(*from, to).ask(copy, &asked).await);
            }
            let mut compared = 0;
            for (place, gauge) in gauges.iter().enumerate().filter(|(place, _)| is_shown(&whole[*place])) {
                let wanted = additive(gauge, |layer| !layer.before);
                let numbers = |answer: &Answer| {
                    let mut numbers = numbers(gauge, answer, &wanted);
                    numbers.retain(|(_, series), _| series != PREVIOUS);
                    numbers
                };
                let pieces: Vec<Numbers> = pieces.iter().map(|answers| numbers(&answers[place])).collect();
                compared += add_up(&gauge.id, &pieces, &numbers(&whole[place]));
            }
            compared
        },
    );
    assert!(compared > 300, "{compared}");
}

/// Days add up to weeks, months, days of the week and the whole, whenever the week begins and the clocks change.
#[test]
fn days_add_up_to_weeks_and_months() {
    let ids = ids(over_days);
    let compared = hold(
        24,
        |choices| (question(choices), gauges(ids, 2), (-20_i64..400, 2_u64..=200)),
        async |copy, (question, ids, (ago, long))| {
            question.settle(copy).await;
            let last = question.today() - TimeDelta::days(ago);
            let asked = question.over(last - Days::new(long - 1), last);
            let mut compared = 0;
            for shipped in ids.into_iter().map(gauge) {
                let parts = ["day", "week", "month", "weekday"].map(|by| by_time(shipped, by));
                let bare = ungrouped(shipped);
                let gauges: Vec<&Gauge> = parts.iter().chain([&bare]).collect();
                let answers = asked.ask(copy, &gauges).await;
                if !answers.iter().all(is_shown) {
                    continue;
                }
                let wanted = additive(shipped, |layer| !layer.before);
                let week_starts = question.workspace.week_starts;
                for (place, answer) in answers.iter().enumerate() {
                    let part_of = |day: &str| -> String {
                        let day: NaiveDate = day.parse().unwrap();
                        match place {
                            0 => day.to_string(),
                            1 => (day - Days::new(day.weekday().days_since(week_starts).into())).to_string(),
                            2 => day.with_day(1).unwrap().to_string(),
                            3 => day.weekday().number_from_monday().to_string(),
                            _ => String::new(),
                        }
                    };
                    let of_group = |key: String, values: &BTreeMap<String, f64>| -> Numbers {
                        let values = values.iter().filter(|(id, _)| wanted.contains(&id.as_str()));
                        values.map(|(id, number)| ((key.clone(), id.clone()), *number)).collect()
                    };
                    let days = answers[0].groups.iter();
                    let days: Vec<Numbers> =
                        days.map(|group| of_group(part_of(&group.key), &group.values)).collect();
                    let mut whole = if place < parts.len() {
                        let groups = answer.groups.iter();
                        groups.flat_map(|group| of_group(group.key.clone(), &group.values)).collect()
                    } else {
                        numbers(&bare, answer, &wanted)
                    };
                    whole.retain(|(_, id), _| wanted.contains(&id.as_str()));
                    compared += add_up(&shipped.id, &days, &whole);
                }
            }
            compared
        },
    );
    assert!(compared > 500, "{compared}");
}

/// Whether each row that a gauge counts is of a company, or of none.
fn is_of_companies(gauge: &Gauge) -> bool {
    gauge.layers.iter().all(|layer| dataset(layer).company.is_some())
}

/// Who sees the clients of two others has the numbers of both, added up.
#[test]
fn scopes_add_up() {
    let ids = ids(|gauge| is_of_companies(gauge) && !additive(gauge, |_| true).is_empty());
    assert!(ids.len() > 40, "{ids:?}");
    // To one, to the other, or to nobody.
    let dealt = |choices: &Choices| {
        let companies = choices.companies.clone();
        let dealt = prop::collection::vec(0_usize..3, companies.len());
        dealt.prop_map(move |dealt| {
            let of = |who: usize| {
                let dealt = companies.iter().zip(&dealt).filter(|(_, to)| **to == who);
                dealt.map(|(company, _)| *company).collect::<Vec<i64>>()
            };
            [of(0), of(1)]
        })
    };
    let compared = hold(
        30,
        |choices| (question(choices), gauges(ids, 4), dealt(choices)),
        async |copy, (question, ids, [one, other])| {
            question.settle(copy).await;
            let gauges: Vec<Gauge> = ids.iter().map(|id| untrimmed(gauge(id))).collect();
            let asked: Vec<&Gauge> = gauges.iter().collect();
            let both = Scope::Companies([one.clone(), other.clone()].concat());
            let both = question.of(both).ask(copy, &asked).await;
            let one = question.of(Scope::Companies(one)).ask(copy, &asked).await;
            let other = question.of(Scope::Companies(other)).ask(copy, &asked).await;
            let mut compared = 0;
            for (place, gauge) in gauges.iter().enumerate().filter(|(place, _)| is_shown(&both[*place])) {
                let wanted = additive(gauge, |_| true);
                let [one, other, both] =
                    [&one, &other, &both].map(|answers| numbers(gauge, &answers[place], &wanted));
                compared += add_up(&gauge.id, &[one, other], &both);
            }
            compared
        },
    );
    assert!(compared > 200, "{compared}");
}

const MEMBERS: &[&str] = &[
    "resourceID",
    "assignedResourceID",
    "completedByResourceID",
    "ownerResourceID",
    "projectLeadResourceID",
];

/// Fields of records that have the values of each filter.
const FIELDS: [(&str, &[&str]); 11] = [
    ("queue", &["queueID"]),
    ("priority", &["priority", "priorityLabel"]),
    ("client", &["companyID"]),
    ("member", MEMBERS),
    ("owner", MEMBERS),
    ("status", &["status"]),
    ("lead", MEMBERS),
    ("project_status", &["status"]),
    ("category", &["opportunityCategoryID"]),
    ("contract_type", &["contractType"]),
    ("team", &["department", "departmentID"]),
];

/// Values that are filtered by at once, where a filter has many.
const HANDS: usize = 16;

/// Whether a row may be of several values of a filter.
fn is_of_many(gauge: &Gauge, filter: &str) -> bool {
    let is_list = |layer: &Layer| {
        let own = layer.member.as_deref().and_then(|member| dataset(layer).column(member));
        layer.dataset == "service_calls" || own.is_some_and(|column| column.kind == ColumnKind::Json)
    };
    filter == "member" && gauge.layers.iter().any(is_list)
}

/// A gauge by each value of a filter in turn, and by none, has the numbers that it has without the filter.
#[test]
fn values_of_a_filter_add_up() {
    let records = &tenant::read().records;
    let pairs: Vec<(&str, &str)> = ids(|gauge| !additive(gauge, |_| true).is_empty())
        .into_iter()
        .flat_map(|id| filters_of(gauge(id)).into_iter().map(move |filter| (id, filter)))
        .filter(|(id, filter)| !is_of_many(gauge(id), filter))
        .collect();
    let compared = hold(
        24,
        |choices| (question(choices), select(pairs)),
        async |copy, (question, (id, filter))| {
            question.settle(copy).await;
            let gauge = untrimmed(gauge(id));
            let (_, fields) = FIELDS.iter().find(|(name, _)| *name == filter).unwrap();
            let mut values = records.numbers_in(fields);
            if filter == "client" {
                values.extend(records.all("Companies").iter().map(super::Row::id));
            }
            let mut hands = vec![Vec::new(); values.len().min(HANDS)];
            for (place, value) in values.iter().enumerate() {
                hands[place % HANDS].push(value.to_string());
            }
            hands.push(vec![String::new()]);
            let ask = async |values: Vec<String>| {
                let answers = question.by(filter, values).ask(copy, &[&gauge]).await;
                answers.into_iter().next().unwrap()
            };
            let whole = ask(Vec::new()).await;
            let (_, label, _) = FILTERS.iter().find(|(name, ..)| *name == filter).unwrap();
            let wanted = additive(&gauge, |_| true);
            let mut parts = Vec::new();
            for hand in hands {
                let part = ask(hand).await;
                // Of a number that is made of several, each has to have the filter's column.
                if !is_shown(&part) || part.unfiltered.iter().any(|left| left == label) {
                    return 0;
                }
                parts.push(numbers(&gauge, &part, &wanted));
            }
            add_up(&format!("{id} by {filter}"), &parts, &numbers(&gauge, &whole, &wanted))
        },
    );
    assert!(compared > 70, "{compared}");
}

/// That two answers say the same, but for a list, of which a client sees less.
fn are_alike(one: &Answer, other: &Answer) {
    let id = &one.gauge;
    assert_eq!((one.status, one.rows, &one.note), (other.status, other.rows, &other.note), "{id}");
    assert_eq!((&one.unfiltered, one.window), (&other.unfiltered, other.window), "{id}");
    let totals = [one, other].map(|answer| answer.table.as_ref().map(|table| table.total));
    assert_eq!(totals[0], totals[1], "{id}");
    let names = [one, other].map(|answer| {
        let groups: Vec<(&str, &str)> =
            answer.groups.iter().map(|group| (group.key.as_str(), group.label.as_str())).collect();
        (groups, &answer.series)
    });
    assert_eq!(names[0], names[1], "{id}");
    let [one, other] = [one, other].map(|answer| {
        let whole = [("value", answer.value), ("previous", answer.previous), ("target", answer.target)];
        let whole = whole.into_iter().filter_map(|(name, number)| Some((("", name), number?)));
        let figures = answer.figures.iter().map(|figure| (("figure", figure.id.as_str()), figure.value));
        let groups = answer.groups.iter().flat_map(|group| {
            group.values.iter().map(|(series, number)| ((group.key.as_str(), series.as_str()), *number))
        });
        whole.chain(figures).chain(groups).collect::<Vec<_>>()
    });
    let is_alike = one.len() == other.len()
        && one
            .iter()
            .zip(&other)
            .all(|((key, number), (name, value))| key == name && is_same(*number, *value));
    assert!(is_alike, "{id}: {one:?} and {other:?}");
}

/// Somebody who is locked to some clients has the numbers of whoever filters by them.
#[test]
fn a_locked_scope_is_a_filter_by_its_companies() {
    let ids = ids(is_of_companies);
    let compared = hold(
        30,
        |choices| (question(choices), gauges(ids, 10), some(choices)),
        async |copy, (question, ids, companies)| {
            question.settle(copy).await;
            let gauges: Vec<&Gauge> = ids.into_iter().map(gauge).collect();
            let chosen = companies.iter().map(i64::to_string).collect();
            let filtered = question.of(Scope::All).by("client", chosen).ask(copy, &gauges).await;
            let locked =
                question.of(Scope::Companies(companies)).by("client", Vec::new()).ask(copy, &gauges).await;
            let mut compared = 0;
            for (locked, filtered) in locked.iter().zip(&filtered).filter(|(locked, _)| is_shown(locked)) {
                are_alike(locked, filtered);
                compared += usize::from(locked.rows > 0);
            }
            compared
        },
    );
    assert!(compared > 45, "{compared}");
}

/// The rows behind a number, added up, are the number; what is withheld is not opened either.
#[test]
fn rows_behind_a_number_are_the_number() {
    let opened = hold(
        40,
        |choices| {
            let places = prop::collection::vec(any::<Index>(), 1..=3);
            (question(choices), gauges(ids(|_| true), 3), places)
        },
        async |copy, (question, ids, places)| {
            question.settle(copy).await;
            let gauges: Vec<&Gauge> = ids.into_iter().map(gauge).collect();
            let answers = question.ask(copy, &gauges).await;
            let Question { at, filters, scope, .. } = &question;
            let asker = Opener { store: &copy.store, datasource: copy.datasource, at: *at, filters, scope };
            let mut opened = 0;
            for (gauge, answer) in gauges.into_iter().zip(&answers) {
                if !is_shown(answer) {
                    let refused = asker.behind(gauge, Spot::default(), TableQuery::default()).await;
                    assert!(matches!(refused, Err(StoreError::NotFound { .. })), "{}: {refused:?}", gauge.id);
                    continue;
                }
                let spots = spots(gauge, answer);
                for place in &places {
                    let (spot, wanted) = place.get(&spots);
                    opened += usize::from(asker.adds_up(gauge, spot, *wanted).await > 0);
                }
                if let Some(table) = &answer.table {
                    let behind = asker.behind(gauge, Spot::default(), TableQuery::default()).await.unwrap();
                    assert_eq!(behind.page.total, table.total, "{}", gauge.id);
                }
            }
            opened
        },
    );
    assert!(opened > 35, "{opened}");
}

/// What was answered before says what somebody is told who asks for the first time, then and some time later.
#[test]
fn kept_answers_are_those_of_whoever_asks_first() {
    let kept = hold(
        14,
        |choices| (question(choices), gauges(ids(|_| true), 8), 1_i64..300),
        async |copy, (question, ids, minutes)| {
            question.settle(copy).await;
            let gauges: Vec<&Gauge> = ids.into_iter().map(gauge).collect();
            let later = Question { at: question.at + TimeDelta::minutes(minutes), ..question.clone() };
            let computed = copy.store.answer_counts().computed;
            let mut kept = 2 * gauges.len();
            for question in [&question, &later] {
                let answers = question.ask(copy, &gauges).await;
                let again = question.ask(copy, &gauges).await;
                let anew = copy.anew().await;
                for ((gauge, answer), again) in gauges.iter().zip(&answers).zip(&again) {
                    assert_eq!(answer, again, "{}", gauge.id);
                    let Question { at, filters, scope, .. } = question;
                    let first = anew.answer(copy.datasource, gauge, filters, scope, *at).await.unwrap();
                    are_alike(answer, &first);
                    assert_eq!((answer.at, answer.data_at), (first.at, first.data_at), "{}", gauge.id);
                    assert_eq!(answer.table, first.table, "{}", gauge.id);
                }
                anew.close().await;
            }
            kept -= (copy.store.answer_counts().computed - computed) as usize;
            kept
        },
    );
    assert!(kept > 15, "{kept}");
}
