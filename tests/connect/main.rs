//! Connecting accounts: link tokens, the hosted pages, consent at vendors, and what becomes of accounts.

#[path = "../support/mod.rs"]
mod support;

mod apps;
mod events;
mod link_tokens;
