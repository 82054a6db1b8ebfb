//! Bringing the database up to date: migrations once, views whenever their text changed.

use crate::{
    Store, StoreError,
    sealing::{Sealer, hex},
};
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, migrate::Migrator};
use std::{collections::HashSet, fmt::Write as _};
use taskgauge_model::{catalogue::Catalogue, dataset::Dataset};

// Declares VIEWS: name and text of every view, in the order they are made.
include!(concat!(env!("OUT_DIR"), "/views.rs"));

/// Number of the advisory lock that migrating processes queue for: any constant of our own ("taskgaug" in ASCII).
const LOCK: i64 = 0x7461_736b_6761_7567;

/// What the sealed check value says and is for.
const KEY_CHECK: (&str, &str, &[u8]) = ("key check", "taskgauge", b"This was sealed by this key.");

impl Store {
    /// Brings the database up to date: migrations, then the views of the datasets if any of them changed.
    ///
    /// It does nothing to a database that is up to date, and any number of processes may do it at once.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] when a newer Taskgauge has migrated it, [`StoreError::WrongKey`] when its secrets
    /// were sealed with another key.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        // A connection of its own: the lock belongs to the session and ends with it, whatever happens.
        let mut connection = PgConnection::connect_with(&self.pool.connect_options()).await?;
        let done = self.migrate_on(&mut connection).await;
        let closed = connection.close().await;
        done?;
        Ok(closed?)
    }

    async fn migrate_on(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        // Building an index, or waiting for a process that does, may take as long as it takes.
        sqlx::query("set statement_timeout = 0").execute(&mut *connection).await?;
        sqlx::query("select pg_advisory_lock($1)").bind(LOCK).execute(&mut *connection).await?;
        let mut migrator = sqlx::migrate!("./migrations");
        migrator.dangerous_set_table_name("taskgauge.migrations");
        migrator.create_schema("taskgauge");
        migrator.set_locking(false);
        if is_behind(&migrator, connection).await? {
            // Views would stand in the way of changes to the tables below them. They are made again below.
            sqlx::query("drop schema if exists dataset cascade").execute(&mut *connection).await?;
        }
        migrator.run_direct(None, &mut *connection, false).await?;
        make_views(connection).await?;
        self.keep_key_check(connection).await
    }

    async fn keep_key_check(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        let (purpose, owner, plain) = KEY_CHECK;
        let sealed = self.sealer.seal(purpose, owner, plain)?;
        sqlx::query(
            "insert into taskgauge.settings (name, value, changed_at)
            values ('key_check', to_jsonb(encode($1, 'base64')), $2)
            on conflict (name) do nothing",
        )
        .bind(sealed)
        .bind(self.clock.now())
        .execute(&mut *connection)
        .await?;
        check_key(&self.sealer, connection).await
    }
}

/// Whether this key is the one that the database's secrets were sealed with. A database that was never migrated has
/// no secrets and takes any key.
pub(crate) async fn check_key(sealer: &Sealer, connection: &mut PgConnection) -> Result<(), StoreError> {
    let migrated: bool = sqlx::query_scalar("select to_regclass('taskgauge.settings') is not null")
        .fetch_one(&mut *connection)
        .await?;
    if !migrated {
        return Ok(());
    }
    let check: Option<Vec<u8>> = sqlx::query_scalar(
        "select decode(value #>> '{}', 'base64')
        from taskgauge.settings
        where name = 'key_check'",
    )
    .fetch_optional(connection)
    .await?;
    if let Some(check) = check {
        sealer.open(KEY_CHECK.0, KEY_CHECK.1, &check)?;
    }
    Ok(())
}

/// Whether a migration has yet to run. Where a newer version's has run, the migrator says so.
async fn is_behind(migrator: &Migrator, connection: &mut PgConnection) -> Result<bool, StoreError> {
    let kept: bool = sqlx::query_scalar("select to_regclass('taskgauge.migrations') is not null")
        .fetch_one(&mut *connection)
        .await?;
    if !kept {
        return Ok(true);
    }
    let last: Option<i64> = sqlx::query_scalar("select max(version) from taskgauge.migrations")
        .fetch_one(&mut *connection)
        .await?;
    let newest = migrator.iter().map(|migration| migration.version).max();
    Ok(last < newest)
}

/// Makes the schema `dataset` anew, unless the one there was made of the same text.
async fn make_views(connection: &mut PgConnection) -> Result<(), StoreError> {
    let datasets = &Catalogue::shipped().datasets;
    let checksum = checksum(VIEWS, datasets);
    // Kept as the schema's comment, so that it goes when the schema goes.
    let kept: Option<String> =
        sqlx::query_scalar("select obj_description(to_regnamespace('dataset'), 'pg_namespace')")
            .fetch_one(&mut *connection)
            .await?;
    if kept.as_deref() == Some(&checksum) {
        return Ok(());
    }
    let mut transaction = connection.begin().await?;
    sqlx::raw_sql("drop schema if exists dataset cascade; create schema dataset")
        .execute(&mut *transaction)
        .await?;
    for (name, text) in VIEWS {
        sqlx::raw_sql(AssertSqlSafe(view_statement(name, text)))
            .execute(&mut *transaction)
            .await
            .inspect_err(|error| tracing::error!(view = name, %error, "a view could not be made"))?;
    }
    let columns: HashSet<(String, String)> = sqlx::query_as::<_, (String, String)>(
        "select c.relname::text, a.attname::text
        from pg_catalog.pg_class c
        join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0
        where c.relnamespace = 'dataset'::regnamespace",
    )
    .fetch_all(&mut *transaction)
    .await?
    .into_iter()
    .collect();
    let mut comments = String::new();
    for dataset in datasets {
        comments.push_str(&comments_on(dataset, &columns));
    }
    let _ = writeln!(comments, "comment on schema dataset is {};", literal(&checksum));
    sqlx::raw_sql(AssertSqlSafe(comments)).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(())
}

fn checksum(views: &[(&str, &str)], datasets: &[Dataset]) -> String {
    let mut hash = Sha256::new();
    for (name, text) in views {
        for part in [name, text] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    for dataset in datasets {
        hash.update(comments_of(dataset, |_, _| true));
    }
    hex(&hash.finalize())
}

/// The statement that makes a view: the file's own, or one around the query that the file holds. The file's name may
/// begin with a number that orders it after the views it reads: `20_tickets_14d.sql` is `dataset.tickets_14d`.
fn view_statement(name: &str, text: &str) -> String {
    let first = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with("--"))
        .unwrap_or_default()
        .to_ascii_lowercase();
    if first.starts_with("create") {
        return text.to_owned();
    }
    let slug = name
        .split_once('_')
        .filter(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit()))
        .map_or(name, |(_, slug)| slug);
    format!("create view dataset.{} as\n{text}", identifier(slug))
}

/// Comments, so that whoever reads the database with other tools finds the same words.
fn comments_on(dataset: &Dataset, columns: &HashSet<(String, String)>) -> String {
    let exists = |view: &str, column: Option<&str>| match column {
        Some(column) => columns.contains(&(view.to_owned(), column.to_owned())),
        None => columns.iter().any(|(name, _)| name == view),
    };
    comments_of(dataset, exists)
}

fn comments_of(dataset: &Dataset, exists: impl Fn(&str, Option<&str>) -> bool) -> String {
    let mut comments = String::new();
    if !exists(&dataset.slug, None) {
        return comments;
    }
    let view = identifier(&dataset.slug);
    let about = literal(&format!("{}. {} {}", dataset.title, dataset.about, dataset.window));
    let _ = writeln!(comments, "comment on view dataset.{view} is {about};");
    for column in dataset.columns.iter().filter(|column| exists(&dataset.slug, Some(&column.name))) {
        let about = if column.about.is_empty() { &column.label } else { &column.about };
        let _ = writeln!(
            comments,
            "comment on column dataset.{view}.{} is {};",
            identifier(&column.name),
            literal(about)
        );
    }
    comments
}

/// A quoted identifier.
fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A quoted string: comments cannot be bound. The `E` form means the same whatever `standard_conforming_strings` says.
fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_a_query_or_a_statement() {
        let query = view_statement("20_tickets_14d", "-- why\nselect 1 as one");
        assert_eq!(query, "create view dataset.\"tickets_14d\" as\n-- why\nselect 1 as one");
        assert_eq!(
            view_statement("tickets_14d", "select 1"),
            "create view dataset.\"tickets_14d\" as\nselect 1"
        );
        let whole = "-- why\n\nCREATE VIEW dataset.x AS select 1";
        assert_eq!(view_statement("x", whole), whole);
    }

    #[test]
    fn text_cannot_leave_its_literal() {
        assert_eq!(literal(r"it's \' over"), r"E'it''s \\'' over'");
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
    }

    #[test]
    fn the_checksum_knows_names_from_texts() {
        assert_ne!(checksum(&[("ab", "c")], &[]), checksum(&[("a", "bc")], &[]));
        assert_eq!(checksum(&[("a", "b")], &[]), checksum(&[("a", "b")], &[]));
    }
}
