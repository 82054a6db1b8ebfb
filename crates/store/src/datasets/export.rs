//! All rows that are asked for, as a file that is written while it is read.

use super::{
    order::push_order,
    reading::{Reading, json, opening, push_values, values},
};
use crate::{Store, StoreError};
use futures::{Stream, StreamExt as _, stream};
use serde_json::Value;
use sqlx::{PgConnection, Postgres, QueryBuilder, Transaction};
use std::{fmt::Write as _, time::Duration};
use taskgauge_model::dataset::{ColumnKind, DatasetColumn};
use tokio::{sync::mpsc, time::timeout};

/// Rows that an export reads at a time, and the statement that reads so many.
const EXPORT_ROWS: usize = 1_000;
const EXPORT_FETCH: &str = "fetch forward 1000 from export";
/// Pieces that are read ahead of who takes them.
const AHEAD: usize = 2;
/// A reader who takes nothing for so long loses the connection.
const STALLED: Duration = Duration::from_mins(5);
/// Longest time that one statement of an export may take: its first rows wait for the sort of all.
const EXPORT_TIMEOUT: &str = "120s";

impl Store {
    /// Rows as text in a format, a piece at a time.
    pub(crate) async fn export(
        &self,
        read: &Reading<'_>,
        default: &[String],
        format: Format,
    ) -> Result<impl Stream<Item = Result<Vec<u8>, StoreError>> + Send + use<>, StoreError> {
        let cursor = self.cursor(read, default).await?;
        let columns = cursor.columns.iter().map(|column| (column.name.clone(), column.kind)).collect();
        let export = Export { cursor, columns, format, place: Place::Start };
        let (sender, receiver) = mpsc::channel(AHEAD);
        tokio::spawn(export.write(sender));
        let pieces = stream::unfold(Some(receiver), async |receiver| {
            let mut receiver = receiver?;
            match receiver.recv().await {
                Some(Ok(Some(piece))) => Some((Ok(piece), Some(receiver))),
                Some(Ok(None)) => None,
                Some(Err(error)) => Some((Err(error), None)),
                // A file that broke off is no whole one.
                None => Some((Err(StoreError::TimedOut(sqlx::Error::PoolTimedOut)), None)),
            }
        });
        // Bodies ask again after the end.
        Ok(pieces.fuse())
    }

    /// Rows to be read bit by bit.
    pub(super) async fn cursor(&self, read: &Reading<'_>, default: &[String]) -> Result<Cursor, StoreError> {
        let columns = read.columns(default)?;
        let order = read.order()?;
        let mut transaction = self.exporting_at(read.at).await?;
        opening(&mut transaction, read.datasource).await?;
        sqlx::query("select set_config('statement_timeout', $1, true)")
            .bind(EXPORT_TIMEOUT)
            .execute(&mut *transaction)
            .await?;
        let mut sql = QueryBuilder::new("declare export no scroll cursor for\nselect ");
        push_values(&mut sql, &columns);
        read.push_rows(&mut sql)?;
        push_order(&mut sql, &order);
        sql.build().execute(&mut *transaction).await?;
        Ok(Cursor { transaction, columns: columns.into_iter().cloned().collect(), at_end: false })
    }
}

impl Reading<'_> {
    /// Names of all columns that the reader may see; in files for people those that are no JSON.
    pub(crate) fn all_columns(&self, with_json: bool) -> Vec<String> {
        self.visible()
            .filter(|column| with_json || column.kind != ColumnKind::Json)
            .map(|column| column.name.clone())
            .collect()
    }
}

/// Rows of one moment. It lasts as long as the transaction, which ends when this is dropped.
pub(super) struct Cursor {
    transaction: Transaction<'static, Postgres>,
    pub columns: Vec<DatasetColumn>,
    pub at_end: bool,
}

impl Cursor {
    /// What reads beside it, at the same moment.
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }

    /// The next rows, values as text.
    pub async fn next(&mut self) -> Result<Vec<Vec<Option<String>>>, StoreError> {
        let rows = sqlx::query(EXPORT_FETCH).fetch_all(&mut *self.transaction).await?;
        self.at_end = rows.len() < EXPORT_ROWS;
        rows.iter().map(values).collect()
    }
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Csv,
    Json,
}

/// How far an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    Rows,
    End,
}

/// An export under way.
struct Export {
    cursor: Cursor,
    columns: Vec<(String, ColumnKind)>,
    format: Format,
    place: Place,
}

/// A piece of a file, or that it is whole.
type Piece = Result<Option<Vec<u8>>, StoreError>;

impl Export {
    /// Writes all pieces, unless the reader is gone or takes none for [`STALLED`].
    async fn write(self, sender: mpsc::Sender<Piece>) {
        let mut export = self;
        loop {
            let (piece, rest) = match export.next().await {
                Ok(Some((piece, rest))) => (Ok(Some(piece)), Some(rest)),
                Ok(None) => (Ok(None), None),
                Err(error) => (Err(error), None),
            };
            match (timeout(STALLED, sender.send(piece)).await, rest) {
                (Ok(Ok(())), Some(rest)) => export = rest,
                _ => return,
            }
        }
    }

    async fn next(mut self) -> Result<Option<(Vec<u8>, Export)>, StoreError> {
        if self.place == Place::End {
            return Ok(None);
        }
        let rows = self.cursor.next().await?;
        let mut text = String::new();
        let first = self.place == Place::Start;
        if first {
            match self.format {
                Format::Csv => {
                    push_csv_line(&mut text, self.columns.iter().map(|(name, _)| (name.as_str(), false)));
                }
                Format::Json => text.push('['),
            }
        }
        for (place, cells) in rows.iter().enumerate() {
            match self.format {
                Format::Csv => push_csv_line(
                    &mut text,
                    self.columns.iter().zip(cells).map(|((_, kind), cell)| {
                        (cell.as_deref().unwrap_or_default(), *kind == ColumnKind::Text)
                    }),
                ),
                Format::Json => {
                    text.push_str(if first && place == 0 { "\n" } else { ",\n" });
                    push_json_object(&mut text, &self.columns, cells);
                }
            }
        }
        self.place = if self.cursor.at_end { Place::End } else { Place::Rows };
        if self.place == Place::End && self.format == Format::Json {
            text.push_str("\n]\n");
        }
        Ok(Some((text.into_bytes(), self)))
    }
}

/// A line of CSV; cells marked as free text are kept from being read as formulas.
fn push_csv_line<'a>(text: &mut String, cells: impl Iterator<Item = (&'a str, bool)>) {
    for (place, (cell, is_free)) in cells.enumerate() {
        if place > 0 {
            text.push(',');
        }
        let guard = if is_free && is_formula(cell) { "'" } else { "" };
        if cell.contains([',', '"', '\n', '\r']) {
            let _ = write!(text, "\"{guard}{}\"", cell.replace('"', "\"\""));
        } else {
            text.push_str(guard);
            text.push_str(cell);
        }
    }
    text.push_str("\r\n");
}

/// Whether a spreadsheet may take the text for a formula; numbers with a sign are none.
fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r']) && !text.parse::<f64>().is_ok_and(f64::is_finite)
}

fn push_json_object(text: &mut String, columns: &[(String, ColumnKind)], cells: &[Option<String>]) {
    text.push('{');
    for (place, ((name, kind), cell)) in columns.iter().zip(cells).enumerate() {
        if place > 0 {
            text.push(',');
        }
        let _ = write!(text, "{}:", Value::from(name.as_str()));
        match (kind, cell) {
            (_, None) => text.push_str("null"),
            // Numbers keep all their digits, which a float would not.
            (
                ColumnKind::Number | ColumnKind::Hours | ColumnKind::Money | ColumnKind::Percent,
                Some(number),
            ) if number.parse::<f64>().is_ok_and(f64::is_finite) => text.push_str(number),
            (kind, Some(cell)) => {
                let _ = write!(text, "{}", json(*kind, Some(cell)));
            }
        }
    }
    text.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(cells: &[&str]) -> String {
        let mut text = String::new();
        push_csv_line(&mut text, cells.iter().map(|cell| (*cell, true)));
        text
    }

    #[test]
    fn csv_cells_are_quoted_and_no_formulas() {
        assert_eq!(line(&["a", "b,c", "d\"e", "f\ng", ""]), "a,\"b,c\",\"d\"\"e\",\"f\ng\",\r\n");
        assert_eq!(line(&["=1+1", "+49 30", "-x", "@sum", "\tx"]), "'=1+1,'+49 30,'-x,'@sum,'\tx\r\n");
        assert_eq!(line(&["=HYPERLINK(\"x\",1)"]), "\"'=HYPERLINK(\"\"x\"\",1)\"\r\n");
        assert_eq!(line(&["-12.5", "+3", "1-2"]), "-12.5,+3,1-2\r\n");
    }
}
