//! Calls beyond the plain ones: repeats under an idempotency key, tokens of one account, sandbox accounts, the
//! vendor's own paths, batches.

#[path = "../support/mod.rs"]
mod support;

mod account_actions;
mod account_tokens;
mod batch;
mod batch_delete;
mod batch_refusals;
mod crashes;
mod custom;
mod idempotency;
mod sandbox_accounts;
