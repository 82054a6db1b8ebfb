//! What is sold by the month and by the hour: the catalogue, agreements with their monthly units, blocks and rates.

use std::collections::HashMap;

use chrono::{Datelike, Days, Months, NaiveDate};

use super::World;
use super::cell::{At, Cell, DAY, draft};
use super::lookups::{code, hourly_rate, role};
use super::time::TimeRecord;

/// Services by id: name, monthly price and cost of a unit.
pub(crate) const SERVICES: &[(u32, &str, f64, f64)] = &[
    (11, "Workstation Management", 42.0, 9.5),
    (12, "Server Management", 165.0, 38.0),
    (13, "Email Security", 4.5, 1.9),
    (15, "Cloud Backup", 12.0, 5.2),
    (16, "Network Monitoring", 95.0, 22.0),
];
/// The bundle most larger clients have.
const BUNDLE: (u32, &str, f64, f64) = (3, "Complete Care per User", 98.0, 27.0);

fn catalogue(w: &mut World) {
    let founded = At(w.start() - 900 * DAY);
    let manager = w.staff.manager;
    for &(id, name, price, cost) in SERVICES {
        w.insert(draft!("Services" {
            id: id, name: name, description: name, unitPrice: price, unitCost: cost, billingCodeID: code::RECURRING,
            isActive: true, periodType: 2, createDate: founded, lastModifiedDate: At(w.start() + 200 * DAY),
            creatorResourceID: manager, sku: format!("SVC-{id:03}")
        }));
    }
    w.insert(draft!("Services" {
        id: 14, name: "Fax to E-mail", unitPrice: 9.0, unitCost: 4.0, billingCodeID: code::RECURRING, isActive: false,
        periodType: 2, createDate: founded, lastModifiedDate: founded
    }));
    let (id, name, price, cost) = BUNDLE;
    w.insert(draft!("ServiceBundles" {
        id: id, name: name, unitPrice: price, unitCost: cost, unitDiscount: 0.0, percentageDiscount: 0.0,
        billingCodeID: code::RECURRING, isActive: true, periodType: 2, createDate: founded, lastModifiedDate: founded
    }));
    for service in [11, 13, 15] {
        w.insert(draft!("ServiceBundleServices" { serviceBundleID: id, serviceID: service }));
    }
    for (id, name, category, price, cost) in [
        (501, "Business Laptop 14\"", 1, 1_390.0, 1_120.0),
        (502, "Desktop Small Form Factor", 1, 890.0, 705.0),
        (503, "Rack Server 1U", 1, 5_400.0, 4_350.0),
        (504, "Firewall 40", 3, 780.0, 560.0),
        (505, "Switch 24 Port PoE", 3, 640.0, 455.0),
        (506, "Access Point Wi-Fi 6", 3, 210.0, 148.0),
        (507, "Laser Printer Duplex", 1, 420.0, 330.0),
        (508, "Backup Appliance 8 TB", 1, 3_100.0, 2_350.0),
        (509, "Domain Registration", 4, 24.0, 12.0),
        (511, "Office Suite License (year)", 2, 264.0, 231.0),
    ] {
        w.insert(draft!("Products" {
            id: id, name: name, productCategory: category, isActive: true, isSerialized: category == 1,
            unitPrice: price, unitCost: cost, msrp: (price * 1.1_f64).round(), productBillingCodeID: code::MATERIAL,
            manufacturerName: if id % 2 == 0 { "Contoso" } else { "Fabrikam" }, createdTime: founded,
            doesNotRequireProcurement: false, isEligibleForRma: category == 1, periodType: 1
        }));
    }
}

/// The first day of the month of a date.
pub(crate) fn month_of(date: NaiveDate) -> NaiveDate {
    date.with_day(1).unwrap_or(date)
}

/// Months from one first-of-month to another, inclusive.
pub(crate) fn months(from: NaiveDate, to: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    (0..).map_while(move |n| from.checked_add_months(Months::new(n)).filter(|month| *month <= to))
}

fn round_money(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

pub(crate) fn fill(w: &mut World) {
    catalogue(w);
    let mut rng = w.rng(31);
    let today = w.today();
    let first_month = month_of(w.calendar.date(w.start()));
    let mut contract: u32 = 29_684_000;
    let mut clients = std::mem::take(&mut w.clients);
    for (nth, client) in clients.iter_mut().enumerate().skip(1).filter(|(_, client)| client.is_customer) {
        let person = client.contacts.first().copied();
        let mut next = || {
            contract += 1 + u32::try_from(rng.below(3)).unwrap_or(0);
            contract
        };
        if nth % 7 != 6 {
            let id = next();
            // Most agreements run since before the history; some clients joined during it.
            let joined = if nth % 6 == 4 {
                first_month + Months::new(6 + u32::try_from(nth % 14).unwrap_or(0))
            } else {
                first_month
            };
            let start = joined
                .checked_sub_months(Months::new(if joined == first_month { 5 } else { 0 }))
                .unwrap_or(joined);
            let years = 12 * (1 + (today.year() - start.year()).unsigned_abs());
            let end = start + Months::new(years + u32::try_from(nth * 5 % 12).unwrap_or(0));
            let end =
                if nth % 9 == 3 { today + Days::new(20 + nth as u64 * 3 % 65) } else { end - Days::new(1) };
            let sla = if client.seats > 45 { 2 } else { 1 };
            let premium = client.seats > 30;
            let renewed = (nth % 8 == 1).then(|| {
                let old = next();
                w.insert(draft!("Contracts" {
                    id: old, companyID: client.id, contractName: "Managed Services Agreement (previous)", contractType: 7,
                    contractCategory: 12, status: 0, startDate: start - Months::new(24), endDate: start - Days::new(1),
                    renewedContractID: id, timeReportingRequiresStartAndStopTimes: 1, contractPeriodType: 2,
                    serviceLevelAgreementID: 4, isCompliant: true, isDefaultContract: false, lastModifiedDateTime: At(w.start() - 30 * DAY)
                }));
                old
            });
            let mut monthly = 0.0;
            let mut lines: Vec<(bool, u32, f64, f64, i64)> = Vec::new();
            if premium {
                lines.push((true, BUNDLE.0, BUNDLE.2, BUNDLE.3, client.seats));
            }
            for &(service, _, price, cost) in SERVICES {
                let units = match service {
                    11 if !premium => client.seats,
                    13 if !premium && nth % 3 != 0 => client.seats,
                    12 => (client.seats / 18).max(1),
                    15 if !premium && nth % 2 == 0 => (client.seats / 18).max(1) * 2,
                    16 if nth % 4 == 0 => 1,
                    _ => 0,
                };
                if units > 0 {
                    lines.push((false, service, price, cost, units));
                }
            }
            let services: Vec<_> = lines
                .into_iter()
                .map(|(bundle, item, price, cost, units)| {
                    monthly += price * units as f64;
                    let line = if bundle {
                        w.insert(draft!("ContractServiceBundles" {
                            contractID: id, serviceBundleID: item, unitPrice: price, adjustedPrice: price,
                            internalCurrencyUnitPrice: price, internalCurrencyAdjustedPrice: price
                        }))
                    } else {
                        w.insert(draft!("ContractServices" {
                            contractID: id, serviceID: item, unitPrice: price, unitCost: cost,
                            internalCurrencyUnitPrice: price, internalCurrencyAdjustedPrice: price
                        }))
                    };
                    (bundle, item, price, cost, units, line)
                })
                .collect();
            let last_month = month_of(today) + Months::new(1);
            let span = months(joined, last_month).count().max(2) as f64;
            for (at, month) in months(joined, last_month.min(month_of(end))).enumerate() {
                let posted = (month < month_of(today)).then(|| month + Days::new(2));
                for &(bundle, item, price, cost, units, line) in &services {
                    // Clients grow a little over the years.
                    let units = if units > 4 {
                        super::cell::whole((units as f64 * (0.84 + 0.16 * at as f64 / (span - 1.0))).round())
                    } else {
                        units
                    };
                    let total = round_money(price * units as f64);
                    let spent = round_money(cost * units as f64);
                    let end = month + Months::new(1) - Days::new(1);
                    w.insert(if bundle {
                        draft!("ContractServiceBundleUnits" {
                            contractID: id, contractServiceBundleID: line, serviceBundleID: item, startDate: month, endDate: end,
                            units: units, price: total, internalCurrencyPrice: total, cost: spent, approveAndPostDate: posted
                        })
                    } else {
                        draft!("ContractServiceUnits" {
                            contractID: id, contractServiceID: line, serviceID: item, startDate: month, endDate: end, units: units,
                            price: total, internalCurrencyPrice: total, cost: spent, approveAndPostDate: posted
                        })
                    });
                }
            }
            w.insert(draft!("Contracts" {
                id: id, companyID: client.id, contactID: person, contractName: "Managed Services Agreement",
                contractNumber: format!("MSA-{nth:04}"), contractType: 7, contractCategory: 12, status: 1, startDate: start,
                endDate: end, billingPreference: 1, contractPeriodType: 2, serviceLevelAgreementID: sla, setupFee: 0.0,
                timeReportingRequiresStartAndStopTimes: 1, isDefaultContract: true, isCompliant: true,
                estimatedRevenue: round_money(monthly * 12.0), estimatedHours: client.seats as f64 * 6.0, estimatedCost: round_money(monthly * 7.0),
                lastModifiedDateTime: At(w.start().max(w.now - (40 + 9 * i64::from(client.id % 60)) * DAY)),
                description: renewed.map(|old| format!("Renewal of {old}"))
            }));
            client.agreement = Some((id, sla));
        }
        if nth % 3 == 0 {
            let id = next();
            w.insert(draft!("Contracts" {
                id: id, companyID: client.id, contactID: person, contractName: "Prepaid Hours", contractType: 4,
                contractCategory: 13, status: 1, startDate: first_month, endDate: month_of(today) + Months::new(11),
                billingPreference: 1, timeReportingRequiresStartAndStopTimes: 1, isDefaultContract: client.agreement.is_none(), isCompliant: true,
                overageBillingRate: 155.0, serviceLevelAgreementID: 1, lastModifiedDateTime: At(w.now - 90 * DAY)
            }));
            for role in [role::LEVEL_ONE, role::LEVEL_TWO, role::PROJECT] {
                w.insert(draft!("ContractBlockHourFactors" {
                    contractID: id, roleID: role, blockHourMultiplier: hourly_rate(role) / 135.0, contractHourlyRate: hourly_rate(role)
                }));
            }
            client.hourly = Some(id);
        } else if nth % 7 == 6 || nth % 5 == 0 {
            let id = next();
            w.insert(draft!("Contracts" {
                id: id, companyID: client.id, contractName: "Time & Materials", contractType: 1, contractCategory: 15, status: 1,
                startDate: first_month, endDate: month_of(today) + Months::new(30), billingPreference: 1,
                timeReportingRequiresStartAndStopTimes: 0, isDefaultContract: client.agreement.is_none(), isCompliant: true,
                lastModifiedDateTime: At(w.now - 200 * DAY)
            }));
            for role in [role::LEVEL_ONE, role::LEVEL_TWO, role::PROJECT] {
                let rate = hourly_rate(role);
                w.insert(draft!("ContractRates" {
                    contractID: id, roleID: role, contractHourlyRate: rate, internalCurrencyContractHourlyRate: rate
                }));
            }
            client.hourly = Some(id);
        }
    }
    w.clients = clients;
}

/// Sells blocks of hours as they are used up, and writes on each how many approved hours it has covered.
pub(crate) fn settle(w: &mut World, entries: &[TimeRecord]) {
    let blocks: Vec<i64> = w
        .table("Contracts")
        .into_iter()
        .flat_map(|table| {
            let kind = table.entity.column("contractType").unwrap_or(0);
            table.rows().filter(move |row| row.cell(kind) == Cell::Int(4)).map(|row| row.id())
        })
        .collect();
    let mut used: HashMap<i64, Vec<(i64, f64)>> = blocks.iter().map(|id| (*id, Vec::new())).collect();
    for entry in entries.iter().filter(|entry| entry.approved > 0 && entry.to_bill > 0) {
        if let Some(hours) = used.get_mut(&i64::from(entry.contract)) {
            hours.push((entry.start, f64::from(entry.to_bill) / 100.0));
        }
    }
    let start = w.calendar.date(w.start());
    for contract in blocks {
        let hours = used.remove(&contract).unwrap_or_default();
        let total: f64 = hours.iter().map(|(_, hours)| hours).sum();
        let size =
            [10.0, 20.0, 40.0, 60.0, 100.0].into_iter().find(|size| total / size < 9.0).unwrap_or(250.0);
        let mut left = total;
        let mut bought = start;
        let mut at = 0.0;
        let mut number = 0;
        loop {
            number += 1;
            let approved = round_money(left.min(size));
            let last = left <= size;
            w.insert(draft!("ContractBlocks" {
                contractID: contract, hours: size, hoursApproved: approved, hourlyRate: 128.0, startDate: bought,
                endDate: if last { w.today() + Months::new(9) } else { bought + Months::new(12) }, datePurchased: bought,
                status: i64::from(last), isPaid: number > 1 || !last, paymentType: 5, invoiceNumber: format!("B-{contract}-{number}")
            }));
            if last {
                break;
            }
            left -= size;
            at += size;
            let mut sum = 0.0;
            let when = hours.iter().find(|(_, hours)| {
                sum += hours;
                sum >= at
            });
            bought = when.map_or(bought, |(when, _)| w.calendar.date(*when));
        }
    }
}
