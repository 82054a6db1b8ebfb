//! Connecting Autotask and watching it sync.

use super::{Payload, UiError};
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use taskgauge_model::{
    datasource::{Datasource, Doctor, Draft, TestOutcome},
    ids::DatasourceId,
    run::Run,
};

/// A datasource in the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasourceRow {
    /// The datasource.
    pub datasource: Datasource,
    /// Its latest run.
    pub run: Option<Run>,
}

/// The list of datasources.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasourceList {
    /// All of them, by name.
    pub rows: Vec<DatasourceRow>,
    /// Now.
    pub at: DateTime<Utc>,
}

/// Everything the page of a datasource shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasourceView {
    /// The datasource.
    pub datasource: Datasource,
    /// What the permission doctor found.
    pub doctor: Option<Doctor>,
    /// Its runs, the latest first; the first carries its steps.
    pub runs: Vec<Run>,
    /// Titles of the datasets, each with the entities whose rows it is made of.
    pub datasets: Vec<(String, Vec<String>)>,
    /// Now.
    pub at: DateTime<Utc>,
}

/// How the datasource form begins.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FormStart {
    /// E-mail address of the person, the typical wrong fill.
    pub email: String,
    /// Time zones to choose from.
    pub time_zones: Vec<String>,
    /// Tab, right, and what is missed without it.
    pub rights: Vec<(String, String, String)>,
    /// What was typed, secrets left out, where the form came back without JavaScript.
    pub draft: Option<Draft>,
    /// What the test found then.
    pub outcome: Option<TestOutcome>,
    /// Why what was tested could not be saved then.
    pub refused: Option<UiError>,
    /// For new credentials: the datasource they are for.
    pub datasource: Option<Datasource>,
}

/// All datasources: [`DatasourceList`].
#[server(input = leptos::server_fn::codec::Json)]
pub async fn list_datasources() -> Result<Payload, UiError> {
    super::answer(|cx| async move {
        let mut rows = Vec::new();
        for datasource in cx.store().datasources().await? {
            let run = cx.store().latest_run(datasource.id).await?;
            rows.push(DatasourceRow { datasource, run });
        }
        Payload::of(&DatasourceList { rows, at: cx.clock().now() })
    })
    .await
}

/// One datasource with its runs: [`DatasourceView`].
#[server(input = leptos::server_fn::codec::Json)]
pub async fn get_datasource(id: DatasourceId) -> Result<Payload, UiError> {
    super::answer(|cx| async move {
        Payload::of(&DatasourceView {
            datasource: cx.store().datasource(id).await?,
            doctor: Some(cx.store().doctor(id).await?).filter(|doctor| doctor.at.is_some()),
            runs: cx.store().runs(id, 20).await?,
            datasets: connect::made_of(),
            at: cx.clock().now(),
        })
    })
    .await
}

/// What the form needs before it is filled in: [`FormStart`].
#[server(input = leptos::server_fn::codec::Json)]
pub async fn get_form_start(replaces: Option<DatasourceId>) -> Result<Payload, UiError> {
    super::answer(|cx| async move {
        let datasource = match replaces {
            Some(id) => Some(cx.store().datasource(id).await?),
            None => None,
        };
        let flash = use_context::<super::ConnectFlash>();
        let (draft, outcome, refused) = match flash {
            Some(flash) => (Some(flash.draft), flash.outcome, flash.refused),
            None => (None, None, None),
        };
        Payload::of(&FormStart {
            email: cx.session.user.email.clone(),
            time_zones: connect::time_zones(),
            rights: connect::rights(),
            draft,
            outcome,
            refused,
            datasource,
        })
    })
    .await
}

/// The zone of a user name, in words: `Option<String>`, `None` when Autotask does not know the user.
#[server(input = leptos::server_fn::codec::Json)]
pub async fn find_zone(user_name: String) -> Result<Payload, UiError> {
    super::answer(|cx| async move { Payload::of(&connect::find_zone(&cx.state, &user_name).await?) }).await
}

/// Tests what was typed: a [`TestOutcome`]. What passes is kept, sealed, for 15 minutes under the id in the outcome.
#[server(input = leptos::server_fn::codec::Json)]
pub async fn test_connection(draft: Draft, replaces: Option<DatasourceId>) -> Result<Payload, UiError> {
    super::answer(|cx| async move {
        Payload::of(&connect::test(&cx.state, cx.session.id, draft, replaces).await?)
    })
    .await
}

/// Saves a tested draft as a new datasource and starts its first sync. No credential is taken here.
#[server]
pub async fn save_datasource(
    draft: String,
    name: String,
    time_zone: String,
    web_url: String,
) -> Result<Payload, UiError> {
    super::answer(|cx| async move {
        Payload::of(&connect::save(&cx.state, cx.session.id, &draft, &name, &time_zone, &web_url).await?)
    })
    .await
}

/// Replaces the credentials of a datasource by a tested draft's.
#[server]
pub async fn replace_credentials(
    id: DatasourceId,
    draft: String,
    allow_other_tenant: bool,
) -> Result<Payload, UiError> {
    super::answer(|cx| async move {
        Payload::of(&connect::replace(&cx.state, cx.session.id, id, &draft, allow_other_tenant).await?)
    })
    .await
}

/// Starts a sync; `full` reads everything again.
#[server]
pub async fn sync_now(id: DatasourceId, full: bool) -> Result<Payload, UiError> {
    super::answer(|cx| async move {
        use taskgauge_model::run::RunKind;
        let kind = if full { RunKind::Full } else { RunKind::Incremental };
        cx.store().queue_run(id, kind, Some(cx.session.user.id)).await?;
        Payload::of(&())
    })
    .await
}

/// Stops the run that is under way.
#[server]
pub async fn cancel_sync(id: DatasourceId) -> Result<Payload, UiError> {
    super::answer(|cx| async move {
        if let Some(run) = cx.store().latest_run(id).await?.filter(|run| !run.state.is_over()) {
            cx.store().request_cancel(run.id).await?;
        }
        Payload::of(&())
    })
    .await
}

/// Pauses or resumes the schedule.
#[server]
pub async fn pause(id: DatasourceId, paused: bool) -> Result<Payload, UiError> {
    super::answer(|cx| async move {
        cx.store().set_paused(cx.actor(), id, paused).await?;
        Payload::of(&())
    })
    .await
}

/// Lets the permission doctor look again, with the stored credentials.
#[server]
pub async fn check_permissions(id: DatasourceId) -> Result<Payload, UiError> {
    super::answer(|cx| async move { Payload::of(&connect::check_permissions(&cx.state, id).await?) }).await
}

/// Changes the name, time zone and web address, how often is synced, and the share of requests.
#[server]
pub async fn change_datasource(
    id: DatasourceId,
    name: String,
    time_zone: String,
    web_url: String,
    sync_minutes: String,
    share_percent: String,
) -> Result<Payload, UiError> {
    super::answer(|cx| async move {
        let named = (name.as_str(), time_zone.as_str(), web_url.as_str());
        Payload::of(&connect::change(&cx, id, named, (&sync_minutes, &share_percent)).await?)
    })
    .await
}

/// Removes a datasource with all its rows.
#[server]
pub async fn remove_datasource(id: DatasourceId) -> Result<Payload, UiError> {
    super::answer(|cx| async move {
        Payload::of(&connect::remove(cx.store(), &cx.state.connector, cx.actor(), id).await?)
    })
    .await
}

#[cfg(feature = "ssr")]
pub mod connect;
