//! The statements of gauges and nothing around them: what benchmarks compare boards with.

use super::{Context, counted, plan::Plan};
use crate::{Scope, Store, StoreError};
use chrono::{DateTime, Utc};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use std::time::{Duration, Instant};
use taskgauge_model::{
    catalogue::Catalogue,
    gauge::{Filters, Gauge},
    ids::DatasourceId,
};

impl Store {
    /// Runs the statements of these gauges, `at_once` beside each other, and throws their rows away. Answers with the
    /// time of each, in their order; of one that takes too long, the time until it was stopped.
    ///
    /// # Errors
    /// As [`Store::answer`].
    pub async fn only_statements(
        &self,
        datasource: DatasourceId,
        gauges: &[&Gauge],
        at: DateTime<Utc>,
        at_once: usize,
    ) -> Result<Vec<Duration>, StoreError> {
        let context = &self.gauge_context(datasource).await?;
        let asked: Vec<_> =
            gauges.iter().map(|gauge| Box::pin(self.only_statement(context, gauge, at))).collect();
        stream::iter(asked).buffered(at_once.max(1)).try_collect().await
    }

    async fn only_statement(
        &self,
        context: &Context,
        gauge: &Gauge,
        at: DateTime<Utc>,
    ) -> Result<Duration, StoreError> {
        let plan = Plan::new(Catalogue::shipped(), context, gauge, &Filters::default(), at)?;
        if plan.lacks(&context.doctor).barred.is_some() {
            return Ok(Duration::ZERO);
        }
        let asker = context.asker(&Scope::All, at);
        let mut snapshot = self.snapshot_from(at, plan.first_day()).await?;
        let began = Instant::now();
        let work = async {
            drop(counted(&mut snapshot, &plan, &asker, None).await?);
            if let Some(list) = &gauge.rows {
                super::rows::read(snapshot.next().await?, context, &plan, list, &asker).await?;
            }
            Ok(())
        };
        match work.await {
            Ok(()) | Err(StoreError::TimedOut(_)) => {}
            Err(error) => return Err(error),
        }
        let took = began.elapsed();
        snapshot.give_up().await?;
        Ok(took)
    }
}
