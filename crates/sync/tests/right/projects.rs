//! Projects, their phases and tasks, and the work on them.

use super::count::{
    COMPLETE, Count, Second,
    Seen::{ByCompany, Inside},
    first, hours, largest, reckoned, sorted,
};
use super::expected::{Expected, Group, Order, count, key, mean, number, percent, ratio, time, words};
use super::people::{entries, sum};
use super::records::Row;
use chrono::TimeDelta;
use std::collections::BTreeMap;
use taskgauge_model::gauge::OTHER;

pub const SECOND: &[Second] = &[
    ("projects_active", ByCompany, |c| Expected::value(count(active(c).len()))),
    ("projects_by_status", ByCompany, by_status),
    ("projects_overdue", ByCompany, |c| {
        let late = active(c).into_iter().filter(|row| row.time("endDateTime").is_some_and(|end| end < c.at));
        Expected::value(count(late.count()))
    }),
    ("projects_over_budget", ByCompany, |c| {
        let over = active(c)
            .into_iter()
            .filter(|row| row.num("estimatedTime").is_some_and(|estimate| worked(c, row) > estimate + 1e-9));
        Expected::value(count(over.count()))
    }),
    ("project_budget", ByCompany, budget),
    ("project_cpi", ByCompany, performance),
    ("project_progress", ByCompany, progress),
    ("project_hours_week", ByCompany, hours_by_project),
    ("tasks_due", ByCompany, due),
    ("tasks_completed", ByCompany, completed),
    ("phase_status", ByCompany, phases),
    ("project_revenue", Inside, revenue),
];

fn is_client_project(c: &Count<'_>, row: &Row) -> bool {
    let is_other = c.records.holds_word(
        "Projects",
        "projectType",
        row.int("projectType"),
        &["template", "baseline", "internal"],
    );
    row.int("companyID").is_some_and(|company| company != 0) && !is_other
}

fn is_active(c: &Count<'_>, row: &Row) -> bool {
    row.int("status") != COMPLETE
        && !c.records.is_labelled("Projects", "status", row.int("status"), &["inactive"])
}

fn of_clients<'a>(c: &Count<'a>) -> Vec<&'a Row> {
    c.of("Projects").into_iter().filter(|row| is_client_project(c, row)).collect()
}

fn active<'a>(c: &Count<'a>) -> Vec<&'a Row> {
    of_clients(c).into_iter().filter(|row| is_active(c, row)).collect()
}

fn tasks_of<'a>(c: &Count<'a>, field: &str, row: &Row) -> Vec<&'a Row> {
    c.records.all("Tasks").iter().filter(|task| task.int(field) == Some(row.id())).collect()
}

/// Hours of the time entries on tasks.
fn on_tasks(c: &Count<'_>, tasks: &[&Row]) -> f64 {
    let ids: Vec<Option<i64>> = tasks.iter().map(|task| Some(task.id())).collect();
    let entries = c.records.all("TimeEntries").iter();
    entries
        .filter(|entry| entry.int("taskID").is_some() && ids.contains(&entry.int("taskID")))
        .map(|entry| entry.sum("hoursWorked"))
        .sum()
}

fn worked(c: &Count<'_>, project: &Row) -> f64 {
    on_tasks(c, &tasks_of(c, "projectID", project))
}

fn is_done(task: &Row) -> bool {
    task.int("status") == COMPLETE
}

fn project_group(row: &Row, numbers: super::expected::Numbers) -> Group {
    Group {
        key: row.id().to_string(),
        label: row.text("projectName").unwrap_or_default().to_owned(),
        numbers,
    }
}

fn by_status(c: &Count<'_>) -> Expected {
    let rows = of_clients(c);
    let total = count(rows.len());
    let groups = Count::by(rows, |row| {
        let status = row.int("status");
        (key(status), c.records.label("Projects", "status", status).map(str::to_owned))
    });
    let mut groups = reckoned(&groups, |rows| vec![("projects", count(rows.len()))]);
    c.by_place(&mut groups, "Projects", "status");
    Expected::groups(total, Order::Given, groups)
}

fn budget(c: &Count<'_>) -> Expected {
    let rows = active(c);
    let total = rows.iter().map(|row| row.sum("estimatedTime")).sum();
    let groups = rows
        .into_iter()
        .map(|row| {
            let open = tasks_of(c, "projectID", row).into_iter().filter(|task| !is_done(task));
            let (estimated, actual) = (row.sum("estimatedTime"), worked(c, row));
            project_group(
                row,
                vec![
                    ("estimated", Some(estimated)),
                    ("actual", Some(actual)),
                    ("remaining", Some(open.map(|task| task.sum("remainingHours")).sum())),
                    ("variance", Some(estimated - actual)),
                ],
            )
        })
        .collect();
    Expected::groups(Some(total), Order::Falling, largest(groups, 15))
}

/// Estimated hours of the tasks that are done, and the hours worked on all.
fn earned(c: &Count<'_>, row: &Row) -> (f64, f64) {
    let done = tasks_of(c, "projectID", row).into_iter().filter(|task| is_done(task));
    (done.map(|task| task.sum("estimatedHours")).sum(), worked(c, row))
}

fn performance(c: &Count<'_>) -> Expected {
    let index = |row: &Row| {
        let (earned, worked) = earned(c, row);
        ratio(earned, worked).map(|index| (index * 1e4).round() / 1e4)
    };
    let mut rows = active(c);
    rows.retain(|row| index(row).is_some());
    sorted(&mut rows, false, index);
    let rows = rows.into_iter().map(|row| {
        vec![
            ("project", words(row.text("projectName"))),
            ("company", words(c.company(row.int("companyID")))),
            ("project_lead", words(c.member(row.int("projectLeadResourceID")))),
            ("earned_hours", number(Some(earned(c, row).0))),
            ("worked_hours", number(Some(earned(c, row).1))),
            ("cpi", number(index(row))),
        ]
    });
    Expected::rows(rows.collect(), 50)
}

/// The part of the time from start to end that has passed, 0 to 100.
fn elapsed(c: &Count<'_>, row: &Row) -> Option<f64> {
    let (start, end) = (row.time("startDateTime")?, row.time("endDateTime")?);
    let until = row.time("completedDateTime").unwrap_or(c.at);
    let all = hours(Some(start), Some(end)).filter(|hours| *hours > 0.0)?;
    let share = (hours(Some(start), Some(until)).unwrap_or(0.0) / all * 100.0).clamp(0.0, 100.0);
    Some((share * 100.0).round() / 100.0)
}

fn progress(c: &Count<'_>) -> Expected {
    let rows = active(c);
    let done = |row: &Row| {
        let tasks = tasks_of(c, "projectID", row);
        (tasks.iter().filter(|task| is_done(task)).count() as f64, tasks.len() as f64)
    };
    let all = rows.iter().map(|row| done(row)).fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
    let groups = rows
        .into_iter()
        .map(|row| {
            project_group(
                row,
                vec![
                    ("progress", percent(done(row).0, done(row).1)),
                    ("recorded", mean(row.num("completedPercentage"))),
                    ("elapsed", elapsed(c, row)),
                ],
            )
        })
        .collect();
    Expected::groups(percent(all.0, all.1), Order::Rising, first(groups, Order::Rising, 15))
}

fn hours_by_project(c: &Count<'_>) -> Expected {
    let mut entries = entries(c, "last_week");
    entries.retain(|work| work.row.int("taskID").is_some());
    let name = |project| c.records.get("Projects", project).and_then(|row| row.text("projectName"));
    let groups =
        Count::by(entries.iter().copied(), |work| (key(work.project), name(work.project).map(str::to_owned)));
    let shown = largest(reckoned(&groups, |entries| vec![("hours", Some(sum(entries)))]), 15);
    let mut cells = BTreeMap::new();
    for work in &entries {
        let project = key(work.project);
        let is_shown = shown.iter().any(|group| group.key == project);
        let row = if is_shown { project } else { OTHER.to_owned() };
        *cells.entry((row, key(work.row.int("resourceID")))).or_insert(0.0) += work.hours;
    }
    Expected::cells(Some(sum(&entries)), cells)
}

/// Tasks with activity in 120 days, with their project's company.
fn tasks<'a>(c: &Count<'a>) -> Vec<&'a Row> {
    let since = c.at - TimeDelta::days(120);
    let company = |task: &Row| {
        c.records.get("Projects", task.int("projectID")).and_then(|project| project.int("companyID"))
    };
    let mut rows = c.of_company("Tasks", company);
    rows.retain(|row| row.time("lastActivityDateTime").is_some_and(|at| at >= since));
    rows
}

fn due(c: &Count<'_>) -> Expected {
    let last = c.dates("next_7d").1;
    let mut rows = tasks(c);
    rows.retain(|row| {
        let project = c.records.get("Projects", row.int("projectID"));
        let kind = project.and_then(|project| project.int("projectType"));
        let is_sample = c.records.holds_word("Projects", "projectType", kind, &["template", "baseline"]);
        !is_done(row) && !is_sample && c.date(row.time("endDateTime")).is_some_and(|due| due <= last)
    });
    sorted(&mut rows, false, |row| row.time("endDateTime"));
    let rows = rows.into_iter().map(|row| {
        let project = c.records.get("Projects", row.int("projectID"));
        vec![
            ("task_number", words(row.text("taskNumber"))),
            ("title", words(row.text("title"))),
            ("project", words(project.and_then(|project| project.text("projectName")))),
            ("company", words(c.company(project.and_then(|project| project.int("companyID"))))),
            ("assigned_resource", words(c.member(row.int("assignedResourceID")))),
            ("status", words(c.records.label("Tasks", "status", row.int("status")))),
            ("end_date_time", time(row.time("endDateTime"))),
            ("remaining_hours", number(row.num("remainingHours"))),
        ]
    });
    Expected::rows(rows.collect(), 100)
}

fn completed(c: &Count<'_>) -> Expected {
    let dates = c.dates("last_week");
    let of = |dates| {
        let rows = tasks(c).into_iter();
        count(rows.filter(|row| is_done(row) && c.within(dates, row.time("completedDateTime"))).count())
    };
    // Of tasks, 120 days are known.
    let is_known = dates.before().0 > c.today - chrono::Days::new(120);
    Expected::compared(of(dates), of(dates.before()).filter(|_| is_known))
}

fn phases(c: &Count<'_>) -> Expected {
    let project = |row: &Row| c.records.get("Projects", row.int("projectID"));
    let mut rows = c.of_company("Phases", |row| project(row).and_then(|project| project.int("companyID")));
    rows.retain(|row| {
        project(row).is_some_and(|project| is_client_project(c, project) && is_active(c, project))
    });
    sorted(&mut rows, false, |row| row.time("dueDate"));
    let rows = rows.into_iter().map(|row| {
        let tasks = tasks_of(c, "phaseID", row);
        let done = tasks.iter().filter(|task| is_done(task)).count();
        let progress = percent(done as f64, tasks.len() as f64).map(|share| (share * 100.0).round() / 100.0);
        vec![
            ("title", words(row.text("title"))),
            ("project", words(project(row).and_then(|project| project.text("projectName")))),
            ("due_date", time(row.time("dueDate"))),
            ("estimated_hours", number(row.num("estimatedHours"))),
            ("worked_hours", number(Some(on_tasks(c, &tasks)))),
            ("task_progress", number(progress)),
            ("is_overdue", (row.time("dueDate").is_some_and(|due| due < c.at) && done < tasks.len()).into()),
        ]
    });
    Expected::rows(rows.collect(), 100)
}

fn revenue(c: &Count<'_>) -> Expected {
    let posted = |row: &Row| -> f64 {
        let items = c.records.all("BillingItems").iter();
        items
            .filter(|item| item.int("projectID") == Some(row.id()))
            .map(|item| item.num("internalCurrencyTotalAmount").unwrap_or(item.sum("totalAmount")))
            .sum()
    };
    let rows = active(c);
    let total = rows.iter().map(|row| posted(row)).sum();
    let groups = rows
        .into_iter()
        .map(|row| {
            let estimated = row.sum("laborEstimatedRevenue") + row.sum("projectCostsRevenue");
            project_group(row, vec![("posted", Some(posted(row))), ("estimated", Some(estimated))])
        })
        .collect();
    Expected::groups(Some(total), Order::Falling, largest(groups, 15))
}
