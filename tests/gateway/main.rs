//! The gateway through its front door: what holds for every route, whatever the provider.

#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod bodies;
mod call_log;
mod catalogue;
mod database_away;
mod environments;
mod files;
mod inbound;
mod input;
mod keys;
mod pages;
mod pressure;
mod processes;
mod quota;
mod renewal;
mod routes;
mod secrets;
mod seeing;
mod streams;
mod tenants;
