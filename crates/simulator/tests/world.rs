//! The generated tenant: determinism, plausibility and invariants.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::OnceLock;

use chrono::TimeDelta;
use serde_json::{Value, json};
use taskgauge_simulator::{Config, Row, World, entity_names};

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| World::generate(&Config::default()))
}

fn fingerprint(world: &World) -> u64 {
    let mut hasher = DefaultHasher::new();
    for entity in entity_names() {
        for row in world.rows(entity) {
            serde_json::to_string(&row).unwrap().hash(&mut hasher);
        }
    }
    hasher.finish()
}

fn text<'a>(row: &'a Row, field: &str) -> &'a str {
    row[field].as_str().unwrap_or_default()
}

fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

#[test]
fn equal_seeds_make_equal_worlds() {
    let again = World::generate(&Config::default());
    assert_eq!(fingerprint(world()), fingerprint(&again));
    let other = World::generate(&Config { seed: 8, ..Config::default() });
    assert_ne!(fingerprint(world()), fingerprint(&other));
}

#[test]
fn the_small_world_has_its_size() {
    let world = world();
    for entity in entity_names() {
        println!("{entity} {}", world.len(entity));
    }
    assert!((2_300..=2_700).contains(&world.len("Tickets")), "{}", world.len("Tickets"));
    assert!((5_000..=7_500).contains(&world.len("TimeEntries")), "{}", world.len("TimeEntries"));
    assert!((25..=27).contains(&world.len("Companies")));
    for entity in [
        "Contacts",
        "Contracts",
        "ContractServiceUnits",
        "ContractServiceBundleUnits",
        "ContractBlocks",
        "ConfigurationItems",
        "TicketNotes",
        "CompanyNotes",
        "TicketSecondaryResources",
        "Projects",
        "Phases",
        "Tasks",
        "Opportunities",
        "Quotes",
        "QuoteItems",
        "SalesOrders",
        "Invoices",
        "BillingItems",
        "SurveyResults",
        "Surveys",
        "ServiceCalls",
        "ServiceCallTickets",
        "ServiceCallTicketResources",
        "Products",
        "Services",
        "Holidays",
        "TimeOffRequests",
        "InternalLocations",
        "Currencies",
        "Countries",
        "ActionTypes",
        "ClassificationIcons",
        "TicketCategories",
        "OrganizationalLevelAssociations",
        "ResourceRoleDepartments",
        "ResourceServiceDeskRoles",
        "ResourceDailyAvailabilities",
        "ContractBlockHourFactors",
        "CompanyCategories",
        "CompanyLocations",
        "CompanyToDos",
        "DeletedTicketLogs",
        "DeletedTicketActivityLogs",
        "ServiceLevelAgreementResults",
    ] {
        assert!(!world.is_empty(entity), "{entity} is empty");
    }
}

#[test]
fn company_zero_is_the_provider() {
    assert_eq!(text(&world().get("Companies", 0).unwrap(), "companyName"), "Northwind Managed IT");
    assert_eq!(text(&world().get("Resources", 4).unwrap(), "firstName"), "Autotask");
}

#[test]
fn tickets_obey_their_invariants() {
    let now = world().now().format("%Y-%m-%dT%H:%M:%S.999").to_string();
    let mut numbers = HashSet::new();
    let mut last = 0;
    for ticket in world().rows("Tickets") {
        let id = ticket["id"].as_i64().unwrap();
        assert!(id > last, "ids ascend");
        last = id;
        let complete = ticket["status"] == json!(5);
        assert_eq!(complete, !ticket["completedDate"].is_null(), "{id}: status 5 if and only if completed");
        let created = text(&ticket, "createDate");
        for field in [
            "completedDate",
            "firstResponseDateTime",
            "resolvedDateTime",
            "lastActivityDate",
            "resolutionPlanDateTime",
        ] {
            if let Some(at) = ticket[field].as_str() {
                assert!(at >= created, "{id}: {field} {at} before creation {created}");
                assert!(at <= now.as_str(), "{id}: {field} {at} in the future");
            }
        }
        assert!(numbers.insert(text(&ticket, "ticketNumber").to_owned()), "{id}: ticket numbers are unique");
        let met = &ticket["serviceLevelAgreementHasBeenMet"];
        assert_eq!(met.is_null(), !complete || ticket["serviceLevelAgreementID"].is_null(), "{id}");
    }
}

#[test]
fn the_desk_looks_like_a_desk() {
    let tickets: Vec<Row> = world().rows("Tickets").collect();
    let open: Vec<&Row> = tickets.iter().filter(|ticket| ticket["completedDate"].is_null()).collect();
    println!("open {}", open.len());
    assert!((25..=160).contains(&open.len()), "{} open", open.len());
    let limit = (world().now() - TimeDelta::days(210)).format("%Y-%m-%dT%H:%M:%S").to_string();
    let forgotten = open.iter().filter(|ticket| text(ticket, "lastActivityDate") < limit.as_str()).count();
    assert!(forgotten >= 2, "{forgotten} open tickets untouched for 210 days");
    assert!(open.iter().any(|ticket| ticket["assignedResourceID"].is_null()));
    assert!(tickets.iter().any(|ticket| ticket["contactID"].is_null()));
    let met =
        tickets.iter().filter(|ticket| ticket["serviceLevelAgreementHasBeenMet"] == json!(true)).count();
    let judged = tickets.iter().filter(|ticket| !ticket["serviceLevelAgreementHasBeenMet"].is_null()).count();
    println!("service level met {:.3}", share(met, judged));
    assert!((0.86..=0.95).contains(&share(met, judged)));
    let late = tickets
        .iter()
        .filter(|ticket| !ticket["resolvedDateTime"].is_null() && !ticket["resolvedDueDateTime"].is_null())
        .filter(|ticket| text(ticket, "resolvedDateTime") > text(ticket, "resolvedDueDateTime"))
        .count();
    println!("resolved late {:.3}", share(late, judged));
    assert!((0.01..=0.12).contains(&share(late, judged)));
    let mut by_weekday = BTreeMap::new();
    for ticket in &tickets {
        let day = chrono::NaiveDate::parse_from_str(&text(ticket, "ticketNumber")[1..9], "%Y%m%d").unwrap();
        *by_weekday.entry(chrono::Datelike::weekday(&day).num_days_from_monday()).or_insert(0) += 1;
    }
    assert!(by_weekday[&0] > by_weekday[&4], "Mondays are busier than Fridays");
    assert!(by_weekday[&5] * 4 < by_weekday[&2], "Saturdays are quiet");
    assert!(tickets.iter().any(|ticket| ticket["priority"] == json!(9)), "a retired priority is in use");
    assert!(tickets.iter().any(|ticket| !text(ticket, "title").is_ascii()), "some titles are not plain");
}

#[test]
fn service_level_results_agree_with_their_tickets() {
    let mut judged = 0;
    for result in world().rows("ServiceLevelAgreementResults") {
        let ticket = world().get("Tickets", result["ticketID"].as_i64().unwrap()).unwrap();
        assert_eq!(result["isResolutionMet"].is_null(), ticket["resolvedDateTime"].is_null());
        assert_eq!(result["firstResponseElapsedHours"].is_null(), ticket["firstResponseDateTime"].is_null());
        if let (Some(first), Some(all), Some(met)) = (
            result["isFirstResponseMet"].as_bool(),
            result["isResolutionMet"].as_bool(),
            ticket["serviceLevelAgreementHasBeenMet"].as_bool(),
        ) {
            assert_eq!(first && all, met);
            judged += 1;
        }
    }
    assert!(judged > 1_000);
}

#[test]
fn time_is_plausible() {
    let entries: Vec<Row> = world().rows("TimeEntries").collect();
    let hours = |rows: &mut dyn Iterator<Item = &Row>| {
        rows.map(|row| row["hoursWorked"].as_f64().unwrap()).sum::<f64>()
    };
    let all = hours(&mut entries.iter());
    let billable = hours(&mut entries.iter().filter(|entry| entry["isNonBillable"] == json!(false)));
    println!("hours {all:.0}, billable share {:.2}", billable / all);
    assert!((0.55..=0.9).contains(&(billable / all)));
    let mut last = (0, String::new());
    for entry in &entries {
        let id = entry["id"].as_i64().unwrap();
        let created = text(entry, "createDateTime").to_owned();
        assert!(id > last.0 && created >= last.1, "ids follow the order of creation");
        last = (id, created);
        assert!(text(entry, "lastModifiedDateTime") >= text(entry, "createDateTime"));
        assert!(text(entry, "dateWorked").ends_with("T00:00:00"), "dates travel as midnights");
        let owners = [&entry["ticketID"], &entry["taskID"], &entry["internalBillingCodeID"]];
        assert_eq!(owners.iter().filter(|owner| !owner.is_null()).count(), 1, "{id}: one owner");
    }
    let since = (world().now() - TimeDelta::days(35)).format("%Y-%m-%dT%H:%M:%S").to_string();
    let until = (world().now() - TimeDelta::days(7)).format("%Y-%m-%dT%H:%M:%S").to_string();
    let month: Vec<&Row> = entries
        .iter()
        .filter(|entry| {
            text(entry, "dateWorked") >= since.as_str() && text(entry, "dateWorked") < until.as_str()
        })
        .collect();
    let client = hours(&mut month.iter().copied().filter(|entry| entry["internalBillingCodeID"].is_null()));
    let available = 20.0 * 30.0;
    println!("client hours of four weeks {client:.0} of {available}");
    assert!((0.25..=0.95).contains(&(client / available)));
}

#[test]
fn references_lead_somewhere() {
    let owners: BTreeMap<&str, &str> = BTreeMap::from([
        ("Company", "Companies"),
        ("Resource", "Resources"),
        ("Contact", "Contacts"),
        ("Ticket", "Tickets"),
        ("Contract", "Contracts"),
        ("Role", "Roles"),
        ("BillingCode", "BillingCodes"),
        ("Project", "Projects"),
        ("Phase", "Phases"),
        ("Task", "Tasks"),
        ("ConfigurationItem", "ConfigurationItems"),
        ("Opportunity", "Opportunities"),
        ("Invoice", "Invoices"),
        ("Product", "Products"),
        ("Service", "Services"),
        ("ServiceBundle", "ServiceBundles"),
        ("ServiceCall", "ServiceCalls"),
        ("Quote", "Quotes"),
        ("ServiceCallTicket", "ServiceCallTickets"),
        ("CompanyLocation", "CompanyLocations"),
        ("TimeEntry", "TimeEntries"),
        ("ContractService", "ContractServices"),
        ("ContractServiceBundle", "ContractServiceBundles"),
        ("Department", "Departments"),
        ("Survey", "Surveys"),
        ("Country", "Countries"),
        ("Currency", "Currencies"),
        ("SalesOrder", "SalesOrders"),
        ("TicketCharge", "TicketCharges"),
        ("HolidaySet", "HolidaySets"),
    ]);
    let fields: Vec<Value> = serde_json::from_str(include_str!("../schema/entities.json")).unwrap();
    let ids: BTreeMap<&str, HashSet<i64>> = owners
        .values()
        .map(|entity| (*entity, world().rows(entity).map(|row| row["id"].as_i64().unwrap()).collect()))
        .collect();
    let mut checked = 0;
    for entity in &fields {
        let name = entity["name"].as_str().unwrap();
        if name.starts_with("Deleted") {
            continue;
        }
        let references: Vec<(&str, &str)> = entity["fields"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|field| Some((field["name"].as_str()?, *owners.get(field["reference"].as_str()?)?)))
            .collect();
        for row in world().rows(name) {
            for (field, owner) in &references {
                if let Some(id) = row[*field].as_i64() {
                    assert!(ids[owner].contains(&id), "{name} {}: {field} {id} is not in {owner}", row["id"]);
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 50_000, "{checked}");
}

#[test]
fn every_row_has_every_field() {
    let fields: Vec<Value> = serde_json::from_str(include_str!("../schema/entities.json")).unwrap();
    for entity in &fields {
        let name = entity["name"].as_str().unwrap();
        let count = entity["fields"].as_array().unwrap().len()
            + usize::from(entity["userDefinedFields"] == json!(true));
        for row in world().rows(name).take(50) {
            assert_eq!(row.len(), count, "{name}");
            for field in entity["fields"].as_array().unwrap() {
                let value = &row[field["name"].as_str().unwrap()];
                let fits = match field["type"].as_str().unwrap() {
                    "integer" | "long" => value.is_i64(),
                    "double" | "decimal" | "float" => value.is_f64(),
                    "boolean" => value.is_boolean(),
                    _ => value.is_string(),
                };
                assert!(value.is_null() || fits, "{name}.{}: {value}", field["name"]);
            }
        }
    }
}

#[test]
fn edits_move_stamps_and_deletions_leave_lines() {
    let mut world = World::generate(&Config::default());
    let id =
        world.rows("Tickets").find(|ticket| ticket["status"] != json!(5)).unwrap()["id"].as_i64().unwrap();
    let row = json!({"id": id, "title": "Edited"}).as_object().unwrap().clone();
    world.advance(TimeDelta::seconds(1));
    assert_eq!(world.upsert("tickets", row), Ok(id));
    let ticket = world.get("Tickets", id).unwrap();
    assert_eq!(text(&ticket, "title"), "Edited");
    assert_eq!(text(&ticket, "lastActivityDate"), world.now().format("%Y-%m-%dT%H:%M:%S").to_string());
    let bad = json!({"id": id, "status": "five"}).as_object().unwrap().clone();
    assert!(world.upsert("Tickets", bad).is_err());

    let entry = world.rows("TimeEntries").find(|entry| !entry["ticketID"].is_null()).unwrap();
    let logs = world.len("DeletedTicketActivityLogs");
    assert!(world.delete("TimeEntries", entry["id"].as_i64().unwrap()));
    assert_eq!(world.len("DeletedTicketActivityLogs"), logs + 1);
    let line = world.rows("DeletedTicketActivityLogs").last().unwrap();
    assert_eq!(line["hoursWorked"], entry["hoursWorked"]);
    assert_eq!(line["ticketID"], entry["ticketID"]);

    let (tickets, logs) = (world.len("Tickets"), world.len("DeletedTicketLogs"));
    assert!(world.delete("Tickets", id));
    assert!(!world.delete("Tickets", id));
    assert_eq!((world.len("Tickets"), world.len("DeletedTicketLogs")), (tickets - 1, logs + 1));
    assert!(world.rows("TimeEntries").all(|entry| entry["ticketID"] != json!(id)));
}

#[test]
fn the_world_lives_on() {
    let mut world = World::generate(&Config::default());
    let count = |world: &World| {
        ["Tickets", "TimeEntries", "DeletedTicketLogs", "DeletedTicketActivityLogs"]
            .map(|entity| world.len(entity))
    };
    let open =
        |world: &World| world.rows("Tickets").filter(|ticket| ticket["completedDate"].is_null()).count();
    let (before, open_before) = (count(&world), open(&world));
    let start = world.now().format("%Y-%m-%dT%H:%M:%S").to_string();
    world.advance(TimeDelta::days(42));
    let after = count(&world);
    println!("{before:?} {after:?} open {open_before} {}", open(&world));
    assert!(after.iter().zip(before).all(|(after, before)| *after > before), "{before:?} {after:?}");
    let changed = world
        .rows("Tickets")
        .filter(|ticket| {
            text(ticket, "createDate") < start.as_str() && text(ticket, "lastActivityDate") > start.as_str()
        })
        .count();
    assert!(changed > 5, "{changed} older tickets changed");
    assert!(open(&world) < open_before * 3, "work keeps up");
    for ticket in world.rows("Tickets") {
        assert_eq!(ticket["status"] == json!(5), !ticket["completedDate"].is_null());
    }
    // The same span in pieces gives the same world.
    let mut pieces = World::generate(&Config::default());
    for _ in 0..42 {
        pieces.advance(TimeDelta::hours(7));
        pieces.advance(TimeDelta::hours(17));
    }
    assert_eq!(fingerprint(&world), fingerprint(&pieces));
}
