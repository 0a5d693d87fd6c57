//! In-memory twins of the CRMs: the vendors' own wire format, with data, OAuth and faults to switch on.
//!
//! A [`Sandbox`] is one running twin. `unicrm dev` and `unicrm sandbox` run them for people; the test suite runs them in
//! its own process, where it can also read what reached the vendor ([`Sandbox::recorder`]), make the vendor fail
//! ([`Sandbox::faults`]), and hold its clock.
//!
//! This module owns the vendors' behaviour as their documentation and their live answers show it, quirks included, and
//! nothing of the gateway: it imports no other module of the crate, so that a mistake in the gateway's idea of a vendor
//! cannot hide in a twin that shares it. Where a vendor's behaviour is unknown, the stricter answer is given.
//!
//! What is common to all vendors lies in this directory (faults, recorder, tokens, quota, a store of records); each
//! vendor has a directory of its own.

mod capsule;
mod clock;
mod control;
mod courier;
mod fault_layer;
mod faults;
mod line;
mod login;
mod nimble;
mod nutshell;
mod quota;
mod recorder;
mod table;
mod tokens;

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use http::StatusCode;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use clock::Clock;
pub use courier::Delivery;
pub use faults::{Fault, Faults, Kind};
pub use recorder::{Received, Recorder};

use courier::Courier;
use fault_layer::Saboteur;
use quota::Quota;
use tokens::Tokens;

/// A personal token of the Capsule twin that may read and write.
pub const CAPSULE_TOKEN: &str = "sandbox-capsule-token";
/// A personal token of the Capsule twin that may only read.
pub const CAPSULE_READONLY_TOKEN: &str = "sandbox-capsule-readonly";
/// A personal token of the Capsule twin whose user is no administrator: configuring the account is refused, and restricted
/// records are hidden or shown as "Private".
pub const CAPSULE_RESTRICTED_TOKEN: &str = "sandbox-capsule-restricted";
/// An API key of the Nimble twin.
pub const NIMBLE_KEY: &str = "sandbox-nimble-key";
/// A user of the Nutshell twin, who is an administrator; the key is good for every user and for the company's domain.
pub const NUTSHELL_USERNAME: &str = "nora.whitfield@millbrook.example";
/// The API key of the Nutshell twin.
pub const NUTSHELL_KEY: &str = "sandbox-nutshell-key";
/// The key of the Nutshell twin's web form, which is sent to `/form/` and this key.
pub const NUTSHELL_FORM_KEY: &str = "sandbox-nutshell-form";
/// The OAuth client that the twins' token endpoints know.
pub const CLIENT_ID: &str = "sandbox-client";
/// That client's secret.
pub const CLIENT_SECRET: &str = "sandbox-secret";

/// What one vendor's twin brings to a sandbox.
trait Vendor: Send + Sync {
    /// The vendor's routes, OAuth included.
    fn router(self: Arc<Self>) -> Router;
    /// The vendor's native answer at a path for a status, for faults that give no body of their own.
    fn error_reply(&self, path: &str, status: StatusCode) -> Response;
    /// Records as they were at the start.
    fn reset(&self);
    /// Has every change told to an address from now on, where a person enters one in the vendor's settings; false where
    /// there is no such setting.
    fn set_webhook(&self, _url: Option<String>) -> bool {
        false
    }
    /// Paths of services beside the API, which stand on hosts of their own: only a fault that names one befalls it.
    fn aside(&self) -> &'static [&'static str] {
        &[]
    }
}

/// Everything about a running sandbox that can be changed from outside.
struct Desk {
    vendor: Arc<dyn Vendor>,
    tokens: Arc<Tokens>,
    quota: Arc<Quota>,
    faults: Arc<Faults>,
    recorder: Arc<Recorder>,
}

impl Desk {
    fn reset(&self) {
        self.vendor.reset();
        self.tokens.reset();
        self.quota.reset();
        self.faults.clear();
        self.recorder.clear();
    }
}

/// A running twin of one CRM, listening on a port of its own. Dropping it stops it, as [`Sandbox::stop`] does, without
/// waiting for the end.
pub struct Sandbox {
    address: SocketAddr,
    key: &'static str,
    desk: Arc<Desk>,
    courier: Courier,
    stop: CancellationToken,
    serving: JoinHandle<io::Result<()>>,
}

impl Sandbox {
    /// Starts a Capsule with its data on `listen` (port 0 picks a free one) by the machine's clock.
    ///
    /// Fails if the address cannot be bound.
    pub async fn capsule(listen: SocketAddr) -> io::Result<Sandbox> {
        Sandbox::capsule_at(listen, Clock::system()).await
    }

    /// [`Sandbox::capsule`] by a clock of the caller's choosing.
    pub async fn capsule_at(listen: SocketAddr, clock: Clock) -> io::Result<Sandbox> {
        let tokens = Arc::new(capsule::tokens(clock.clone()));
        let quota = Arc::new(Quota::new(capsule::CALLS_PER_HOUR));
        let stop = CancellationToken::new();
        let courier = Courier::start(stop.clone());
        let vendor = capsule::Capsule::new(clock, tokens.clone(), quota.clone(), courier.clone());
        Sandbox::start((listen, CAPSULE_TOKEN), Arc::new(vendor), tokens, quota, courier, stop).await
    }

    /// Starts a Nimble with its data on `listen` (port 0 picks a free one) by the machine's clock.
    ///
    /// Fails if the address cannot be bound.
    pub async fn nimble(listen: SocketAddr) -> io::Result<Sandbox> {
        Sandbox::nimble_at(listen, Clock::system()).await
    }

    /// [`Sandbox::nimble`] by a clock of the caller's choosing.
    pub async fn nimble_at(listen: SocketAddr, clock: Clock) -> io::Result<Sandbox> {
        let tokens = Arc::new(nimble::tokens(clock.clone()));
        let stop = CancellationToken::new();
        let courier = Courier::start(stop.clone());
        let vendor = nimble::Nimble::new(clock, tokens.clone());
        // Nimble publishes no limit of calls.
        let quota = Arc::new(Quota::new(u32::MAX));
        Sandbox::start((listen, NIMBLE_KEY), Arc::new(vendor), tokens, quota, courier, stop).await
    }

    /// Starts a Nutshell with its data on `listen` (port 0 picks a free one) by the machine's clock.
    ///
    /// Fails if the address cannot be bound.
    pub async fn nutshell(listen: SocketAddr) -> io::Result<Sandbox> {
        Sandbox::nutshell_at(listen, Clock::system()).await
    }

    /// [`Sandbox::nutshell`] by a clock of the caller's choosing.
    pub async fn nutshell_at(listen: SocketAddr, clock: Clock) -> io::Result<Sandbox> {
        let tokens = Arc::new(nutshell::tokens(clock.clone()));
        let quota = Arc::new(Quota::new(nutshell::CALLS_PER_HOUR));
        let stop = CancellationToken::new();
        let courier = Courier::start(stop.clone());
        let vendor = nutshell::Nutshell::new(clock, tokens.clone(), quota.clone(), courier.clone());
        Sandbox::start((listen, NUTSHELL_KEY), Arc::new(vendor), tokens, quota, courier, stop).await
    }

    async fn start<V: Vendor + 'static>(
        (listen, key): (SocketAddr, &'static str),
        vendor: Arc<V>,
        tokens: Arc<Tokens>,
        quota: Arc<Quota>,
        courier: Courier,
        stop: CancellationToken,
    ) -> io::Result<Sandbox> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let desk = Arc::new(Desk {
            vendor: vendor.clone(),
            tokens,
            quota,
            faults: Arc::default(),
            recorder: Arc::default(),
        });
        let router = router(vendor.router(), desk.clone());
        let serving = line::serve(listener, router, stop.clone());
        Ok(Sandbox { address, key, desk, courier, stop, serving })
    }

    /// Scheme, host and port, without a slash at the end. A sandbox that listens on every interface is reached on the
    /// loopback one.
    pub fn origin(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        format!("http://{address}")
    }

    /// A token that reads and writes, and doesn't lapse.
    pub fn key(&self) -> &'static str {
        self.key
    }

    /// The faults switched on, and the switch.
    pub fn faults(&self) -> &Faults {
        &self.desk.faults
    }

    /// The requests that reached the vendor.
    pub fn recorder(&self) -> &Recorder {
        &self.desk.recorder
    }

    /// An access token and a refresh token, as a login would have given.
    pub fn issue_tokens(&self) -> (String, String) {
        let issued = self.desk.tokens.issue();
        (issued.access, issued.refresh)
    }

    /// A refresh token that no access token came with.
    pub fn mint_refresh_token(&self) -> String {
        self.desk.tokens.mint_refresh()
    }

    /// An authorization code, good for one exchange at the token endpoint.
    pub fn mint_authorization_code(&self) -> String {
        self.desk.tokens.mint_code()
    }

    /// Lets every access token that came through OAuth lapse; refresh tokens and personal tokens stay good.
    pub fn expire_tokens(&self) {
        self.desk.tokens.expire_all();
    }

    /// Lets one access token lapse, personal tokens included; false when the sandbox does not know it.
    pub fn expire_token(&self, token: &str) -> bool {
        self.desk.tokens.expire(token)
    }

    /// Refuses every token from now on, refresh and personal tokens included, as when the user withdraws the app's
    /// access.
    pub fn revoke_all(&self) {
        self.desk.tokens.revoke_all();
    }

    /// Seconds that access tokens issued from now on live; at the start an hour, at Nimble ten minutes.
    pub fn set_expires_in(&self, seconds: u32) {
        self.desk.tokens.set_expires_in(seconds);
    }

    /// How many refresh tokens were traded for new ones.
    pub fn refresh_count(&self) -> usize {
        self.desk.tokens.refreshed()
    }

    /// Enters an address in the vendor's settings, to which every change is told from now on; none ends that. False for a
    /// vendor that has no such setting, whose events are subscribed to over its API or not at all.
    pub fn set_webhook(&self, url: Option<&str>) -> bool {
        self.desk.vendor.set_webhook(url.map(str::to_owned))
    }

    /// Waits until every event that subscribers are to be told of has been sent, and takes the list of what was sent since
    /// the last time.
    pub async fn take_deliveries(&self) -> Vec<Delivery> {
        self.courier.take_delivered().await
    }

    /// Sets how many calls each user may make in an hour, and starts a new hour.
    pub fn set_quota(&self, calls_per_hour: u32) {
        self.desk.quota.set_limit(calls_per_hour);
    }

    /// Records, tokens, quota, faults and recorder as they were at the start. Token values that were issued before stay
    /// refused.
    pub fn reset(&self) {
        self.desk.reset();
    }

    /// Stops listening, closes every connection whatever state its request is in, and waits until that is done.
    pub async fn stop(mut self) {
        self.stop.cancel();
        // The server cannot fail: accepting retries, and it returns only when told to stop. A panic in it would have
        // been printed where it happened, and there is nothing left to stop.
        let _ = (&mut self.serving).await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("address", &self.address).finish_non_exhaustive()
    }
}

/// The vendor's routes behind recorder and faults, and the sandbox's own pages in front of both.
fn router(vendor: Router, desk: Arc<Desk>) -> Router {
    let saboteur = Saboteur { faults: desk.faults.clone(), vendor: desk.vendor.clone() };
    let vendor = vendor
        .layer(from_fn_with_state(saboteur, fault_layer::inject))
        .layer(from_fn_with_state(desk.recorder.clone(), recorder::record));
    Router::new().nest("/_sandbox", control::router(desk)).fallback_service(vendor)
}
