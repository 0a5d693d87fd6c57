//! One behaviour suite for every provider × unified resource × method, computed from the catalog.
//!
//! A method that a provider serves goes through every behaviour of that method; what the tests have to know of the
//! vendor for that (a body to create, a record of another kind, how to read what the vendor has) stands in a table per
//! provider, and a method that is served without being described there fails. A method that isn't served must answer
//! with the reason that the mapping declares. The vendors' own operations, as `/proxy` offers them, go through a suite
//! of their own.
//!
//! A method of a resource is one test, and so are the native operations of a resource; what failed of it is named by its
//! behaviours. A single one is tried with `UNICRM_BEHAVIOUR`, which runs those whose names contain it:
//!
//! ```sh
//! UNICRM_BEHAVIOUR=outage cargo nextest run -E 'binary(behaviour) & test(capsule::crm/contacts)'
//! ```
//!
//! [`exceptions`] names the behaviours that are known not to hold. It may only become shorter.

#[path = "../support/mod.rs"]
mod support;

mod body;
mod capsule;
mod case;
mod conform;
mod create;
mod cursors;
mod delete;
mod described;
mod exceptions;
mod faults;
mod filters;
mod get;
mod list;
mod nimble;
mod nutshell;
mod proxy;
mod stage;
mod suite;
mod test;
mod unsupported;
mod update;
mod weather;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    libtest_mimic::run(&arguments, suite::trials()).exit_code()
}
