//! Connecting accounts: link tokens, the hosted pages, consent at vendors, and what becomes of accounts.

#[path = "../support/mod.rs"]
mod support;

mod apps;
mod browser;
mod consent;
mod events;
mod forms;
mod guarded;
mod life;
mod link_tokens;
mod reconnecting;
