//! Opportunities, quotes and who is in touch.

use super::clocks::Dates;
use super::count::{
    Count, Groups, Second,
    Seen::{ByCompany, Inside},
    hours, largest, reckoned, sorted,
};
use super::expected::{Expected, Group, Order, count, date, key, mean, number, percent, time, words};
use super::records::Row;
use super::service_desk::of_month;
use std::collections::BTreeMap;

pub const SECOND: &[Second] = &[
    ("pipeline_value", Inside, |c| Expected::value(Some(value(&open(c))))),
    ("pipeline_weighted", Inside, |c| {
        let dates = c.dates("this_quarter");
        let due = open(c).into_iter().filter(|row| dates.hold(row.date("projectedCloseDate")));
        Expected::value(Some(due.map(|row| row.sum("amount") * row.sum("probability") / 100.0).sum()))
    }),
    ("pipeline_by_stage", Inside, by_stage),
    ("won_period", Inside, |c| amount_and_number(c, won)),
    ("lost_period", Inside, |c| amount_and_number(c, lost)),
    ("win_rate", Inside, |c| {
        let rate = |dates| {
            let (won, lost) = (won(c, dates).len() as f64, lost(c, dates).len() as f64);
            percent(won, won + lost)
        };
        let dates = c.dates("last_90d");
        let (amount_won, amount_lost) = (value(&won(c, dates)), value(&lost(c, dates)));
        Expected::compared(rate(dates), rate(dates.before()))
            .figure("by_value", percent(amount_won, amount_won + amount_lost))
    }),
    ("won_trend", Inside, won_by_month),
    ("sales_leaderboard", Inside, won_by_owner),
    ("pipeline_leaderboard", Inside, open_by_owner),
    ("activity_leaderboard", ByCompany, notes),
    ("created_opps", Inside, created),
    ("overdue_opps", ByCompany, overdue),
    ("stalled_opps", ByCompany, stalled),
    ("closing_soon", ByCompany, closing),
    ("sales_cycle", ByCompany, |c| {
        let days = |dates| {
            let won = won(c, dates).into_iter();
            mean(won.filter_map(|row| hours(row.time("createDate"), row.time("closedDate"))))
                .map(|hours| hours / 24.0)
        };
        let dates = c.dates("last_12m");
        Expected::compared(days(dates), days(dates.before()))
    }),
    ("loss_reasons", ByCompany, |c| {
        let groups = by_list(c, lost(c, c.dates("last_12m")), "lossReason");
        let total = groups.values().map(|(_, rows)| rows.len()).sum();
        let groups = reckoned(&groups, |rows| vec![("lost", count(rows.len()))]);
        Expected::groups(count(total), Order::Falling, groups)
    }),
    ("lead_sources", Inside, |c| {
        let rows = won(c, c.dates("last_12m"));
        let total = value(&rows);
        let groups = reckoned(&by_list(c, rows, "leadSource"), |rows| vec![("value", Some(value(rows)))]);
        Expected::groups(Some(total), Order::Falling, groups)
    }),
    ("quotes_open", ByCompany, quotes),
];

fn in_state<'a>(c: &Count<'a>, labels: &[&str]) -> Vec<&'a Row> {
    let mut rows = c.of("Opportunities");
    rows.retain(|row| c.records.is_labelled("Opportunities", "status", row.int("status"), labels));
    rows
}

fn open<'a>(c: &Count<'a>) -> Vec<&'a Row> {
    in_state(c, &["active"])
}

fn won<'a>(c: &Count<'a>, dates: Dates) -> Vec<&'a Row> {
    let mut rows = in_state(c, &["closed", "implemented"]);
    rows.retain(|row| c.within(dates, row.time("closedDate")));
    rows
}

fn lost<'a>(c: &Count<'a>, dates: Dates) -> Vec<&'a Row> {
    let mut rows = in_state(c, &["lost"]);
    rows.retain(|row| c.within(dates, row.time("lostDate")));
    rows
}

fn value(rows: &[&Row]) -> f64 {
    rows.iter().map(|row| row.sum("amount")).sum()
}

fn by_list<'a>(c: &Count<'_>, rows: Vec<&'a Row>, field: &str) -> Groups<&'a Row> {
    Count::by(rows, |row| {
        (key(row.int(field)), c.records.label("Opportunities", field, row.int(field)).map(str::to_owned))
    })
}

fn value_and_count(rows: &[&Row]) -> super::expected::Numbers {
    vec![("value", Some(value(rows))), ("count", count(rows.len()))]
}

fn by_stage(c: &Count<'_>) -> Expected {
    let rows = open(c);
    let total = value(&rows);
    let mut groups = reckoned(&by_list(c, rows, "stage"), value_and_count);
    c.by_place(&mut groups, "Opportunities", "stage");
    Expected::groups(Some(total), Order::Given, groups)
}

fn amount_and_number<'a>(c: &Count<'a>, rows: fn(&Count<'a>, Dates) -> Vec<&'a Row>) -> Expected {
    let dates = c.dates("mtd");
    let (now, before) = (rows(c, dates), rows(c, dates.before()));
    Expected::compared(Some(value(&now)), Some(value(&before))).figure("count", count(now.len()))
}

/// What is paid once and what recurs, of a won amount.
fn split(row: &Row) -> (f64, f64) {
    let recurs = ["monthlyRevenue", "quarterlyRevenue", "semiannualRevenue", "yearlyRevenue"]
        .iter()
        .any(|field| row.sum(field) != 0.0);
    if recurs {
        (row.sum("onetimeRevenue"), row.sum("amount") - row.sum("onetimeRevenue"))
    } else {
        (row.sum("amount"), 0.0)
    }
}

fn won_by_month(c: &Count<'_>) -> Expected {
    let dates = c.dates("last_12m");
    let once = |rows: &[&Row]| rows.iter().map(|row| split(row).0).sum();
    let groups = dates.months().into_iter().map(|month| {
        let rows = won(c, of_month(dates, month));
        Group {
            key: month.to_string(),
            label: String::new(),
            numbers: vec![
                ("onetime", Some(once(&rows))),
                ("recurring", Some(rows.iter().map(|row| split(row).1).sum())),
            ],
        }
    });
    let groups = groups.collect();
    Expected::groups(Some(once(&won(c, dates))), Order::Given, groups)
}

fn by_owner<'a>(c: &Count<'_>, rows: Vec<&'a Row>) -> Groups<&'a Row> {
    Count::by(rows, |row| (key(row.int("ownerResourceID")), c.member(row.int("ownerResourceID"))))
}

fn won_by_owner(c: &Count<'_>) -> Expected {
    let rows = won(c, c.dates("mtd"));
    let total = value(&rows);
    let groups = largest(reckoned(&by_owner(c, rows), value_and_count), 20);
    Expected::groups(Some(total), Order::Falling, groups)
}

fn open_by_owner(c: &Count<'_>) -> Expected {
    let rows = open(c);
    let total = value(&rows);
    let groups = reckoned(&by_owner(c, rows), |rows| vec![("value", Some(value(rows)))]);
    Expected::groups(Some(total), Order::Falling, largest(groups, 20))
}

fn notes(c: &Count<'_>) -> Expected {
    let dates = c.dates("wtd");
    let mut rows = c.of("CompanyNotes");
    rows.retain(|row| c.within(dates, row.time("startDateTime")));
    let mut cells = BTreeMap::new();
    for row in &rows {
        let place = (key(row.int("assignedResourceID")), key(row.int("actionType")));
        *cells.entry(place).or_insert(0.0) += 1.0;
    }
    Expected::cells(count(rows.len()), cells)
}

fn created(c: &Count<'_>) -> Expected {
    let dates = c.dates("wtd");
    let of = |dates: Dates| -> Vec<&Row> {
        c.of("Opportunities").into_iter().filter(|row| c.within(dates, row.time("createDate"))).collect()
    };
    let rows = of(dates);
    Expected::compared(count(rows.len()), count(of(dates.before()).len())).figure("value", Some(value(&rows)))
}

fn shown(c: &Count<'_>, row: &Row) -> super::expected::Shown {
    vec![
        ("title", words(row.text("title"))),
        ("company", words(c.company(row.int("companyID")))),
        ("owner_resource", words(c.member(row.int("ownerResourceID")))),
    ]
}

fn overdue(c: &Count<'_>) -> Expected {
    let mut rows = open(c);
    rows.retain(|row| row.date("projectedCloseDate").is_some_and(|close| close < c.today));
    sorted(&mut rows, false, |row| row.date("projectedCloseDate"));
    let rows = rows.into_iter().map(|row| {
        let mut shown = shown(c, row);
        shown.push(("projected_close_date", date(row.date("projectedCloseDate"))));
        shown
    });
    Expected::rows(rows.collect(), 50)
}

/// Days since anything happened on an opportunity; one without activity counts from its creation.
fn idle_days(c: &Count<'_>, row: &Row) -> Option<f64> {
    hours(row.time("lastActivity").or(row.time("createDate")), Some(c.at)).map(|hours| hours / 24.0)
}

fn stalled(c: &Count<'_>) -> Expected {
    let mut rows = open(c);
    rows.retain(|row| idle_days(c, row).is_some_and(|days| days > 14.0));
    sorted(&mut rows, true, |row| idle_days(c, row).map(|days| (days * 1e4).round()));
    let rows = rows.into_iter().map(|row| {
        let mut shown = shown(c, row);
        shown.push(("stage", words(c.records.label("Opportunities", "stage", row.int("stage")))));
        shown.push(("last_activity", time(row.time("lastActivity"))));
        shown.push(("idle_days", number(idle_days(c, row))));
        shown
    });
    Expected::rows(rows.collect(), 50)
}

fn closing(c: &Count<'_>) -> Expected {
    let dates = c.dates("next_30d");
    let mut rows = open(c);
    rows.retain(|row| dates.hold(row.date("projectedCloseDate")));
    sorted(&mut rows, true, |row| row.num("probability"));
    let rows = rows.into_iter().map(|row| {
        let mut shown = shown(c, row);
        shown.push(("probability", number(row.num("probability"))));
        shown.push(("projected_close_date", date(row.date("projectedCloseDate"))));
        shown
    });
    Expected::rows(rows.collect(), 50)
}

/// Active, not run out, and not answered.
fn quotes(c: &Count<'_>) -> Expected {
    let opportunity = |row: &Row| c.records.get("Opportunities", row.int("opportunityID"));
    let company = |row: &Row| {
        row.int("companyID").or_else(|| opportunity(row).and_then(|found| found.int("companyID")))
    };
    let mut rows = c.of_company("Quotes", company);
    rows.retain(|row| {
        row.is("isActive")
            && row.int("extApprovalContactResponse").is_none()
            && row.date("expirationDate").is_none_or(|end| end >= c.today)
    });
    sorted(&mut rows, false, |row| row.date("expirationDate"));
    let rows = rows.into_iter().map(|row| {
        let owner = opportunity(row).and_then(|found| found.int("ownerResourceID"));
        vec![
            ("quote_number", number(row.num("quoteNumber"))),
            ("name", words(row.text("name"))),
            ("company", words(c.company(company(row)))),
            ("owner_resource", words(c.member(owner))),
            ("expiration_date", date(row.date("expirationDate"))),
        ]
    });
    Expected::rows(rows.collect(), 50)
}
