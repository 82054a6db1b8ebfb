//! What was billed: posted items, invoices by client and month, charges on tickets.

use std::collections::BTreeMap;

use chrono::{Days, Months, NaiveDate};

use super::World;
use super::cell::{At, Cell, DAY, Draft, HOUR, draft, midnight, whole};
use super::contracts::month_of;
use super::lookups::{code, hourly_rate};
use super::time::TimeRecord;

fn money(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

struct Line {
    draft: Draft,
    amount: f64,
}

/// Lines to invoice, by client and first day of the month after the work.
type Lines = BTreeMap<(NaiveDate, u32), Vec<Line>>;

fn line(draft: Draft, amount: f64, cost: f64, quantity: f64, rate: f64) -> Line {
    let draft = draft
        .set("extendedPrice", amount)
        .set("totalAmount", amount)
        .set("internalCurrencyExtendedPrice", amount)
        .set("internalCurrencyTotalAmount", amount)
        .set("internalCurrencyRate", rate)
        .set("rate", rate)
        .set("quantity", quantity)
        .set("ourCost", cost)
        .set("taxDollars", 0.0)
        .set("internalCurrencyTaxDollars", 0.0)
        .set("subType", 0)
        .set("organizationalLevelAssociationID", 1);
    Line { draft, amount }
}

pub(crate) fn fill(w: &mut World, entries: &[TimeRecord]) {
    let mut lines = Lines::new();
    recurring(w, &mut lines);
    labor(w, entries, &mut lines);
    charges(w, entries, &mut lines);
    invoice(w, lines);
}

/// Monthly units of agreements, billed in the month they cover.
fn recurring(w: &World, lines: &mut Lines) {
    for (entity, item_key, kind) in
        [("ContractServiceUnits", "serviceID", 11), ("ContractServiceBundleUnits", "serviceBundleID", 12)]
    {
        let Some(table) = w.table(entity) else { continue };
        let column = |name: &str| table.entity.column(name).unwrap_or(0);
        let contracts = w.table("Contracts");
        for unit in table.rows() {
            let (Some(posted), Some(start)) =
                (unit.cell(column("approveAndPostDate")).as_time(), unit.cell(column("startDate")).as_time())
            else {
                continue;
            };
            let contract = unit.cell(column("contractID")).as_int().unwrap_or(0);
            let company = contracts
                .and_then(|table| {
                    table.get(contract).map(|row| row.cell(table.entity.column("companyID").unwrap_or(0)))
                })
                .and_then(|cell| cell.as_int())
                .and_then(|id| u32::try_from(id).ok());
            let Some(company) = company else { continue };
            let price = unit.cell(column("price")).as_number().unwrap_or(0.0);
            let cost = unit.cell(column("cost")).as_number().unwrap_or(0.0);
            let units = unit.cell(column("units")).as_number().unwrap_or(1.0);
            let draft = draft!("BillingItems" {
                billingItemType: kind, companyID: company, contractID: contract, itemDate: At(start), postedDate: At(posted),
                postedOnTime: At(posted), itemName: "Managed services", description: "Recurring service", billingCodeID: code::RECURRING,
                nonBillable: 0, webServiceDate: At(posted)
            })
            .set(item_key, unit.cell(column(item_key)))
            .set(if kind == 11 { "contractServicePeriodID" } else { "contractServiceBundlePeriodID" }, unit.id());
            let month = month_of(w.calendar.date(start + DAY));
            lines.entry((month, company)).or_default().push(line(
                draft,
                price,
                cost,
                units,
                money(price / units.max(1.0)),
            ));
        }
    }
}

/// Approved hours. Hours under an agreement are posted at no price, as the agreement covers them; to keep large tenants
/// small only one in eight of those is posted.
fn labor(w: &World, entries: &[TimeRecord], lines: &mut Lines) {
    let agreements: std::collections::HashSet<u32> =
        w.clients.iter().filter_map(|client| client.agreement.map(|(id, _)| id)).collect();
    let costs: std::collections::HashMap<u32, f64> =
        w.staff.technicians().map(|tech| (tech.id, tech.hourly_cost)).collect();
    for entry in entries.iter().filter(|entry| entry.approved != 0 && entry.to_bill > 0 && entry.company != 0)
    {
        let covered = agreements.contains(&entry.contract);
        if covered && !entry.id.is_multiple_of(8) {
            continue;
        }
        let hours = f64::from(entry.to_bill) / 100.0;
        let rate = if covered { 0.0 } else { hourly_rate(entry.role) };
        let cost =
            money(costs.get(&entry.resource).copied().unwrap_or(45.0) * f64::from(entry.hours) / 100.0);
        let optional = |id: u32| (id != 0).then_some(id);
        let draft = draft!("BillingItems" {
            billingItemType: 1, companyID: entry.company, contractID: optional(entry.contract), ticketID: optional(entry.ticket),
            taskID: optional(entry.task), projectID: optional(entry.project), timeEntryID: entry.id, roleID: entry.role,
            billingCodeID: entry.work_type, itemDate: At(midnight(w.calendar.date(entry.start))), postedDate: At(midnight(w.calendar.date(entry.approved))),
            postedOnTime: At(entry.approved), itemName: "Labor", nonBillable: 0, itemApproverID: w.staff.manager, webServiceDate: At(entry.approved)
        });
        let month =
            month_of(w.calendar.date(entry.approved)).checked_add_months(Months::new(1)).unwrap_or_default();
        lines.entry((month, entry.company)).or_default().push(line(
            draft,
            money(hours * rate),
            cost,
            hours,
            rate,
        ));
    }
}

/// Parts sold on tickets.
fn charges(w: &mut World, entries: &[TimeRecord], lines: &mut Lines) {
    for entry in entries.iter().filter(|entry| {
        entry.ticket != 0 && entry.company != 0 && entry.id.is_multiple_of(43) && entry.approved != 0
    }) {
        let quantity = 1.0 + f64::from(entry.id % 3);
        let (price, cost) = if entry.id.is_multiple_of(2) { (210.0, 148.0) } else { (890.0, 705.0) };
        let product = if entry.id.is_multiple_of(2) { 506 } else { 502 };
        let amount = price * quantity;
        let charge = w.insert(draft!("TicketCharges" {
            ticketID: entry.ticket, productID: product, name: "Hardware", unitQuantity: quantity, unitPrice: price, unitCost: cost,
            extendedCost: cost * quantity, billableAmount: amount, internalCurrencyBillableAmount: amount, internalCurrencyUnitPrice: price,
            chargeType: 1, status: 6, isBillableToCompany: true, isBilled: true, datePurchased: At(midnight(w.calendar.date(entry.start))),
            createDate: At(entry.start), creatorResourceID: entry.resource, billingCodeID: code::MATERIAL, organizationalLevelAssociationID: 1
        }));
        let draft = draft!("BillingItems" {
            billingItemType: 3, companyID: entry.company, ticketID: entry.ticket, ticketChargeID: charge, itemDate: At(midnight(w.calendar.date(entry.start))),
            postedDate: At(midnight(w.calendar.date(entry.approved))), postedOnTime: At(entry.approved), itemName: "Hardware", nonBillable: 0,
            billingCodeID: code::MATERIAL, webServiceDate: At(entry.approved)
        });
        let month =
            month_of(w.calendar.date(entry.approved)).checked_add_months(Months::new(1)).unwrap_or_default();
        lines.entry((month, entry.company)).or_default().push(line(
            draft,
            amount,
            cost * quantity,
            quantity,
            price,
        ));
    }
}

/// One invoice a client and month, on the third of it; what is not due yet stays posted without an invoice.
fn invoice(w: &mut World, lines: Lines) {
    let mut rng = w.rng(91);
    let mut number = 20_000;
    let mut batch = 100;
    let mut last_month = None;
    for ((month, company), items) in lines {
        if last_month != Some(month) {
            batch += 1;
            last_month = Some(month);
        }
        let day = month + Days::new(2);
        let created = w.calendar.midnight(day) + 10 * HOUR + rng.between(0, 180) * 60_000;
        let invoice = (created <= w.now).then(|| {
            number += 1 + rng.between(0, 1);
            let total = money(items.iter().map(|item| item.amount).sum());
            let due = day + Days::new(30);
            let voided = rng.chance(0.015);
            let delay = whole(rng.log_normal(26.0, 0.5));
            let paid_at = created + delay * DAY;
            let paid = !voided && paid_at < w.now && !rng.chance(0.03);
            w.insert(draft!("Invoices" {
                companyID: company, invoiceNumber: format!("INV-{number}"), invoiceDateTime: day, createDateTime: At(created), dueDate: due,
                fromDate: month.checked_sub_months(Months::new(1)).unwrap_or(month), toDate: month.pred_opt().unwrap_or(month), invoiceTotal: total,
                totalTaxValue: 0.0, isVoided: voided, voidedDate: voided.then_some(At((created + 2 * DAY).min(w.now))),
                voidedByResourceID: voided.then_some(w.staff.manager), paidDate: paid.then(|| At(midnight(w.calendar.date(paid_at)))), paymentTerm: 3,
                batchID: batch, creatorResourceID: w.staff.manager, invoiceStatus: 0, webServiceDate: Cell::Null, comments: ""
            }))
        });
        for item in items {
            w.insert(item.draft.set("invoiceID", invoice));
        }
    }
}
