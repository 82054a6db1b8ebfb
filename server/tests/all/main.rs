//! The binary as people, scripts and browsers meet it: started as a process, on free ports, with data of its own.
#![expect(clippy::unwrap_used, reason = "a test ends where its premises do")]

mod command_line;
mod content;
mod datasource;
mod house;
mod numbers;
mod pages;
mod rows;
mod secrets;
mod sign_in;
mod starting;
mod upkeep;
mod walls;
