//! Small collections that other rows refer to.

use chrono::Datelike;

use super::cell::{At, DAY, draft};
use super::picklists::{UDFS, choices};
use super::{World, calendar};

/// Work types and other billing codes that the generator names.
pub(crate) mod code {
    pub(crate) const REMOTE: u32 = 29_682_801;
    pub(crate) const ONSITE: u32 = 29_682_802;
    pub(crate) const PROJECT: u32 = 29_682_803;
    pub(crate) const AFTER_HOURS: u32 = 29_682_804;
    pub(crate) const RECURRING: u32 = 29_682_811;
    pub(crate) const MATERIAL: u32 = 29_682_812;
    pub(crate) const MEETING: u32 = 3;
    pub(crate) const TRAINING: u32 = 4;
    pub(crate) const ADMINISTRATION: u32 = 5;
    pub(crate) const VACATION: u32 = 6;
}

/// Role ids.
pub(crate) mod role {
    pub(crate) const LEVEL_ONE: u32 = 29_682_833;
    pub(crate) const LEVEL_TWO: u32 = 29_682_834;
    pub(crate) const PROJECT: u32 = 29_682_835;
    pub(crate) const MANAGER: u32 = 29_682_836;
    pub(crate) const SALES: u32 = 29_682_837;
}

/// The hourly rate of a role, in the provider's currency.
pub(crate) const fn hourly_rate(role: u32) -> f64 {
    match role {
        role::LEVEL_ONE => 135.0,
        role::LEVEL_TWO => 165.0,
        role::PROJECT => 185.0,
        _ => 150.0,
    }
}

pub(crate) fn fill(w: &mut World) {
    let founded = At(w.start() - 900 * DAY);
    for (id, name, factor, active) in [
        (role::LEVEL_ONE, "Technician Level 1", 1.0, true),
        (role::LEVEL_TWO, "Technician Level 2", 1.2, true),
        (role::PROJECT, "Project Engineer", 1.4, true),
        (role::MANAGER, "Service Manager", 1.2, true),
        (role::SALES, "Account Manager", 1.0, true),
        (role::SALES + 1, "Web Designer", 1.0, false),
    ] {
        w.insert(draft!("Roles" {
            id: id, name: name, hourlyRate: hourly_rate(id), hourlyFactor: factor, isActive: active,
            isExcludedFromNewContracts: false, isSystemRole: false, roleType: 1
        }));
    }
    for choice in choices("Tasks", "departmentID") {
        w.insert(
            draft!("Departments" { name: choice.label, description: "", primaryLocationID: 1 })
                .set("id", choice.value.parse::<i64>().ok()),
        );
    }
    for (id, name, use_type, price, active) in [
        (code::REMOTE, "Remote Support", 1, 0.0, true),
        (code::ONSITE, "Onsite Support", 1, 0.0, true),
        (code::PROJECT, "Project Work", 1, 0.0, true),
        (code::AFTER_HOURS, "After Hours Support", 1, 0.0, true),
        (code::AFTER_HOURS + 1, "Web Design", 1, 0.0, false),
        (code::RECURRING, "Managed Services", 5, 0.0, true),
        (code::MATERIAL, "Hardware & Software", 4, 0.0, true),
        (code::MEETING, "Internal Meeting", 2, 0.0, true),
        (code::TRAINING, "Training", 2, 0.0, true),
        (code::ADMINISTRATION, "Administration", 2, 0.0, true),
        (code::VACATION, "Vacation", 2, 0.0, true),
    ] {
        w.insert(draft!("BillingCodes" {
            id: id, name: name, useType: use_type, billingCodeType: 0, isActive: active, unitCost: 0.0,
            unitPrice: price, isExcludedFromNewContracts: false
        }));
    }
    for choice in choices("Tickets", "ticketCategory") {
        w.insert(
            draft!("TicketCategories" {
                name: choice.label, isActive: choice.active, isGlobalDefault: choice.default, displayColorRGB: 1,
                isApiOnly: false, nickname: choice.label
            })
            .set("id", choice.value.parse::<i64>().ok()),
        );
    }
    for choice in choices("Companies", "classification") {
        w.insert(
            draft!("ClassificationIcons" {
                name: choice.label, description: choice.label, isActive: choice.active, isSystem: false,
                relativeUrl: "/graphics/icons/classification.png"
            })
            .set("id", choice.value.parse::<i64>().ok()),
        );
    }
    for choice in choices("CompanyNotes", "actionType") {
        w.insert(
            draft!("ActionTypes" { name: choice.label, isActive: choice.active, isSystemActionType: choice.system, view: 1 })
                .set("id", choice.value.parse::<i64>().ok()),
        );
    }
    for choice in choices("ConfigurationItems", "configurationItemType") {
        w.insert(
            draft!("ConfigurationItemTypes" { name: choice.label, isActive: choice.active })
                .set("id", choice.value.parse::<i64>().ok()),
        );
    }
    w.insert(draft!("ConfigurationItemCategories" {
        id: 1, name: "Standard", isActive: true, isGlobalDefault: true, isClientPortalDefault: true, displayColorRGB: 1
    }));
    w.insert(draft!("CompanyCategories" {
        id: 1, name: "Standard", nickname: "Std", isActive: true, isApiOnly: false, isGlobalDefault: true, displayColorRGB: 1
    }));
    for (id, iso, name, symbol, rate, internal) in [
        (1, "USD", "US Dollar", 1, 1.0, true),
        (2, "EUR", "Euro", 2, 1.08, false),
        (4, "GBP", "Pound Sterling", 3, 1.27, false),
    ] {
        w.insert(draft!("Currencies" {
            id: id, name: iso, description: name, displaySymbol: symbol,
            exchangeRate: rate, isActive: true, isInternalCurrency: internal, currencyPositiveFormat: "$1.1",
            currencyNegativeFormat: "($1.1)", lastModifiedDateTime: founded
        }));
    }
    for (id, name, country_code, default) in [
        (40, "Canada", "CA", false),
        (77, "Germany", "DE", false),
        (101, "Ireland", "IE", false),
        (231, "United Kingdom", "GB", false),
        (237, "United States", "US", true),
    ] {
        w.insert(draft!("Countries" {
            id: id, name: name, displayName: name, countryCode: country_code, addressFormatID: 1, isActive: true,
            isDefaultCountry: default, invoiceTemplateID: 102
        }));
    }
    w.insert(draft!("InternalLocations" {
        id: 1, name: "Boston", address1: "14 Harbor Rd", city: "Boston", state: "MA", postalCode: "02110",
        country: "United States", isDefault: true, holidaySetId: 1, timeZone: w.config.time_zone.name()
    }));
    w.insert(draft!("InternalLocations" {
        id: 2, name: "Portland", city: "Portland", state: "ME", postalCode: "04101", country: "United States",
        isDefault: false, holidaySetId: 1, timeZone: w.config.time_zone.name()
    }));
    w.insert(draft!("HolidaySets" { id: 1, holidaySetName: "US Holidays", holidaySetDescription: "Public holidays" }));
    let year = w.today().year();
    for year in year - 2..=year + 1 {
        for (date, name) in calendar::holidays(year) {
            w.insert(draft!("Holidays" { holidayDate: date, holidayName: name, holidaySetID: 1 }));
        }
    }
    for (id, name, days) in
        [(1, "Due on receipt", 0), (2, "Net 15", 15), (3, "Net 30", 30), (4, "Net 60", 60)]
    {
        w.insert(draft!("PaymentTerms" { id: id, name: name, description: name, isActive: id != 4, paymentDueInDays: days }));
    }
    for (id, one, two) in [(1, 1, 1), (2, 1, 2)] {
        w.insert(draft!("OrganizationalLevelAssociations" {
            id: id, isActive: true, organizationalLevel1ID: one, organizationalLevel2ID: two
        }));
    }
    for (id, name) in [(1, "Ticket closed"), (3, "Yearly relationship")] {
        w.insert(draft!("Surveys" { id: id, name: name, displayName: name, description: "How did we do?" }));
    }
    for (id, label) in [(1, "vip"), (2, "recurring-problem"), (4, "needs-documentation")] {
        w.insert(draft!("Tags" {
            id: id, label: label, isActive: true, isSystem: false, isExcludedFromAutomaticTagging: false,
            createDateTime: founded, lastModifiedDateTime: founded
        }));
    }
    for (order, udf) in (1_i64..).zip(UDFS) {
        let kind = match (udf.kind, udf.choices.is_empty()) {
            ("double", _) => 2,
            ("datetime", _) => 3,
            (_, false) => 4,
            _ => 1,
        };
        let of = match udf.entity {
            "Companies" => 1,
            "Contacts" => 2,
            "Opportunities" => 3,
            "ConfigurationItems" => 5,
            "Projects" => 6,
            _ => 8,
        };
        w.insert(draft!("UserDefinedFieldDefinitions" {
            id: 29_682_770 + order, name: udf.name, dataType: kind, udfType: of, isActive: true, isRequired: false,
            isPrivate: false, isProtected: false, isEncrypted: false, isVisibleToClientPortal: false,
            sortOrder: order, createDate: founded
        }));
    }
}
