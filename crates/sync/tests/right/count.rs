//! What counts share: whose records, at which moment, and what belongs to what.

use super::clocks::{Dates, Moment};
use super::expected::{Expected, Group, Numbers, Order};
use super::records::{Records, Row};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::cell::OnceCell;
use std::collections::BTreeMap;
use taskgauge_model::gauge::OTHER;
use taskgauge_model::settings::Settings;

/// The status of tickets, tasks and projects that are done, in every tenant.
pub const COMPLETE: Option<i64> = Some(5);

/// The second count of one gauge.
pub type Second = (&'static str, Seen, fn(&Count<'_>) -> Expected);

/// Whether somebody who may see some companies only has an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// One of the rows of their companies.
    ByCompany,
    /// None: it is about money, people, or the installation.
    Inside,
}

/// Who asks, and when.
pub struct Count<'a> {
    pub records: &'a Records,
    pub moment: Moment,
    pub at: DateTime<Utc>,
    pub today: NaiveDate,
    pub settings: Settings,
    /// The companies that may be seen; all of them where there is no list.
    companies: Option<&'a [i64]>,
    /// The dates that the viewer chose for whatever is over a period.
    chosen: Option<Dates>,
    tickets: OnceCell<Vec<Ticket<'a>>>,
    rows: OnceCell<Vec<&'a Row>>,
    work: OnceCell<Vec<Work<'a>>>,
}

/// A ticket with the local dates of its life.
#[derive(Debug, Clone, Copy)]
pub struct Ticket<'a> {
    pub row: &'a Row,
    pub opened: Option<NaiveDate>,
    /// Of what is complete.
    pub closed: Option<NaiveDate>,
}

/// A time entry with what it belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Work<'a> {
    pub row: &'a Row,
    pub ticket: Option<&'a Row>,
    pub project: Option<i64>,
    /// The ticket's company, else the one of the task's project.
    pub company: Option<i64>,
    pub hours: f64,
    pub date: Option<NaiveDate>,
    pub is_billable: bool,
    pub is_client: bool,
}

impl<'a> Count<'a> {
    pub fn new(records: &'a Records, moment: Moment, companies: Option<&'a [i64]>) -> Count<'a> {
        Count {
            records,
            moment,
            at: moment.at(),
            today: moment.today(),
            settings: (moment.settings)(),
            companies,
            chosen: None,
            tickets: OnceCell::new(),
            rows: OnceCell::new(),
            work: OnceCell::new(),
        }
    }

    pub fn over(self, chosen: Option<Dates>) -> Count<'a> {
        Count { chosen, ..self }
    }

    pub fn is_seen(&self, company: Option<i64>) -> bool {
        self.companies.is_none_or(|seen| company.is_some_and(|company| seen.contains(&company)))
    }

    /// The records of an entity with a company of its own.
    pub fn of(&self, entity: &str) -> Vec<&'a Row> {
        self.of_company(entity, |row| row.int("companyID"))
    }

    pub fn of_company(&self, entity: &str, company: impl Fn(&Row) -> Option<i64>) -> Vec<&'a Row> {
        self.records.all(entity).iter().filter(|row| self.is_seen(company(row))).collect()
    }

    pub fn tickets(&self) -> &[&'a Row] {
        self.rows.get_or_init(|| {
            let mut rows = self.of("Tickets");
            rows.retain(|row| self.is_counted(row));
            rows
        })
    }

    /// Whether a ticket's queue and category count in this workspace.
    pub fn is_counted(&self, ticket: &Row) -> bool {
        let Settings { queues_in_scope: queues, excluded_ticket_categories: excluded, .. } = &self.settings;
        let is_in_scope =
            queues.is_empty() || ticket.int("queueID").is_some_and(|queue| queues.contains(&queue));
        is_in_scope && ticket.int("ticketCategory").is_none_or(|category| !excluded.contains(&category))
    }

    /// Whether the label of a value holds one of the words of a setting.
    pub fn holds_one_of(&self, words: &[String], entity: &str, field: &str, value: Option<i64>) -> bool {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.records.holds_word(entity, field, value, &words)
    }

    pub fn dated_tickets(&self) -> &[Ticket<'a>] {
        self.tickets.get_or_init(|| {
            let dated = self.tickets().iter().map(|row| Ticket {
                row,
                opened: self.date(row.time("createDate")),
                closed: self.date(row.time("completedDate")).filter(|_| row.int("status") == COMPLETE),
            });
            dated.collect()
        })
    }

    /// The dates of a range; of another one, where the viewer chose it. What is about today or lies ahead stays.
    pub fn dates(&self, range: &str) -> Dates {
        let chosen = self.chosen.filter(|_| range != "today" && !range.starts_with("next"));
        chosen.unwrap_or_else(|| self.moment.dates(range))
    }

    pub fn date(&self, at: Option<DateTime<Utc>>) -> Option<NaiveDate> {
        at.map(|at| self.moment.date(at))
    }

    /// Whether an instant is on one of these local dates.
    pub fn within(&self, dates: Dates, at: Option<DateTime<Utc>>) -> bool {
        dates.hold(self.date(at))
    }

    pub fn company(&self, id: Option<i64>) -> Option<String> {
        self.records.get("Companies", id).and_then(|row| row.text("companyName")).map(str::to_owned)
    }

    pub fn member(&self, id: Option<i64>) -> Option<String> {
        self.records.person("Resources", id)
    }

    pub fn work(&self) -> &[Work<'a>] {
        self.work.get_or_init(|| {
            let records = self.records;
            let work = records.all("TimeEntries").iter().map(|row| {
                let ticket = records.get("Tickets", row.int("ticketID"));
                let task = records.get("Tasks", row.int("taskID"));
                let project = task.and_then(|task| task.int("projectID"));
                let project = project.or_else(|| ticket.and_then(|ticket| ticket.int("projectID")));
                let of_project = records.get("Projects", project).and_then(|row| row.int("companyID"));
                let company = ticket.and_then(|ticket| ticket.int("companyID")).or(of_project);
                Work {
                    row,
                    ticket,
                    project,
                    company,
                    hours: row.sum("hoursWorked"),
                    date: row.date("dateWorked"),
                    is_billable: row.flag("isNonBillable") == Some(false),
                    is_client: company.is_some_and(|company| company != 0),
                }
            });
            work.filter(|work| self.is_seen(work.company)).collect()
        })
    }

    /// Hours of the time entries of these dates that are meant.
    pub fn hours(&self, dates: Dates, meant: impl Fn(&Work<'_>) -> bool) -> f64 {
        self.work().iter().filter(|work| dates.hold(work.date) && meant(work)).map(|work| work.hours).sum()
    }

    /// In the order of a list of values; groups without one last.
    pub fn by_place(&self, groups: &mut [Group], entity: &str, field: &str) {
        groups.sort_by_key(|group| {
            let place = group.key.parse().ok().and_then(|value| self.records.place(entity, field, value));
            place.unwrap_or(usize::MAX)
        });
    }

    /// The rows by a key, each with what is read for it.
    pub fn by<T>(
        rows: impl IntoIterator<Item = T>,
        key: impl Fn(&T) -> (String, Option<String>),
    ) -> Groups<T> {
        let mut groups: Groups<T> = BTreeMap::new();
        for row in rows {
            let (key, label) = key(&row);
            groups.entry(key).or_insert_with(|| (label.unwrap_or_default(), Vec::new())).1.push(row);
        }
        groups
    }
}

/// Label and rows by key.
pub type Groups<T> = BTreeMap<String, (String, Vec<T>)>;

/// Numbers of each group.
pub fn reckoned<T>(groups: &Groups<T>, numbers: impl Fn(&[T]) -> Numbers) -> Vec<Group> {
    groups
        .iter()
        .map(|(key, (label, rows))| Group { key: key.clone(), label: label.clone(), numbers: numbers(rows) })
        .collect()
}

/// The groups with the largest first number; the rest is one group, where numbers add up.
pub fn largest(mut groups: Vec<Group>, top: usize) -> Vec<Group> {
    sort(&mut groups, -1.0);
    if groups.len() > top {
        let rest = groups.split_off(top);
        let numbers = rest[0]
            .numbers
            .iter()
            .enumerate()
            .map(|(place, (id, _))| {
                (*id, Some(rest.iter().map(|group| group.numbers[place].1.unwrap_or(0.0)).sum()))
            })
            .collect();
        groups.push(Group { key: OTHER.to_owned(), label: "Other".to_owned(), numbers });
    }
    groups
}

/// The groups that come first by their first number, without a rest.
pub fn first(mut groups: Vec<Group>, order: Order, top: usize) -> Vec<Group> {
    groups.retain(|group| group.numbers.iter().any(|(_, number)| number.is_some()));
    sort(&mut groups, if order == Order::Rising { 1.0 } else { -1.0 });
    groups.truncate(top);
    groups
}

/// Groups without a number last; of those that are alike, by name.
fn sort(groups: &mut [Group], direction: f64) {
    let size = |group: &Group| group.numbers[0].1.map_or(f64::INFINITY, |size| size * direction);
    let name = |group: &Group| (group.key.is_empty(), group.label.to_lowercase(), group.key.clone());
    groups.sort_by(|a, b| {
        let (one, other) = (size(a), size(b));
        let alike = one.total_cmp(&other).is_eq() || (one - other).abs() < 1e-9;
        if alike { name(a).cmp(&name(b)) } else { one.total_cmp(&other) }
    });
}

/// Hours from one instant to another; those that are the wrong way round are left out.
pub fn hours(begun: Option<DateTime<Utc>>, ended: Option<DateTime<Utc>>) -> Option<f64> {
    let span = ended? - begun?;
    (span >= TimeDelta::zero()).then(|| span.num_milliseconds() as f64 / 3_600_000.0)
}

/// Rows ordered as a list is: by a column, those without a value last, then by id.
pub fn sorted<K: PartialOrd>(rows: &mut [&Row], falling: bool, by: impl Fn(&Row) -> Option<K>) {
    rows.sort_by(|a, b| {
        let (one, other) = (by(a), by(b));
        let order = match (&one, &other) {
            (Some(one), Some(other)) => {
                let order = one.partial_cmp(other).unwrap();
                if falling { order.reverse() } else { order }
            }
            (one, other) => one.is_none().cmp(&other.is_none()),
        };
        order.then(a.id().cmp(&b.id()))
    });
}
