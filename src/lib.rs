//! unicrm: a self-hosted gateway that gives one REST interface to every CRM.
//!
//! The tree shows the architecture; each module's own page says what it owns and what it refuses.

#![warn(missing_docs)]
// They are moved about with every call: memory copied for nothing, and a stack that ends in an unoptimised build.
#![warn(clippy::large_futures)]
// The unit tests' own dependencies are for the tests in `tests` too.
#![cfg_attr(not(test), warn(unused_crate_dependencies))]

pub mod account;
pub mod adapter;
pub mod alloc;
pub mod clock;
pub mod command;
pub mod config;
pub mod crypto;
pub mod error;
pub mod gateway;
pub mod http;
pub mod ids;
pub mod kept;
pub mod mapping;
pub mod mcp;
pub mod model;
pub mod outbound;
pub mod sandbox;
pub mod store;
pub mod telemetry;

// Of the unit tests. Programs choose theirs, see `alloc`.
#[cfg(test)]
#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;
