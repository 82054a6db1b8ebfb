//! The tenant's value lists, and its user-defined fields.
//!
//! Values are strings here and numbers in the rows, as in the real service. Lists have gaps, an order that is not the
//! order of the values, and retired values that old rows still carry.

/// One value of a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice {
    pub(crate) value: &'static str,
    pub(crate) label: &'static str,
    pub(crate) parent: &'static str,
    pub(crate) active: bool,
    pub(crate) system: bool,
    pub(crate) default: bool,
}

const fn c(value: &'static str, label: &'static str) -> Choice {
    Choice { value, label, parent: "", active: true, system: false, default: false }
}

impl Choice {
    const fn retired(self) -> Self {
        Self { active: false, ..self }
    }
    const fn system(self) -> Self {
        Self { system: true, ..self }
    }
    const fn default(self) -> Self {
        Self { default: true, ..self }
    }
    const fn under(self, parent: &'static str) -> Self {
        Self { parent, ..self }
    }
}

/// Ticket status values that a living world sets.
pub(crate) mod status {
    pub(crate) const COMPLETE: i64 = 5;
    pub(crate) const WAITING_CUSTOMER: i64 = 7;
    pub(crate) const IN_PROGRESS: i64 = 8;
    pub(crate) const WAITING_VENDOR: i64 = 9;
    pub(crate) const SCHEDULED: i64 = 12;
    pub(crate) const CUSTOMER_NOTE: i64 = 15;
    pub(crate) const ON_HOLD: i64 = 19;
    pub(crate) const ESCALATED_OLD: i64 = 20;
}

const TICKET_STATUS: &[Choice] = &[
    c("1", "New").system().default(),
    c("8", "In Progress"),
    c("12", "Scheduled"),
    c("7", "Waiting Customer"),
    c("9", "Waiting Vendor"),
    c("15", "Customer Note Added"),
    c("19", "On Hold"),
    c("20", "Escalated (old)").retired(),
    c("5", "Complete").system(),
];
const TICKET_PRIORITY: &[Choice] = &[
    c("4", "Critical"),
    c("1", "High"),
    c("2", "Medium").default(),
    c("7", "Low"),
    c("9", "Planned (2019 scheme)").retired(),
];
const QUEUES: &[Choice] = &[
    c("29682833", "Level I Support").default(),
    c("29682969", "Level II Support"),
    c("29683354", "Monitoring Alerts"),
    c("29683378", "Recurring Maintenance"),
    c("5", "Client Portal").system(),
    c("6", "Post Sale").system(),
    c("29683481", "Legacy Helpdesk").retired(),
];
const TICKET_SOURCE: &[Choice] = &[
    c("2", "Phone").default(),
    c("4", "Email"),
    c("-1", "Client Portal").system(),
    c("8", "Monitoring Alert"),
    c("11", "In Person/Onsite"),
    c("6", "Voice Mail").retired(),
];
const TICKET_TYPE: &[Choice] = &[
    c("1", "Service Request").system().default(),
    c("2", "Incident").system(),
    c("3", "Problem").system(),
    c("4", "Change Request").system(),
    c("5", "Alert").system(),
];
const ISSUE_TYPE: &[Choice] = &[
    c("10", "Workstation"),
    c("11", "Server"),
    c("12", "Network"),
    c("13", "Email & Collaboration"),
    c("14", "User Accounts"),
    c("16", "Line of Business App"),
    c("17", "Security"),
    c("18", "Backup"),
    c("21", "Printing"),
    c("22", "Fax Server").retired(),
];
const SUB_ISSUE_TYPE: &[Choice] = &[
    c("130", "Slow performance").under("10"),
    c("131", "Blue screen").under("10"),
    c("132", "New computer").under("10"),
    c("133", "Disk space").under("11"),
    c("134", "Service stopped").under("11"),
    c("135", "Patching").under("11"),
    c("136", "Internet down").under("12"),
    c("137", "Wi-Fi").under("12"),
    c("138", "VPN").under("12"),
    c("139", "Outlook").under("13"),
    c("140", "Shared mailbox").under("13"),
    c("141", "Teams").under("13"),
    c("142", "Password reset").under("14"),
    c("143", "New starter").under("14"),
    c("144", "Leaver").under("14"),
    c("145", "Accounting package").under("16"),
    c("146", "Practice management").under("16"),
    c("147", "Phishing report").under("17"),
    c("148", "MFA").under("17"),
    c("149", "Endpoint detection").under("17"),
    c("150", "Backup failed").under("18"),
    c("151", "Restore request").under("18"),
    c("152", "Printer offline").under("21"),
    c("153", "Toner").under("21"),
    c("154", "Fax line").under("22").retired(),
];
const SLA: &[Choice] =
    &[c("1", "Standard SLA").default(), c("2", "Premium SLA"), c("4", "Legacy Next Business Day").retired()];
const PERSON_TYPE: &[Choice] = &[c("1", "Resource").system(), c("2", "Contact").system()];
const NOTE_TYPE: &[Choice] = &[
    c("1", "Task Summary").system(),
    c("2", "Task Detail").system(),
    c("3", "Task Notes").system(),
    c("13", "Workflow Rule Note").system(),
    c("16", "Client Portal Note").system(),
];
const PUBLISH: &[Choice] = &[
    c("1", "All Autotask Users").system(),
    c("2", "Internal Project Team").system(),
    c("4", "Internal & Co-Managed").system(),
];
const APPROVAL_STATUS: &[Choice] = &[
    c("1", "Not Assigned").system(),
    c("2", "Assigned").system(),
    c("3", "Requested").system(),
    c("4", "Partially Approved").system(),
    c("5", "Approved").system(),
    c("6", "Rejected").system(),
];
const PROJECT_STATUS: &[Choice] = &[
    c("1", "New").system().default(),
    c("8", "In Progress"),
    c("7", "Waiting Customer"),
    c("19", "On Hold"),
    c("0", "Inactive").system(),
    c("5", "Complete").system(),
];
const PROJECT_TYPE: &[Choice] = &[
    c("3", "Template").system(),
    c("4", "Internal"),
    c("5", "Client").system().default(),
    c("8", "Baseline").system(),
];
const DEPARTMENTS: &[Choice] = &[
    c("29682765", "Service Desk"),
    c("29682766", "Projects"),
    c("29682767", "Sales"),
    c("29682768", "Administration"),
];
const TASK_STATUS: &[Choice] = &[
    c("1", "New").system().default(),
    c("8", "In Progress"),
    c("7", "Waiting Customer"),
    c("5", "Complete").system(),
];
const CONTRACT_TYPE: &[Choice] = &[
    c("1", "Time & Materials").system(),
    c("3", "Fixed Price").system(),
    c("4", "Block Hours").system(),
    c("6", "Retainer").system(),
    c("7", "Recurring Service").system(),
    c("8", "Per Ticket").system(),
];
const ACTIVE_INACTIVE: &[Choice] = &[c("0", "Inactive").system(), c("1", "Active").system()];
const CONTRACT_CATEGORY: &[Choice] = &[
    c("12", "Managed Services Agreement"),
    c("13", "Prepaid Hours"),
    c("14", "Project"),
    c("15", "Break/Fix").retired(),
];
const PAYMENT_TYPE: &[Choice] =
    &[c("1", "Cash"), c("2", "Check"), c("3", "Credit Card"), c("5", "Bank Transfer")];
const PERIOD: &[Choice] = &[
    c("1", "One-Time").system(),
    c("2", "Monthly").system(),
    c("3", "Quarterly").system(),
    c("4", "Semi-Annual").system(),
    c("5", "Yearly").system(),
];
const BILLING_ITEM_TYPE: &[Choice] = &[
    c("1", "Labor").system(),
    c("2", "Project Charge").system(),
    c("3", "Ticket Charge").system(),
    c("4", "Expense").system(),
    c("7", "Contract Charge").system(),
    c("9", "Contract Block").system(),
    c("11", "Recurring Service").system(),
    c("12", "Recurring Service Bundle").system(),
];
const PAYMENT_TERM: &[Choice] =
    &[c("1", "Due on receipt"), c("2", "Net 15"), c("3", "Net 30").default(), c("4", "Net 60").retired()];
const OPPORTUNITY_STATUS: &[Choice] = &[
    c("0", "Not Ready To Buy").system(),
    c("1", "Active").system().default(),
    c("2", "Lost").system(),
    c("3", "Closed").system(),
    c("4", "Implemented").system(),
];
const OPPORTUNITY_STAGE: &[Choice] = &[
    c("16", "Discovery").default(),
    c("17", "Assessment"),
    c("21", "Proposal Sent"),
    c("19", "Negotiation"),
    c("24", "Won"),
    c("25", "Lost"),
    c("18", "Demo (old)").retired(),
];
const LEAD_SOURCE: &[Choice] = &[
    c("1", "Referral"),
    c("2", "Web Site"),
    c("4", "Existing Client"),
    c("5", "Event"),
    c("7", "Cold Call"),
    c("3", "Yellow Pages").retired(),
];
const CALL_STATUS: &[Choice] = &[
    c("1", "New").system().default(),
    c("3", "Confirmed"),
    c("4", "On Site"),
    c("2", "Complete").system(),
    c("6", "Canceled").system(),
];
const ITEM_TYPE: &[Choice] = &[
    c("1", "Workstation"),
    c("2", "Laptop"),
    c("3", "Server"),
    c("5", "Firewall"),
    c("6", "Switch"),
    c("7", "Access Point"),
    c("9", "Printer"),
    c("11", "Backup Appliance"),
    c("12", "Domain & Certificate"),
    c("8", "PBX").retired(),
];
const COMPANY_TYPE: &[Choice] = &[
    c("1", "Customer").system().default(),
    c("2", "Lead").system(),
    c("3", "Prospect").system(),
    c("4", "Dead").system(),
    c("6", "Cancelation").system(),
    c("7", "Vendor").system(),
    c("8", "Partner").system(),
];
const CLASSIFICATION: &[Choice] = &[
    c("201", "A Client"),
    c("202", "B Client"),
    c("203", "C Client"),
    c("205", "At Risk"),
    c("204", "Break/Fix (old)").retired(),
];
const ACTION_TYPE: &[Choice] = &[
    c("1", "Phone Call").system(),
    c("2", "Email").system(),
    c("3", "Meeting").system(),
    c("5", "Business Review"),
    c("6", "Site Visit"),
    c("4", "Fax").retired(),
];
const YES_NO: &[Choice] = &[c("0", "No").system(), c("1", "Yes").system()];
const PATCH_STATUS: &[Choice] =
    &[c("1", "Fully Patched"), c("2", "Approved Pending"), c("3", "Reboot Required"), c("5", "No Data")];
const COLORS: &[Choice] = &[c("1", "Blue"), c("2", "Green"), c("3", "Orange"), c("4", "Grey")];
const CHARGE_TYPE: &[Choice] = &[c("1", "Operational").system(), c("2", "Capitalized").system()];
const CHARGE_STATUS: &[Choice] = &[
    c("1", "Need to Order/Fulfill").system(),
    c("3", "On Order").system(),
    c("6", "Delivered/Shipped Full").system(),
];

/// The values of a picklist field, in sort order; empty when the tenant defined none.
pub(crate) fn choices(entity: &str, field: &str) -> &'static [Choice] {
    match (entity, field) {
        ("Tickets", "status") => TICKET_STATUS,
        ("Tickets", "priority") => TICKET_PRIORITY,
        ("Tickets" | "ResourceRoles" | "ResourceRoleQueues", "queueID") => QUEUES,
        ("Tickets", "source") => TICKET_SOURCE,
        ("Tickets", "ticketType") => TICKET_TYPE,
        ("Tickets", "issueType") => ISSUE_TYPE,
        ("Tickets", "subIssueType") => SUB_ISSUE_TYPE,
        (_, "serviceLevelAgreementID") => SLA,
        ("Tickets", "ticketCategory") => {
            const {
                &[
                    c("3", "Standard").system().default(),
                    c("4", "Monitoring Alert").system(),
                    c("101", "Onboarding"),
                ]
            }
        }
        (_, "creatorType" | "lastActivityPersonType" | "completedByType") => PERSON_TYPE,
        ("Tickets", "changeApprovalStatus") => APPROVAL_STATUS,
        ("Tickets", "currentServiceThermometerRating" | "previousServiceThermometerRating") => {
            const { &[c("1", "Unhappy"), c("2", "Neutral"), c("3", "Happy")] }
        }
        ("TicketNotes" | "TaskNotes", "noteType") => NOTE_TYPE,
        ("TicketNotes" | "TaskNotes", "publish") => PUBLISH,
        ("TimeEntries", "timeEntryType") => {
            const { &[c("1", "Internal").system(), c("2", "Ticket").system(), c("6", "Project Task").system()] }
        }
        ("Tasks", "status") => TASK_STATUS,
        ("Tasks", "taskType") => {
            const { &[c("1", "Fixed Work").system(), c("2", "Fixed Duration").system()] }
        }
        ("Tasks", "priorityLabel") => const { &[c("1", "Low"), c("2", "Normal").default(), c("3", "High")] },
        ("Tasks", "departmentID") | ("Projects", "department") => DEPARTMENTS,
        ("Tasks", "taskCategoryID") => const { &[c("2", "Standard").system().default()] },
        ("Projects", "status") => PROJECT_STATUS,
        ("Projects", "projectType") => PROJECT_TYPE,
        ("Contracts", "contractType") => CONTRACT_TYPE,
        ("Contracts", "contractCategory") => CONTRACT_CATEGORY,
        ("Contracts" | "ContractBlocks" | "ContractRetainers" | "ContractTicketPurchases", "status") => {
            ACTIVE_INACTIVE
        }
        ("Contracts", "billingPreference") => {
            const {
                &[
                    c("1", "On Time Approval").system(),
                    c("2", "Immediately").system(),
                    c("3", "On Task Completion").system(),
                ]
            }
        }
        (
            "Contracts" | "Services" | "ServiceBundles" | "Products" | "QuoteItems" | "Subscriptions",
            "contractPeriodType" | "periodType",
        ) => PERIOD,
        (_, "isPaid" | "timeReportingRequiresStartAndStopTimes") => YES_NO,
        (_, "paymentType" | "paymentID") => PAYMENT_TYPE,
        ("ContractMilestones", "status") => {
            const { &[c("0", "In Progress").system(), c("1", "Ready To Bill").system(), c("2", "Billed").system()] }
        }
        (_, "chargeType") => CHARGE_TYPE,
        ("TicketCharges" | "ContractCharges" | "ProjectCharges", "status") => CHARGE_STATUS,
        ("BillingItems", "billingItemType") => BILLING_ITEM_TYPE,
        ("BillingItems", "subType") => const { &[c("0", "Standard").system(), c("5", "Setup").system()] },
        (_, "paymentTerm") => PAYMENT_TERM,
        ("Opportunities", "status") => OPPORTUNITY_STATUS,
        ("Opportunities", "stage") => OPPORTUNITY_STAGE,
        ("Opportunities", "leadSource") => LEAD_SOURCE,
        ("Opportunities", "rating") => const { &[c("1", "Hot"), c("2", "Warm"), c("3", "Cold")] },
        ("Opportunities", "lossReason") => {
            const { &[c("1", "Price"), c("2", "Timing"), c("3", "Competitor"), c("5", "No decision")] }
        }
        ("Opportunities", "winReason") => {
            const { &[c("1", "Relationship"), c("2", "Price"), c("4", "Expertise")] }
        }
        ("Opportunities", "opportunityCategoryID") => {
            const { &[c("2", "Managed Services").default(), c("4", "Hardware"), c("5", "Project")] }
        }
        ("Opportunities", "primaryCompetitor") | ("Companies", "competitorID") => {
            const { &[c("1", "In-house IT"), c("2", "Contoso Cloud Care"), c("3", "Fabrikam Technology")] }
        }
        ("Opportunities", "revenueSpreadUnit") => {
            const { &[c("m", "Months").system(), c("y", "Years").system()] }
        }
        ("Quotes", "approvalStatus") => {
            const {
                &[
                    c("1", "Not Required").system(),
                    c("2", "Awaiting Approval").system(),
                    c("3", "Approved").system(),
                ]
            }
        }
        ("Quotes", "extApprovalContactResponse") => {
            const { &[c("1", "Accepted").system(), c("2", "Declined").system()] }
        }
        ("QuoteItems", "quoteItemType") => {
            const {
                &[
                    c("1", "Product").system(),
                    c("2", "Charge").system(),
                    c("3", "Labor").system(),
                    c("11", "Service").system(),
                    c("12", "Service Bundle").system(),
                ]
            }
        }
        ("SalesOrders", "status") => {
            const { &[c("1", "Open").system(), c("2", "In Progress").system(), c("3", "Complete").system()] }
        }
        ("ServiceCalls", "status") => CALL_STATUS,
        ("ConfigurationItems", "configurationItemType") => ITEM_TYPE,
        ("ConfigurationItems", "rmmDeviceAuditPatchStatusID") => PATCH_STATUS,
        ("ConfigurationItems", "rmmDeviceAuditAntivirusStatusID") => {
            const { &[c("1", "Running & up-to-date"), c("2", "Running & not up-to-date"), c("3", "Not detected")] }
        }
        ("ConfigurationItems", "rmmDeviceAuditDeviceTypeID") => {
            const { &[c("1", "Desktop"), c("2", "Laptop"), c("3", "Server"), c("4", "Network")] }
        }
        ("ConfigurationItems", "rmmDeviceAuditManufacturerID") => {
            const { &[c("1", "Contoso"), c("2", "Fabrikam"), c("3", "Litware"), c("4", "Proseware")] }
        }
        ("ConfigurationItems" | "Companies" | "Contacts" | "Tickets", "apiVendorID") => {
            const { &[c("15", "Remote Monitoring").system(), c("27", "Documentation").system()] }
        }
        ("Products", "productCategory") => {
            const { &[c("1", "Hardware"), c("2", "Software License"), c("3", "Networking"), c("4", "Other")] }
        }
        ("Companies", "companyType") => COMPANY_TYPE,
        ("Companies", "classification") => CLASSIFICATION,
        ("Companies", "marketSegmentID") => {
            const {
                &[
                    c("1", "Legal"),
                    c("2", "Healthcare"),
                    c("3", "Manufacturing"),
                    c("4", "Non-profit"),
                    c("6", "Retail"),
                ]
            }
        }
        ("Companies", "territoryID") => const { &[c("1", "North"), c("2", "South"), c("4", "Remote")] },
        ("CompanyNotes" | "CompanyToDos", "actionType") => ACTION_TYPE,
        ("ActionTypes", "view") => const { &[c("1", "CRM").system(), c("2", "Projects").system()] },
        ("BillingCodes", "useType") => {
            const {
                &[
                    c("1", "General Allocation Code").system(),
                    c("2", "Internal Allocation Code").system(),
                    c("3", "Expense Category").system(),
                    c("4", "Material Cost Code").system(),
                    c("5", "Recurring Contract Service Code").system(),
                    c("6", "Milestone Code").system(),
                ]
            }
        }
        ("BillingCodes", "billingCodeType") => {
            const { &[c("0", "Normal").system(), c("1", "System").system()] }
        }
        ("DeletedTicketActivityLogs" | "DeletedTaskActivityLogs", "typeID") => {
            const { &[c("1", "Time Entry").system(), c("2", "Note").system(), c("3", "Attachment").system()] }
        }
        ("Resources", "licenseType") => {
            const {
                &[
                    c("1", "Professional").system(),
                    c("2", "Executive").system(),
                    c("3", "Team Member").system(),
                    c("4", "Time & Attendance").system(),
                    c("5", "Co-Managed").system(),
                    c("7", "API User").system(),
                ]
            }
        }
        ("Resources", "locationID") => const { &[c("1", "Boston"), c("2", "Portland")] },
        ("Resources", "payrollType") => {
            const { &[c("1", "Salary").system(), c("2", "Hourly").system(), c("3", "Contractor").system()] }
        }
        ("Resources", "resourceType") => {
            const { &[c("Employee", "Employee").system(), c("Contractor", "Contractor").system()] }
        }
        ("Resources", "userType") => {
            const {
                &[
                    c("1", "System Administrator"),
                    c("9", "Service Desk User"),
                    c("17", "API User (system)").system(),
                ]
            }
        }
        ("Resources", "emailTypeCode" | "emailTypeCode2" | "emailTypeCode3") => {
            const { &[c("PRIMARY", "Primary").system()] }
        }
        ("Resources", "dateFormat") => {
            const { &[c("MM/dd/yyyy", "MM/DD/YYYY").system(), c("dd/MM/yyyy", "DD/MM/YYYY").system()] }
        }
        ("Resources", "timeFormat") => {
            const { &[c("hh:mm a", "12 hour").system(), c("HH:mm", "24 hour").system()] }
        }
        ("Resources", "numberFormat") => {
            const { &[c("X,XXX.XX", "X,XXX.XX").system(), c("X.XXX,XX", "X.XXX,XX").system()] }
        }
        ("Currencies", "displaySymbol") => const { &[c("1", "$"), c("2", "\u{20ac}"), c("3", "\u{a3}")] },
        ("Countries", "addressFormatID") => {
            const { &[c("1", "United States").system(), c("2", "International").system()] }
        }
        ("InternalLocations", "holidaySetId") => const { &[c("1", "US Holidays")] },
        ("TicketCategories" | "ConfigurationItemCategories", "displayColorRGB") => COLORS,
        ("ExpenseItems", "expenseCategory") => {
            const { &[c("1", "Mileage"), c("2", "Parking"), c("4", "Parts")] }
        }
        ("ExpenseReports", "status") => {
            const { &[c("1", "In Progress").system(), c("3", "Approved").system(), c("5", "Paid").system()] }
        }
        ("Subscriptions", "status") => ACTIVE_INACTIVE,
        ("UserDefinedFieldDefinitions", "dataType") => {
            const { &[c("1", "Text (Single Line)"), c("2", "Number"), c("3", "Date"), c("4", "List")] }
        }
        ("UserDefinedFieldDefinitions", "udfType") => {
            const {
                &[
                    c("1", "Company"),
                    c("2", "Contact"),
                    c("3", "Opportunity"),
                    c("5", "Configuration Item"),
                    c("6", "Project"),
                    c("8", "Ticket"),
                ]
            }
        }
        _ => const { &[] },
    }
}

/// A user-defined field of an entity.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UdfField {
    pub(crate) entity: &'static str,
    pub(crate) name: &'static str,
    /// `string`, `double`, `datetime` or, with choices, `string`.
    pub(crate) kind: &'static str,
    pub(crate) choices: &'static [&'static str],
}

/// Every user-defined field of the tenant.
pub(crate) const UDFS: &[UdfField] = &[
    UdfField {
        entity: "Tickets",
        name: "Root Cause",
        kind: "string",
        choices: &["Hardware", "Software", "User education", "Third party"],
    },
    UdfField { entity: "Tickets", name: "Users Affected", kind: "double", choices: &[] },
    UdfField {
        entity: "Companies",
        name: "Industry",
        kind: "string",
        choices: &["Legal", "Healthcare", "Manufacturing", "Non-profit", "Retail"],
    },
    UdfField { entity: "Companies", name: "Seats", kind: "double", choices: &[] },
    UdfField { entity: "Companies", name: "Onboarded On", kind: "datetime", choices: &[] },
    UdfField { entity: "Contacts", name: "VIP", kind: "string", choices: &["Yes", "No"] },
    UdfField { entity: "ConfigurationItems", name: "Asset Tag", kind: "string", choices: &[] },
    UdfField {
        entity: "ConfigurationItems",
        name: "Disk Encrypted",
        kind: "string",
        choices: &["Yes", "No"],
    },
    UdfField { entity: "Projects", name: "Risk", kind: "string", choices: &["Low", "Medium", "High"] },
    UdfField { entity: "Opportunities", name: "Decision Maker", kind: "string", choices: &[] },
];

/// The user-defined field of an entity with this name, whatever its case.
pub(crate) fn udf(entity: &str, name: &str) -> Option<&'static UdfField> {
    UDFS.iter().find(|udf| udf.entity == entity && udf.name.eq_ignore_ascii_case(name))
}
