//! What Postgres knows about the rows it plans for.

use crate::{Store, StoreError};
use sqlx::AssertSqlSafe;

impl Store {
    /// Lets Postgres look at the tables of records that were never looked at, or of which a tenth has changed since.
    ///
    /// Views join many tables: without this, statements that come right after a first load are planned as if every
    /// table were nearly empty, and some take a thousand times as long. Postgres does the same by itself, minutes later.
    ///
    /// # Errors
    /// Those of the database; tables that were looked at stay so.
    pub async fn refresh_statistics(&self) -> Result<(), StoreError> {
        let due: Vec<String> = sqlx::query_scalar(
            "select format('analyze autotask.%I', c.relname)
            from pg_class c
            left join pg_stat_user_tables s on s.relid = c.oid
            where c.relnamespace = 'autotask'::regnamespace
                and c.relkind = 'r'
                and (c.reltuples < 0 or s.n_mod_since_analyze > 500 + c.reltuples / 10)
            order by c.relname",
        )
        .fetch_all(&self.pool)
        .await?;
        for analyze in due {
            // Names of our own tables, quoted by Postgres.
            sqlx::query(AssertSqlSafe(analyze)).execute(&self.pool).await?;
        }
        Ok(())
    }
}
