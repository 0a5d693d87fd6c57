//! The Nutshell twin, on both of its wires.

mod harness;
mod people;
mod protocol;
mod rest;
mod sales;
