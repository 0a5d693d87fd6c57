//! The gateway through its front door: what holds for every route, whatever the provider.

#[path = "../support/mod.rs"]
mod support;

mod smoke;
