//! What a run has to do, cut into jobs, and their order.

use super::Work;
use crate::plan;
use chrono::DateTime;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use taskgauge_model::entity::Entity;

/// A piece of work that can go on beside others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Job {
    Part(usize),
    Changes,
    Again,
    Sweep,
    Reconcile,
    SecondLook,
    Children,
    Deletions,
}

/// Everything there is to do before children, in the order it should be done: what people look at first comes first.
pub(super) fn jobs(works: &[Arc<Work>], counts: &HashMap<String, u64>) -> Vec<(Arc<Work>, Job)> {
    let mut jobs = Vec::new();
    for work in works {
        let due = &work.due;
        let mut own = Vec::new();
        if due.load {
            // As many as there may be; which fields can be filtered on is not known yet, nor is the time.
            let expected = counts.get(work.entity.name).copied();
            let parts = plan::parts(work.entity, &[], DateTime::UNIX_EPOCH, expected);
            own.extend((0..parts.len()).map(Job::Part));
        }
        own.extend(
            [
                (due.changes.is_some(), Job::Changes),
                (due.again.is_some(), Job::Again),
                (due.sweep, Job::Sweep),
                (due.reconcile, Job::Reconcile),
                (due.second_look, Job::SecondLook),
            ]
            .into_iter()
            .filter_map(|(is_due, job)| is_due.then_some(job)),
        );
        work.left.store(own.len(), Ordering::Relaxed);
        jobs.extend(own.into_iter().map(|job| (Arc::clone(work), job)));
    }
    // Stable, so entities keep their order within a turn.
    jobs.sort_by_key(|(work, job)| turn(work.entity, *job));
    jobs
}

/// Open tickets, then the first part of everything, then what is further back.
fn turn(entity: &Entity, job: Job) -> usize {
    match job {
        Job::Part(0) | Job::Changes if entity.name == "Tickets" => 0,
        Job::Part(at) => 1 + at,
        Job::Changes | Job::Sweep => 1,
        Job::SecondLook | Job::Again => 2,
        Job::Reconcile | Job::Children | Job::Deletions => usize::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan;
    use chrono::Utc;
    use taskgauge_model::run::RunKind;
    use taskgauge_store::runs::EntityState;

    #[test]
    fn the_first_load_begins_with_open_tickets_and_ends_with_history() {
        let works: Vec<Arc<Work>> = Entity::all()
            .into_iter()
            .map(|entity| {
                let now = Utc::now();
                let due =
                    plan::due(entity, None, RunKind::Full, plan::Times::of(now, now, chrono_tz::Tz::UTC));
                Arc::new(Work::new(entity, EntityState::default(), due, false))
            })
            .collect();
        let jobs = jobs(&works, &HashMap::new());
        let place = |name: &str, part| {
            jobs.iter().position(|(work, job)| work.entity.name == name && *job == Job::Part(part)).unwrap()
        };
        assert_eq!(place("Tickets", 0), 0);
        assert!(place("Companies", 0) < place("TimeEntries", 0));
        assert!(place("SurveyResults", 0) < place("Tickets", 1));
        assert!(place("TimeEntries", 1) < place("Tickets", 2));
        let parts: usize = Entity::all().iter().map(|entity| entity.slices.len()).sum();
        assert_eq!(jobs.len(), parts);
    }
}
