//! The provider's own people: technicians, dispatch, sales, the API user and the system resource.

use super::World;
use super::cell::{At, Cell, DAY, HOUR, draft};
use super::lookups::role;
use super::text::{FIRST_NAMES, LAST_NAMES, phone};

/// The system resource that every tenant has.
pub(crate) const SYSTEM_RESOURCE: u32 = 4;

/// A person who takes tickets or project work.
#[derive(Clone, Debug)]
pub(crate) struct Technician {
    pub(crate) id: u32,
    pub(crate) role: u32,
    /// How much of the queue's work this person takes.
    pub(crate) pace: f64,
    /// Working hours a day.
    pub(crate) hours: f64,
    pub(crate) hourly_cost: f64,
}

/// Who works at the provider.
#[derive(Clone, Debug, Default)]
pub(crate) struct Staff {
    pub(crate) level_one: Vec<Technician>,
    pub(crate) level_two: Vec<Technician>,
    pub(crate) engineers: Vec<Technician>,
    pub(crate) manager: u32,
    pub(crate) sales: Vec<u32>,
    /// Somebody who left: old rows still name this person.
    pub(crate) former: u32,
    pub(crate) api_user: u32,
}

impl Staff {
    pub(crate) fn technicians(&self) -> impl Iterator<Item = &Technician> {
        self.level_one.iter().chain(&self.level_two).chain(&self.engineers)
    }
}

const SERVICE_DESK: i64 = 29_682_765;
const PROJECTS: i64 = 29_682_766;
const SALES: i64 = 29_682_767;
const ADMINISTRATION: i64 = 29_682_768;

pub(crate) fn fill(w: &mut World) {
    let mut rng = w.rng(11);
    let technicians = w.scale.technicians;
    let hired = w.start() - 1_200 * DAY;
    let mut id: u32 = 29_682_885;
    let mut nth = 0_usize;
    let mut person = |w: &mut World,
                      title: &str,
                      roles: &[u32],
                      department: i64,
                      hours: f64,
                      active: bool,
                      goal: f64| {
        id += 1 + u32::try_from(rng.below(3)).unwrap_or(0);
        nth += 1;
        let first = FIRST_NAMES[(nth * 7) % FIRST_NAMES.len()];
        let last = LAST_NAMES[(nth * 11 + nth / 40) % LAST_NAMES.len()];
        let suffix = if nth > 40 { nth.to_string() } else { String::new() };
        let login: String = format!("{first}.{last}{suffix}")
            .to_ascii_lowercase()
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || *c == '.')
            .collect();
        let cost = (rng.span(32.0, 58.0) * 4.0).round() / 4.0;
        w.insert(draft!("Resources" {
            id: id, firstName: first, lastName: format!("{last}{suffix}"), userName: login.as_str(),
            email: format!("{login}@northwind-msp.example"), emailTypeCode: "PRIMARY", isActive: active, title: title,
            licenseType: 1, locationID: 1 + i64::from(nth.is_multiple_of(5)), payrollType: 1, resourceType: "Employee",
            userType: 9, hireDate: At(hired + rng.between(0, 1_000) * DAY), internalCost: cost, numberFormat: "X,XXX.XX",
            dateFormat: "MM/dd/yyyy", timeFormat: "hh:mm a", officePhone: phone(&mut rng),
            initials: format!("{}{}", &first[..1], &last[..1]), defaultServiceDeskRoleID: roles.first().copied(),
            surveyResourceRating: (rng.span(78.0, 99.0) * 10.0).round() / 10.0
        }));
        for (at, role) in roles.iter().enumerate() {
            w.insert(draft!("ResourceRoleDepartments" {
                resourceID: id, roleID: *role, departmentID: department, isActive: active, isDefault: at == 0,
                isDepartmentLead: title.contains("Manager")
            }));
            w.insert(draft!("ResourceRoles" { resourceID: id, roleID: *role, departmentID: department, isActive: active }));
            if department != SALES {
                w.insert(draft!("ResourceServiceDeskRoles" { resourceID: id, roleID: *role, isActive: active, isDefault: at == 0 }));
            }
        }
        let day = Cell::Num(hours);
        w.insert(draft!("ResourceDailyAvailabilities" {
            resourceID: id, sundayAvailableHours: 0.0, mondayAvailableHours: day.clone(),
            tuesdayAvailableHours: day.clone(), wednesdayAvailableHours: day.clone(),
            thursdayAvailableHours: day.clone(), fridayAvailableHours: day, saturdayAvailableHours: 0.0,
            weeklyBillableHoursGoal: goal, travelAvailability: "0%"
        }));
        Technician {
            id,
            role: roles.first().copied().unwrap_or(role::LEVEL_ONE),
            pace: 1.0,
            hours,
            hourly_cost: cost,
        }
    };
    let mut staff = Staff::default();
    let two = (technicians / 4).max(1);
    let engineers = (technicians / 6).max(1);
    for at in 0..technicians.saturating_sub(two + engineers).max(1) {
        // Every third junior is part-time; paces differ so that leaderboards have an order.
        let hours = if at % 3 == 1 { 6.0 } else { 8.0 };
        let mut tech =
            person(w, "Service Desk Technician", &[role::LEVEL_ONE], SERVICE_DESK, hours, true, hours * 3.5);
        tech.pace = hours / 8.0 * (1.25 - 0.2 * (at % 4) as f64);
        staff.level_one.push(tech);
    }
    for at in 0..two {
        let mut tech = person(
            w,
            "Senior Technician",
            &[role::LEVEL_TWO, role::LEVEL_ONE],
            SERVICE_DESK,
            8.0,
            true,
            26.0,
        );
        tech.pace = 1.1 - 0.15 * (at % 3) as f64;
        staff.level_two.push(tech);
    }
    for _ in 0..engineers {
        staff.engineers.push(person(
            w,
            "Project Engineer",
            &[role::PROJECT, role::LEVEL_TWO],
            PROJECTS,
            8.0,
            true,
            28.0,
        ));
    }
    staff.manager = person(w, "Service Manager", &[role::MANAGER], SERVICE_DESK, 8.0, true, 0.0).id;
    for _ in 0..(technicians / 25).max(2) {
        staff.sales.push(person(w, "Account Manager", &[role::SALES], SALES, 8.0, true, 0.0).id);
    }
    person(w, "Owner", &[role::MANAGER], ADMINISTRATION, 8.0, true, 0.0);
    staff.former = person(w, "Service Desk Technician", &[role::LEVEL_ONE], SERVICE_DESK, 8.0, false, 0.0).id;
    staff.api_user = person(w, "", &[], ADMINISTRATION, 0.0, true, 0.0).id;
    let user_name = w.config.credentials.user_name.clone();
    w.change(
        "Resources",
        i64::from(staff.api_user),
        &[
            ("firstName", "Reporting".into()),
            ("lastName", "API".into()),
            ("userName", user_name.as_str().into()),
            ("email", user_name.into()),
            ("licenseType", 7.into()),
            ("userType", 17.into()),
            ("internalCost", 0.0.into()),
            ("surveyResourceRating", Cell::Null),
        ],
    );
    w.insert(draft!("Resources" {
        id: SYSTEM_RESOURCE, firstName: "Autotask", lastName: "Administrator", userName: "autotask.administrator",
        email: "noreply@northwind-msp.example", emailTypeCode: "PRIMARY", isActive: true, licenseType: 1, locationID: 1,
        payrollType: 1, resourceType: "Employee", userType: 1, hireDate: At(hired), internalCost: 0.0,
        numberFormat: "X,XXX.XX"
    }));
    time_off(w, &staff);
    w.staff = staff;
}

/// Vacation: some days each half year, mostly approved; a few asked for in the weeks to come.
fn time_off(w: &mut World, staff: &Staff) {
    let mut rng = w.rng(12);
    let ids: Vec<(u32, f64)> =
        staff.technicians().map(|tech| (tech.id, tech.hours)).chain([(staff.manager, 8.0)]).collect();
    for (id, hours) in ids {
        for quarter in 0..9 {
            let first = w.start() + (quarter * 90 + rng.between(5, 80)) * DAY;
            let asked = first - rng.between(10, 60) * DAY;
            if asked > w.now {
                continue;
            }
            let length = rng.between(1, 5);
            for day in 0..length {
                let date = w.calendar.date(first + day * DAY);
                if !super::calendar::is_working_day(date) {
                    continue;
                }
                let (status, approved) = match rng.below(20) {
                    0 => (3, None),
                    1 | 2 if asked > w.now - 20 * DAY => (1, None),
                    _ => (2, Some(At((asked + 5 * HOUR).min(w.now)))),
                };
                w.insert(draft!("TimeOffRequests" {
                    resourceID: id, requestDate: date, hours: hours, status: status, timeOffRequestType: 1,
                    approvedDateTime: approved, approveRejectResourceID: approved.map(|_| staff.manager),
                    createdByResourceID: id, createDateTime: At(asked), lastModifiedDateTime: approved.unwrap_or(At(asked)),
                    lastModifiedByResourceID: id, reason: "Vacation"
                }));
            }
        }
    }
}
