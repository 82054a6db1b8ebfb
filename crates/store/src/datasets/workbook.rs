//! Rows as a workbook for Excel and its like: numbers are numbers, dates are dates, text is never a formula.
//!
//! Rows go from the cursor to a file without a name in the system's temporary folder; neither they nor the finished
//! workbook are held in memory.

use super::{export::Cursor, reading::Reading};
use crate::{Store, StoreError};
use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use futures::{Stream, stream};
use rust_xlsxwriter::{ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError};
use std::{
    fs::File,
    io::{Seek as _, SeekFrom},
};
use taskgauge_model::{
    dataset::{ColumnKind, DatasetColumn},
    format,
};
use tokio::{io::AsyncReadExt as _, sync::mpsc, task};

/// Most rows of a workbook.
pub const WORKBOOK_ROWS_MAX: u64 = 100_000;
/// Longest text a cell of Excel holds, in characters.
const TEXT_MAX: usize = 32_767;
/// Pieces that rows are handed over in, and that wait at once.
const WAITING: usize = 2;
/// Bytes of a piece of the finished file.
const PIECE: usize = 64 * 1024;

/// Values of rows as text, in the order of the columns.
type Rows = Vec<Vec<Option<String>>>;

impl Store {
    /// Rows as a workbook; `about` are lines of its second sheet, which says what is in the first.
    pub(crate) async fn workbook(
        &self,
        read: &Reading<'_>,
        default: &[String],
        mut about: Vec<(String, String)>,
    ) -> Result<impl Stream<Item = Result<Vec<u8>, StoreError>> + Send + use<>, StoreError> {
        let mut cursor = self.cursor(read, default).await?;
        let total = read.count(cursor.connection()).await?;
        about.extend(numbers(total, read.at));
        let columns = cursor.columns.clone();
        let (send, receive) = mpsc::channel(WAITING);
        let writing = task::spawn_blocking(move || write(&columns, &about, receive));
        let handed = hand_over(&mut cursor, send).await;
        let file = writing.await.map_err(|error| StoreError::File(std::io::Error::other(error)))?;
        handed?;
        let file = tokio::fs::File::from_std(file.map_err(StoreError::File)?);
        Ok(stream::try_unfold(file, |mut file| async move {
            let mut piece = Vec::with_capacity(PIECE);
            let read =
                (&mut file).take(PIECE as u64).read_to_end(&mut piece).await.map_err(StoreError::File)?;
            Ok((read > 0).then_some((piece, file)))
        }))
    }
}

/// Hands rows over until there are no more, or as many as a workbook holds.
async fn hand_over(cursor: &mut Cursor, to: mpsc::Sender<Rows>) -> Result<(), StoreError> {
    let most = usize::try_from(WORKBOOK_ROWS_MAX).unwrap_or(usize::MAX);
    let mut sent = 0;
    while sent < most && !cursor.at_end {
        let mut rows = cursor.next().await?;
        rows.truncate(most - sent);
        sent += rows.len();
        if to.send(rows).await.is_err() {
            // Whoever writes has stopped, and says why.
            break;
        }
    }
    Ok(())
}

/// How many rows there are, of which moment, and whether all of them are in the file.
fn numbers(total: u64, at: DateTime<Utc>) -> Vec<(String, String)> {
    let count = |rows: u64| format::grouped(rows as f64, 0);
    let mut lines =
        vec![("As of".to_owned(), format!("{} UTC", format::instant(at))), ("Rows".to_owned(), count(total))];
    if total > WORKBOOK_ROWS_MAX {
        let most = count(WORKBOOK_ROWS_MAX);
        let cut = format!("Only the first {most} rows are in this file. The CSV file has all of them.");
        lines.push(("Not all".to_owned(), cut));
    }
    lines
}

fn write(
    columns: &[DatasetColumn],
    about: &[(String, String)],
    rows: mpsc::Receiver<Rows>,
) -> Result<File, std::io::Error> {
    let mut file = tempfile::tempfile()?;
    let mut workbook = Workbook::new();
    fill(&mut workbook, columns, about, rows).map_err(std::io::Error::other)?;
    workbook.save_to_writer(&mut file).map_err(std::io::Error::other)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

fn fill(
    workbook: &mut Workbook,
    columns: &[DatasetColumn],
    about: &[(String, String)],
    mut rows: mpsc::Receiver<Rows>,
) -> Result<(), XlsxError> {
    let head = Format::new().set_bold();
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    sheet.set_name("Rows")?.set_freeze_panes(1, 0)?;
    let mut cells = Vec::with_capacity(columns.len());
    for (place, column) in (0_u16..).zip(columns) {
        let kind = column.kind;
        sheet.set_column_width(place, width(kind))?;
        let label =
            if kind == ColumnKind::Time { format!("{} (UTC)", column.label) } else { column.label.clone() };
        let aligned =
            if kind.is_numeric() { head.clone().set_align(FormatAlign::Right) } else { head.clone() };
        sheet.write_string_with_format(0, place, label, &aligned)?;
        cells.push((place, kind, number_format(kind)));
    }
    let mut line = 0;
    while let Some(rows) = rows.blocking_recv() {
        for row in rows {
            line += 1;
            for ((place, kind, format), cell) in cells.iter().zip(&row) {
                if let Some(text) = cell {
                    write_cell(sheet, line, *place, *kind, format, text)?;
                }
            }
        }
    }
    if let Some((last, _, _)) = cells.last() {
        sheet.autofilter(0, 0, line, *last)?;
    }
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    sheet.set_name("About")?.set_column_width(0, 16)?.set_column_width(1, 100)?;
    for (line, (name, text)) in (0_u32..).zip(about) {
        sheet.write_string_with_format(line, 0, name, &head)?;
        sheet.write_string(line, 1, cut(text))?;
    }
    Ok(())
}

/// A value as what it is; as text where Excel has no such number or date.
fn write_cell(
    sheet: &mut Worksheet,
    line: u32,
    place: u16,
    kind: ColumnKind,
    format: &Format,
    text: &str,
) -> Result<(), XlsxError> {
    let number = || text.parse::<f64>().ok().filter(|number| number.is_finite());
    match kind {
        ColumnKind::Id | ColumnKind::Integer | ColumnKind::Number | ColumnKind::Hours | ColumnKind::Money => {
            if let Some(number) = number() {
                sheet.write_number_with_format(line, place, number, format)?;
                return Ok(());
            }
        }
        ColumnKind::Percent => {
            if let Some(number) = number() {
                sheet.write_number_with_format(line, place, number / 100.0, format)?;
                return Ok(());
            }
        }
        ColumnKind::Flag => {
            sheet.write_boolean(line, place, text == "true")?;
            return Ok(());
        }
        ColumnKind::Time | ColumnKind::Date => {
            let at = if kind == ColumnKind::Time { instant(text) } else { date(text) };
            if let Some(at) = at {
                sheet.write_datetime_with_format(line, place, &at, format)?;
                return Ok(());
            }
        }
        ColumnKind::Text | ColumnKind::Json => {}
    }
    sheet.write_string(line, place, cut(text))?;
    Ok(())
}

fn instant(text: &str) -> Option<ExcelDateTime> {
    ExcelDateTime::from_timestamp(text.parse::<DateTime<Utc>>().ok()?.timestamp()).ok()
}

fn date(text: &str) -> Option<ExcelDateTime> {
    let date: NaiveDate = text.parse().ok()?;
    let (year, month, day) = (date.year(), date.month(), date.day());
    ExcelDateTime::from_ymd(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?).ok()
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_MAX).collect()
}

fn number_format(kind: ColumnKind) -> Format {
    let format = Format::new();
    match kind {
        ColumnKind::Id | ColumnKind::Integer => format.set_num_format("0"),
        // Hours stay hours, and not parts of a day: of those, Excel shows no negative ones.
        ColumnKind::Hours => format.set_num_format("#,##0.00\" h\""),
        ColumnKind::Money => format.set_num_format("#,##0.00"),
        ColumnKind::Percent => format.set_num_format("0.0%"),
        ColumnKind::Time => format.set_num_format("yyyy-mm-dd hh:mm"),
        ColumnKind::Date => format.set_num_format("yyyy-mm-dd"),
        ColumnKind::Number | ColumnKind::Text | ColumnKind::Flag | ColumnKind::Json => format,
    }
}

/// Width of a column, in digits.
const fn width(kind: ColumnKind) -> u16 {
    match kind {
        ColumnKind::Text | ColumnKind::Json => 32,
        ColumnKind::Time => 18,
        _ => 14,
    }
}
