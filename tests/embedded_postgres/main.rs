//! The private PostgreSQL, with real servers: it is shared, it is private, it survives whatever is killed.
//!
//! The tests need PostgreSQL's programs on the machine, as unicrm itself does without `DATABASE_URL`. A second process
//! is this test binary again, running `holder::holder`.

mod holder;
mod privacy;
mod recovery;
mod refusal;
mod scratch;
mod sharing;
mod stopping;
