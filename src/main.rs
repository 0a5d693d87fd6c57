//! The `unicrm` binary.

use std::process::ExitCode;

/// Without it the memory of a mapping has no limit.
#[global_allocator]
static ALLOCATOR: unicrm::alloc::Counting = unicrm::alloc::Counting;

fn main() -> ExitCode {
    unicrm::alloc::give_back_soon();
    unicrm::command::main()
}
