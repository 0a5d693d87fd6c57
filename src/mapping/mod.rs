//! What the `mappings` folder says, read, checked and ready to run.
//!
//! Owns the format of manifests and mapping files, their loading and checking, and the one seam to JSONata
//! ([`expression`]). It plans and evaluates; it never sends, stores or waits, so that a mapping can't reach
//! anything but the values that it is given.

pub mod catalog;
pub mod cell;
mod compile;
mod compiled;
pub mod coverage;
pub mod discovery;
pub mod document;
pub mod expression;
pub mod files;
pub mod form;
mod leading_numbers;
pub mod load;
pub mod manifest;
pub mod method;
pub mod overrides;
pub mod placeholders;
pub mod revisions;
pub mod tool_name;

pub use catalog::{Catalog, Provider};
pub use cell::Cell;
pub use document::Problem;
pub use files::Files;
