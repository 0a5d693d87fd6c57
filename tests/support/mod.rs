//! What the test suites that go through the front door share: a database of one's own, a running gateway, a CRM behind
//! it, and a client to call it with.
//!
//! Tests start the real server in their own process, on a real PostgreSQL, talk HTTP to it, and let it talk HTTP to a
//! sandbox CRM or to a vendor whose answers the test writes out.

// Each suite uses its own part of this.
#![allow(dead_code)]

pub mod app;
pub mod cable;
pub mod client;
pub mod database;
pub mod log;
pub mod raw;
pub mod twin;
pub mod vendor;
