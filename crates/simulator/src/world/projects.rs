//! Projects with phases and tasks, and the hours people put into them.

use super::World;
use super::cell::{At, DAY, HOUR, MINUTE, draft, midnight};
use super::lookups::code;
use super::time::{TimeRecord, billed, hundredths, write_down};
use crate::rng::Rng;

const NAMES: &[&str] = &[
    "Server replacement",
    "Office move",
    "Mail migration",
    "Firewall rollout",
    "Windows 11 upgrade",
    "New branch office",
    "Backup redesign",
    "Wi-Fi renewal",
    "File server to cloud",
    "Security baseline",
];
const PHASES: &[(&str, &[&str])] = &[
    ("Plan", &["Kick-off meeting", "Inventory and design", "Order hardware"]),
    ("Build", &["Stage equipment", "Configure and test", "Prepare user guide"]),
    ("Roll out", &["Migrate pilot group", "Migrate everyone", "On-site support day"]),
    ("Close", &["Documentation", "Hand over to the service desk"]),
];

/// Fills projects; returns the time people worked on their tasks.
pub(crate) fn fill(w: &mut World) -> Vec<TimeRecord> {
    let mut rng = w.rng(71);
    let mut work = Vec::new();
    let mut next_project: u32 = 4_100;
    let mut next_task: u32 = 600_000;
    let mut clients: Vec<usize> = (1..w.clients.len()).filter(|at| w.clients[*at].is_customer).collect();
    let len = clients.len();
    for at in 0..len {
        clients.swap(at, at + rng.index(len - at));
    }
    for nth in 0..w.scale.projects {
        next_project += 1 + u32::try_from(rng.below(2)).unwrap_or(0);
        let client = w.clients[clients[nth % clients.len()]].clone();
        let engineer = rng.pick(&w.staff.engineers).clone();
        let helper = rng.pick(&w.staff.level_two).clone();
        let day = w.start() + 20 * DAY + part(706 * DAY, nth, w.scale.projects);
        let start = w.calendar.midnight(w.calendar.date(day)) + 9 * HOUR;
        let length = rng.between(25, 110);
        let end = start + length * DAY;
        let late = rng.chance(0.25);
        let finished_at = end + if late { rng.between(5, 40) } else { -rng.between(0, 6) } * DAY;
        let stalled = rng.chance(0.06);
        let complete = finished_at < w.now && !stalled;
        let mut estimated = 0.0;
        let mut actual = 0.0;
        let mut done = 0;
        let mut count = 0;
        let mut last = start.min(w.now);
        let slots: usize = PHASES.iter().map(|(_, tasks)| tasks.len()).sum();
        let mut slot = 0;
        for (number, (title, tasks)) in PHASES.iter().enumerate() {
            let mut phase_hours = 0.0;
            let share = |slot: usize| start + part(length * DAY, slot, slots);
            let phase_start = share(slot);
            let phase_end = share(slot + tasks.len());
            let phase = w.insert(draft!("Phases" {
                projectID: next_project, title: *title, phaseNumber: format!("{}", number + 1), startDate: At(phase_start),
                dueDate: At(phase_end), isScheduled: true, creatorResourceID: engineer.id, createDate: At(start - 8 * DAY),
                lastActivityDateTime: At(phase_end.min(w.now).max(start - 8 * DAY).min(w.now))
            }));
            for title in *tasks {
                next_task += 1 + u32::try_from(rng.below(2)).unwrap_or(0);
                count += 1;
                let begins = share(slot);
                slot += 1;
                let ends = share(slot);
                let hours = *rng.pick(&[2.0, 3.0, 4.0, 6.0, 8.0, 12.0]);
                let real = hours * rng.log_normal(1.0, 0.3);
                estimated += hours;
                phase_hours += hours;
                let shift = if late { part(finished_at - end, slot, slots) } else { 0 };
                let finish = ends + shift;
                let is_done = finish < w.now && !(stalled && slot > 5);
                done += i64::from(is_done);
                let (who, role) =
                    if slot % 3 == 2 { (helper.id, helper.role) } else { (engineer.id, engineer.role) };
                let spent = hours_on_task(
                    w,
                    &mut rng,
                    &mut work,
                    &TaskWork {
                        task: next_task,
                        project: next_project,
                        company: client.id,
                        contract: client.hourly.unwrap_or(0),
                        who,
                        role,
                        begins: begins + shift / 2,
                        finish,
                        hours: real,
                        stopped: stalled && slot > 5,
                    },
                );
                actual += spent.0;
                last = last.max(spent.1);
                let remaining = if is_done { 0.0 } else { (hours - spent.0).max(0.5) };
                let status = if is_done {
                    5
                } else if spent.0 > 0.0 {
                    8
                } else {
                    1
                };
                let created = start - 8 * DAY;
                let activity = if is_done { finish.max(spent.1) } else { spent.1.max(created) }.min(w.now);
                w.insert(draft!("Tasks" {
                    id: next_task, projectID: next_project, phaseID: phase, title: *title, status: status,
                    taskNumber: format!("T{}.{slot:04}", w.calendar.date(created).format("%Y%m%d")), taskType: 1,
                    assignedResourceID: (!rng.chance(0.03)).then_some(who), assignedResourceRoleID: role, billingCodeID: code::PROJECT, departmentID: 29_682_766,
                    priorityLabel: 2, priority: 0, estimatedHours: hours, remainingHours: remaining, hoursToBeScheduled: remaining,
                    startDateTime: At(begins), endDateTime: At(ends), completedDateTime: is_done.then_some(At(finish)),
                    completedByResourceID: is_done.then_some(who), completedByType: is_done.then_some(1), createDateTime: At(created.min(w.now)), creatorResourceID: engineer.id,
                    creatorType: 1, isTaskBillable: true, isVisibleInClientPortal: false, canClientPortalUserCompleteTask: false,
                    lastActivityDateTime: At(activity), lastActivityResourceID: who, lastActivityPersonType: 1, taskCategoryID: 2
                }));
                if slot.is_multiple_of(4) && is_done {
                    w.insert(draft!("TaskNotes" {
                        taskID: next_task, title: "Progress", description: "Agreed with the client; see the plan.", noteType: 3, publish: 1,
                        creatorResourceID: who, createDateTime: At(finish), lastActivityDate: At(finish)
                    }));
                }
                if slot.is_multiple_of(5) {
                    w.insert(draft!("TaskSecondaryResources" { taskID: next_task, resourceID: helper.id, roleID: helper.role }));
                }
            }
            w.change("Phases", phase, &[("estimatedHours", phase_hours.into())]);
        }
        let status = if complete {
            5
        } else if stalled {
            19
        } else if start > w.now {
            1
        } else {
            8
        };
        let revenue = estimated * 185.0;
        w.insert(
            draft!("Projects" {
                id: next_project, companyID: client.id, projectName: NAMES[(nth * 3 + nth / NAMES.len()) % NAMES.len()], projectType: 5, status: status,
                projectNumber: format!("P{}.{nth:04}", w.calendar.date(start).format("%Y%m%d")), startDateTime: At(start),
                endDateTime: At(end), completedDateTime: complete.then_some(At(finished_at.max(last).min(w.now))),
                completedPercentage: if complete { 100 } else { done * 100 / count }, duration: length, estimatedTime: estimated,
                actualHours: (actual * 100.0_f64).round() / 100.0, actualBilledHours: (actual * 90.0_f64).round() / 100.0,
                projectLeadResourceID: engineer.id, companyOwnerResourceID: client.owner, contractID: client.hourly, creatorResourceID: w.staff.manager,
                createDateTime: At((start - 10 * DAY).min(w.now)), department: 29_682_766, lastActivityDateTime: At(if complete { finished_at.max(last).min(w.now) } else { last }),
                lastActivityResourceID: engineer.id, lastActivityPersonType: 1, laborEstimatedRevenue: revenue, laborEstimatedCosts: estimated * 52.0,
                originalEstimatedRevenue: revenue, projectCostsRevenue: 2_400.0, projectCostsBudget: 1_900.0, laborEstimatedMarginPercentage: 71.9,
                statusDetail: if stalled { "Waiting for the landlord" } else { "" }, statusDateTime: At(last), organizationalLevelAssociationID: 1
            })
            .udf("Risk", Some((*rng.pick(&["Low", "Low", "Medium", "High"])).into())),
        );
    }
    let begin = At(midnight(w.calendar.date(w.start())));
    let end = At(midnight(w.calendar.date(w.now + 300 * DAY)));
    for (kind, name) in
        [(3, "Template: onboarding"), (4, "Internal: tool consolidation"), (8, "Baseline: mail migration")]
    {
        next_project += 1;
        w.insert(draft!("Projects" {
            id: next_project, companyID: 0, projectName: name, projectType: kind, status: if kind == 4 { 8 } else { 0 }, startDateTime: begin,
            endDateTime: end, projectNumber: format!("P0.{kind:04}"), completedPercentage: 0, estimatedTime: 0.0, actualHours: 0.0,
            projectLeadResourceID: w.staff.manager, createDateTime: begin, lastActivityDateTime: begin
        }));
    }
    work
}

/// The `nth` of `of` equal parts of a span.
fn part(span: i64, nth: usize, of: usize) -> i64 {
    super::cell::whole(span as f64 * nth as f64 / of as f64)
}

struct TaskWork {
    task: u32,
    project: u32,
    company: u32,
    contract: u32,
    who: u32,
    role: u32,
    begins: i64,
    finish: i64,
    hours: f64,
    stopped: bool,
}

/// Writes entries for a task until its hours are used or now is reached; returns hours and the last activity.
fn hours_on_task(w: &World, rng: &mut Rng, work: &mut Vec<TimeRecord>, task: &TaskWork) -> (f64, i64) {
    let (mut left, mut spent, mut last) = (task.hours, 0.0, 0);
    if task.stopped {
        return (0.0, 0);
    }
    let sessions = (task.hours / 3.0).ceil().max(1.0);
    let mut nth = 0.0;
    while left > 0.1 && nth < 30.0 {
        let hours = hundredths(left.min(rng.span(1.5, 4.0)));
        let span = w.calendar.hours_between(task.begins, task.finish);
        let start = w.calendar.after(task.begins, span * (nth / sessions).min(0.95)) / MINUTE * MINUTE;
        nth += 1.0;
        left -= f64::from(hours) / 100.0;
        let non_billable = rng.chance(0.08);
        let mut entry = TimeRecord {
            task: task.task,
            project: task.project,
            company: task.company,
            resource: task.who,
            role: task.role,
            work_type: code::PROJECT,
            contract: task.contract,
            start,
            hours,
            to_bill: if non_billable { 0 } else { billed(hours) },
            non_billable,
            ..TimeRecord::default()
        };
        if start < w.now && write_down(w, &mut entry, rng) {
            spent += f64::from(hours) / 100.0;
            last = last.max(entry.created);
            work.push(entry);
        }
    }
    (spent, last)
}
