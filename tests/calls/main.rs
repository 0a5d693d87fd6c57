//! Calls beyond the plain ones: repeats under an idempotency key, tokens of one account, sandbox accounts, the
//! vendor's own paths, batches.

#[path = "../support/mod.rs"]
mod support;

mod crashes;
mod idempotency;
