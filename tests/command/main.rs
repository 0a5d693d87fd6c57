//! The binary as a person runs it: what it prints, how it stops, what it refuses, and what survives it.

mod dev;
mod process;
mod serve;
mod shutdown;
mod tools;
mod vendor;
