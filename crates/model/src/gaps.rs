//! Silent gaps: what a security level hides without an error, and the evidence that gives it away.
//!
//! Autotask answers a user without a right as if the rows were not there, or with cost fields that are null or 0. One
//! look at a collection cannot tell that from a tenant that has none, but other rows can: entries that name a task
//! prove that there are tasks. One declaration per gap; the permission doctor asks the questions, and
//! [`lacks`](crate::lacks) says which datasets and gauges suffer.
//!
//! Evidence is no proof of intent. Every gap has a threshold below which a small tenant is believed, and says what
//! would make the finding right.

use crate::entity::Right;

/// Something that a missing right hides silently.
#[derive(Debug)]
pub struct Gap {
    /// Stable name, kept with findings.
    pub id: &'static str,
    /// What is hidden, as people call it, in sentence case.
    pub label: &'static str,
    /// The entity whose rows or values are hidden.
    pub entity: &'static str,
    /// What gives it away.
    pub evidence: Evidence,
    /// What was seen, as a sentence. `{rows}` stands for the rows that were looked at, `{missing}` for those that
    /// lack something.
    pub seen: &'static str,
    /// What is wrong while it lasts, as a sentence.
    pub loses: &'static str,
    /// What would make it right, as a sentence.
    pub innocent: &'static str,
    /// What is hidden.
    pub hides: Hides,
    /// The right that shows it.
    pub right: Right,
}

/// What is hidden.
#[derive(Debug)]
pub enum Hides {
    /// Rows of the entity: all that is counted or added up from them suffers.
    Rows,
    /// Values of columns, by dataset: what does not read them is right.
    Columns(&'static [(&'static str, &'static [&'static str])]),
}

/// What gives a gap away.
#[derive(Debug)]
pub enum Evidence {
    /// None of the entity's rows has a flag that some should have. One request.
    NoneFlagged {
        /// The field, a flag.
        field: &'static str,
        /// Rows below which that proves nothing.
        of: u64,
    },
    /// Nothing of the entity is visible, although rows of others say that it is there. Nothing is asked where any row
    /// can be seen.
    Absent {
        /// Who says so: an entity, which of its rows, and how many there have to be. All have to speak; `{rows}` is
        /// the number of the first.
        told_by: &'static [(&'static str, Which, u64)],
    },
    /// No value above 0 is visible in any of these fields. They are asked in order, until one has a value.
    NoValue {
        /// Entity and field.
        fields: &'static [(&'static str, &'static str)],
        /// Rows of all these entities together below which that proves nothing.
        of: u64,
    },
    /// Rows that others point to cannot be seen. Two requests, on a sample.
    Unlinked {
        /// Whose rows are sampled, and which of them.
        from: (&'static str, Which),
        /// The field of theirs that holds the link.
        field: &'static str,
        /// The field of the gap's entity that it has to be found in.
        to_field: &'static str,
        /// Links below which a sample proves nothing.
        of: usize,
    },
}

/// A condition on an entity's rows.
#[derive(Debug)]
pub enum Which {
    /// Every row.
    All,
    /// The flag has this value.
    Is(&'static str, bool),
    /// The field has a value.
    Filled(&'static str),
    /// The number is above 0.
    Positive(&'static str),
    /// The date-time is at or after now minus so many days.
    Since(&'static str, u16),
    /// All hold.
    Every(&'static [Which]),
}

/// Where one in a hundred is such a row, none among so many has a chance below 1 %.
const MANY: u64 = 500;
/// Fewer rows that point to something may be left over from what is gone.
const POINTERS: u64 = 20;
/// A sample below this says nothing about shares.
const SAMPLE: usize = 10;

/// *Line of Business* is no row of the security level: it stands with the API user (vendor help, *Introduction to Line
/// of Business*). Missing associations hide rows, see API facts on permissions.
const LINES: Right =
    Right { tab: "Contracts", row: "Invoicing: View; and, for the API user itself, every Line of Business" };

/// Every gap there is evidence for.
///
/// Not here: what every tenant has (`Entity::never_empty`), what Autotask refuses, and modules that are switched off.
/// `Modules` numbers them, but the numbers have no published names.
pub const GAPS: &[Gap] = &[
    Gap {
        id: "non_billable_time",
        label: "Non-billable time",
        entity: "TimeEntries",
        evidence: Evidence::NoneFlagged { field: "isNonBillable", of: MANY },
        seen: "None of {rows} time entries is non-billable.",
        loses: "Hours look fewer than they are, and the billable share higher.",
        innocent: "That is right only if all work is billed.",
        hides: Hides::Rows,
        right: Right { tab: "Timesheets", row: "Can view non-billable time entries" },
    },
    Gap {
        id: "invoice_lines",
        label: "Lines of invoices",
        entity: "BillingItems",
        evidence: Evidence::Unlinked {
            from: (
                "Invoices",
                Which::Every(&[
                    Which::Since("createDateTime", 730),
                    // What was on a voided invoice is taken off it.
                    Which::Is("isVoided", false),
                    Which::Positive("invoiceTotal"),
                ]),
            ),
            field: "id",
            to_field: "invoiceID",
            of: SAMPLE,
        },
        seen: "{missing} of {rows} invoices with an amount have no billing item.",
        loses: "Revenue by client, contract and type lacks what is on them.",
        innocent: "That is right only for invoices that were brought in from another system.",
        hides: Hides::Rows,
        right: Right {
            tab: "Contracts",
            row: "Approve & Post: View All; and, for the API user itself, every Line of Business",
        },
    },
    Gap {
        id: "invoices",
        label: "Invoices of some billing items",
        entity: "Invoices",
        evidence: Evidence::Unlinked {
            from: (
                "BillingItems",
                Which::Every(&[Which::Filled("invoiceID"), Which::Since("postedDate", 730)]),
            ),
            field: "invoiceID",
            to_field: "id",
            of: SAMPLE,
        },
        seen: "{missing} of {rows} invoices that billing items are on cannot be seen.",
        loses: "Sums of invoices are too small.",
        innocent: "That is right only if these invoices were deleted.",
        hides: Hides::Rows,
        right: LINES,
    },
    Gap {
        id: "costs",
        label: "Costs of what is sold",
        entity: "BillingItems",
        evidence: Evidence::NoValue {
            fields: &[
                ("BillingItems", "ourCost"),
                ("ContractServiceUnits", "cost"),
                ("Services", "unitCost"),
                ("Products", "unitCost"),
            ],
            of: MANY,
        },
        seen: "No cost is visible on any billing item, service or product.",
        loses: "Margins are as high as prices.",
        innocent: "That is right only if nothing you sell has a cost in Autotask.",
        hides: Hides::Columns(&[
            ("billing_items", &["our_cost", "margin"]),
            ("profit_lines", &["item_cost"]),
            ("service_units", &["cost", "margin", "monthly_cost"]),
            ("bundle_units", &["cost", "margin", "monthly_cost"]),
            ("recurring_months", &["monthly_cost", "monthly_margin"]),
            ("quotes", &["cost"]),
        ]),
        // Costs are no row either: a copy keeps the limits of the level it was made from.
        right: Right {
            tab: "Security Levels",
            row: "A copy of API User (system), not of API User (system) Can't Read Costs",
        },
    },
    Gap {
        id: "member_costs",
        label: "Costs of members",
        entity: "Resources",
        evidence: Evidence::NoValue {
            fields: &[("Resources", "internalCost")],
            // Among ten people somebody's cost is known where costs are kept at all.
            of: 10,
        },
        seen: "No member has an internal cost.",
        loses: "Time has no cost, other than the one in settings.",
        innocent: "That is right if internal costs are not kept in Autotask.",
        hides: Hides::Columns(&[
            ("members", &["internal_cost"]),
            ("time_14d", &["cost"]),
            ("time_210d", &["cost"]),
            ("time_all", &["cost"]),
            ("profit_lines", &["labor_cost"]),
        ]),
        right: Right { tab: "Other", row: "Resources/Users (HR): view internal cost data" },
    },
    Gap {
        id: "time_off",
        label: "Time off",
        entity: "TimeOffRequests",
        evidence: Evidence::Absent {
            told_by: &[("Resources", Which::All, 5), ("TimeEntries", Which::All, MANY)],
        },
        seen: "None of {rows} members ever asked for a day off.",
        loses: "Days off count as days of work, so capacity and missing hours are too high.",
        innocent: "That is right if time off is kept in another tool.",
        hides: Hides::Rows,
        right: Right { tab: "Timesheets", row: "Time off requests: View All" },
    },
    Gap {
        id: "sla_results",
        label: "SLA results",
        entity: "ServiceLevelAgreementResults",
        evidence: Evidence::Absent { told_by: &[("Tickets", Which::Filled("serviceLevelAgreementID"), 100)] },
        seen: "{rows} tickets are under an SLA, and none has a result.",
        loses: "What was met and missed by the SLA clock is unknown.",
        innocent: "That is right only if SLAs were given to tickets and never run.",
        hides: Hides::Rows,
        right: Right { tab: "Service Desk", row: "Tickets: View All" },
    },
    Gap {
        id: "configuration_items",
        label: "Configuration items",
        entity: "ConfigurationItems",
        evidence: Evidence::Absent {
            told_by: &[("Tickets", Which::Filled("configurationItemID"), POINTERS)],
        },
        seen: "{rows} tickets are about a configuration item, and none can be seen.",
        loses: "Assets, and all that is counted per endpoint, are missing.",
        innocent: "That is right only if all of them were deleted.",
        hides: Hides::Rows,
        right: Right { tab: "CRM", row: "Configuration Items: View All" },
    },
    Gap {
        id: "tasks",
        label: "Tasks",
        entity: "Tasks",
        evidence: Evidence::Absent { told_by: &[("TimeEntries", Which::Filled("taskID"), POINTERS)] },
        seen: "{rows} time entries are on a task, and none can be seen.",
        loses: "Tasks are missing, and time on them has no project and no client.",
        innocent: "That is right only if all of them were deleted.",
        hides: Hides::Rows,
        right: Right { tab: "Projects", row: "Projects: View All" },
    },
    Gap {
        id: "projects",
        label: "Projects",
        entity: "Projects",
        evidence: Evidence::Absent { told_by: &[("Tasks", Which::All, POINTERS)] },
        seen: "{rows} tasks are part of a project, and none can be seen.",
        loses: "Projects are missing, and time on their tasks has no client.",
        innocent: "That is right only if all of them were deleted.",
        hides: Hides::Rows,
        right: Right { tab: "Projects", row: "Projects: View All" },
    },
    Gap {
        id: "opportunities",
        label: "Opportunities",
        entity: "Opportunities",
        evidence: Evidence::Absent { told_by: &[("Quotes", Which::All, POINTERS)] },
        seen: "{rows} quotes are part of an opportunity, and none can be seen.",
        loses: "Pipeline and forecast are missing.",
        innocent: "That is right only if all of them were deleted.",
        hides: Hides::Rows,
        right: Right { tab: "CRM", row: "Opportunities: View All" },
    },
];

impl Gap {
    /// The gap of that name.
    pub fn named(id: &str) -> Option<&'static Gap> {
        GAPS.iter().find(|gap| gap.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{catalogue::Catalogue, entity::Entity};
    use std::collections::HashSet;

    fn has(entity: &str, field: &str) -> bool {
        let entity = Entity::named(entity).unwrap_or_else(|| panic!("{entity} is declared"));
        field == "id" || entity.columns.iter().any(|column| column.field == field)
    }

    fn check(entity: &str, which: &Which) {
        match which {
            Which::All => assert!(Entity::named(entity).is_some(), "{entity}"),
            Which::Is(field, _) | Which::Filled(field) | Which::Positive(field) | Which::Since(field, _) => {
                assert!(has(entity, field), "{entity}.{field}");
            }
            Which::Every(all) => all.iter().for_each(|which| check(entity, which)),
        }
    }

    #[test]
    fn declarations_name_what_there_is() {
        let ids: HashSet<_> = GAPS.iter().map(|gap| gap.id).collect();
        assert_eq!(ids.len(), GAPS.len(), "a gap is declared twice");
        for gap in GAPS {
            assert!(Entity::named(gap.entity).is_some_and(|entity| entity.name == gap.entity), "{}", gap.id);
            for sentence in [gap.seen, gap.loses, gap.innocent] {
                assert!(sentence.ends_with('.'), "{sentence}");
            }
            match &gap.evidence {
                Evidence::NoneFlagged { field, .. } => assert!(has(gap.entity, field)),
                Evidence::Absent { told_by } => {
                    assert!(
                        !told_by.is_empty() && told_by.iter().all(|(entity, _, _)| *entity != gap.entity)
                    );
                    told_by.iter().for_each(|(entity, which, _)| check(entity, which));
                }
                Evidence::NoValue { fields, .. } => {
                    assert!(fields.iter().all(|(entity, field)| has(entity, field)), "{}", gap.id);
                }
                Evidence::Unlinked { from: (entity, which), field, to_field, .. } => {
                    check(entity, which);
                    assert!(has(entity, field) && has(gap.entity, to_field), "{}", gap.id);
                }
            }
            if let Hides::Columns(columns) = gap.hides {
                for (slug, names) in columns {
                    let dataset = Catalogue::shipped().dataset(slug).expect("the dataset is there");
                    assert!(names.iter().all(|name| dataset.column(name).is_some()), "{slug} {names:?}");
                }
            }
        }
    }
}
