//! Tickets and what hangs on them.
#![allow(clippy::wildcard_imports, reason = "a declaration reads as a list of fields")]

use super::{Deletes, Entity, Refresh, Right, Rule, Slice, column::*};

/// Tickets: collection `Tickets`.
pub const TICKETS: Entity = Entity {
    name: "Tickets",
    table: "tickets",
    label: "Tickets",
    right: Right { tab: "Service Desk", row: "Tickets: View All" },
    order: 10,
    slices: &[
        Slice {
            name: "open and 14 days",
            rule: Rule::Any(&[Rule::NotEq("status", 5), Rule::Since("lastActivityDate", 15)]),
        },
        Slice {
            name: "210 days",
            rule: Rule::Every(&[
                Rule::Eq("status", 5),
                Rule::Since("lastActivityDate", 211),
                Rule::Before("lastActivityDate", 15),
            ]),
        },
        Slice {
            name: "history",
            rule: Rule::Every(&[Rule::Eq("status", 5), Rule::Before("lastActivityDate", 211)]),
        },
    ],
    refresh: Refresh::Stamped {
        stamps: &["lastActivityDate", "lastTrackedModificationDateTime"],
        again: None,
    },
    deletes: Deletes::Log(&["DeletedTicketLogs"]),
    user_defined_fields: true,
    columns: &[
        pick("apiVendorID"),
        link("assignedResourceID", "Resource"),
        link("assignedResourceRoleID", "Role"),
        link("billingCodeID", "BillingCode"),
        pick("changeApprovalBoard"),
        pick("changeApprovalStatus"),
        pick("changeApprovalType"),
        text("changeInfoField1"),
        text("changeInfoField2"),
        text("changeInfoField3"),
        text("changeInfoField4"),
        text("changeInfoField5"),
        link("companyID", "Company"),
        link("companyLocationID", "CompanyLocation"),
        link("completedByResourceID", "Resource"),
        time("completedDate"),
        link("configurationItemID", "ConfigurationItem"),
        link("contactID", "Contact"),
        link("contractID", "Contract"),
        link("contractServiceBundleID", "ContractServiceBundle"),
        link("contractServiceID", "ContractService"),
        time("createDate"),
        link("createdByContactID", "Contact"),
        link("creatorResourceID", "Resource"),
        pick("creatorType"),
        pick("currentServiceThermometerRating"),
        text("description"),
        time("dueDateTime"),
        num("estimatedHours"),
        text("externalID"),
        link("firstResponseAssignedResourceID", "Resource"),
        time("firstResponseDateTime"),
        time("firstResponseDueDateTime"),
        link("firstResponseInitiatingResourceID", "Resource"),
        num("hoursToBeScheduled"),
        link("impersonatorCreatorResourceID", "Resource"),
        flag("isAssignedToComanaged"),
        pick("issueType"),
        flag("isVisibleToComanaged"),
        time("lastActivityDate"),
        pick("lastActivityPersonType"),
        link("lastActivityResourceID", "Resource"),
        time("lastCustomerNotificationDateTime"),
        time("lastCustomerVisibleActivityDateTime"),
        time("lastTrackedModificationDateTime"),
        int("monitorID"),
        pick("monitorTypeID"),
        link("opportunityID", "Opportunity"),
        link("organizationalLevelAssociationID", "OrganizationalLevelAssociation"),
        pick("previousServiceThermometerRating"),
        pick("priority"),
        link("problemTicketId", "Ticket"),
        link("projectID", "Project"),
        text("purchaseOrderNumber"),
        pick("queueID"),
        text("resolution"),
        time("resolutionPlanDateTime"),
        time("resolutionPlanDueDateTime"),
        time("resolvedDateTime"),
        time("resolvedDueDateTime"),
        pick("rmaStatus"),
        pick("rmaType"),
        text("rmmAlertID"),
        flag("serviceLevelAgreementHasBeenMet"),
        pick("serviceLevelAgreementID"),
        num("serviceLevelAgreementPausedNextEventHours"),
        int("serviceThermometerTemperature"),
        pick("source"),
        pick("status"),
        pick("subIssueType"),
        pick("ticketCategory"),
        text("ticketNumber"),
        pick("ticketType"),
        text("title"),
    ],
};

/// Additional ticket resources: collection `TicketSecondaryResources`.
pub const TICKET_SECONDARY_RESOURCES: Entity = Entity {
    name: "TicketSecondaryResources",
    table: "ticket_secondary_resources",
    label: "Additional ticket resources",
    right: Right { tab: "Service Desk", row: "Tickets: View All" },
    order: 40,
    slices: &[Slice { name: "everything", rule: Rule::All }],
    refresh: Refresh::Sweep { hours: 24 },
    deletes: Deletes::Sweep,
    user_defined_fields: false,
    columns: &[link("resourceID", "Resource"), link("roleID", "Role"), link("ticketID", "Ticket")],
};

/// Ticket categories: collection `TicketCategories`.
pub const TICKET_CATEGORIES: Entity = Entity {
    name: "TicketCategories",
    table: "ticket_categories",
    label: "Ticket categories",
    right: Right { tab: "Admin", row: "Features: Application-wide (Shared)" },
    order: 2,
    slices: &[Slice { name: "everything", rule: Rule::All }],
    refresh: Refresh::Sweep { hours: 24 },
    deletes: Deletes::Sweep,
    user_defined_fields: false,
    columns: &[
        pick("displayColorRGB"),
        flag("isActive"),
        flag("isApiOnly"),
        flag("isGlobalDefault"),
        text("name"),
        text("nickname"),
    ],
};

/// SLA results: collection `ServiceLevelAgreementResults`.
pub const SERVICE_LEVEL_AGREEMENT_RESULTS: Entity = Entity {
    name: "ServiceLevelAgreementResults",
    table: "service_level_agreement_results",
    label: "SLA results",
    right: Right { tab: "Service Desk", row: "Tickets: View All" },
    order: 35,
    slices: &[Slice { name: "everything", rule: Rule::All }],
    refresh: Refresh::Children { parent: "Tickets", field: "ticketID", hours: 24 },
    deletes: Deletes::Sweep,
    user_defined_fields: false,
    columns: &[
        num("firstResponseElapsedHours"),
        link("firstResponseInitiatingResourceID", "Resource"),
        link("firstResponseResourceID", "Resource"),
        flag("isFirstResponseMet"),
        flag("isResolutionMet"),
        flag("isResolutionPlanMet"),
        num("resolutionElapsedHours"),
        num("resolutionPlanElapsedHours"),
        link("resolutionPlanResourceID", "Resource"),
        link("resolutionResourceID", "Resource"),
        text("serviceLevelAgreementName"),
        link("ticketID", "Ticket"),
    ],
};

/// Survey results: collection `SurveyResults`.
pub const SURVEY_RESULTS: Entity = Entity {
    name: "SurveyResults",
    table: "survey_results",
    label: "Survey results",
    right: Right { tab: "Admin", row: "Features: Surveys" },
    order: 38,
    slices: &[Slice { name: "everything", rule: Rule::All }],
    refresh: Refresh::Stamped { stamps: &["sendDate", "completeDate"], again: None },
    deletes: Deletes::Sweep,
    user_defined_fields: false,
    columns: &[
        link("companyID", "Company"),
        num("companyRating"),
        time("completeDate"),
        link("contactID", "Contact"),
        num("contactRating"),
        num("resourceRating"),
        time("sendDate"),
        link("surveyID", "Survey"),
        num("surveyRating"),
        link("ticketID", "Ticket"),
    ],
};

/// Surveys: collection `Surveys`.
pub const SURVEYS: Entity = Entity {
    name: "Surveys",
    table: "surveys",
    label: "Surveys",
    right: Right { tab: "Admin", row: "Features: Surveys" },
    order: 3,
    slices: &[Slice { name: "everything", rule: Rule::All }],
    refresh: Refresh::Sweep { hours: 24 },
    deletes: Deletes::Sweep,
    user_defined_fields: false,
    columns: &[text("description"), text("displayName"), text("name")],
};

/// Service calls: collection `ServiceCalls`.
pub const SERVICE_CALLS: Entity = Entity {
    name: "ServiceCalls",
    table: "service_calls",
    label: "Service calls",
    right: Right { tab: "Service Desk", row: "Service Calls: View All" },
    order: 30,
    slices: &[
        Slice { name: "210 days", rule: Rule::Since("startDateTime", 211) },
        Slice { name: "history", rule: Rule::Before("startDateTime", 211) },
    ],
    refresh: Refresh::Stamped { stamps: &["lastModifiedDateTime"], again: None },
    deletes: Deletes::Sweep,
    user_defined_fields: false,
    columns: &[
        num("cancelationNoticeHours"),
        int("canceledByResourceID"),
        time("canceledDateTime"),
        link("companyID", "Company"),
        link("companyLocationID", "CompanyLocation"),
        time("createDateTime"),
        int("creatorResourceID"),
        text("description"),
        num("duration"),
        time("endDateTime"),
        link("impersonatorCreatorResourceID", "Resource"),
        int("isComplete"),
        time("lastModifiedDateTime"),
        time("startDateTime"),
        pick("status"),
    ],
};

/// Service call tickets: collection `ServiceCallTickets`.
pub const SERVICE_CALL_TICKETS: Entity = Entity {
    name: "ServiceCallTickets",
    table: "service_call_tickets",
    label: "Service call tickets",
    right: Right { tab: "Service Desk", row: "Service Calls: View All" },
    order: 31,
    slices: &[Slice { name: "everything", rule: Rule::All }],
    refresh: Refresh::Children { parent: "ServiceCalls", field: "serviceCallID", hours: 24 },
    deletes: Deletes::Sweep,
    user_defined_fields: false,
    columns: &[link("serviceCallID", "ServiceCall"), link("ticketID", "Ticket")],
};

/// Service call resources: collection `ServiceCallTicketResources`.
pub const SERVICE_CALL_TICKET_RESOURCES: Entity = Entity {
    name: "ServiceCallTicketResources",
    table: "service_call_ticket_resources",
    label: "Service call resources",
    right: Right { tab: "Service Desk", row: "Service Calls: View All" },
    order: 32,
    slices: &[Slice { name: "everything", rule: Rule::All }],
    refresh: Refresh::Sweep { hours: 1 },
    deletes: Deletes::Sweep,
    user_defined_fields: false,
    columns: &[link("resourceID", "Resource"), link("serviceCallTicketID", "ServiceCallTicket")],
};

/// Service call tasks: collection `ServiceCallTasks`.
pub const SERVICE_CALL_TASKS: Entity = Entity {
    name: "ServiceCallTasks",
    table: "service_call_tasks",
    label: "Service call tasks",
    right: Right { tab: "Service Desk", row: "Service Calls: View All" },
    order: 33,
    slices: &[Slice { name: "everything", rule: Rule::All }],
    refresh: Refresh::Children { parent: "ServiceCalls", field: "serviceCallID", hours: 24 },
    deletes: Deletes::Sweep,
    user_defined_fields: false,
    columns: &[link("serviceCallID", "ServiceCall"), link("taskID", "Task")],
};

/// Service call task resources: collection `ServiceCallTaskResources`.
pub const SERVICE_CALL_TASK_RESOURCES: Entity = Entity {
    name: "ServiceCallTaskResources",
    table: "service_call_task_resources",
    label: "Service call task resources",
    right: Right { tab: "Service Desk", row: "Service Calls: View All" },
    order: 34,
    slices: &[Slice { name: "everything", rule: Rule::All }],
    refresh: Refresh::Sweep { hours: 1 },
    deletes: Deletes::Sweep,
    user_defined_fields: false,
    columns: &[link("resourceID", "Resource"), link("serviceCallTaskID", "ServiceCallTask")],
};

/// Deleted tickets: collection `DeletedTicketLogs`.
pub const DELETED_TICKET_LOGS: Entity = Entity {
    name: "DeletedTicketLogs",
    table: "deleted_ticket_logs",
    label: "Deleted tickets",
    right: Right { tab: "Admin", row: "Features: Service Desk / Projects & Tasks" },
    order: 60,
    slices: &[Slice { name: "everything", rule: Rule::All }],
    refresh: Refresh::Stamped { stamps: &["deletedDateTime"], again: None },
    deletes: Deletes::Never,
    user_defined_fields: false,
    columns: &[
        link("ticketID", "Ticket"),
        text("ticketNumber"),
        text("ticketTitle"),
        link("deletedByResourceID", "Resource"),
        time("deletedDateTime"),
    ],
};

/// Deleted ticket activity: collection `DeletedTicketActivityLogs`.
pub const DELETED_TICKET_ACTIVITY_LOGS: Entity = Entity {
    name: "DeletedTicketActivityLogs",
    table: "deleted_ticket_activity_logs",
    label: "Deleted ticket activity",
    right: Right { tab: "Admin", row: "Features: Service Desk / Projects & Tasks" },
    order: 61,
    slices: &[Slice { name: "everything", rule: Rule::All }],
    refresh: Refresh::Stamped { stamps: &["deletedDateTime"], again: None },
    deletes: Deletes::Never,
    user_defined_fields: false,
    columns: &[
        pick("typeID"),
        link("ticketID", "Ticket"),
        text("ticketNumber"),
        text("noteOrAttachmentTitle"),
        link("createdByResourceID", "Resource"),
        time("activityDateTime"),
        time("startDateTime"),
        time("endDateTime"),
        num("hoursWorked"),
        link("deletedByResourceID", "Resource"),
        time("deletedDateTime"),
    ],
};

/// Deleted task activity: collection `DeletedTaskActivityLogs`.
pub const DELETED_TASK_ACTIVITY_LOGS: Entity = Entity {
    name: "DeletedTaskActivityLogs",
    table: "deleted_task_activity_logs",
    label: "Deleted task activity",
    right: Right { tab: "Admin", row: "Features: Service Desk / Projects & Tasks" },
    order: 62,
    slices: &[Slice { name: "everything", rule: Rule::All }],
    refresh: Refresh::Stamped { stamps: &["deletedDateTime"], again: None },
    deletes: Deletes::Never,
    user_defined_fields: false,
    columns: &[
        pick("typeID"),
        link("taskID", "Task"),
        text("taskNumber"),
        text("noteOrAttachmentTitle"),
        link("createdByResourceID", "Resource"),
        time("activityDateTime"),
        time("startDateTime"),
        time("endDateTime"),
        num("hoursWorked"),
        link("deletedByResourceID", "Resource"),
        time("deletedDateTime"),
    ],
};

pub(super) const ALL: &[&Entity] = &[
    &TICKETS,
    &TICKET_SECONDARY_RESOURCES,
    &TICKET_CATEGORIES,
    &SERVICE_LEVEL_AGREEMENT_RESULTS,
    &SURVEY_RESULTS,
    &SURVEYS,
    &SERVICE_CALLS,
    &SERVICE_CALL_TICKETS,
    &SERVICE_CALL_TICKET_RESOURCES,
    &SERVICE_CALL_TASKS,
    &SERVICE_CALL_TASK_RESOURCES,
    &DELETED_TICKET_LOGS,
    &DELETED_TICKET_ACTIVITY_LOGS,
    &DELETED_TASK_ACTIVITY_LOGS,
];
