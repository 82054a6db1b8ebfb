//! Reading datasets: a page of a table, a count, an export.
//!
//! Columns, conditions and orders are looked up in the dataset's declaration; nothing that a caller sends becomes part
//! of a statement's text. Readers who see some companies only ([`Scope::Companies`]) see no internal columns, no
//! user-defined fields and no addresses in Autotask; asking for such a column is asking for one that is not there.

mod export;
pub(crate) mod order;
mod reading;
mod workbook;

pub(crate) use export::Format;
pub(crate) use reading::Reading;
pub use workbook::WORKBOOK_ROWS_MAX;

use crate::{Scope, Store, StoreError};
use chrono::{DateTime, Utc};
use futures::Stream;
use taskgauge_model::{
    dataset::{Dataset, TablePage, TableQuery},
    ids::DatasourceId,
};

impl Store {
    /// A page of a dataset's rows in `scope`.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for a column that is not there or a value of another kind, [`StoreError::NotFound`] for
    /// an unknown datasource.
    pub async fn table(
        &self,
        datasource: DatasourceId,
        dataset: &Dataset,
        query: &TableQuery,
        scope: &Scope,
    ) -> Result<TablePage, StoreError> {
        let read = self.reading(datasource, dataset, query, scope);
        let mut snapshot = self.snapshot(read.at).await?;
        read.page(snapshot.next().await?, &dataset.shown).await
    }

    /// How many rows of a dataset in `scope` meet the query's search and conditions.
    ///
    /// # Errors
    /// As [`Store::table`].
    pub async fn dataset_count(
        &self,
        datasource: DatasourceId,
        dataset: &Dataset,
        query: &TableQuery,
        scope: &Scope,
    ) -> Result<u64, StoreError> {
        let read = self.reading(datasource, dataset, query, scope);
        let mut snapshot = self.snapshot(read.at).await?;
        reading::opening(snapshot.connection(), datasource).await?;
        read.count(snapshot.next().await?).await
    }

    /// All rows that meet the query, as CSV (RFC 4180, UTF-8) with the columns' names in the first line.
    ///
    /// Without columns in the query these are all that are no JSON. `offset` and `limit` do not apply. Text that a
    /// spreadsheet would take for a formula gets an apostrophe in front. All rows are of one moment, however long the
    /// reader takes, as long as it takes something every five minutes; dropping the stream ends the reading.
    ///
    /// # Errors
    /// As [`Store::table`]; once rows flow, what the database says.
    pub async fn dataset_csv(
        &self,
        datasource: DatasourceId,
        dataset: &Dataset,
        query: &TableQuery,
        scope: &Scope,
    ) -> Result<impl Stream<Item = Result<Vec<u8>, StoreError>> + Send + use<>, StoreError> {
        let read = self.reading(datasource, dataset, query, scope);
        self.export(&read, &read.all_columns(false), Format::Csv).await
    }

    /// All rows that meet the query, as a JSON array of objects. Otherwise as [`Store::dataset_csv`]; without columns
    /// in the query these are all columns.
    ///
    /// # Errors
    /// As [`Store::dataset_csv`].
    pub async fn dataset_json(
        &self,
        datasource: DatasourceId,
        dataset: &Dataset,
        query: &TableQuery,
        scope: &Scope,
    ) -> Result<impl Stream<Item = Result<Vec<u8>, StoreError>> + Send + use<>, StoreError> {
        let read = self.reading(datasource, dataset, query, scope);
        self.export(&read, &read.all_columns(true), Format::Json).await
    }

    /// Rows that meet the query, at most [`WORKBOOK_ROWS_MAX`], as a workbook of Excel with cells of their kinds; a
    /// second sheet has the lines of `about`, and says how many rows there are. Otherwise as [`Store::dataset_csv`].
    ///
    /// # Errors
    /// As [`Store::dataset_csv`], and [`StoreError::File`].
    pub async fn dataset_xlsx(
        &self,
        datasource: DatasourceId,
        dataset: &Dataset,
        query: &TableQuery,
        scope: &Scope,
        about: Vec<(String, String)>,
    ) -> Result<impl Stream<Item = Result<Vec<u8>, StoreError>> + Send + use<>, StoreError> {
        let read = self.reading(datasource, dataset, query, scope);
        self.workbook(&read, &read.all_columns(false), about).await
    }

    /// When the entities that date a dataset's rows ([`Dataset::dated_by`]) were last read completely: the oldest of
    /// those that were read at all, as one that the API user may not read says nothing of the others' age. `None` until
    /// the leading entity has been read.
    pub async fn dataset_ages(
        &self,
        datasource: DatasourceId,
        dataset: &Dataset,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let (oldest, leading): (Option<DateTime<Utc>>, Option<DateTime<Utc>>) = sqlx::query_as(
            "select min(read_at), min(read_at) filter (where entity = $3)
            from taskgauge.entity_state
            where datasource_id = $1
                and entity = any($2)",
        )
        .bind(datasource.0)
        .bind(dataset.dated_by().collect::<Vec<_>>())
        .bind(dataset.entities.first())
        .fetch_one(&self.pool)
        .await?;
        Ok(leading.and(oldest))
    }

    fn reading<'a>(
        &self,
        datasource: DatasourceId,
        dataset: &'a Dataset,
        query: &'a TableQuery,
        scope: &'a Scope,
    ) -> Reading<'a> {
        Reading { datasource, dataset, query, scope, at: self.clock.now(), counted: None }
    }
}
