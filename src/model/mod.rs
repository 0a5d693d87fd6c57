//! The unified vocabulary: what a resource looks like, what a request asks for, what a list returns.
//!
//! Owns the schemas of `mappings/crm` and `mappings/user-directory`, the query grammar, cursors, and the shaping
//! of mapped values into records. It knows no vendor, no database and no socket, so that every provider is held
//! to the same words.

pub mod cursor;
pub mod dialect;
pub mod operation;
pub mod parts;
pub mod presentation;
pub mod query;
pub mod record;
pub mod request;
pub mod schema;
pub mod selection;
pub mod shape;

pub use cursor::{Binding, CursorKeys};
pub use operation::{Method, Operation};
pub use parts::Parts;
pub use presentation::Presentation;
pub use query::Query;
pub use record::{Page, Record};
pub use schema::{Field, Model, Resource, Type};
