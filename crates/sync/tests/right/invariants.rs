//! What must hold between gauges, whatever the tenant.

use super::clocks::{self, Moment, moment};
use super::count::{Count, Seen};
use super::expected::key;
use super::records::Row;
use super::tenant::{self, Copy};
use super::{seconds, service_desk};
use chrono::{Days, NaiveDate};
use chrono_tz::Pacific;
use rstest::rstest;
use std::collections::BTreeSet;
use taskgauge_model::catalogue::Catalogue;
use taskgauge_model::gauge::{Answer, ChartKind, Filters, Gauge, Measure, OTHER, Status};
use taskgauge_model::range::Range;
use taskgauge_store::Scope;

pub fn gauge(id: &str) -> &'static Gauge {
    Catalogue::shipped().gauge(id).unwrap()
}

fn over(range: Range) -> Filters {
    Filters { range: Some(range), ..Filters::default() }
}

impl Copy {
    async fn ask(&self, moment: &Moment, id: &str, filters: &Filters, scope: &Scope) -> Answer {
        self.store.answer(self.datasource, gauge(id), filters, scope, moment.at()).await.unwrap()
    }

    async fn value(&self, moment: &Moment, id: &str, range: Range) -> f64 {
        let answer = self.ask(moment, id, &over(range), &Scope::All).await;
        answer.value.unwrap_or_else(|| panic!("{id} has no value over {range}: {:?}", answer.note))
    }
}

pub fn by_day(answer: &Answer, series: &str) -> Vec<(NaiveDate, f64)> {
    answer.groups.iter().map(|group| (group.key.parse().unwrap(), group.values[series])).collect()
}

/// What came in less what was closed is what the backlog grew by, day by day.
#[rstest]
#[case::forward_west(clocks::FORWARD_WEST)]
#[case::back(clocks::BACK)]
#[tokio::test(flavor = "multi_thread")]
async fn opened_less_closed_is_the_change_of_the_backlog(#[case] moment: Moment) {
    let read = tenant::read();
    let copy = read.copy(&moment).await;
    let range = over(Range::Last(90));
    let flow = copy.ask(&moment, "opened_vs_closed_by_day", &range, &Scope::All).await;
    let level = copy.ask(&moment, "backlog_trend", &range, &Scope::All).await;
    let (opened, closed) = (by_day(&flow, "opened"), by_day(&flow, "closed"));
    let open = by_day(&level, "open");
    assert_eq!(open.len(), 90);
    // A ticket that was complete before it was created is closed on the day of its creation there.
    let odd: BTreeSet<NaiveDate> = read
        .records
        .all("Tickets")
        .iter()
        .filter(|row| row.time("completedDate").is_some_and(|done| Some(done) < row.time("createDate")))
        .flat_map(|row| [row.time("completedDate"), row.time("createDate")])
        .flatten()
        .map(|at| moment.date(at))
        .collect();
    assert!(odd.len() < 4, "{odd:?}");
    for day in 1..89 {
        if !odd.contains(&open[day].0) {
            let (flow, level) = (opened[day].1 - closed[day].1, open[day].1 - open[day - 1].1);
            assert!((flow - level).abs() < 1e-9, "{}: {flow} and {level}", open[day].0);
        }
    }
}

/// The number of a layer whose groups add up to the whole, if the gauge's first number is one.
pub fn adds_up(gauge: &Gauge) -> bool {
    let first = match gauge.values.first() {
        Some(value) => gauge.layers.iter().find(|layer| layer.id == value.formula),
        None => gauge.layers.first(),
    };
    let is_sum = first.is_some_and(|layer| matches!(layer.measure, Measure::Count | Measure::Sum(_)));
    is_sum && !gauge.groups.is_empty() && gauge.chart != ChartKind::Area
}

/// Groups, *none* and *other* among them, add up to the whole.
#[rstest]
#[case::ordinary(clocks::ORDINARY)]
#[case::year_start_east(clocks::YEAR_START_EAST)]
#[tokio::test(flavor = "multi_thread")]
async fn groups_add_up_to_the_whole(#[case] moment: Moment) {
    let copy = tenant::read().copy(&moment).await;
    let gauges: Vec<&Gauge> = Catalogue::shipped().gauges.iter().filter(|gauge| adds_up(gauge)).collect();
    assert!(gauges.len() > 30, "{}", gauges.len());
    let answers =
        copy.store.answers(copy.datasource, &gauges, &Filters::default(), &Scope::All, moment.at()).await;
    let mut with_rest = 0;
    for (gauge, answer) in gauges.iter().zip(answers) {
        let answer = answer.unwrap();
        if answer.status != Status::Ok {
            continue;
        }
        let first = answer.series.first().unwrap().id.clone();
        let is_one = gauge.groups.len() == 1;
        let numbers = answer.groups.iter().flat_map(|group| &group.values);
        let sum: f64 = numbers.filter(|(id, _)| !is_one || **id == first).map(|(_, number)| number).sum();
        let whole = answer.value.unwrap();
        assert!((sum - whole).abs() < 1e-3, "{}: {sum} of {whole}", gauge.id);
        with_rest += usize::from(answer.groups.iter().any(|group| group.key == OTHER));
    }
    assert!(with_rest > 3, "{with_rest}");
}

/// Days add up to weeks and weeks to months, where clocks change and far from UTC.
#[rstest]
#[case::forward_west(clocks::FORWARD_WEST)]
#[case::forward_east(clocks::FORWARD_EAST)]
#[case::back(clocks::BACK)]
#[case::far_east(moment("UTC+13", "2026-04-03T11:00:00Z", Pacific::Tongatapu))]
#[case::far_west(moment("UTC-10", "2026-04-03T09:00:00Z", Pacific::Honolulu))]
#[tokio::test(flavor = "multi_thread")]
async fn days_add_up(#[case] moment: Moment) {
    let read = tenant::read();
    let copy = read.copy(&moment).await;
    let count = Count::new(&read.records, moment, None);
    let last = moment.today();
    let first = last - Days::new(13);
    let whole = Range::Dates(first, last);
    let (half, rest) = (Range::Dates(first, first + Days::new(6)), Range::Dates(first + Days::new(7), last));
    for id in ["tickets_opened_period", "tickets_closed_period", "hours_period", "won_period"] {
        let sum = copy.value(&moment, id, half).await + copy.value(&moment, id, rest).await;
        let all = copy.value(&moment, id, whole).await;
        assert!((sum - all).abs() < 1e-6, "{id}: {sum} of {all}");
    }
    let days = copy.ask(&moment, "opened_vs_closed_by_day", &over(whole), &Scope::All).await;
    for (series, id, rows) in [
        ("opened", "tickets_opened_period", service_desk::opened(&count, clocks::Dates(first, last))),
        ("closed", "tickets_closed_period", service_desk::closed(&count, clocks::Dates(first, last))),
    ] {
        let days = by_day(&days, series);
        assert_eq!(days.len(), 14);
        let sum: f64 = days.iter().map(|(_, number)| number).sum();
        let all = copy.value(&moment, id, whole).await;
        assert!((sum - all).abs() < 1e-9, "{id}: {sum} of {all}");
        assert_eq!(rows.len(), all as usize, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn open_tickets_are_those_of_the_tenants_own_count() {
    let read = tenant::read();
    let copy = read.copy(&clocks::ORDINARY).await;
    let answer = copy.ask(&clocks::ORDINARY, "open_tickets", &Filters::default(), &Scope::All).await;
    assert_eq!(answer.value, Some(read.records.open_there as f64));
}

/// A rate of nothing is not 0 and not 100, and says what there was.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_rate_without_tickets_says_so() {
    let read = tenant::read();
    let moment = clocks::ORDINARY;
    let copy = read.copy(&moment).await;
    let companies = read.records.all("Companies").iter().map(Row::id);
    // A company and a date on which something was closed and nothing opened.
    let quiet =
        companies.flat_map(|company| (1..60).map(move |days| (company, days))).find_map(|(company, days)| {
            let date = moment.today() - Days::new(days);
            let some = [company];
            let count = Count::new(&read.records, moment, Some(&some));
            let dates = clocks::Dates(date, date);
            let closed = service_desk::closed(&count, dates).len();
            (closed > 0 && service_desk::opened(&count, dates).is_empty()).then_some((company, date, closed))
        });
    let (company, date, closed) = quiet.unwrap();
    let scope = Scope::Companies(vec![company]);
    let answer = copy.ask(&moment, "kill_rate_mtd", &over(Range::Dates(date, date)), &scope).await;
    assert_eq!((answer.status, answer.value), (Status::NoData, None));
    assert_eq!(answer.note, Some(format!("{closed} closed, none opened.")));
    let long_ago: NaiveDate = "2020-01-01".parse().unwrap();
    let range = over(Range::Dates(long_ago, long_ago));
    let answer = copy.ask(&moment, "kill_rate_mtd", &range, &Scope::All).await;
    assert_eq!((answer.status, answer.value), (Status::NoData, None));
}

/// Somebody who is locked to a client has the numbers that an admin has who filters by it, and reads of no other.
#[tokio::test(flavor = "multi_thread")]
async fn a_locked_viewer_reads_of_one_client() {
    let read = tenant::read();
    let moment = clocks::ORDINARY;
    let copy = read.copy(&moment).await;
    let count = Count::new(&read.records, moment, None);
    // The client with most tickets.
    let tickets = Count::by(count.tickets().iter().copied(), |row| (key(row.int("companyID")), None));
    let busiest = tickets.iter().max_by_key(|(_, (_, rows))| rows.len()).unwrap().0.clone();
    let id: i64 = busiest.parse().unwrap();
    let own = count.company(Some(id)).unwrap();
    let names = read.records.all("Companies").iter().filter_map(|row| row.text("companyName"));
    let others: Vec<&str> = names.filter(|name| !own.contains(name)).collect();
    let gauges: Vec<&Gauge> =
        seconds().iter().filter(|(_, seen, _)| *seen == Seen::ByCompany).map(|(id, ..)| gauge(id)).collect();
    let filters = Filters { fields: [("client".to_owned(), vec![busiest])].into(), range: None };
    let at = moment.at();
    let locked = Scope::Companies(vec![id]);
    let asked = copy.store.answers(copy.datasource, &gauges, &Filters::default(), &locked, at).await;
    let filtered = copy.store.answers(copy.datasource, &gauges, &filters, &Scope::All, at).await;
    let mut compared = 0;
    for ((gauge, locked), filtered) in gauges.iter().zip(asked).zip(filtered) {
        let (locked, filtered) = (locked.unwrap(), filtered.unwrap());
        let text = serde_json::to_string(&locked).unwrap();
        for other in &others {
            let quoted = serde_json::to_string(other).unwrap();
            assert!(!text.contains(quoted.trim_matches('"')), "{} names {other}", gauge.id);
        }
        assert_eq!(locked.status, filtered.status, "{}", gauge.id);
        assert_eq!(filtered.unfiltered, [""; 0], "{}", gauge.id);
        assert_eq!(locked.value, filtered.value, "{}", gauge.id);
        assert_eq!(locked.rows, filtered.rows, "{}", gauge.id);
        assert_eq!(locked.groups, filtered.groups, "{}", gauge.id);
        compared += usize::from(locked.status == Status::Ok);
    }
    assert!(compared > 60, "{compared}");
}
