//! What is needed before the first row of an entity: labels, counts, cursors.

use super::{Engine, Ready, Trouble, Work, began, patiently, walk};
use crate::plan;
use std::time::Instant;
use taskgauge_autotask::Filter;
use taskgauge_model::entity::{Deletes, Entity, Kind};
use taskgauge_store::rows::{Covers, Metadata, PicklistValue, UserDefinedField};

impl Engine {
    /// Metadata, the number of rows to come, cursors.
    pub(super) async fn prepare(&self, work: &Work) -> Result<Ready, Trouble> {
        let entity = work.entity;
        let unqueryable = if work.due.metadata { self.metadata(work).await? } else { None };
        let unqueryable = unqueryable.unwrap_or_else(|| work.state.unqueryable.clone());
        let (mut covers, mut counted) = (Covers::Nothing, None);
        let looks_for_absent =
            (work.due.sweep || work.due.load) && work.state.rows > 0 && entity.deletes != Deletes::Never;
        if work.due.load || looks_for_absent {
            // For progress the doctor's count will do; a decision about absences needs one of now.
            let there = match self.counts.get(entity.name) {
                Some(rows) if !looks_for_absent => *rows,
                _ => self.ask(|client| async move { client.count(entity.name, &Filter::All).await }).await?,
            };
            patiently(|| self.store.expect_rows(&self.lease, entity, Some(there), self.spent(entity)))
                .await?;
            if looks_for_absent {
                counted = Some(there);
                let known = work.state.rows.cast_unsigned();
                if looks_hidden(entity, there, known) {
                    work.remark(hidden(there, known));
                } else {
                    covers = Covers::Everything;
                }
            }
        }
        let parts_at = |at| plan::parts(entity, &unqueryable, at, self.counts.get(entity.name).copied());
        let mut parts = if work.due.load { parts_at(self.now) } else { Vec::new() };
        let groups: Vec<Vec<&str>> = if work.due.load {
            vec![parts.iter().map(|part| part.name.as_str()).collect()]
        } else {
            [
                (work.due.changes.is_some(), walk::CHANGES),
                (work.due.again.is_some(), walk::AGAIN),
                (work.due.sweep, walk::SWEEP),
                (work.due.reconcile, walk::RECONCILE),
            ]
            .into_iter()
            .filter(|(is_due, _)| *is_due)
            .map(|(_, name)| vec![name])
            .collect()
        };
        // Everything is read again from the start when a run asks for it; what broke off goes on.
        let afresh = work.due.load && work.state.loaded_at.is_some() && !work.resumed;
        let mut cursors = Vec::new();
        for walks in &groups {
            let begin = || self.store.begin_walks(&self.lease, entity, walks, self.now, afresh);
            cursors.extend(patiently(begin).await?);
        }
        // A load that was begun before goes on by the time when it began.
        if let Some(began) = began(&cursors, None).filter(|began| work.due.load && *began != self.now) {
            parts = parts_at(began);
        }
        Ok(Ready { unqueryable, parts, there: counted, cursors, covers })
    }

    /// Labels and field lists. Answers the fields that cannot be filtered on; `None` when Autotask does not tell,
    /// which costs labels and no rows.
    async fn metadata(&self, work: &Work) -> Result<Option<Vec<String>>, Trouble> {
        let entity = work.entity;
        let began = Instant::now();
        let fields = match self.ask(|client| async move { client.fields(entity.name).await }).await {
            Ok(fields) => fields,
            Err(Trouble::Step { problem, expected: false }) => {
                tracing::warn!(entity = entity.name, problem, "no field list");
                return Ok(None);
            }
            Err(trouble) => return Err(trouble),
        };
        let mut metadata = Metadata {
            unqueryable: fields
                .iter()
                .filter(|field| !field.is_queryable)
                .map(|field| field.name.clone())
                .collect(),
            ..Metadata::default()
        };
        for column in entity.columns.iter().filter(|column| column.kind.is_listed()) {
            let Some(field) = fields.iter().find(|field| field.name.eq_ignore_ascii_case(column.field))
            else {
                continue;
            };
            metadata.picklists.extend(field.picklist_values.iter().filter_map(|value| {
                Some(PicklistValue {
                    field: column.field.to_owned(),
                    code: match column.kind {
                        Kind::Code => value.value.trim().replace('\0', "\u{fffd}"),
                        _ => value.number()?.to_string(),
                    },
                    label: value.label.replace('\0', "\u{fffd}"),
                    sort_order: i32::try_from(value.sort_order).unwrap_or(i32::MAX),
                    is_active: value.is_active,
                    is_system: value.is_system,
                    parent_value: value.parent_value.as_deref().and_then(|text| text.trim().parse().ok()),
                })
            }));
        }
        if entity.user_defined_fields {
            let defined =
                self.ask(|client| async move { client.user_defined_fields(entity.name).await }).await;
            match defined {
                Ok(fields) => {
                    metadata.user_defined_fields = fields
                        .into_iter()
                        .map(|field| UserDefinedField {
                            name: field.name,
                            label: field.label,
                            r#type: field.data_type,
                            is_queryable: field.is_queryable,
                            picklist: field
                                .is_pick_list
                                .then(|| serde_json::to_value(&field.picklist_values).unwrap_or_default()),
                        })
                        .collect();
                }
                Err(Trouble::Step { problem, .. }) => {
                    tracing::warn!(entity = entity.name, problem, "no user-defined fields");
                }
                Err(trouble) => return Err(trouble),
            }
        }
        let (requests, seconds) = (self.spent(entity), began.elapsed().as_secs_f64());
        patiently(|| self.store.save_metadata(&self.lease, entity, &metadata, requests, seconds)).await?;
        Ok(Some(metadata.unqueryable))
    }
}

/// What is said where rows look hidden.
pub(super) fn hidden(there: u64, known: u64) -> String {
    format!(
        "Autotask shows {there} of the {known} rows known here. That looks like a missing right rather than deletions, so \
         nothing was marked as deleted. Check the API user's security level."
    )
}

/// Whether `there` rows where `known` were before look like a right that was taken away rather than like deletions.
pub(super) fn looks_hidden(entity: &Entity, there: u64, known: u64) -> bool {
    let vanished = there == 0 && entity.never_empty;
    vanished || (known >= FEW && there.saturating_mul(2) < known)
}

/// Collections smaller than this shrink by half now and then.
const FEW: u64 = 50;
