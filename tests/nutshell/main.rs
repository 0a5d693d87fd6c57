//! What is Nutshell's own about its wires and its unified resources, beside what the behaviour suite holds of all.

#[path = "../support/mod.rs"]
mod support;

mod amounts;
mod bodies;
mod closing;
mod discovery;
mod files;
mod forms;
mod hooks;
mod known;
mod partial;
mod revisions;
mod secrets;
mod wires;
