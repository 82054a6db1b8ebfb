//! People, their roles, hours and days off; and the time they enter.
#![allow(clippy::wildcard_imports, reason = "a declaration reads as a list of fields")]

use super::{Deletes, Entity, Refresh, Right, Rule, Slice, column::*};

/// People: collection `Resources`.
pub const RESOURCES: Entity = Entity {
    name: "Resources",
    table: "resources",
    label: "People",
    right: Right { tab: "Admin", row: "Resources / Users (HR): View" },
    order: 1,
    slices: &[Slice { name: "everything", rule: Rule::All }],
    refresh: Refresh::Sweep { hours: 1 },
    deletes: Deletes::Sweep,
    user_defined_fields: false,
    columns: &[
        text("accountingReferenceID"),
        text("dateFormat"),
        link("defaultServiceDeskRoleID", "Role"),
        text("email"),
        text("email2"),
        text("email3"),
        text("emailTypeCode"),
        text("emailTypeCode2"),
        text("emailTypeCode3"),
        text("firstName"),
        text("gender"),
        pick("greeting"),
        date("hireDate"),
        text("homePhone"),
        text("initials"),
        num("internalCost"),
        flag("isActive"),
        text("lastName"),
        pick("licenseType"),
        pick("locationID"),
        text("middleName"),
        text("mobilePhone"),
        text("numberFormat"),
        text("officeExtension"),
        text("officePhone"),
        text("payrollIdentifier"),
        pick("payrollType"),
        text("resourceType"),
        pick("suffix"),
        num("surveyResourceRating"),
        text("timeFormat"),
        text("title"),
        text("travelAvailabilityPct"),
        text("userName"),
        pick("userType"),
    ],
};

/// Departments: collection `Departments`.
pub const DEPARTMENTS: Entity = Entity {
    name: "Departments",
    table: "departments",
    label: "Departments",
    right: Right { tab: "Admin", row: "Resources / Users (HR): View" },
    order: 2,
    slices: &[Slice { name: "everything", rule: Rule::All }],
    refresh: Refresh::Sweep { hours: 24 },
    deletes: Deletes::Sweep,
    user_defined_fields: false,
    columns: &[
        text("description"),
        text("name"),
        text("number"),
        link("primaryLocationID", "BusinessLocation"),
    ],
};

/// Roles: collection `Roles`.
pub const ROLES: Entity = Entity {
    name: "Roles",
    table: "roles",
    label: "Roles",
    right: Right { tab: "Admin", row: "Resources / Users (HR): View" },
    order: 2,
    slices: &[Slice { name: "everything", rule: Rule::All }],
    refresh: Refresh::Sweep { hours: 24 },
    deletes: Deletes::Sweep,
    user_defined_fields: false,
    columns: &[
        text("description"),
        num("hourlyFactor"),
        num("hourlyRate"),
        flag("isActive"),
        flag("isExcludedFromNewContracts"),
        flag("isSystemRole"),
        text("name"),
        link("quoteItemDefaultTaxCategoryId", "TaxCategory"),
        int("roleType"),
    ],
};

/// Department roles: collection `ResourceRoleDepartments`.
pub const RESOURCE_ROLE_DEPARTMENTS: Entity = Entity {
    name: "ResourceRoleDepartments",
    table: "resource_role_departments",
    label: "Department roles",
    right: Right { tab: "Admin", row: "Resources / Users (HR): View" },
    order: 3,
    slices: &[Slice { name: "everything", rule: Rule::All }],
    refresh: Refresh::Sweep { hours: 24 },
    deletes: Deletes::Sweep,
    user_defined_fields: false,
    columns: &[
        link("departmentID", "Department"),
        flag("isActive"),
        flag("isDefault"),
        flag("isDepartmentLead"),
        link("resourceID", "Resource"),
        link("roleID", "Role"),
    ],
};

/// Service desk roles: collection `ResourceServiceDeskRoles`.
pub const RESOURCE_SERVICE_DESK_ROLES: Entity = Entity {
    name: "ResourceServiceDeskRoles",
    table: "resource_service_desk_roles",
    label: "Service desk roles",
    right: Right { tab: "Admin", row: "Resources / Users (HR): View" },
    order: 3,
    slices: &[Slice { name: "everything", rule: Rule::All }],
    refresh: Refresh::Sweep { hours: 24 },
    deletes: Deletes::Sweep,
    user_defined_fields: false,
    columns: &[flag("isActive"), flag("isDefault"), link("resourceID", "Resource"), link("roleID", "Role")],
};

/// Daily availability: collection `ResourceDailyAvailabilities`.
pub const RESOURCE_DAILY_AVAILABILITIES: Entity = Entity {
    name: "ResourceDailyAvailabilities",
    table: "resource_daily_availabilities",
    label: "Daily availability",
    right: Right { tab: "Admin", row: "Resources / Users (HR): View" },
    order: 3,
    slices: &[Slice { name: "everything", rule: Rule::All }],
    refresh: Refresh::Sweep { hours: 24 },
    deletes: Deletes::Sweep,
    user_defined_fields: false,
    columns: &[
        int("resourceID"),
        num("sundayAvailableHours"),
        num("mondayAvailableHours"),
        num("tuesdayAvailableHours"),
        num("wednesdayAvailableHours"),
        num("thursdayAvailableHours"),
        num("fridayAvailableHours"),
        num("saturdayAvailableHours"),
        num("weeklyBillableHoursGoal"),
        text("travelAvailability"),
    ],
};

/// Internal locations: collection `InternalLocations`.
pub const INTERNAL_LOCATIONS: Entity = Entity {
    name: "InternalLocations",
    table: "internal_locations",
    label: "Internal locations",
    right: Right { tab: "Admin", row: "Resources / Users (HR): View" },
    order: 3,
    slices: &[Slice { name: "everything", rule: Rule::All }],
    refresh: Refresh::Sweep { hours: 24 },
    deletes: Deletes::Sweep,
    user_defined_fields: false,
    columns: &[
        text("additionalAddressInfo"),
        text("address1"),
        text("address2"),
        text("city"),
        text("country"),
        pick("holidaySetId"),
        flag("isDefault"),
        text("name"),
        text("postalCode"),
        text("state"),
        text("timeZone"),
    ],
};

/// Holiday sets: collection `HolidaySets`.
pub const HOLIDAY_SETS: Entity = Entity {
    name: "HolidaySets",
    table: "holiday_sets",
    label: "Holiday sets",
    right: Right { tab: "Admin", row: "Resources / Users (HR): View" },
    order: 3,
    slices: &[Slice { name: "everything", rule: Rule::All }],
    refresh: Refresh::Sweep { hours: 24 },
    deletes: Deletes::Sweep,
    user_defined_fields: false,
    columns: &[text("holidaySetDescription"), text("holidaySetName")],
};

/// Holidays: collection `Holidays`.
pub const HOLIDAYS: Entity = Entity {
    name: "Holidays",
    table: "holidays",
    label: "Holidays",
    right: Right { tab: "Admin", row: "Resources / Users (HR): View" },
    order: 3,
    slices: &[Slice { name: "everything", rule: Rule::All }],
    refresh: Refresh::Sweep { hours: 24 },
    deletes: Deletes::Sweep,
    user_defined_fields: false,
    columns: &[date("holidayDate"), text("holidayName"), link("holidaySetID", "HolidaySet")],
};

/// Time off: collection `TimeOffRequests`.
pub const TIME_OFF_REQUESTS: Entity = Entity {
    name: "TimeOffRequests",
    table: "time_off_requests",
    label: "Time off",
    right: Right { tab: "Timesheets", row: "Time off requests: View All" },
    order: 37,
    slices: &[Slice { name: "everything", rule: Rule::All }],
    refresh: Refresh::Stamped { stamps: &["lastModifiedDateTime"], again: None },
    deletes: Deletes::Sweep,
    user_defined_fields: false,
    columns: &[
        time("approvedDateTime"),
        int("approveRejectResourceID"),
        int("createdByResourceID"),
        time("createDateTime"),
        time("endTime"),
        num("hours"),
        int("impersonatorApproveRejectResourceID"),
        int("lastModifiedByResourceID"),
        time("lastModifiedDateTime"),
        int("lastApprovedLevel"),
        text("reason"),
        text("rejectReason"),
        date("requestDate"),
        int("resourceID"),
        time("startTime"),
        int("status"),
        int("timeOffRequestType"),
    ],
};

/// Time entries: collection `TimeEntries`.
pub const TIME_ENTRIES: Entity = Entity {
    name: "TimeEntries",
    table: "time_entries",
    label: "Time entries",
    right: Right {
        tab: "Timesheets",
        row: "Can view non-billable time entries; Service Desk and Projects: View All",
    },
    order: 20,
    slices: &[
        Slice { name: "14 days", rule: Rule::Since("lastModifiedDateTime", 15) },
        Slice {
            name: "210 days",
            rule: Rule::Every(&[
                Rule::Since("lastModifiedDateTime", 211),
                Rule::Before("lastModifiedDateTime", 15),
            ]),
        },
        Slice { name: "history", rule: Rule::Before("lastModifiedDateTime", 211) },
    ],
    refresh: Refresh::Stamped { stamps: &["lastModifiedDateTime"], again: None },
    deletes: Deletes::Log(&["DeletedTicketActivityLogs", "DeletedTaskActivityLogs"]),
    user_defined_fields: false,
    columns: &[
        time("billingApprovalDateTime"),
        int("billingApprovalLevelMostRecent"),
        link("billingApprovalResourceID", "Resource"),
        link("billingCodeID", "BillingCode"),
        link("contractID", "Contract"),
        link("contractServiceBundleID", "ContractServiceBundle"),
        link("contractServiceID", "ContractService"),
        time("createDateTime"),
        int("creatorUserID"),
        date("dateWorked"),
        time("endDateTime"),
        num("hoursToBill"),
        num("hoursWorked"),
        link("impersonatorCreatorResourceID", "Resource"),
        link("impersonatorUpdaterResourceID", "Resource"),
        link("internalBillingCodeID", "BillingCode"),
        text("internalNotes"),
        flag("isInternalNotesVisibleToComanaged"),
        flag("isNonBillable"),
        time("lastModifiedDateTime"),
        int("lastModifiedUserID"),
        num("offsetHours"),
        link("resourceID", "Resource"),
        link("roleID", "Role"),
        flag("showOnInvoice"),
        time("startDateTime"),
        text("summaryNotes"),
        link("taskID", "Task"),
        link("ticketID", "Ticket"),
        pick("timeEntryType"),
    ],
};

pub(super) const ALL: &[&Entity] = &[
    &RESOURCES,
    &DEPARTMENTS,
    &ROLES,
    &RESOURCE_ROLE_DEPARTMENTS,
    &RESOURCE_SERVICE_DESK_ROLES,
    &RESOURCE_DAILY_AVAILABILITIES,
    &INTERNAL_LOCATIONS,
    &HOLIDAY_SETS,
    &HOLIDAYS,
    &TIME_OFF_REQUESTS,
    &TIME_ENTRIES,
];
