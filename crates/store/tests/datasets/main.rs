//! The views of the datasets, and reading them.

mod periods;
mod reading;
mod views;
mod workbook;

use futures::{Stream, StreamExt as _};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use std::collections::BTreeMap;
use taskgauge_model::{
    catalogue::Catalogue,
    dataset::{Dataset, TablePage, TableQuery},
    gauge::{Condition, Op, Scalar},
    ids::DatasourceId,
};
use taskgauge_store::{
    Scope, StoreError,
    testing::{TestDatabase, database},
};

const WORLD: &str = include_str!("world.sql");

struct World {
    db: TestDatabase,
    sql: PgConnection,
    datasource: DatasourceId,
    /// Another tenant with the same rows, which must never show.
    other: DatasourceId,
}

impl World {
    async fn new() -> World {
        let db = database().await;
        let mut sql = PgConnection::connect(db.url.expose_secret()).await.expect("the database is there");
        let datasource = db.datasource("One").await;
        let other = db.datasource("Two").await;
        for id in [datasource, other] {
            sqlx::raw_sql(AssertSqlSafe(WORLD.replace("{ds}", &id.0.to_string())))
                .execute(&mut sql)
                .await
                .expect("the world is valid");
        }
        // All of it has arrived.
        sqlx::raw_sql("update taskgauge.datasources set synced_at = now()")
            .execute(&mut sql)
            .await
            .expect("set");
        World { db, sql, datasource, other }
    }

    async fn run(&mut self, statement: &str) {
        let statement = statement.replace("{ds}", &self.datasource.0.to_string());
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut self.sql).await.expect("the statement is valid");
    }

    async fn try_table(
        &self,
        slug: &str,
        query: &TableQuery,
        scope: &Scope,
    ) -> Result<TablePage, StoreError> {
        self.db.store.table(self.datasource, dataset(slug), query, scope).await
    }

    async fn table(&self, slug: &str, query: &TableQuery) -> TablePage {
        self.try_table(slug, query, &Scope::All).await.expect("the query is valid")
    }

    /// Values of one column, in the order of ids.
    async fn column(&self, slug: &str, column: &str) -> BTreeMap<i64, Value> {
        let columns = vec!["id".to_owned(), column.to_owned()];
        let page = self.table(slug, &TableQuery { columns, limit: 500, ..TableQuery::default() }).await;
        page.rows
            .into_iter()
            .map(|row| (row.values[0].as_i64().expect("an id"), row.values[1].clone()))
            .collect()
    }

    async fn value(&self, slug: &str, id: i64, column: &str) -> Value {
        self.column(slug, column).await.remove(&id).expect("the row is there")
    }

    async fn ids(&self, slug: &str, query: TableQuery) -> Vec<i64> {
        let page = self.table(slug, &TableQuery { columns: vec!["id".to_owned()], ..query }).await;
        page.rows.iter().map(|row| row.values[0].as_i64().expect("an id")).collect()
    }

    async fn where_(&self, column: &str, op: Op, value: Scalar) -> Vec<i64> {
        let conditions = vec![Condition { column: column.to_owned(), op, value }];
        self.ids("tickets_all", TableQuery { conditions, sort: "id".to_owned(), ..TableQuery::default() })
            .await
    }
}

fn dataset(slug: &str) -> &'static Dataset {
    Catalogue::shipped().dataset(slug).expect("the dataset ships")
}

fn text(text: &str) -> Scalar {
    Scalar::Text(text.to_owned())
}

async fn whole(stream: impl Stream<Item = Result<Vec<u8>, StoreError>>) -> String {
    let mut stream = std::pin::pin!(stream);
    let mut whole = Vec::new();
    while let Some(chunk) = stream.next().await {
        whole.extend(chunk.expect("the export ends"));
    }
    assert!(stream.next().await.is_none(), "the body of an answer asks again after the end");
    String::from_utf8(whole).expect("UTF-8")
}
