//! The unified contract: that the models say what the published interface says, field by field, and that the
//! documents which are made of them say it too.

#[path = "../support/mod.rs"]
mod support;

mod capabilities;
mod meta;
mod openapi;
mod readme;
mod resources;
