//! A misbehaving vendor behind a misbehaving network: every fault, for every provider, reads and writes.
//!
//! The matrix is the product of the lists in [`faults`] and [`wires`]; one test is one fault of all providers' reads or
//! writes, on all of their wires, unified and through the proxy, and names each in its output. What callers get is held to the table in the README, and
//! that table to the list of faults. Whatever goes wrong, no write is done twice, a caller is never told that nothing was
//! done where something was, the account works afterwards, and so does the process.
//!
//! `cargo test --all-features --test faults -- --soak` does all of it at random for ten minutes; see [`soak`].

#[allow(dead_code)] // of another suite
#[path = "../command/process.rs"]
mod process;
#[path = "../support/mod.rs"]
mod support;

mod answers;
mod cells;
mod faults;
mod line;
mod matrix;
mod memory;
mod renewal;
mod resting;
mod served;
mod soak;
mod tls;
mod wires;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    if let Some(plan) = soak::Plan::asked() {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        return match runtime.block_on(soak::run(plan)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(wrong) => {
                eprintln!("{wrong}");
                ExitCode::FAILURE
            }
        };
    }
    let arguments = Arguments::from_args();
    libtest_mimic::run(&arguments, matrix::trials()).exit_code()
}
