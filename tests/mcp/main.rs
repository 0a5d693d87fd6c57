//! Tools and the servers that give them to AI agents: what is listed, who may call it, and what becomes of a call.

#[path = "../support/mod.rs"]
mod support;

mod agent;
mod errors;
mod protocol;
mod servers;
mod tools;
mod work;
