//! The store's foundation against real Postgres: the private cluster, migrations, people, datasources and secrets.

#![expect(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod cluster;
mod content;
mod datasources;
mod migrations;
mod rows;
mod tables;
mod users;
mod walls;
