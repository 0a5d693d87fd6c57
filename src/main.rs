//! The `unicrm` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    unicrm::command::main()
}
