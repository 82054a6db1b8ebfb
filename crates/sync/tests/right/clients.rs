//! What clients say in surveys, and what they need.

use super::clocks::Dates;
use super::count::{Count, Second, Seen::ByCompany, Work, first, largest, reckoned, sorted};
use super::expected::{Expected, Group, Order, count, date, key, mean, number, percent, ratio, time, words};
use super::people::{entries, sum};
use super::records::Row;
use super::service_desk::{is_closed, of_month, opened};
use chrono::{DateTime, Datelike, Days, TimeDelta, Utc};
use std::collections::BTreeMap;
use taskgauge_model::{gauge::OTHER, settings::Settings};

pub const SECOND: &[Second] = &[
    ("csat_score", ByCompany, |c| {
        in_quarter(c, |c, dates| {
            let answers = answers(c, dates);
            percent(answers.iter().filter(|row| !is_poor(c, row)).count() as f64, answers.len() as f64)
        })
    }),
    ("csat_response_rate", ByCompany, |c| {
        in_quarter(c, |c, dates| {
            let sent: Vec<&Row> =
                of_clients(c).into_iter().filter(|row| c.within(dates, row.time("sendDate"))).collect();
            let answered = sent.iter().filter(|row| row.time("completeDate").is_some());
            percent(answered.count() as f64, sent.len() as f64)
        })
    }),
    ("csat_trend", ByCompany, trend),
    ("csat_low", ByCompany, poor),
    ("tickets_per_client", ByCompany, noisiest),
    ("tickets_per_endpoint", ByCompany, |c| {
        per_endpoint(c, "per_endpoint", |c, dates, company| {
            opened(c, dates).iter().filter(|row| row.int("companyID") == Some(company)).count() as f64
        })
    }),
    ("rhem", ByCompany, |c| {
        per_endpoint(c, "rhem", |c, dates, company| {
            c.hours(dates, |work| {
                work.company == Some(company) && work.ticket.is_some_and(|ticket| is_reactive(c, ticket))
            })
        })
    }),
    ("client_hours", ByCompany, hours_by_client),
    ("client_contacts", ByCompany, |c| {
        let of_client = |row: &&Row| row.int("companyID").is_some_and(|company| company != 0);
        let contacts = c.of("Contacts").into_iter().filter(of_client).filter(|row| row.is("isActive"));
        let endpoints = endpoints(c).into_iter().filter(of_client);
        Expected::value(count(contacts.count())).figure("endpoints", count(endpoints.count()))
    }),
    ("warranty_expiring", ByCompany, warranties),
    ("client_last_contact", ByCompany, silent),
];

impl<'a> Count<'a> {
    /// Survey results with the company they are of: their own, else the ticket's.
    pub fn surveys(&self) -> Vec<&'a Row> {
        let records = self.records;
        self.of_company("SurveyResults", |row| {
            let ticket = records.get("Tickets", row.int("ticketID"));
            row.int("companyID").or_else(|| ticket.and_then(|ticket| ticket.int("companyID")))
        })
    }
}

fn is_reactive(c: &Count<'_>, ticket: &Row) -> bool {
    let Settings { reactive_types: types, reactive_issue_types: issues, reactive_queues: queues, .. } =
        &c.settings;
    c.holds_one_of(types, "Tickets", "ticketType", ticket.int("ticketType"))
        || c.holds_one_of(issues, "Tickets", "issueType", ticket.int("issueType"))
        || ticket.int("queueID").is_some_and(|queue| queues.contains(&queue))
}

fn in_quarter(c: &Count<'_>, number: fn(&Count<'_>, Dates) -> Option<f64>) -> Expected {
    let dates = c.dates("last_90d");
    Expected::compared(number(c, dates), number(c, dates.before()))
}

/// Survey results but those of the own company.
fn of_clients<'a>(c: &Count<'a>) -> Vec<&'a Row> {
    let mut rows = c.surveys();
    rows.retain(|row| {
        let ticket = c.records.get("Tickets", row.int("ticketID"));
        row.int("companyID").or_else(|| ticket.and_then(|ticket| ticket.int("companyID"))) != Some(0)
    });
    rows
}

fn answers<'a>(c: &Count<'a>, dates: Dates) -> Vec<&'a Row> {
    let mut rows = of_clients(c);
    rows.retain(|row| c.within(dates, row.time("completeDate")));
    rows
}

/// Below the part of the scale that counts as positive.
fn is_poor(c: &Count<'_>, row: &Row) -> bool {
    row.num("surveyRating").is_some_and(|rating| rating < c.settings.csat_positive_from)
}

fn trend(c: &Count<'_>) -> Expected {
    let dates = c.dates("last_12m");
    let rating = |rows: &[&Row]| mean(rows.iter().filter_map(|row| row.num("surveyRating")));
    let groups = dates.months().into_iter().map(|month| {
        let rows = answers(c, of_month(dates, month));
        Group {
            key: month.to_string(),
            label: String::new(),
            numbers: vec![("rating", rating(&rows)), ("answers", count(rows.len()))],
        }
    });
    let groups = groups.collect();
    Expected::groups(rating(&answers(c, dates)), Order::Given, groups)
}

fn poor(c: &Count<'_>) -> Expected {
    let mut rows = answers(c, c.dates("last_30d"));
    rows.retain(|row| is_poor(c, row));
    sorted(&mut rows, true, |row| row.time("completeDate"));
    let rows = rows.into_iter().map(|row| {
        let ticket = c.records.get("Tickets", row.int("ticketID"));
        let company = row.int("companyID").or_else(|| ticket.and_then(|ticket| ticket.int("companyID")));
        let closed_by = ticket
            .and_then(|ticket| ticket.int("completedByResourceID").or(ticket.int("assignedResourceID")));
        vec![
            ("complete_date", time(row.time("completeDate"))),
            ("company", words(c.company(company))),
            ("contact", words(c.records.person("Contacts", row.int("contactID")))),
            ("ticket", words(ticket.and_then(|ticket| ticket.text("title")))),
            ("survey_rating", number(row.num("surveyRating"))),
            ("closed_by_resource", words(c.member(closed_by))),
        ]
    });
    Expected::rows(rows.collect(), 50)
}

fn noisiest(c: &Count<'_>) -> Expected {
    let of_clients = |dates: Dates| -> Vec<&Row> {
        opened(c, dates).into_iter().filter(|row| row.int("companyID") != Some(0)).collect()
    };
    let dates = c.dates("last_30d");
    let (rows, before) = (of_clients(dates), of_clients(dates.before()));
    let both = rows.iter().map(|row| (*row, true)).chain(before.iter().map(|row| (*row, false)));
    let groups = Count::by(both, |(row, _)| (key(row.int("companyID")), c.company(row.int("companyID"))));
    let number = |rows: &[(&Row, bool)], now: bool| count(rows.iter().filter(|(_, it)| *it == now).count());
    let groups =
        reckoned(&groups, |rows| vec![("opened", number(rows, true)), ("before", number(rows, false))]);
    Expected::groups(count(rows.len()), Order::Falling, largest(groups, 15)).before(count(before.len()))
}

/// Active workstations, laptops and servers.
fn endpoints<'a>(c: &Count<'a>) -> Vec<&'a Row> {
    let mut rows = c.of("ConfigurationItems");
    rows.retain(|row| {
        let kind = row.int("configurationItemType");
        let words = &c.settings.endpoint_types;
        row.is("isActive") && c.holds_one_of(words, "ConfigurationItems", "configurationItemType", kind)
    });
    rows
}

/// How many months the dates are; parts of one by the mean length of a month.
fn months(dates: Dates) -> f64 {
    let after = dates.1 + Days::new(1);
    if dates.0.day() == 1 && after.day() == 1 {
        return dates.months().len() as f64;
    }
    dates.count() as f64 / (365.242_5 / 12.0)
}

/// Something of last month by client, per endpoint of the client. Clients without endpoints are left out of it all.
fn per_endpoint(c: &Count<'_>, id: &'static str, amount: fn(&Count<'_>, Dates, i64) -> f64) -> Expected {
    let dates = c.dates("last_month");
    let mut endpoints = endpoints(c);
    endpoints.retain(|row| row.int("companyID").is_some_and(|company| company != 0));
    let months = months(dates);
    let (mut amounts, mut divisor) = (0.0, 0.0);
    let mut groups = Vec::new();
    let by_company = Count::by(endpoints, |row| (key(row.int("companyID")), c.company(row.int("companyID"))));
    for (company, (label, rows)) in by_company {
        let of_company = amount(c, dates, company.parse().unwrap());
        amounts += of_company;
        divisor += rows.len() as f64;
        groups.push(Group {
            key: company,
            label,
            numbers: vec![(id, ratio(of_company, rows.len() as f64 * months))],
        });
    }
    Expected::groups(ratio(amounts, divisor * months), Order::Falling, first(groups, Order::Falling, 15))
}

fn coverage(work: &Work<'_>) -> &'static str {
    match (work.is_billable, work.row.int("contractID")) {
        (false, _) => "Non-billable",
        (true, Some(_)) => "Contract",
        (true, None) => "Billable",
    }
}

fn hours_by_client(c: &Count<'_>) -> Expected {
    let mut entries = entries(c, "mtd");
    entries.retain(|work| work.is_client);
    let groups = Count::by(entries.iter().copied(), |work| (key(work.company), c.company(work.company)));
    let shown = largest(reckoned(&groups, |entries| vec![("hours", Some(sum(entries)))]), 15);
    let mut cells = BTreeMap::new();
    for work in &entries {
        let company = key(work.company);
        let is_shown = shown.iter().any(|group| group.key == company);
        let row = if is_shown { company } else { OTHER.to_owned() };
        *cells.entry((row, coverage(work).to_owned())).or_insert(0.0) += work.hours;
    }
    Expected::cells(Some(sum(&entries)), cells)
}

/// Those that end in the next 90 days, and those that have ended.
fn warranties(c: &Count<'_>) -> Expected {
    let last = c.dates("next_90d").1;
    let mut rows = c.of("ConfigurationItems");
    rows.retain(|row| {
        row.is("isActive")
            && row.int("companyID") != Some(0)
            && row.date("warrantyExpirationDate").is_some_and(|end| end <= last)
    });
    sorted(&mut rows, true, |row| row.date("warrantyExpirationDate"));
    let rows = rows.into_iter().map(|row| {
        vec![
            ("name", words(row.text("referenceTitle"))),
            ("company", words(c.company(row.int("companyID")))),
            ("serial_number", words(row.text("serialNumber"))),
            ("warranty_expiration_date", date(row.date("warrantyExpirationDate"))),
        ]
    });
    Expected::rows(rows.collect(), 50)
}

/// The last note or activity; a company without either counts from its creation.
fn last_contact(c: &Count<'_>, company: &Row) -> Option<DateTime<Utc>> {
    let notes =
        c.records.all("CompanyNotes").iter().filter(|note| note.int("companyID") == Some(company.id()));
    let notes = notes.filter_map(|note| note.time("startDateTime").or(note.time("createDateTime")));
    notes.filter(|at| *at <= c.at).chain(company.time("lastActivityDate")).max()
}

fn silent(c: &Count<'_>) -> Expected {
    let long_ago = c.at - TimeDelta::days(90);
    let mut rows = c.of_company("Companies", |row| Some(row.id()));
    rows.retain(|row| {
        let is_customer =
            c.records.is_labelled("Companies", "companyType", row.int("companyType"), &["customer"]);
        is_customer
            && row.is("isActive")
            && row.id() != 0
            && last_contact(c, row).or(row.time("createDate")).is_none_or(|at| at < long_ago)
    });
    sorted(&mut rows, false, |row| last_contact(c, row));
    let rows = rows.into_iter().map(|row| {
        let of_company = |ticket: &&Row| ticket.int("companyID") == Some(row.id()) && !is_closed(ticket);
        let open = c.records.all("Tickets").iter().filter(of_company).count();
        vec![
            ("company", words(row.text("companyName"))),
            ("owner_resource", words(c.member(row.int("ownerResourceID")))),
            ("last_contact_date", time(last_contact(c, row))),
            ("open_tickets", number(count(open))),
        ]
    });
    Expected::rows(rows.collect(), 50)
}
