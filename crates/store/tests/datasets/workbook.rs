//! Rows as a workbook, read again by another library.

use super::{World, dataset};
use calamine::{Data, Range, Reader as _, Xlsx, open_workbook_from_rs};
use chrono::{NaiveDate, NaiveDateTime};
use futures::{Stream, TryStreamExt as _};
use std::io::Cursor;
use taskgauge_model::{catalogue::Catalogue, dataset::TableQuery, gauge::Filters};
use taskgauge_store::{
    Scope, StoreError,
    datasets::WORKBOOK_ROWS_MAX,
    gauges::{Question, Spot},
};

/// Its two sheets.
async fn sheets(file: impl Stream<Item = Result<Vec<u8>, StoreError>>) -> (Range<Data>, Range<Data>) {
    let pieces: Vec<Vec<u8>> = file.try_collect().await.expect("the file ends");
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(pieces.concat())).expect("a workbook");
    assert_eq!(book.sheet_names(), ["Rows", "About"]);
    (book.worksheet_range("Rows").expect("rows"), book.worksheet_range("About").expect("lines"))
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn cells_are_of_the_kind_of_their_column() {
    let world = World::new().await;
    let columns = names(&["id", "title", "hours_worked", "create_date", "created_on", "is_open", "contact"]);
    let query = TableQuery { columns, sort: "id".to_owned(), ..TableQuery::default() };
    let about = vec![("Datasource".to_owned(), "=One".to_owned())];
    let store = &world.db.store;
    let file = store.dataset_xlsx(world.datasource, dataset("tickets_all"), &query, &Scope::All, about).await;
    let (rows, about) = sheets(file.expect("a workbook")).await;
    let heads: Vec<String> = rows.rows().next().expect("a head").iter().map(ToString::to_string).collect();
    assert_eq!(heads, ["Id", "Title", "Hours worked", "Created (UTC)", "Created on", "Open", "Contact"]);
    let cell = |row: u32, column: u32| rows.get_value((row, column)).cloned().unwrap_or_default();
    assert_eq!(rows.height(), 1 + 8);
    assert_eq!(cell(2, 0), Data::Float(2.0));
    // Text is text, whatever it begins with.
    assert_eq!(cell(2, 1), Data::String("=HYPERLINK(\"http://example.com\")".to_owned()));
    assert_eq!(cell(2, 2), Data::Float(2.0));
    let at: NaiveDateTime = "2026-03-09T23:30:00".parse().expect("a time");
    let zero: NaiveDateTime = "1899-12-30T00:00:00".parse().expect("a time");
    let on: NaiveDate = "2026-03-10".parse().expect("a date");
    for (column, wanted) in [(3, at), (4, on.and_hms_opt(0, 0, 0).expect("midnight"))] {
        let Data::DateTime(found) = cell(2, column) else { panic!("{:?} is no date", cell(2, column)) };
        let days = (wanted - zero).num_seconds() as f64 / 86_400.0;
        assert!((found.as_f64() - days).abs() < 1e-6, "{found:?}");
    }
    assert_eq!(cell(2, 5), Data::Bool(false));
    let lines: Vec<Vec<String>> =
        about.rows().map(|line| line.iter().map(ToString::to_string).collect()).collect();
    assert_eq!(lines[0], ["Datasource", "=One"]);
    assert_eq!(lines[2], ["Rows", "8"]);
    assert_eq!(lines.len(), 3);
}

#[tokio::test]
async fn whatever_text_holds_the_workbook_can_be_opened() {
    let mut world = World::new().await;
    let hostile = [
        "a\u{1}b\u{b}c\u{1f}",
        "\u{fffe}\u{ffff}\u{202e}",
        "]]> <b> & \" ' _x0041_",
        " spaces \n and\tlines\r\n ",
        "\u{1F680}",
    ];
    for (id, text) in (900_i64..).zip(hostile) {
        sqlx::query("insert into autotask.tickets (datasource_id, id, title, status, changed_at) values ($1, $2, $3, 1, now())")
            .bind(world.datasource.0)
            .bind(id)
            .bind(text)
            .execute(&mut world.sql)
            .await
            .expect("inserted");
    }
    world
        .run(
            "insert into autotask.tickets (datasource_id, id, title, status, changed_at)
            values ({ds}, 950, repeat('é', 40000), 1, now())",
        )
        .await;
    let query =
        TableQuery { columns: names(&["id", "title"]), sort: "-id".to_owned(), ..TableQuery::default() };
    let file = world.db.store.dataset_xlsx(
        world.datasource,
        dataset("tickets_all"),
        &query,
        &Scope::All,
        vec![("Search".to_owned(), hostile.concat())],
    );
    let (rows, _) = sheets(file.await.expect("a workbook")).await;
    let title = |row: u32| rows.get_value((row, 1)).map(ToString::to_string).unwrap_or_default();
    assert_eq!(title(1).chars().count(), 32_767);
    assert_eq!(title(2), hostile[4]);
    assert!(title(4).starts_with("]]> <b> & \" '"), "{}", title(4));
}

#[tokio::test]
async fn every_dataset_can_be_had_as_a_workbook() {
    let world = World::new().await;
    let (store, all) = (&world.db.store, TableQuery::default());
    for dataset in &Catalogue::shipped().datasets {
        let wanted =
            store.dataset_count(world.datasource, dataset, &all, &Scope::All).await.expect("a count");
        let file = store.dataset_xlsx(world.datasource, dataset, &all, &Scope::All, Vec::new()).await;
        let (rows, _) = sheets(file.unwrap_or_else(|error| panic!("{}: {error:?}", dataset.slug))).await;
        assert_eq!(rows.height() as u64, 1 + wanted, "{}", dataset.slug);
    }
}

#[tokio::test]
async fn rows_behind_a_number_are_in_their_files() {
    let world = World::new().await;
    let store = &world.db.store;
    let gauge = Catalogue::shipped().gauge("open_by_status").expect("the gauge ships");
    let at = store.clock().now();
    let answer = store.answer(world.datasource, gauge, &Filters::default(), &Scope::All, at).await;
    let answer = answer.expect("an answer");
    let group = answer.groups.first().expect("a group");
    let question = Question {
        spot: Spot { keys: vec![group.key.clone()], ..Spot::default() },
        table: TableQuery { columns: names(&["id", "status"]), ..TableQuery::default() },
        ..Question::default()
    };
    let file = store.rows_behind_xlsx(world.datasource, gauge, &question, &Scope::All, at, Vec::new()).await;
    let (rows, _) = sheets(file.expect("a workbook")).await;
    let csv = store.rows_behind_csv(world.datasource, gauge, &question, &Scope::All, at).await;
    let csv = super::whole(csv.expect("a file")).await;
    assert!((rows.height() as f64 - 1.0 - group.values["open"]).abs() < 1e-9);
    assert_eq!(csv.lines().count(), rows.height());
    assert!(csv.lines().skip(1).all(|line| line.ends_with(&group.label)), "{csv}");
}

#[tokio::test]
async fn a_workbook_that_is_cut_says_so() {
    let mut world = World::new().await;
    let more = WORKBOOK_ROWS_MAX + 1 - 8;
    world
        .run(&format!(
            "insert into autotask.tickets (datasource_id, id, title, status, changed_at)
            select {{ds}}, 100 + n, 'T', 1, now()
            from generate_series(1, {more}) n"
        ))
        .await;
    let query = TableQuery { columns: names(&["id"]), sort: "id".to_owned(), ..TableQuery::default() };
    let store = &world.db.store;
    let file = store.dataset_xlsx(world.datasource, dataset("tickets_all"), &query, &Scope::All, Vec::new());
    let (rows, about) = sheets(file.await.expect("a workbook")).await;
    assert_eq!(rows.height() as u64, 1 + WORKBOOK_ROWS_MAX);
    let said = about.get_value((2, 1)).map(ToString::to_string).unwrap_or_default();
    assert_eq!(said, "Only the first 100,000 rows are in this file. The CSV file has all of them.");
    assert_eq!(about.get_value((1, 1)).map(ToString::to_string).as_deref(), Some("100,001"));
}
