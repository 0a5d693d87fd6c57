//! Slows down whoever guesses link tokens.
//!
//! A token has 256 random bits, so nobody guesses one; but nobody needs to try as often as they like either. Wrong ones
//! are counted for each address, in this process, for a minute. An address with too many is refused without a look into
//! the database, whatever it sends.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use moka::sync::Cache;

use crate::http::State;

/// Wrong tokens that an address may send within [`SPAN`].
const MOST: u32 = 20;

/// How long wrong tokens count.
pub const SPAN: Duration = Duration::from_secs(60);

/// Addresses that are remembered at most.
const MOST_ADDRESSES: u64 = 50_000;

/// Wrong link tokens, by address.
#[derive(Clone)]
pub struct Guesses(Cache<IpAddr, Arc<AtomicU32>>);

impl Guesses {
    /// None so far.
    pub fn none() -> Self {
        Guesses(Cache::builder().max_capacity(MOST_ADDRESSES).time_to_live(SPAN).build())
    }

    /// Whether an address has sent too many.
    pub fn are_too_many(&self, address: IpAddr) -> bool {
        self.0.get(&address).is_some_and(|count| count.load(Ordering::Relaxed) >= MOST)
    }

    /// Counts one.
    pub fn count(&self, address: IpAddr) {
        self.0.get_with(address, Arc::default).fetch_add(1, Ordering::Relaxed);
    }
}

/// The browser's address, as the connection or the operator's proxy tells it.
pub fn address(parts: &Parts, state: &State) -> IpAddr {
    let told = state.0.client_address_header.as_ref().and_then(|name| {
        let value = parts.headers.get_all(name).iter().next_back()?.to_str().ok()?;
        value.rsplit(',').next()?.trim().parse().ok()
    });
    let connected = || parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    told.or_else(connected).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}
