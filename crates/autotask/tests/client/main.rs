//! The client against a server on loopback that behaves as well, and as badly, as Autotask is known to.

#![expect(clippy::unwrap_used, reason = "a helper that fails should fail its test")]

mod failures;
mod limits;
mod mutations;
mod paging;
mod records;
mod stand_in;
mod zones;
