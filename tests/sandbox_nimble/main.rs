//! The sandbox Nimble over HTTP: each test starts one of its own and holds it to what Nimble's documentation and captured
//! answers show.

mod harness;
mod oauth;
mod paging;
mod records;
mod search;
