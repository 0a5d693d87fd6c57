//! The binary as a person runs it: what it prints, how it stops, what it refuses, and what survives it.

#[path = "../support/mod.rs"]
mod support;

mod dev;
mod gateway;
mod process;
mod processes;
mod serve;
mod shutdown;
mod tools;
mod traces;
mod vendor;
