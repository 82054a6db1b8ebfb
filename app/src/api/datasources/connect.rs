//! Testing, saving and replacing credentials.

use crate::api::{AppState, RequestCx, UiError};
use taskgauge_autotask::Connector;
use taskgauge_model::{
    catalogue::Catalogue,
    datasource::{Draft, DraftField, FailureCause, FieldProblem, TestFailure, TestOutcome},
    entity::Entity,
    ids::DatasourceId,
    run::RunKind,
};
use taskgauge_store::{Store, StoreError, datasources::DatasourceChange};
use taskgauge_sync::{doctor::DoctorError, examine_stored, failure, remove_webhooks, test_connection};

/// Tests a draft and keeps it, sealed, when it passes.
pub async fn test(
    state: &AppState,
    session: i64,
    draft: Draft,
    replaces: Option<DatasourceId>,
) -> Result<TestOutcome, UiError> {
    let draft = match replaces {
        // The name, zone and address of a datasource that exists are not asked for again.
        Some(id) => {
            let datasource = state.store.datasource(id).await?;
            let web_url = String::new();
            Draft { name: datasource.name, time_zone: datasource.time_zone, web_url, ..draft }
        }
        None => draft,
    };
    let mut problems = draft.problems();
    problems.extend(more_problems(&state.connector, &draft));
    if replaces.is_none() && is_taken(state, &draft.name).await? {
        problems.push(FieldProblem {
            field: DraftField::Name,
            message: format!(
                "There is already a datasource named “{}”. Choose another name.",
                draft.name.trim()
            ),
        });
    }
    if !problems.is_empty() {
        return Ok(TestOutcome::Invalid { problems });
    }
    // Whether it is the same tenant is asked when the draft is saved, where the answer may be *yes, another one*.
    match test_connection(&state.connector, &draft, state.store.clock().now()).await {
        Ok(tested) => {
            let draft = state.store.keep_draft(session, &tested).await?;
            Ok(TestOutcome::Passed { draft, report: tested.report })
        }
        Err(failure) => Ok(TestOutcome::Failed(failure)),
    }
}

/// Whether a datasource has this name already.
async fn is_taken(state: &AppState, name: &str) -> Result<bool, UiError> {
    match state.store.datasource_named(name).await {
        Ok(_) => Ok(true),
        Err(StoreError::NotFound { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// What needs the address rules and the list of time zones to tell.
pub fn more_problems(connector: &Connector, draft: &Draft) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    for (field, text) in [(DraftField::Zone, &draft.zone), (DraftField::WebUrl, &draft.web_url)] {
        if !text.trim().is_empty()
            && let Err(error) = connector.zone_address(text.trim())
        {
            problems.push(FieldProblem { field, message: error.to_string() });
        }
    }
    if draft.time_zone.parse::<chrono_tz::Tz>().is_err() {
        problems.push(FieldProblem {
            field: DraftField::TimeZone,
            message: "Choose a time zone of the list, for example Europe/Berlin.".to_owned(),
        });
    }
    problems
}

/// Saves a tested draft and starts the first sync.
pub async fn save(
    state: &AppState,
    session: i64,
    draft: &str,
    name: &str,
    time_zone: &str,
    web_url: &str,
) -> Result<DatasourceId, UiError> {
    settings_are_right(state, name, time_zone, web_url)?;
    let web_url = web_address(&state.connector, web_url)?;
    let id = state.store.save_datasource(session, draft, name.trim(), time_zone, web_url.as_deref()).await?;
    sync_soon(&state.store, id, RunKind::Full).await;
    Ok(id)
}

/// Starts a sync of what was just saved. Should the database refuse, the save still stands, and the worker's schedule
/// starts the sync all the same.
pub async fn sync_soon(store: &Store, id: DatasourceId, kind: RunKind) {
    if let Err(error) = store.queue_run(id, kind, None).await {
        tracing::warn!(datasource = id.0, %error, "the sync was not queued; the schedule starts it");
    }
}

/// Replaces the credentials of a datasource by a tested draft's.
pub async fn replace(
    state: &AppState,
    session: i64,
    id: DatasourceId,
    draft: &str,
    allow_other_tenant: bool,
) -> Result<(), UiError> {
    state.store.replace_credentials(session, id, draft, allow_other_tenant).await?;
    sync_soon(&state.store, id, RunKind::Incremental).await;
    Ok(())
}

/// Removes a datasource with all its rows, and its webhooks at Autotask, where that answers. Those that stay there do no
/// harm: their callouts are refused, and Autotask switches them off.
pub async fn remove(
    store: &Store,
    connector: &Connector,
    actor: &str,
    id: DatasourceId,
) -> Result<(), StoreError> {
    match remove_webhooks(store, connector, id).await {
        Ok(()) => {}
        Err(DoctorError::Store(error)) => return Err(error),
        Err(error) => tracing::warn!(datasource = id.0, %error, "webhooks stay at Autotask"),
    }
    store.remove_datasource(actor, id).await
}

/// Examines a datasource with its stored credentials.
pub async fn check_permissions(state: &AppState, id: DatasourceId) -> Result<(), UiError> {
    examine_stored(&state.store, &state.connector, id).await.map_err(|error| match error {
        DoctorError::Store(error) => error.into(),
        refused @ DoctorError::Autotask(_) => UiError::Unavailable(refused.to_string()),
    })
}

/// Changes name, time zone and web address.
pub async fn change(
    cx: &RequestCx,
    id: DatasourceId,
    (name, time_zone, web_url): (&str, &str, &str),
    (sync_minutes, share_percent): (&str, &str),
) -> Result<(), UiError> {
    settings_are_right(&cx.state, name, time_zone, web_url)?;
    let change = DatasourceChange {
        sync_minutes: Some(whole(sync_minutes, "The minutes between two syncs")?),
        share_percent: Some(whole(share_percent, "The share of requests")?),
        name: Some(name.trim().to_owned()),
        time_zone: Some(time_zone.to_owned()),
        web_url: Some(web_address(&cx.state.connector, web_url)?.unwrap_or_default()),
    };
    cx.store().change_datasource(cx.actor(), id, &change).await?;
    Ok(())
}

fn whole<T: std::str::FromStr>(text: &str, what: &str) -> Result<T, UiError> {
    text.trim()
        .parse()
        .map_err(|_| UiError::Invalid(format!("{what} must be given as a whole number, and not that large.")))
}

/// The zone of a user name in words; `None` when Autotask does not know the user.
pub async fn find_zone(state: &AppState, user_name: &str) -> Result<Option<String>, UiError> {
    match state.connector.discover(user_name).await {
        Ok(zone) => Ok(Some(match zone.number {
            Some(number) => format!("{} (zone {number})", zone.name),
            None => zone.name,
        })),
        Err(error) => match failure::of(&error) {
            TestFailure { cause: FailureCause::UnknownUser, .. } => Ok(None),
            failure => Err(UiError::Unavailable(failure.what)),
        },
    }
}

/// The root of the web interface that was given by any address of it; empty means that there is none.
pub fn web_address(connector: &Connector, text: &str) -> Result<Option<String>, UiError> {
    taskgauge_sync::connect::web_address(connector, text.trim())
        .map(|root| root.map(String::from))
        .map_err(|failure| UiError::Invalid(format!("{} {}", failure.what, failure.next)))
}

/// The settings of a datasource by the same rules as in the form; the credentials are not part of them.
fn settings_are_right(state: &AppState, name: &str, time_zone: &str, web_url: &str) -> Result<(), UiError> {
    let draft = Draft {
        name: name.to_owned(),
        time_zone: time_zone.to_owned(),
        web_url: web_url.to_owned(),
        ..Draft::default()
    };
    let mut problems = draft.problems();
    problems.extend(more_problems(&state.connector, &draft));
    problems
        .into_iter()
        .find(|problem| matches!(problem.field, DraftField::Name | DraftField::TimeZone | DraftField::WebUrl))
        .map_or(Ok(()), |problem| Err(UiError::Invalid(problem.message)))
}

/// Titles of the datasets, each with the entities whose rows it is made of.
pub fn made_of() -> Vec<(String, Vec<String>)> {
    let datasets = Catalogue::shipped().datasets.iter();
    datasets.map(|dataset| (dataset.title.clone(), dataset.dated_by().map(str::to_owned).collect())).collect()
}

/// The rights a security level needs, from the declarations of the entities: tab, right, what is missed without it.
pub fn rights() -> Vec<(String, String, String)> {
    let mut rights: Vec<(String, String, String)> = Vec::new();
    for entity in Entity::all() {
        let known =
            rights.iter_mut().find(|(tab, row, _)| tab == entity.right.tab && row == entity.right.row);
        match known {
            Some((_, _, what)) => {
                what.push_str(", ");
                what.push_str(&inside_a_sentence(entity.label));
            }
            None => rights.push((
                entity.right.tab.to_owned(),
                entity.right.row.to_owned(),
                entity.label.to_owned(),
            )),
        }
    }
    rights.sort();
    rights
}

/// A label inside a sentence: its first letter small, unless it begins an acronym.
fn inside_a_sentence(label: &str) -> String {
    let mut letters = label.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            first.to_lowercase().chain(label.chars().skip(1)).collect()
        }
        _ => label.to_owned(),
    }
}

/// The time zones to choose from: those of places, and UTC.
pub fn time_zones() -> Vec<String> {
    let areas = [
        "Africa/",
        "America/",
        "Antarctica/",
        "Asia/",
        "Atlantic/",
        "Australia/",
        "Europe/",
        "Indian/",
        "Pacific/",
    ];
    let mut zones: Vec<String> = chrono_tz::TZ_VARIANTS
        .iter()
        .map(|zone| zone.name())
        .filter(|name| areas.iter().any(|area| name.starts_with(area)))
        .map(str::to_owned)
        .collect();
    zones.sort();
    zones.insert(0, "UTC".to_owned());
    zones
}
