//! Opportunities, quotes with their items, and sales orders.

use super::World;
use super::cell::{At, DAY, HOUR, draft, midnight};
use super::contracts::SERVICES;

const TITLES: &[(&str, i64)] = &[
    ("Managed services agreement", 2),
    ("Hardware refresh", 4),
    ("Server project", 5),
    ("Security add-on", 2),
    ("New office network", 5),
    ("Additional seats", 2),
];

pub(crate) fn fill(w: &mut World) {
    let mut rng = w.rng(81);
    let total = w.scale.opportunities;
    let mut quote_number = 1_000;
    for nth in 0..total {
        let client = &w.clients[1 + rng.index(w.clients.len() - 1)];
        let (company, owner, contact) = (client.id, client.owner, client.contacts.first().copied());
        let (title, category) = *rng.pick(TITLES);
        let created = w.start() + 730 * DAY / total * nth + rng.between(0, 9) * HOUR + 3 * HOUR;
        let created = created.min(w.now - HOUR);
        let cycle = super::cell::whole(rng.log_normal(38.0, 0.6)).clamp(3, 260);
        let decided = created + cycle * DAY + rng.between(0, 8) * HOUR;
        let monthly = if category == 2 { (rng.log_normal(900.0, 0.7) / 10.0).round() * 10.0 } else { 0.0 };
        let onetime =
            if category == 2 { 500.0 } else { (rng.log_normal(6_500.0, 0.8) / 50.0).round() * 50.0 };
        let months = if monthly > 0.0 { 12 } else { 1 };
        let amount = onetime + monthly * 12.0;
        let cost = (onetime * 0.72 + monthly * 12.0 * 0.35).round();
        let closed = decided <= w.now && !rng.chance(0.04);
        let won = closed && rng.chance(0.46);
        let parked = !closed && rng.chance(0.08);
        let progress = ((w.now - created) as f64 / (cycle * DAY) as f64).min(1.0);
        let (status, stage, probability) = if won {
            (if rng.chance(0.3) { 4 } else { 3 }, 24, 100)
        } else if closed {
            (2, 25, 0)
        } else if parked {
            (0, 16, 10)
        } else {
            let step = super::cell::whole(progress * 3.99).clamp(0, 3);
            (
                1,
                [16, 17, 21, 19][usize::try_from(step).unwrap_or(0)],
                [20, 40, 60, 80][usize::try_from(step).unwrap_or(0)],
            )
        };
        let activity = if closed {
            decided
        } else {
            (w.now - super::cell::whole(rng.log_normal(5.0, 1.0)).min(120) * DAY).max(created)
        };
        let expected = midnight(w.calendar.date(created + (cycle + rng.between(-10, 15)) * DAY));
        let id = w.insert(
            draft!("Opportunities" {
                companyID: company, contactID: contact, ownerResourceID: owner, title: title, amount: amount, cost: cost, probability: probability,
                status: status, stage: stage, rating: rng.between(1, 3), leadSource: *rng.pick(&[1, 1, 2, 4, 4, 4, 5, 7]), createDate: At(created),
                startDate: At(midnight(w.calendar.date(created))), projectedCloseDate: At(if closed { midnight(w.calendar.date(decided)) } else { expected }),
                closedDate: won.then_some(At(decided)), lostDate: (closed && !won).then_some(At(decided)), lastActivity: At(activity.min(w.now)),
                onetimeRevenue: onetime, onetimeCost: (onetime * 0.72_f64).round(), monthlyRevenue: monthly, monthlyCost: (monthly * 0.35).round(),
                quarterlyRevenue: 0.0, quarterlyCost: 0.0, semiannualRevenue: 0.0, semiannualCost: 0.0, yearlyRevenue: 0.0, yearlyCost: 0.0,
                totalAmountMonths: months, revenueSpread: 1, revenueSpreadUnit: "m", useQuoteTotals: false, opportunityCategoryID: category,
                lossReason: (closed && !won).then(|| *rng.pick(&[1, 1, 2, 3, 5])), winReason: won.then(|| *rng.pick(&[1, 2, 4])),
                primaryCompetitor: rng.chance(0.4).then(|| rng.between(1, 3)), nextStep: if closed { "" } else { "Call back" },
                creatorResourceID: owner, organizationalLevelAssociationID: 1
            })
            .udf("Decision Maker", rng.chance(0.5).then(|| "Managing partner".into())),
        );
        let quoted = created + cycle * DAY / 2;
        if quoted < w.now && rng.chance(0.75) {
            quote_number += 1;
            let quote = w.insert(draft!("Quotes" {
                opportunityID: id, companyID: company, contactID: contact, name: format!("{title} quote"), quoteNumber: quote_number,
                effectiveDate: At(midnight(w.calendar.date(quoted))), expirationDate: At(midnight(w.calendar.date(quoted + 45 * DAY))), isActive: !closed || won, primaryQuote: true,
                createDate: At(quoted), lastActivityDate: At(if closed { decided } else { quoted }), creatorResourceID: owner, lastModifiedBy: owner,
                approvalStatus: 1, extApprovalContactResponse: won.then_some(1), extApprovalResponseDate: won.then_some(At(decided)),
                billToLocationID: 1, shipToLocationID: 1, soldToLocationID: 1, paymentTerm: 3, calculateTaxSeparately: false, showEachTaxInGroup: false,
                showTaxCategory: false
            }));
            let mut order = 0;
            for _ in 0..rng.between(1, 4) {
                order += 1;
                let base = draft!("QuoteItems" {
                    quoteID: quote, isOptional: false, isTaxable: true, lineDiscount: 0.0, unitDiscount: 0.0, percentageDiscount: 0.0, sortOrderID: order
                });
                let quantity = rng.between(1, 12);
                w.insert(if category == 2 {
                    let &(service, name, price, unit_cost) = rng.pick(SERVICES);
                    base.set("quoteItemType", 11)
                        .set("serviceID", service)
                        .set("name", name)
                        .set("unitPrice", price)
                        .set("unitCost", unit_cost)
                        .set("quantity", quantity)
                        .set("periodType", 2)
                } else {
                    base.set("quoteItemType", 1)
                        .set("productID", 501 + rng.between(0, 6))
                        .set("name", "Hardware")
                        .set("unitPrice", 890.0)
                        .set("unitCost", 705.0)
                        .set("quantity", quantity)
                        .set("periodType", 1)
                });
            }
        }
        if let (true, Some(contact)) = (won, contact) {
            let order = w.insert(draft!("SalesOrders" {
                opportunityID: id, companyID: company, contactID: contact, ownerResourceID: owner, title: title, status: if decided < w.now - 30 * DAY { 3 } else { 1 },
                salesOrderDate: At(midnight(w.calendar.date(decided))), billToCountryID: 237, shipToCountryID: 237
            }));
            w.change("Opportunities", id, &[("salesOrderID", order.into())]);
        }
    }
}
