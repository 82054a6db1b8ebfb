//! What Postgres knows about the rows it plans for.

use crate::{Store, StoreError};

impl Store {
    /// Lets Postgres look at the tables of records that were never looked at, or of which a tenth has changed since.
    ///
    /// Views join many tables: without this, statements that come right after a first load are planned as if every
    /// table were nearly empty, and some take a thousand times as long. Postgres does the same by itself, minutes later.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn refresh_statistics(&self) -> Result<(), StoreError> {
        sqlx::query(
            "do $$
            declare
                name text;
            begin
                for name in
                    select c.relname
                    from pg_class c
                    left join pg_stat_user_tables s on s.relid = c.oid
                    where c.relnamespace = 'autotask'::regnamespace
                        and c.relkind = 'r'
                        and (c.reltuples < 0 or s.n_mod_since_analyze > 500 + c.reltuples / 10)
                    order by c.relname
                loop
                    execute format('analyze autotask.%I', name);
                end loop;
            end
            $$",
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
