//! Contracts and money.

use super::clocks::Dates;
use super::count::{
    Count, Second,
    Seen::{ByCompany, Inside},
    first, largest, reckoned,
};
use super::expected::{Expected, Group, Numbers, Order, Shown, date, key, number, percent, ratio, words};
use super::records::Row;
use chrono::{Datelike, Days, Months, NaiveDate};
use std::collections::BTreeMap;
use taskgauge_model::gauge::OTHER;

pub const SECOND: &[Second] = &[
    ("mrr", Inside, recurring_by_month),
    ("mrr_by_client", Inside, recurring_by_client),
    ("contracts_expiring", ByCompany, expiring),
    ("block_hours_left", ByCompany, blocks),
    ("invoiced", Inside, invoiced),
    ("unpaid_invoices", Inside, unpaid),
    ("revenue_by_client", Inside, revenue_by_client),
    ("effective_hourly_rate", Inside, hourly_rate),
    ("gross_profit_client", Inside, |c| {
        profit(c, "last_month", |line| line.company.filter(|company| *company != 0))
    }),
    ("contract_profitability", Inside, |c| {
        profit(c, "last_90d", |line| line.contract.filter(|_| line.company != Some(0)))
    }),
    ("unposted_time", Inside, unposted),
];

fn company_of_contract(c: &Count<'_>, row: &Row) -> Option<i64> {
    c.records.get("Contracts", row.int("contractID")).and_then(|contract| contract.int("companyID"))
}

/// Months that a price is for; none for what is billed once.
fn months_of(label: Option<&str>) -> Option<u32> {
    match label? {
        "Monthly" => Some(1),
        "Quarterly" => Some(3),
        "Semi-Annual" => Some(6),
        "Yearly" => Some(12),
        _ => None,
    }
}

/// Company and price a month of everything that recurs in a month.
fn recurring(c: &Count<'_>, month: NaiveDate) -> Vec<(i64, f64)> {
    let since = c.at.date_naive() - Days::new(730);
    let mut found = Vec::new();
    for (units, of, field) in [
        ("ContractServiceUnits", "Services", "serviceID"),
        ("ContractServiceBundleUnits", "ServiceBundles", "serviceBundleID"),
    ] {
        for row in c.records.all(units) {
            let sold = c.records.get(of, row.int(field));
            let period = sold.and_then(|sold| sold.int("periodType"));
            let Some(months) = months_of(c.records.label(of, "periodType", period)) else { continue };
            let (Some(start), Some(company)) = (row.date("startDate"), company_of_contract(c, row)) else {
                continue;
            };
            let first = start.with_day(1).unwrap();
            let covers = first <= month
                && month < first + Months::new(months)
                && row.date("endDate").is_none_or(|end| month <= end);
            if covers && start >= since && company != 0 && c.is_seen(Some(company)) {
                let price = row.num("internalCurrencyPrice").unwrap_or(row.sum("price"));
                found.push((company, price / f64::from(months)));
            }
        }
    }
    found
}

/// The firsts of months that are among the dates.
fn firsts(dates: Dates) -> Vec<NaiveDate> {
    dates.each().filter(|date| date.day() == 1).collect()
}

fn recurring_by_month(c: &Count<'_>) -> Expected {
    let of = |month| -> f64 { recurring(c, month).iter().map(|(_, price)| price).sum() };
    let months = firsts(c.dates("last_12m"));
    let last = of(*months.last().unwrap());
    let groups = months.into_iter().map(|month| Group {
        key: month.to_string(),
        label: String::new(),
        numbers: vec![("mrr", Some(of(month)))],
    });
    let groups = groups.collect();
    Expected::groups(Some(last), Order::Given, groups)
}

fn recurring_by_client(c: &Count<'_>) -> Expected {
    let months = firsts(c.dates("mtd"));
    let lines: Vec<(i64, f64)> = months.into_iter().flat_map(|month| recurring(c, month)).collect();
    let total: f64 = lines.iter().map(|(_, price)| price).sum();
    let groups = Count::by(lines, |(company, _)| (key(Some(*company)), c.company(Some(*company))));
    let groups = reckoned(&groups, |lines| {
        let price: f64 = lines.iter().map(|(_, price)| price).sum();
        vec![("mrr", Some(price)), ("share", percent(price, total))]
    });
    Expected::groups(Some(total), Order::Falling, largest(groups, 15))
}

fn is_active(c: &Count<'_>, row: &Row) -> bool {
    c.records.is_labelled("Contracts", "status", row.int("status"), &["active"])
}

fn expiring(c: &Count<'_>) -> Expected {
    let dates = c.dates("next_90d");
    let mut rows = c.of("Contracts");
    rows.retain(|row| {
        is_active(c, row)
            && row.date("startDate").is_some_and(|start| start <= c.today)
            && dates.hold(row.date("endDate"))
    });
    super::count::sorted(&mut rows, false, |row| row.date("endDate"));
    let rows = rows.into_iter().map(|row| {
        let kind = c.records.label("Contracts", "contractType", row.int("contractType"));
        let left = row.date("endDate").map(|end| (end - c.today).num_days() as f64);
        vec![
            ("contract", words(row.text("contractName"))),
            ("company", words(c.company(row.int("companyID")))),
            ("contract_type", words(kind)),
            ("end_date", date(row.date("endDate"))),
            ("days_to_end", number(left)),
        ]
    });
    Expected::rows(rows.collect(), 50)
}

fn blocks(c: &Count<'_>) -> Expected {
    let mut blocks = c.of_company("ContractBlocks", |row| company_of_contract(c, row));
    blocks.retain(|row| row.int("status") == Some(1) && row.date("endDate").is_none_or(|end| end >= c.today));
    let by_contract = Count::by(blocks, |row| (key(row.int("contractID")), None));
    let mut rows: Vec<Shown> = Vec::new();
    for (contract, (_, blocks)) in by_contract {
        let contract = contract.parse().ok();
        let bought: f64 = blocks.iter().map(|row| row.sum("hours")).sum();
        let left = bought - blocks.iter().map(|row| row.sum("hoursApproved")).sum::<f64>();
        // The burn of all the contract's work in the last 30 days, today included.
        let dates = c.moment.dates("last_30d");
        let on_contract =
            |row: &&Row| row.int("contractID") == contract && dates.hold(row.date("dateWorked"));
        let burnt: f64 =
            c.records.all("TimeEntries").iter().filter(on_contract).map(|row| row.sum("hoursToBill")).sum();
        let days = ratio(left.max(0.0) * 30.0, burnt).map(|days| (days * 10.0 + 1e-6).round() / 10.0);
        let found = c.records.get("Contracts", contract);
        let shown = vec![
            ("days_to_empty", number(days)),
            ("contract", words(found.and_then(|row| row.text("contractName")))),
            ("company", words(c.company(found.and_then(|row| row.int("companyID"))))),
            ("hours_left", number(Some(left))),
            ("hours", number(Some(bought))),
            ("hours_30d", number(Some(burnt))),
            ("end_date", date(blocks.iter().filter_map(|row| row.date("endDate")).max())),
        ];
        rows.push(shown);
    }
    Expected::alike(rows)
}

/// Invoices made in two years and not voided.
fn invoices<'a>(c: &Count<'a>) -> Vec<&'a Row> {
    let since = c.at - chrono::TimeDelta::days(730);
    let mut rows = c.of("Invoices");
    rows.retain(|row| !row.is("isVoided") && row.time("createDateTime").is_some_and(|made| made >= since));
    rows
}

fn totals(rows: &[&Row]) -> f64 {
    rows.iter().map(|row| row.sum("invoiceTotal")).sum()
}

fn invoiced(c: &Count<'_>) -> Expected {
    let dates = c.dates("last_12m");
    let of = |dates: Dates| -> f64 {
        let rows = invoices(c).into_iter().filter(|row| dates.hold(row.date("invoiceDateTime")));
        totals(&rows.collect::<Vec<_>>())
    };
    let groups = dates.months().into_iter().map(|month| Group {
        key: month.to_string(),
        label: String::new(),
        numbers: vec![("invoiced", Some(of(super::service_desk::of_month(dates, month))))],
    });
    let groups = groups.collect();
    Expected::groups(Some(of(dates)), Order::Given, groups)
}

fn unpaid(c: &Count<'_>) -> Expected {
    let mut rows = invoices(c);
    rows.retain(|row| row.date("paidDate").is_none());
    let total = totals(&rows);
    let bands = ["Current", "1–30 days", "31–60 days", "61–90 days", "Over 90 days"];
    let band = |row: &Row| {
        let late = (c.today - row.date("dueDate").unwrap()).num_days();
        match late {
            ..=0 => 0,
            1..=30 => 1,
            31..=60 => 2,
            61..=90 => 3,
            _ => 4,
        }
    };
    let mut groups = Vec::new();
    for (nth, label) in bands.into_iter().enumerate() {
        let rows: Vec<&Row> = rows.iter().copied().filter(|row| band(row) == nth).collect();
        if !rows.is_empty() {
            groups.push(Group {
                key: label.to_owned(),
                label: label.to_owned(),
                numbers: vec![("unpaid", Some(totals(&rows)))],
            });
        }
    }
    Expected::groups(Some(total), Order::Given, groups)
}

/// What is earned or spent.
struct Line {
    company: Option<i64>,
    contract: Option<i64>,
    revenue: f64,
    item_cost: f64,
    labor_cost: f64,
    hours: f64,
    uncosted: f64,
}

fn amount(row: &Row) -> f64 {
    row.num("internalCurrencyTotalAmount").unwrap_or(row.sum("totalAmount"))
}

fn posted<'a>(c: &Count<'a>, dates: Dates) -> Vec<&'a Row> {
    let mut rows = c.of("BillingItems");
    rows.retain(|row| dates.hold(row.date("postedDate")));
    rows
}

fn revenue_by_client(c: &Count<'_>) -> Expected {
    let mut rows = posted(c, c.dates("last_month"));
    rows.retain(|row| row.int("companyID") != Some(0));
    let amounts = |rows: &[&Row]| -> f64 { rows.iter().map(|row| amount(row)).sum() };
    let groups =
        Count::by(rows.iter().copied(), |row| (key(row.int("companyID")), c.company(row.int("companyID"))));
    let shown = largest(reckoned(&groups, |rows| vec![("revenue", Some(amounts(rows)))]), 15);
    let mut cells = BTreeMap::new();
    for row in &rows {
        let company = key(row.int("companyID"));
        let is_shown = shown.iter().any(|group| group.key == company);
        let place = (if is_shown { company } else { OTHER.to_owned() }, key(row.int("billingItemType")));
        *cells.entry(place).or_insert(0.0) += amount(row);
    }
    Expected::cells(Some(amounts(&rows)), cells)
}

fn hourly_rate(c: &Count<'_>) -> Expected {
    let dates = c.dates("last_90d");
    let mut by_company: BTreeMap<i64, (f64, f64)> = BTreeMap::new();
    for row in posted(c, dates) {
        let kind = row.int("billingItemType");
        let is_service =
            c.records.holds_word("BillingItems", "billingItemType", kind, &["labor", "recurring service"]);
        if let Some(company) = row.int("companyID").filter(|company| is_service && *company != 0) {
            by_company.entry(company).or_default().0 += amount(row);
        }
    }
    for work in c.work().iter().filter(|work| work.is_client && dates.hold(work.date)) {
        by_company.entry(work.company.unwrap()).or_default().1 += work.hours;
    }
    let (mut revenue, mut hours) = (0.0, 0.0);
    let mut groups = Vec::new();
    for (company, (earned, worked)) in by_company {
        if worked > 0.0 {
            revenue += earned;
            hours += worked;
        }
        groups.push(Group {
            key: company.to_string(),
            label: c.company(Some(company)).unwrap_or_default(),
            numbers: vec![("rate", ratio(earned, worked))],
        });
    }
    Expected::groups(ratio(revenue, hours), Order::Falling, first(groups, Order::Falling, 15))
}

fn lines(c: &Count<'_>, dates: Dates) -> Vec<Line> {
    let items = posted(c, dates).into_iter().map(|row| Line {
        company: row.int("companyID"),
        contract: row.int("contractID"),
        revenue: amount(row),
        item_cost: row.sum("ourCost"),
        labor_cost: 0.0,
        hours: 0.0,
        uncosted: 0.0,
    });
    let work = c.work().iter().filter(|work| dates.hold(work.date)).map(|work| {
        let member = c.records.get("Resources", work.row.int("resourceID"));
        // A cost of 0 is one that may not be read.
        let cost = member.and_then(|member| member.num("internalCost")).filter(|cost| *cost != 0.0);
        let cost = cost.or(c.settings.loaded_cost_per_hour);
        Line {
            company: work.company,
            contract: work.row.int("contractID"),
            revenue: 0.0,
            item_cost: 0.0,
            labor_cost: cost.map_or(0.0, |cost| cost * work.hours),
            hours: work.hours,
            uncosted: if cost.is_none() { work.hours } else { 0.0 },
        }
    });
    items.chain(work).collect()
}

fn of_lines(lines: &[&Line]) -> Numbers {
    let sum = |part: fn(&Line) -> f64| lines.iter().map(|line| part(line)).sum::<f64>();
    let (revenue, items, labor) =
        (sum(|line| line.revenue), sum(|line| line.item_cost), sum(|line| line.labor_cost));
    let profit = revenue - items - labor;
    vec![
        ("profit", Some(profit)),
        ("margin", percent(profit, revenue)),
        ("revenue", Some(revenue)),
        ("items", Some(items)),
        ("labor", Some(labor)),
        ("hours", Some(sum(|line| line.hours))),
        ("uncosted", Some(sum(|line| line.uncosted))),
    ]
}

fn profit(c: &Count<'_>, range: &str, by: fn(&Line) -> Option<i64>) -> Expected {
    let lines = lines(c, c.dates(range));
    let meant: Vec<&Line> = lines.iter().filter(|line| by(line).is_some()).collect();
    let total = of_lines(&meant)[0].1;
    let groups = Count::by(meant, |line| (key(by(line)), None));
    Expected::groups(total, Order::Falling, reckoned(&groups, of_lines))
}

/// Billable, not approved, and worked more than seven dates ago.
fn unposted(c: &Count<'_>) -> Expected {
    let before = c.today - Days::new(7);
    let open: Vec<_> = c
        .work()
        .iter()
        .filter(|work| {
            work.is_billable
                && work.is_client
                && work.row.time("billingApprovalDateTime").is_none()
                && work.date.is_some_and(|date| date < before)
        })
        .collect();
    let value = open.iter().map(|work| {
        let role = c.records.get("Roles", work.row.int("roleID"));
        work.row.sum("hoursToBill") * role.map_or(0.0, |role| role.sum("hourlyRate"))
    });
    let value = value.sum();
    let hours = open.iter().map(|work| work.row.sum("hoursToBill")).sum();
    Expected::value(Some(hours)).figure("value", Some(value))
}
