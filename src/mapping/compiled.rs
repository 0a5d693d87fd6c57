//! The expressions of a mappings folder's files, each compiled once however many slots name it.
//!
//! A provider's methods share their mappings, so that compiling a file for every slot would be most of what loading a
//! folder takes.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::expression::{CompileError, Engine, Expression};
use super::files::Files;

/// Compiles files, and remembers what became of them.
#[derive(Debug)]
pub(super) struct CompiledFiles<'a> {
    files: &'a Files,
    pub(super) engine: Engine,
    known: RefCell<BTreeMap<String, Result<Expression, CompileError>>>,
}

impl<'a> CompiledFiles<'a> {
    pub(super) fn new(files: &'a Files, engine: Engine) -> Self {
        CompiledFiles { files, engine, known: RefCell::default() }
    }

    /// The expression of a file, by its path (`capsule/contacts.response.jsonata`); `None` where there is no such file.
    pub(super) fn expression(&self, file: &str) -> Option<Result<Expression, CompileError>> {
        let text = self.files.0.get(file)?;
        let mut known = self.known.borrow_mut();
        let compiled = known.entry(file.to_owned());
        Some(compiled.or_insert_with(|| Expression::compile(self.engine, file, text)).clone())
    }
}
