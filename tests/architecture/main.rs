//! The layout's rules, held over every file of `src`: who may import whom, and what a file looks like.
//!
//! A path counts wherever it stands: in a `use`, inline in code, in a re-export, in an attribute or among the tokens
//! of a macro call. Code for tests inside `src` counts too.

mod files;
mod imports;
mod paths;
mod sources;
