//! Client companies, their people and places.

use super::World;
use super::cell::{At, DAY, HOUR, MINUTE, draft};
use super::text::{CITIES, FIRST_NAMES, LAST_NAMES, company, phone, slug, street};

/// A client company, with what tickets and contracts need to know of it.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) id: u32,
    /// Share of the ticket volume; the provider itself is the first client.
    pub(crate) weight: f64,
    pub(crate) seats: i64,
    pub(crate) owner: u32,
    pub(crate) contacts: Vec<u32>,
    pub(crate) location: u32,
    pub(crate) items: Vec<u32>,
    pub(crate) servers: Vec<u32>,
    /// The recurring agreement, and its service level.
    pub(crate) agreement: Option<(u32, i64)>,
    /// A contract of prepaid hours, or time and materials.
    pub(crate) hourly: Option<u32>,
    pub(crate) is_customer: bool,
}

pub(crate) fn fill(w: &mut World) {
    let mut rng = w.rng(21);
    let founded = w.start() - 1_500 * DAY;
    let now = w.now;
    let name = w.config.company_name.clone();
    w.insert(draft!("Companies" {
        id: 0, companyName: name, companyType: 1, isActive: true, ownerResourceID: w.staff.manager,
        phone: "(617) 555-0100", address1: "14 Harbor Rd", city: "Boston", state: "MA", postalCode: "02110",
        countryID: 237, currencyID: 1, createDate: At(founded), lastActivityDate: At(now - 2 * HOUR),
        lastTrackedModifiedDateTime: At(now - 40 * DAY), companyCategoryID: 1, webAddress: "https://northwind-msp.example"
    }));
    let mut id: u32 = 174;
    let mut contact: u32 = 30_000_000;
    for nth in 0..=w.scale.companies {
        let owner = w.staff.sales[nth % w.staff.sales.len()];
        let (name, industry) = company(nth);
        let city = CITIES[nth % CITIES.len()];
        let is_own = nth == 0;
        if !is_own {
            id += 1 + u32::try_from(rng.below(4)).unwrap_or(0);
        }
        // The last tenth are prospects, vendors and former clients.
        let is_customer = !is_own && nth * 10 <= w.scale.companies * 9;
        let seats = if is_own {
            12
        } else {
            super::cell::whole(rng.log_normal(w.scale.contacts as f64 * 2.2, 0.7)).clamp(3, 900)
        };
        let company_id = if is_own { 0 } else { id };
        let created = founded + rng.between(0, 1_400) * DAY;
        if !is_own {
            let kind = if is_customer { 1 } else { [3, 7, 6][nth % 3] };
            let classification = match seats {
                60.. => 201,
                20..60 => 202,
                _ if nth % 13 == 5 => 204,
                _ => 203,
            };
            let parent = (nth == 9).then(|| i64::from(w.clients[4].id));
            w.insert(
                draft!("Companies" {
                    id: id, companyName: name.as_str(), companyType: kind, isActive: kind != 6, ownerResourceID: owner,
                    phone: phone(&mut rng), address1: street(&mut rng), city: city.0, state: city.1, postalCode: city.2,
                    countryID: 237, currencyID: 1, companyNumber: format!("C{:05}", 10_000 + nth), parentCompanyID: parent,
                    classification: classification, marketSegmentID: [1, 2, 3, 4, 6][industry],
                    territoryID: [1, 2, 4][nth % 3], createDate: At(created), companyCategoryID: 1,
                    lastActivityDate: At(if is_customer { now - rng.between(1, 40) * 6 * HOUR } else { now - rng.between(60, 300) * DAY }),
                    lastTrackedModifiedDateTime: At(now - rng.between(5, 200) * DAY), createdByResourceID: owner,
                    webAddress: format!("https://{}.example", slug(&name)), isClientPortalActive: is_customer,
                    isTaxExempt: industry == 3, isTaskFireActive: false,
                    surveyCompanyRating: is_customer.then(|| (rng.span(70.0, 99.0) * 10.0).round() / 10.0),
                    isEnabledForComanaged: false, isSample: false, invoiceTemplateID: 102
                })
                .udf("Industry", Some(["Legal", "Healthcare", "Manufacturing", "Non-profit", "Retail"][industry].into()))
                .udf("Seats", is_customer.then(|| seats.to_string()))
                .udf("Onboarded On", is_customer.then(|| {
                    let mut text = String::new();
                    super::cell::write_time(&mut text, super::cell::midnight(w.calendar.date(created)));
                    text
                })),
            );
        }
        let location = u32::try_from(w.insert(draft!("CompanyLocations" {
            companyID: company_id, name: "Main Office", address1: street(&mut rng), city: city.0, state: city.1,
            postalCode: city.2, countryID: 237, isActive: true, isPrimary: true, isTaxExempt: false, phone: phone(&mut rng)
        }))).unwrap_or(0);
        if seats > 40 {
            w.insert(draft!("CompanyLocations" {
                companyID: company_id, name: "Warehouse", city: city.0, state: city.1, countryID: 237, isActive: true,
                isPrimary: false, isTaxExempt: false
            }));
        }
        if !is_own {
            w.insert(draft!("CompanyTeams" { companyID: company_id, resourceID: owner, isAssociatedAsComanaged: false }));
        }
        let mut contacts = Vec::new();
        let people =
            if is_own { 0 } else { (seats * w.scale.contacts / (w.scale.contacts * 2)).clamp(2, 150) };
        for at in 0..people {
            contact += 1 + u32::from(rng.chance(0.15));
            let first = *rng.pick(FIRST_NAMES);
            let last = *rng.pick(LAST_NAMES);
            let active = i64::from(!rng.chance(0.09));
            let modified = now - rng.between(1, 600) * DAY - rng.between(0, 600) * MINUTE;
            let shown = match contact % 211 {
                7 => "D\u{2019}Artagnan \u{1f98a}",
                19 => "\u{674e}\u{5c0f}\u{9f99}",
                _ => last,
            };
            w.insert(
                draft!("Contacts" {
                    id: contact, companyID: company_id, firstName: first, lastName: shown, isActive: active,
                    emailAddress: if at % 17 == 16 { String::new() } else {
                        format!("{}.{}@{}.example", slug(first), slug(last), slug(&name))
                    },
                    phone: phone(&mut rng), mobilePhone: rng.chance(0.5).then(|| phone(&mut rng)), primaryContact: at == 0,
                    billingContact: at == 1, companyLocationID: location, countryID: 237, city: city.0, state: city.1,
                    title: *rng.pick(&["Office Manager", "Partner", "Accountant", "Assistant", "Operations Lead", "Director"]),
                    createDate: At(created + rng.between(0, 300) * DAY), lastModifiedDate: At(modified),
                    lastActivityDate: At((modified + rng.between(0, 30) * DAY).min(now - HOUR)),
                    receivesEmailNotifications: true, solicitationOptOut: false, surveyOptOut: rng.chance(0.05),
                    isOptedOutFromBulkEmail: false
                })
                .udf("VIP", Some(if at == 0 { "Yes" } else { "No" }.into())),
            );
            if active == 1 {
                contacts.push(contact);
            }
        }
        if is_customer || is_own {
            crm_notes(w, &mut rng, company_id, owner, contacts.first().copied());
        }
        w.clients.push(Client {
            id: company_id,
            weight: if is_own { 0.0 } else { seats as f64 * rng.span(0.5, 1.6) },
            seats,
            owner,
            contacts,
            location,
            items: Vec::new(),
            servers: Vec::new(),
            agreement: None,
            hourly: None,
            is_customer,
        });
    }
    let total: f64 = w.clients.iter().filter(|client| client.is_customer).map(|client| client.weight).sum();
    w.clients[0].weight = total * 0.03;
}

/// Calls, mails and meetings that account managers note, and what they plan next.
fn crm_notes(w: &mut World, rng: &mut crate::rng::Rng, company: u32, owner: u32, contact: Option<u32>) {
    let now = w.now;
    let mut at = w.start() + rng.between(0, 60) * DAY;
    // A client in eight has not been called for months.
    let last = if rng.chance(0.12) { now - rng.between(100, 260) * DAY } else { now };
    while at < last {
        let day = w.calendar.midnight(w.calendar.date(at));
        let start = day + (9 + rng.between(0, 7)) * HOUR + rng.between(0, 11) * 5 * MINUTE;
        let (name, note) = *rng.pick(&[
            ("Check-in call", "Talked about open tickets and the next quarter."),
            ("Business review", "Walked through the report; two machines to replace."),
            ("Follow-up", "Sent the proposal again & asked for a \"yes\" by Friday."),
            ("Renewal", "Agreement renewal discussed."),
        ]);
        if start < now {
            w.insert(draft!("CompanyNotes" {
                companyID: company, assignedResourceID: owner, contactID: contact, name: name, note: note,
                actionType: *rng.pick(&[1, 1, 2, 2, 3, 5, 6]), startDateTime: At(start), endDateTime: At(start + 30 * MINUTE),
                completedDateTime: At((start + 30 * MINUTE).min(now)), createDateTime: At(start), lastModifiedDate: At((start + 35 * MINUTE).min(now))
            }));
        }
        at += rng.between(8, 45) * DAY;
    }
    let due = now + rng.between(-10, 25) * DAY;
    let done = due < now - 4 * DAY;
    w.insert(draft!("CompanyToDos" {
        companyID: company, assignedToResourceID: owner, contactID: contact, actionType: 1,
        activityDescription: "Plan the next business review", startDateTime: At(due), endDateTime: At(due + HOUR),
        completedDate: done.then_some(At(due + 2 * HOUR)), createDateTime: At(now - 40 * DAY), creatorResourceID: owner,
        lastModifiedDate: At(if done { due + 2 * HOUR } else { now - 30 * DAY })
    }));
}
