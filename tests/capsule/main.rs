//! What is Capsule's own about its unified resources, beside what the behaviour suite holds of all.

#[path = "../support/mod.rs"]
mod support;

mod bodies;
mod calls;
mod history;
mod links;
mod sales;
mod tasks;
