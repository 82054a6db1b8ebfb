//! Looks at the rows as they are in one moment, by views that see one instant.

use crate::{Store, StoreError};
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use std::time::Duration;

/// Longest time that a statement of a gauge may take.
pub(crate) const STATEMENT_TIMEOUT: Duration = Duration::from_secs(15);
/// Memory that a step of such a statement may take before it writes to disk.
const WORK_MEM: &str = "32MB";

/// A transaction in which the views see one instant, and nothing can be changed. Its statements have together the time
/// that one may take.
pub(crate) struct Snapshot {
    transaction: Transaction<'static, Postgres>,
    /// Whether a statement that may take long went before.
    is_begun: bool,
}

impl Store {
    /// A snapshot at the instant `at`.
    pub(crate) async fn snapshot(&self, at: DateTime<Utc>) -> Result<Snapshot, StoreError> {
        self.snapshot_from(at, None).await
    }

    /// As [`Store::snapshot`], for a question that is about no day before the first one.
    pub(crate) async fn snapshot_from(
        &self,
        at: DateTime<Utc>,
        first_day: Option<NaiveDate>,
    ) -> Result<Snapshot, StoreError> {
        let transaction = self.reading_on(&self.readers, at, first_day).await?;
        Ok(Snapshot { transaction, is_begun: false })
    }

    /// The transaction of a snapshot for a reader who takes the rows at their own pace.
    pub(crate) async fn exporting_at(
        &self,
        at: DateTime<Utc>,
    ) -> Result<Transaction<'static, Postgres>, StoreError> {
        self.reading_on(&self.exports, at, None).await
    }

    async fn reading_on(
        &self,
        pool: &PgPool,
        at: DateTime<Utc>,
        first_day: Option<NaiveDate>,
    ) -> Result<Transaction<'static, Postgres>, StoreError> {
        let mut reading = pool.begin_with("begin isolation level repeatable read read only").await?;
        sqlx::query(
            "select
                set_config('taskgauge.now', $1, true),
                set_config('taskgauge.first_day', $2, true),
                set_config('statement_timeout', $3, true),
                set_config('taskgauge.time', $3, true),
                set_config('work_mem', $4, true)",
        )
        .bind(at.to_rfc3339())
        .bind(first_day.map(|day| day.to_string()).unwrap_or_default())
        .bind(format!("{}ms", self.statement_timeout.as_millis()))
        .bind(WORK_MEM)
        .execute(&mut *reading)
        .await?;
        Ok(reading)
    }
}

impl Snapshot {
    /// For a statement that may take long: it has the time that the ones before left.
    pub async fn next(&mut self) -> Result<&mut PgConnection, StoreError> {
        if self.is_begun {
            leave_the_rest(&mut self.transaction).await?;
        }
        self.is_begun = true;
        Ok(&mut self.transaction)
    }

    /// For a statement that takes next to no time.
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }

    /// Ends it, so that its connection serves others.
    pub async fn end(self) -> Result<(), StoreError> {
        Ok(self.transaction.commit().await?)
    }

    /// As [`Snapshot::end`], after a statement that may have failed.
    #[cfg(feature = "testing")]
    pub async fn give_up(self) -> Result<(), StoreError> {
        Ok(self.transaction.rollback().await?)
    }
}

/// Leaves the next statements what the ones before left of the time.
async fn leave_the_rest(connection: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query(
        "select set_config(
            'statement_timeout',
            greatest(
                1,
                rtrim(current_setting('taskgauge.time'), 'ms')::int8
                    - (1000 * extract(epoch from clock_timestamp() - transaction_timestamp()))::int8
            ) || 'ms',
            true
        )",
    )
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    /// Statements that are sent until some milliseconds have passed for sure.
    const MANY: usize = 10_000;

    #[tokio::test]
    async fn several_statements_together_have_the_time_of_one() {
        let database = testing::database().await;
        let mut snapshot = database.store.snapshot(database.store.clock().now()).await.unwrap();
        let whole = i64::try_from(STATEMENT_TIMEOUT.as_millis()).unwrap();
        let mut left = whole;
        for place in 0..MANY {
            let connection = snapshot.next().await.unwrap();
            let now: i64 =
                sqlx::query_scalar("select setting::int8 from pg_settings where name = 'statement_timeout'")
                    .fetch_one(connection)
                    .await
                    .unwrap();
            assert!(now <= left, "{now} ms after {left} ms");
            assert!(place > 0 || now == whole, "{now} ms");
            left = now;
            if left < whole - 2 {
                break;
            }
        }
        assert!((1..whole - 2).contains(&left), "{left} ms");

        // Time that is up is not time without an end, as 0 would be.
        sqlx::query("select set_config('taskgauge.time', '0ms', true)")
            .execute(snapshot.connection())
            .await
            .unwrap();
        let endless = sqlx::query("select count(*) from generate_series(1, 10000000000)");
        let stopped = StoreError::from(endless.execute(snapshot.next().await.unwrap()).await.unwrap_err());
        assert!(matches!(stopped, StoreError::TimedOut(_)), "{stopped:?}");
    }
}
