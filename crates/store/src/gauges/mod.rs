//! Answers to gauges: one SQL statement over the datasets' views for what is not kept, folded into groups and formulas
//! here. Long windows are counted by their days and levels by their changes, in a few statements more (`days.rs`,
//! `levels.rs`), so that a change of rows costs what it changed.
//!
//! # What an answer's numbers mean
//!
//! - `value` is the first measure over *everything*: counted anew over all rows, never added up from groups. Where a
//!   ratio divides rows of one dataset by rows of another (tickets per endpoint), it is reckoned over the groups that
//!   have a divisor. An area chart by day, week or month shows a level, so its value is the last bucket's.
//! - `rows` is the number of rows the value rests on: those of the divisor in a ratio, else those of all layers of the
//!   first measure; for a measure of a column, the rows that have a value there.
//! - Without groups, `figures` are the values after the first. A target that is one of the gauge's values
//!   (`Target::of`) is in `target`, and not among them; so is one that is a setting (`Target::setting`).
//! - With two groups, `groups` is the first dimension and `series` the second: [`AnswerGroup::values`] has one entry
//!   per key of the second dimension, of the first measure.
//! - A viewer's range takes the place of the gauge's own, apart from *now*, *today* and looks ahead; such answers name
//!   `Date range` in `unfiltered`. Where the window reaches back further than the dataset does, its wider sibling
//!   (`tickets_14d` → `tickets_210d` → `tickets_all`) is asked.
//!
//! [`AnswerGroup::values`]: taskgauge_model::gauge::AnswerGroup::values

#[cfg(feature = "testing")]
mod bare;
mod bucket;
pub(crate) mod cache;
pub(crate) mod check;
mod choices;
pub(crate) mod days;
mod drill;
mod explain;
mod fold;
mod levels;
pub(crate) mod names;
pub(crate) mod plan;
mod reads;
pub(crate) mod relative;
mod rows;
mod scans;
pub(crate) mod statement;
mod there;

pub use cache::AnswerCounts;
pub use days::DayCounts;
pub use drill::{Behind, Part, Question, Spot};
pub use explain::{ExplainedLayer, Explanation};
pub use plan::filters_of;
pub use there::OwnQuestion;

use crate::{Scope, Store, StoreError, snapshot::Snapshot};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use futures::{FutureExt as _, StreamExt as _, stream};
use std::{
    collections::{HashMap, HashSet},
    num::NonZero,
    ops::RangeInclusive,
};
use taskgauge_model::{
    catalogue::Catalogue,
    datasource::Doctor,
    gauge::{Answer, Filters, Gauge, Status},
    ids::DatasourceId,
    range::{Calendar, Range},
    settings::Settings,
};

/// Fewest and most connections one board may use at once; between them it is as many as this machine has cores.
const BOARD_CONNECTIONS: RangeInclusive<usize> = 2..=8;
/// What was observed for so long only says nothing yet.
const SEEN_LITTLE: TimeDelta = TimeDelta::days(1);
/// A state of records this much before the last reading is not the one that is stored.
const PAST: TimeDelta = TimeDelta::hours(1);

/// What is known of a datasource before anything is counted.
struct Context {
    datasource: DatasourceId,
    zone: Tz,
    calendar: Calendar,
    settings: Settings,
    web_url: Option<String>,
    doctor: Doctor,
    /// When the datasource was added.
    since: DateTime<Utc>,
    /// When each entity was last read.
    read_at: HashMap<String, DateTime<Utc>>,
    /// The version of each entity's rows and labels.
    versions: HashMap<String, i64>,
    /// The version of each entity's labels alone.
    labels: HashMap<String, i64>,
    /// Of which entities there is anything, while the first sync is under way; `None` once it is complete.
    arrived: Option<HashSet<String>>,
    /// Time zone, settings and permissions as text, for keys of answers.
    workspace: String,
    /// The part of them that numbers depend on: all but where records open.
    reckoning: String,
}

impl Store {
    /// The answer to a gauge at the instant `at`, of the rows in `scope`.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] when the gauge or a filter names what is not there, [`StoreError::NotFound`] for an
    /// unknown datasource, [`StoreError::TimedOut`] after 15 seconds.
    pub async fn answer(
        &self,
        datasource: DatasourceId,
        gauge: &Gauge,
        filters: &Filters,
        scope: &Scope,
        at: DateTime<Utc>,
    ) -> Result<Answer, StoreError> {
        let context = self.gauge_context(datasource).await?;
        let plan = plan::Plan::new(Catalogue::shipped(), &context, gauge, filters, at)?;
        self.answer_in(&context, &plan, scope, at).await
    }

    /// The answers to several gauges, in their order; a few are asked at once. They are computed once per change of
    /// data and minute, however many ask.
    pub async fn answers(
        &self,
        datasource: DatasourceId,
        gauges: &[&Gauge],
        filters: &Filters,
        scope: &Scope,
        at: DateTime<Utc>,
    ) -> Vec<Result<Answer, StoreError>> {
        let context = self.gauge_context(datasource).await;
        let mut asked = Vec::with_capacity(gauges.len());
        for gauge in gauges {
            asked.push(async {
                match &context {
                    Ok(context) => self.kept_answer(context, gauge, filters, scope, at).await,
                    Err(_) => self.answer(datasource, gauge, filters, scope, at).await,
                }
            });
        }
        stream::iter(asked).buffered(Store::statements_at_once()).collect().await
    }

    /// Statements of one board that run beside each other.
    pub fn statements_at_once() -> usize {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        cores.clamp(*BOARD_CONNECTIONS.start(), *BOARD_CONNECTIONS.end())
    }

    async fn kept_answer(
        &self,
        context: &Context,
        gauge: &Gauge,
        filters: &Filters,
        scope: &Scope,
        at: DateTime<Utc>,
    ) -> Result<Answer, StoreError> {
        let plan = plan::Plan::new(Catalogue::shipped(), context, gauge, filters, at)?;
        let key = cache::key(context, &plan, gauge, filters, scope, at)?;
        let answer = self.answers.get(key, self.answer_in(context, &plan, scope, at).boxed()).await?;
        Ok(Answer { at, data_at: context.data_at(&plan, at), ..Answer::clone(&answer) })
    }

    async fn answer_in(
        &self,
        context: &Context,
        plan: &plan::Plan<'_>,
        scope: &Scope,
        at: DateTime<Utc>,
    ) -> Result<Answer, StoreError> {
        let gauge = plan.gauge;
        let mut answer = Answer {
            gauge: gauge.id.clone(),
            at,
            status: Status::NotPermitted,
            value: None,
            figures: Vec::new(),
            target: gauge.target.as_ref().and_then(|it| context.settings.target(it.setting.as_deref()?)),
            unit: plan.measures.first().map_or(gauge.unit, |measure| measure.unit),
            rows: 0,
            groups: Vec::new(),
            series: Vec::new(),
            dimensions: u8::from(!gauge.groups.is_empty()) + u8::from(gauge.groups.len() > 1),
            previous: None,
            note: None,
            unfiltered: plan.unfiltered.clone(),
            window: plan.window.map(|window| (window.from, window.to)),
            table: None,
            data_at: context.data_at(plan, at),
        };
        let lacks = plan.lacks(&context.doctor);
        if lacks.barred.is_some() {
            answer.note = lacks.barred;
            return Ok(answer);
        }
        if let Some(note) = plan.withheld_from(scope)? {
            answer.note = Some(note.to_owned());
            return Ok(answer);
        }
        let awaited = plan.awaited(context, scope);
        if !awaited.is_empty() {
            answer.status = Status::Loading;
            answer.note = Some(format!("Still to come from Autotask: {}.", awaited.join(", ")));
            return Ok(answer);
        }
        let observed = plan.observed_since(context, at);
        if observed.is_some() && at - context.since < SEEN_LITTLE {
            answer.status = Status::NoData;
            answer.note = observed;
            return Ok(answer);
        }
        let asker = context.asker(scope, at);
        let mut snapshot = self.snapshot_from(at, plan.first_day()).await?;
        let counted = counted(&mut snapshot, plan, &asker, Some((&self.counts, context))).await?;
        if let Some(list) = &gauge.rows {
            answer.table = Some(rows::read(snapshot.next().await?, context, plan, list, &asker).await?);
        }
        snapshot.end().await?;
        fold::fold(plan, context.calendar, counted, &mut answer);
        if context.is_past(plan, at) {
            answer.note = Some(
                "Records are shown as they are today: what they were at this time is not kept.".to_owned(),
            );
        }
        let beyond = plan.beyond_reach(context, at);
        let known: Vec<String> = answer
            .note
            .into_iter()
            .chain(beyond)
            .chain(plan.coarser())
            .chain(observed)
            .chain(lacks.notes)
            .collect();
        answer.note = (!known.is_empty()).then(|| known.join(" "));
        Ok(answer)
    }

    async fn gauge_context(&self, datasource: DatasourceId) -> Result<Context, StoreError> {
        type Read = (String, Option<DateTime<Utc>>, i64, i64, bool);
        type Found =
            (String, Option<String>, serde_json::Value, Option<serde_json::Value>, DateTime<Utc>, bool);
        let (zone, web_url, settings, doctor, since, is_filling): Found = sqlx::query_as(
            "select time_zone, web_url, settings, doctor, created_at, synced_at is null
            from taskgauge.datasources
            where id = $1",
        )
        .bind(datasource.0)
        .fetch_optional(&self.pool)
        .await?
        .ok_or(StoreError::NotFound { what: "datasource" })?;
        let read: Vec<Read> = sqlx::query_as(
            "select entity, read_at, version, labels_version, read_at is not null or rows > 0
            from taskgauge.entity_state
            where datasource_id = $1",
        )
        .bind(datasource.0)
        .fetch_all(&self.pool)
        .await?;
        let workspace = serde_json::json!([zone, web_url, settings, doctor]).to_string();
        let mut counting = settings.clone();
        if let Some(settings) = counting.as_object_mut() {
            settings.remove("links");
        }
        let reckoning = serde_json::json!([zone, counting, doctor]).to_string();
        let zone: Tz = zone
            .parse()
            .map_err(|_| invalid(format!("The time zone “{zone}” of this datasource is unknown.")))?;
        let settings: Settings = serde_json::from_value(settings)
            .map_err(|_| invalid("The stored settings of this datasource cannot be read.".to_owned()))?;
        Ok(Context {
            datasource,
            zone,
            calendar: Calendar {
                week_starts: settings.week_starts,
                year_starts: u32::from(settings.fiscal_year_starts),
            },
            settings,
            web_url,
            since,
            // Findings that cannot be read are none: they explain answers and do not make them.
            doctor: doctor.and_then(|doctor| serde_json::from_value(doctor).ok()).unwrap_or_default(),
            versions: read.iter().map(|(entity, _, version, ..)| (entity.clone(), *version)).collect(),
            labels: read.iter().map(|(entity, _, _, labels, _)| (entity.clone(), *labels)).collect(),
            arrived: is_filling
                .then(|| read.iter().filter(|(.., any)| *any).map(|(entity, ..)| entity.clone()).collect()),
            read_at: read.into_iter().filter_map(|(entity, at, ..)| Some((entity, at?))).collect(),
            workspace,
            reckoning,
        })
    }
}

/// What is kept between answers.
#[derive(Debug, Default)]
pub(crate) struct KeptCounts {
    days: days::Days,
    scans: scans::Scans,
}

/// What the layers of a plan come to: levels, long windows by the day where counts are kept, and all else by statements.
async fn counted(
    snapshot: &mut Snapshot,
    plan: &plan::Plan<'_>,
    asker: &statement::Asker<'_>,
    kept: Option<(&KeptCounts, &Context)>,
) -> Result<Vec<statement::Row>, StoreError> {
    let (mut counted, mut at_once) = (Vec::new(), Vec::new());
    let scans = statement::scans(plan);
    let kept_scans = kept.filter(|_| scans.len() > 1);
    let days = kept.map(|(kept, context)| (&kept.days, context));
    for scan in scans {
        let mut rows = levels::rows(snapshot, &scan, asker, days).await?;
        if let Some((days, context)) = days.filter(|_| rows.is_none()) {
            rows = days.rows(snapshot, context, &scan, asker).await?;
        }
        match (rows, kept_scans) {
            (Some(rows), _) => counted.extend(rows),
            (None, Some((kept, context))) => {
                counted.extend(kept.scans.rows(snapshot, context, scan, asker).await?);
            }
            (None, None) => at_once.push(scan),
        }
    }
    if !at_once.is_empty() {
        let mut sql = statement::statement(&at_once, asker)?;
        let rows: Vec<statement::Row> = sql.build_query_as().fetch_all(snapshot.next().await?).await?;
        counted.extend(rows);
    }
    Ok(counted)
}

impl Context {
    /// Who asks, when.
    fn asker<'a>(&self, scope: &'a Scope, at: DateTime<Utc>) -> statement::Asker<'a> {
        statement::Asker {
            datasource: self.datasource,
            scope,
            zone: self.zone,
            week_starts: self.calendar.week_starts,
            today: at.with_timezone(&self.zone).date_naive(),
        }
    }

    /// The version of an entity's rows and labels; 0 where it was never read.
    fn version(&self, entity: &str) -> i64 {
        self.versions.get(entity).copied().unwrap_or_default()
    }

    /// Whether the question is about a time of which records that stand now say nothing.
    fn is_past(&self, plan: &plan::Plan<'_>, at: DateTime<Utc>) -> bool {
        let knows_later = || self.data_at(plan, at).is_some_and(|data_at| at + PAST <= data_at);
        plan.gauge.range == Range::Now && knows_later()
    }

    /// When the oldest of the entities that date the layers' rows ([`Dataset::dated_by`]) was read; `None` where none of
    /// them was. What Taskgauge tells of itself is as old as the question, `at`.
    ///
    /// [`Dataset::dated_by`]: taskgauge_model::dataset::Dataset::dated_by
    fn data_at(&self, plan: &plan::Plan<'_>, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if plan.layers.iter().all(|layer| layer.dataset.dated_by().next().is_none()) {
            return Some(at);
        }
        plan.layers
            .iter()
            .flat_map(|layer| layer.dataset.dated_by())
            .filter_map(|entity| self.read_at.get(entity))
            .min()
            .copied()
    }
}

fn invalid(what: String) -> StoreError {
    StoreError::Invalid(what)
}
