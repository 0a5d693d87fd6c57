//! The Model Context Protocol: an account's tools, given to AI agents.
//!
//! Owns the servers (each an address with a token of its own, made by a backend for one account), the protocol's
//! messages, and the log of what was asked. What a tool is and does is the gateway's to say. The words of the protocol
//! come from its official SDK (`rmcp`); its transport doesn't serve here, because it refuses clients that send no
//! `Accept`, no `jsonrpc` or no `id`, and keeps sessions, while any process of the gateway must be able to answer any
//! message. So every message is answered by itself, as JSON, and what little of a session there is (what the client
//! calls itself, for the log) travels in the session's id.

mod log;
mod message;
mod outcome;
mod protocol;
mod servers;

use serde_json::Value;

pub use log::{Call, Client, Log};
pub use message::{Incoming, Message, Refusal, read, written};
pub use outcome::Outcome;
pub use protocol::{is_supported, unsupported};
pub use servers::{Server, ServerChange, Servers};

use crate::error::Error;
use crate::gateway::Gateway;

/// The servers of all environments, and what answers for them.
#[derive(Clone)]
pub struct Mcp {
    gateway: Gateway,
    /// Who may ask.
    pub servers: Servers,
    /// What was asked.
    pub log: Log,
    /// Writes an error as every route does.
    envelope: fn(&Error) -> Value,
}

impl Mcp {
    /// Servers whose errors are written by `envelope`.
    pub fn new(gateway: Gateway, servers: Servers, log: Log, envelope: fn(&Error) -> Value) -> Self {
        Mcp { gateway, servers, log, envelope }
    }
}
