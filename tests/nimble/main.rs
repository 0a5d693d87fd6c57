//! What is Nimble's own, beside what the behaviour suite holds of all providers.

#[path = "../support/mod.rs"]
mod support;

mod access;
mod bodies;
mod operations;
mod published;
mod tools;
