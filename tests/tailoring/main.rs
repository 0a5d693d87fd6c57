//! What a caller can ask of an answer's looks, and what users can change of models and mappings at run time.

#[path = "../support/mod.rs"]
mod support;

mod models;
mod overrides;
mod presentation;
