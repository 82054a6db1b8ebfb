//! Records that stand where counts go wrong: a second before and after each local midnight that a range begins or ends
//! with, in every zone; a second on either side of what is late, stale or at risk; and shapes that made-up tenants lack.

use super::clocks::{MOMENTS, Moment};
use chrono::{DateTime, Days, Months, NaiveDate, TimeDelta, TimeZone as _, Utc};
use serde_json::{Map, Value, json};
use taskgauge_simulator::World;

/// What tickets on the edge are called.
pub const TITLE: &str = "On the edge";

/// The tenant while it gets its edges, and whose turn it is.
struct Edges<'a> {
    world: &'a mut World,
    /// The provider first.
    companies: Vec<i64>,
    members: Vec<i64>,
    roles: Vec<i64>,
    contracts: Vec<i64>,
    tasks: Vec<i64>,
    turn: usize,
}

pub fn add(world: &mut World) {
    let ids = |world: &World, entity: &str, meant: fn(&Map<String, Value>) -> bool| -> Vec<i64> {
        world.rows(entity).filter(meant).filter_map(|row| row["id"].as_i64()).collect()
    };
    let mut edges = Edges {
        companies: ids(world, "Companies", |_| true),
        members: ids(world, "Resources", |row| row["title"].as_str().is_some_and(|title| !title.is_empty())),
        roles: ids(world, "Roles", |_| true),
        contracts: ids(world, "Contracts", |row| row["contractType"] == 7 && row["status"] == 1),
        tasks: ids(world, "Tasks", |_| true),
        world,
        turn: 0,
    };
    for moment in MOMENTS {
        for date in edge_dates(moment) {
            edges.work_on(date);
            edges.money_on(date);
            let midnight = midnight(moment, date);
            for at in [midnight - TimeDelta::seconds(1), midnight, midnight + TimeDelta::hours(2)] {
                if at < edges.world.now() {
                    edges.events_at(at);
                }
            }
        }
        edges.near(moment);
        edges.ahead(moment);
    }
    edges.shapes();
    edges.calls();
}

/// The first dates of ranges, and those after their last.
fn edge_dates(moment: &Moment) -> Vec<NaiveDate> {
    let today = moment.today();
    let mut dates = vec![today, today + Days::new(1)];
    for range in [
        "wtd",
        "last_week",
        "mtd",
        "last_month",
        "last_12m",
        "this_quarter",
        "last_14d",
        "last_30d",
        "last_90d",
    ] {
        let dates_of = moment.dates(range);
        dates.extend([dates_of.0, dates_of.before().0]);
    }
    dates.sort_unstable();
    dates.dedup();
    dates
}

fn midnight(moment: &Moment, date: NaiveDate) -> DateTime<Utc> {
    moment.zone.from_local_datetime(&date.and_hms_opt(0, 0, 0).unwrap()).earliest().unwrap().to_utc()
}

fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

fn day(date: NaiveDate) -> String {
    format!("{date}T00:00:00.000Z")
}

impl Edges<'_> {
    fn next(&mut self, of: fn(&Self) -> &[i64]) -> i64 {
        self.turn += 1;
        let list = of(self);
        list[self.turn % list.len()]
    }

    fn company(&mut self) -> i64 {
        self.next(|edges| &edges.companies)
    }

    fn member(&mut self) -> i64 {
        self.next(|edges| &edges.members)
    }

    fn put(&mut self, entity: &str, row: &Value, at: DateTime<Utc>) -> i64 {
        let at = at.min(self.world.now());
        self.world.upsert_at(entity, row.as_object().unwrap().clone(), at).unwrap()
    }

    fn ticket(&mut self, row: &Value, at: DateTime<Utc>) -> i64 {
        let mut ticket = json!({
            "companyID": self.company(), "title": TITLE, "status": 8, "priority": 2, "queueID": 29_682_833,
            "ticketType": 2, "source": 2, "assignedResourceID": self.member(), "ticketCategory": 3,
            "createDate": stamp(at), "ticketNumber": format!("E{:06}", self.turn)
        });
        ticket.as_object_mut().unwrap().extend(row.as_object().unwrap().clone());
        self.put("Tickets", &ticket, at)
    }

    /// Everything that happens at an instant.
    fn events_at(&mut self, at: DateTime<Utc>) {
        self.ticket(&json!({}), at);
        let closed = json!({
            "status": 5, "createDate": stamp(at - TimeDelta::hours(5)), "completedDate": stamp(at),
            "resolvedDateTime": stamp(at), "resolutionPlanDateTime": stamp(at),
            "firstResponseDateTime": stamp(at - TimeDelta::hours(4)), "firstResponseDueDateTime": stamp(at),
            "resolvedDueDateTime": stamp(at - TimeDelta::hours(1)), "serviceLevelAgreementHasBeenMet": self.turn.is_multiple_of(2)
        });
        let ticket = self.ticket(&closed, at);
        let result = json!({
            "ticketID": ticket, "isFirstResponseMet": true, "isResolutionMet": false,
            "firstResponseElapsedHours": 1.0, "resolutionElapsedHours": 5.0
        });
        self.put("ServiceLevelAgreementResults", &result, at);
        let rating = [100.0, 80.0, 79.0, 60.0][self.turn % 4];
        // Of the ticket's company.
        let survey = json!({
            "surveyID": 1, "ticketID": ticket, "sendDate": stamp(at), "completeDate": stamp(at), "surveyRating": rating
        });
        self.put("SurveyResults", &survey, at);
        let opportunity = |status: i64, field: &str, company: i64, owner: i64| {
            json!({
                "companyID": company, "ownerResourceID": owner, "title": "On the edge", "status": status, "stage": 24,
                "amount": 1_100.5, "onetimeRevenue": 100.5, "monthlyRevenue": 0.0, "yearlyRevenue": 1_000.0,
                "probability": 50, "leadSource": 5, "lossReason": 3, "createDate": stamp(at - TimeDelta::days(3)),
                "lastActivity": stamp(at), field: stamp(at)
            })
        };
        for (status, field) in [(3, "closedDate"), (4, "closedDate"), (2, "lostDate")] {
            let row = opportunity(status, field, self.company(), self.member());
            self.put("Opportunities", &row, at);
        }
        let note = json!({
            "companyID": self.company(), "assignedResourceID": self.member(), "actionType": 3, "name": "On the edge",
            "startDateTime": stamp(at), "endDateTime": stamp(at)
        });
        self.put("CompanyNotes", &note, at);
        let task = self.next(|edges| &edges.tasks);
        let known = self.world.get("Tasks", task).unwrap();
        let task = json!({
            "projectID": known["projectID"], "phaseID": known["phaseID"], "title": "On the edge", "status": 5,
            "completedDateTime": stamp(at), "endDateTime": stamp(at), "estimatedHours": 1.0, "remainingHours": 0.0
        });
        self.put("Tasks", &task, at);
    }

    fn entry(&mut self, row: &Value, at: DateTime<Utc>) {
        let mut entry = json!({
            "resourceID": self.member(), "roleID": self.next(|edges| &edges.roles), "hoursWorked": 1.25, "hoursToBill": 1.5,
            "isNonBillable": false, "billingCodeID": null, "timeEntryType": 2
        });
        entry.as_object_mut().unwrap().extend(row.as_object().unwrap().clone());
        self.put("TimeEntries", &entry, at);
    }

    /// Work of a date: on a ticket, on a task, and internal.
    fn work_on(&mut self, date: NaiveDate) {
        let at = date.and_hms_opt(12, 0, 0).unwrap().and_utc();
        let ticket = self.ticket(&json!({ "createDate": stamp(at - TimeDelta::days(1)) }), at);
        self.entry(&json!({ "ticketID": ticket, "dateWorked": day(date) }), at);
        let task = self.next(|edges| &edges.tasks);
        self.entry(&json!({ "taskID": task, "dateWorked": day(date), "isNonBillable": true }), at);
        self.entry(
            &json!({ "dateWorked": day(date), "internalBillingCodeID": 1, "isNonBillable": true }),
            at,
        );
    }

    /// What is posted and invoiced on a date.
    fn money_on(&mut self, date: NaiveDate) {
        let at = date.and_hms_opt(12, 0, 0).unwrap().and_utc();
        for kind in [1, 4, 11] {
            let item = json!({
                "companyID": self.company(), "contractID": self.next(|edges| &edges.contracts), "billingItemType": kind,
                "postedDate": day(date), "itemDate": day(date), "totalAmount": 77.7, "internalCurrencyTotalAmount": 70.7,
                "ourCost": 7.7
            });
            self.put("BillingItems", &item, at);
        }
        let invoice = json!({
            "companyID": self.company(), "invoiceDateTime": day(date), "createDateTime": stamp(at.min(self.world.now())),
            "dueDate": day(date), "invoiceTotal": 11.5, "isVoided": false, "invoiceNumber": format!("E-{}", self.turn)
        });
        self.put("Invoices", &invoice, at);
    }

    /// A second on either side of what is late, idle or at risk.
    fn near(&mut self, moment: &Moment) {
        let (now, today) = (moment.at(), moment.today());
        let before = now - TimeDelta::days(20);
        for seconds in [-1, 0, 1] {
            let off = |span: TimeDelta| stamp(now + span + TimeDelta::seconds(seconds));
            self.ticket(&json!({ "dueDateTime": off(TimeDelta::zero()) }), before);
            self.ticket(&json!({ "firstResponseDueDateTime": off(TimeDelta::hours(4)) }), before);
            let planned = json!({
                "resolutionPlanDueDateTime": off(TimeDelta::hours(4)), "firstResponseDateTime": off(-TimeDelta::hours(9)),
                "firstResponseDueDateTime": off(-TimeDelta::hours(9)), "resolvedDueDateTime": off(TimeDelta::hours(6))
            });
            self.ticket(&planned, before);
            self.ticket(&json!({ "resolvedDueDateTime": off(TimeDelta::zero()) }), before);
            for (field, other) in [
                ("lastActivityDate", "lastTrackedModificationDateTime"),
                ("lastTrackedModificationDateTime", "lastActivityDate"),
            ] {
                let idle = json!({ field: off(-TimeDelta::hours(72)), other: stamp(before) });
                self.ticket(&idle, before);
            }
            let opportunity = json!({
                "companyID": self.company(), "ownerResourceID": self.member(), "title": "Idle", "status": 1, "stage": 17,
                "amount": 10.0, "probability": 40, "createDate": stamp(before),
                "lastActivity": off(-TimeDelta::days(14))
            });
            self.put("Opportunities", &opportunity, before);
            let company = json!({
                "companyName": format!("Quiet {}", self.turn), "companyType": 1, "isActive": true,
                "ownerResourceID": self.member(), "createDate": stamp(now - TimeDelta::days(400)),
                "lastActivityDate": off(-TimeDelta::days(90))
            });
            self.put("Companies", &company, before);
            let call = json!({
                "companyID": self.company(), "status": 1, "isComplete": 0, "duration": 1.0,
                "startDateTime": off(-TimeDelta::hours(1)), "endDateTime": off(TimeDelta::zero())
            });
            self.put("ServiceCalls", &call, before);
            // Entered a day after the work, to the second.
            let done = now - TimeDelta::days(1);
            let late = json!({
                "dateWorked": day(today), "internalBillingCodeID": 1, "endDateTime": stamp(done),
                "startDateTime": stamp(done - TimeDelta::hours(1)),
                "createDateTime": stamp(done + TimeDelta::days(1) + TimeDelta::seconds(seconds))
            });
            self.entry(&late, now);
        }
        for days in [7, 8] {
            let ticket = self.ticket(&json!({}), before);
            self.entry(&json!({ "ticketID": ticket, "dateWorked": day(today - Days::new(days)) }), now);
        }
    }

    /// Dates at the ends of looks ahead and behind.
    fn ahead(&mut self, moment: &Moment) {
        let (now, today) = (moment.at(), moment.today());
        let before = now - TimeDelta::days(20);
        let at = |days: i64| today + TimeDelta::days(days);
        for days in [-1, 0, 29, 30, 89, 90] {
            let opportunity = json!({
                "companyID": self.company(), "ownerResourceID": self.member(), "title": "Ahead", "status": 1, "stage": 21,
                "amount": 20.0, "probability": 60, "createDate": stamp(before), "lastActivity": stamp(before),
                "projectedCloseDate": day(at(days))
            });
            let opportunity = self.put("Opportunities", &opportunity, before);
            // Of the opportunity's company.
            let quote = json!({
                "opportunityID": opportunity, "name": "Ahead", "quoteNumber": self.turn, "isActive": true,
                "expirationDate": day(at(days))
            });
            self.put("Quotes", &quote, before);
            let item = json!({
                "companyID": self.company(), "isActive": true, "configurationItemType": 2, "productID": 501,
                "referenceTitle": format!("Ahead {}", self.turn), "warrantyExpirationDate": day(at(days))
            });
            self.put("ConfigurationItems", &item, before);
            let contract = json!({
                "companyID": self.company(), "contractName": format!("Ahead {}", self.turn), "contractType": 4, "status": 1,
                "startDate": day(at(-200)), "endDate": day(at(days))
            });
            let contract = self.put("Contracts", &contract, before);
            if days > 0 {
                continue;
            }
            let block = json!({
                "contractID": contract, "hours": 10.0, "hoursApproved": 2.5, "status": 1, "startDate": day(at(-200)),
                "endDate": day(at(days))
            });
            self.put("ContractBlocks", &block, before);
        }
        let end = moment.dates("this_quarter").1;
        for date in [end, end + Days::new(1)] {
            let opportunity = json!({
                "companyID": self.company(), "title": "Quarter", "status": 1, "stage": 16, "amount": 5.0, "probability": 10,
                "createDate": stamp(before), "lastActivity": stamp(before), "projectedCloseDate": day(date)
            });
            self.put("Opportunities", &opportunity, before);
        }
        for days in [0, 1, 30, 31, 60, 61, 90, 91] {
            let invoice = json!({
                "companyID": self.company(), "invoiceDateTime": day(at(-120)), "createDateTime": stamp(before),
                "dueDate": day(at(-days)), "invoiceTotal": 100.0 + days as f64, "isVoided": false
            });
            self.put("Invoices", &invoice, before);
        }
        for at in [midnight(moment, at(7)) - TimeDelta::seconds(1), midnight(moment, at(7))] {
            let task = self.next(|edges| &edges.tasks);
            let project = self.world.get("Tasks", task).unwrap()["projectID"].clone();
            let task = json!({
                "projectID": project, "title": "Due", "status": 8, "endDateTime": stamp(at), "estimatedHours": 2.0,
                "remainingHours": 1.0, "assignedResourceID": self.member()
            });
            self.put("Tasks", &task, before);
            let ticket = self.ticket(&json!({ "status": 12, "dueDateTime": stamp(at) }), before);
            let call = json!({
                "companyID": self.company(), "status": 1, "isComplete": 0, "duration": 1.5, "startDateTime": stamp(at),
                "endDateTime": stamp(at + TimeDelta::minutes(90))
            });
            let call = self.put("ServiceCalls", &call, before);
            let line =
                self.put("ServiceCallTickets", &json!({ "serviceCallID": call, "ticketID": ticket }), before);
            let member = json!({ "serviceCallTicketID": line, "resourceID": self.member() });
            self.put("ServiceCallTicketResources", &member, before);
        }
    }

    /// What the made-up tenant has none of.
    fn shapes(&mut self) {
        let now = self.world.now();
        let today = now.date_naive();
        // Services that are billed every three months, half-yearly, yearly and once.
        for (period, months) in [(3, 3), (4, 6), (5, 12), (1, 1)] {
            let service = json!({ "name": format!("Billed {period}"), "unitPrice": 30.0, "periodType": period, "isActive": true });
            let service = self.put("Services", &service, now);
            for (start, units) in [("2025-05-01", 1.0), ("2025-12-15", 4.0), ("2026-03-01", 2.0)] {
                let contract = self.next(|edges| &edges.contracts);
                let sold = json!({ "contractID": contract, "serviceID": service, "unitPrice": 30.0 });
                let sold = self.put("ContractServices", &sold, now);
                let start: NaiveDate = start.parse().unwrap();
                let unit = json!({
                    "contractID": contract, "contractServiceID": sold, "serviceID": service, "startDate": day(start),
                    "endDate": day(start + Months::new(months) - Days::new(1)), "units": units, "price": 30.0
                });
                self.put("ContractServiceUnits", &unit, now);
            }
        }
        // Contacts and machines of the provider are no client's.
        self.put(
            "Contacts",
            &json!({ "companyID": 0, "firstName": "Own", "lastName": "Contact", "isActive": 1 }),
            now,
        );
        let item =
            json!({ "companyID": 0, "isActive": true, "configurationItemType": 1, "referenceTitle": "Own" });
        self.put("ConfigurationItems", &item, now);
        // Neither are those of nobody.
        let contact =
            json!({ "companyID": null, "firstName": "Nobody's", "lastName": "Contact", "isActive": 1 });
        self.put("Contacts", &contact, now);
        let item = json!({
            "companyID": null, "isActive": true, "configurationItemType": 1, "referenceTitle": "Nobody's"
        });
        self.put("ConfigurationItems", &item, now);
        // Members without a calendar, and with more time off than hours.
        let calendars: Vec<i64> = self
            .world
            .rows("ResourceDailyAvailabilities")
            .filter_map(|row| row["id"].as_i64())
            .take(2)
            .collect();
        self.world.delete("ResourceDailyAvailabilities", calendars[0]);
        let half =
            json!({ "id": calendars[1], "tuesdayAvailableHours": null, "weeklyBillableHoursGoal": null });
        self.put("ResourceDailyAvailabilities", &half, now);
        for (days, approved) in [(3, true), (4, false)] {
            let off = json!({
                "resourceID": self.members[3], "requestDate": day(today - Days::new(days)), "hours": 12.0,
                "approvedDateTime": approved.then(|| stamp(now))
            });
            self.put("TimeOffRequests", &off, now);
        }
        // Records that distort.
        let wrong =
            json!({ "status": 5, "completedDate": stamp(now - TimeDelta::days(9)), "companyID": null });
        self.ticket(&wrong, now - TimeDelta::days(8));
        let longest = json!({ "dateWorked": day(today), "hoursWorked": 17.0, "internalBillingCodeID": 1 });
        self.entry(&longest, now);
        self.entry(
            &json!({ "dateWorked": day(today), "hoursWorked": -1.0, "internalBillingCodeID": 1 }),
            now,
        );
        // Neither on a ticket nor on a task, and of no internal kind.
        self.entry(&json!({ "dateWorked": day(today) }), now);
        // A ticket that is part of a project, and work by somebody whose cost is not known.
        let project = self.world.rows("Projects").next().unwrap()["id"].clone();
        let ticket = self.ticket(&json!({ "projectID": project }), now);
        let unknown =
            self.put("Resources", &json!({ "firstName": "No", "lastName": "Cost", "isActive": false }), now);
        self.entry(
            &json!({ "ticketID": ticket, "resourceID": unknown, "dateWorked": day(today - Days::new(7)) }),
            now,
        );
        // An opportunity without activity.
        let silent = json!({
            "companyID": self.company(), "title": "Silent", "status": 1, "amount": 1.0, "probability": 1,
            "createDate": stamp(now - TimeDelta::days(60)), "lastActivity": null
        });
        self.put("Opportunities", &silent, now);
    }

    /// Service calls with several tickets and members, with tasks, and with nothing.
    fn calls(&mut self) {
        let now = self.world.now();
        for (hours, complete, canceled) in [
            (-400, 1, false),
            (-300, 0, false),
            (-200, 1, true),
            (2, 0, false),
            (30, 0, false),
            (50, 0, true),
        ] {
            let start = now + TimeDelta::hours(hours);
            let call = json!({
                "companyID": self.company(), "status": 1, "isComplete": complete, "duration": 2.0,
                "startDateTime": stamp(start), "endDateTime": stamp(start + TimeDelta::hours(2)),
                "canceledDateTime": canceled.then(|| stamp(now - TimeDelta::days(30)))
            });
            let call = self.put("ServiceCalls", &call, now);
            let member = self.member();
            for _ in 0..2 {
                let ticket = self.ticket(&json!({ "status": 12 }), now - TimeDelta::days(1));
                let line = self.put(
                    "ServiceCallTickets",
                    &json!({ "serviceCallID": call, "ticketID": ticket }),
                    now,
                );
                for member in [member, self.member()] {
                    let row = json!({ "serviceCallTicketID": line, "resourceID": member });
                    self.put("ServiceCallTicketResources", &row, now);
                }
            }
            let task = self.next(|edges| &edges.tasks);
            let line = self.put("ServiceCallTasks", &json!({ "serviceCallID": call, "taskID": task }), now);
            let row = json!({ "serviceCallTaskID": line, "resourceID": member });
            self.put("ServiceCallTaskResources", &row, now);
        }
    }
}
