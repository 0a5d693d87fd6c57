//! The stack that sends native calls to vendors, and the only module that names reqwest.
//!
//! A call enters as an [`Exchange`] and comes out as a vendor's [`Reply`] or as an [`Error`] that says who must
//! act, whether trying again can help and whether the vendor could have acted. In between it passes layers, one a
//! file, each for one reason; [`Outbound::new`] puts them together, outermost first. They work on our call and
//! reply and not on HTTP, because a vendor may well put an error inside a 200: only the innermost asks the
//! provider's adapter for an HTTP request, and the layers around it see what the adapter made of the response.
//!
//! Nothing here knows accounts, mappings or the database. Where a credential comes from, and what becomes of an
//! account whose credential is refused, is the business of a [`CredentialSource`].
//!
//! A caller may drop the future of a call at any time. What was sent stays sent, and its connection is closed
//! rather than used again; nothing else is left behind.

mod attempt;
mod circuit;
mod credential;
mod deadline;
mod egress;
mod exchange;
mod pace;
pub mod permits;
mod retry;
mod send;
mod settings;
mod trace;
mod transfer;
mod transport;

use std::sync::Arc;

use futures::future::BoxFuture;
use tower::{Service, ServiceBuilder, ServiceExt};

pub use credential::{Credential, CredentialSource};
pub use exchange::Exchange;
pub use pace::Paces;
pub use settings::OutboundSettings;
pub use transfer::{Pieces, Transfer};
pub use transport::Transport;

use crate::adapter::Reply;
use crate::clock::Clock;
use crate::error::{Error, Result};
use permits::Permits;

/// What every layer is, and what every layer wraps. All of them are ready at all times.
trait Stage:
    Service<Exchange, Response = Reply, Error = Error, Future: Send> + Clone + Send + Sync + 'static
{
}

impl<S> Stage for S where
    S: Service<Exchange, Response = Reply, Error = Error, Future: Send> + Clone + Send + Sync + 'static
{
}

/// A call on its way through a layer.
type Pending = BoxFuture<'static, Result<Reply>>;

type Stack = trace::Trace<
    deadline::Deadline<retry::Retry<credential::Authorize<pace::Pace<circuit::Circuit<Attempts>>>>>,
>;
type Attempts = attempt::Attempt<send::Send>;

/// Sends native calls. Made once; clones share its connections.
#[derive(Debug, Clone)]
pub struct Outbound {
    stack: Stack,
    transport: Transport,
    paces: Arc<Paces>,
}

impl Outbound {
    /// Builds the stack. `permits` are what the processes share of limits; `clock` dates the vendors' answers.
    ///
    /// Fails where this machine can't do TLS, such as without any certificate authorities installed.
    pub fn new(settings: OutboundSettings, permits: Permits, clock: Clock) -> Result<Self> {
        let transport = Transport::new(&settings)?;
        let paces = Arc::new(Paces::new(permits, settings.rates.clone(), clock.clone()));
        let stack = ServiceBuilder::new()
            // One span tells of the whole call, however many attempts it takes.
            .layer_fn(trace::Trace::new)
            // The caller's patience bounds everything below: attempts, pauses between them, renewals.
            .layer_fn(deadline::Deadline::new)
            // What failed in passing is tried again, unless the vendor could have acted on it.
            .layer_fn(retry::Retry::new)
            // Each attempt carries a credential that is good now; a refused one is renewed once.
            .layer_fn(credential::Authorize::new)
            // Waiting for the vendor's pace must not use up the time of an attempt.
            .layer_fn(|inner| pace::Pace::new(inner, paces.clone()))
            // A vendor who is out of order is left alone for a while.
            .layer_fn(circuit::Circuit::new)
            // One attempt must not use up the time of the others.
            .layer_fn(|inner| attempt::Attempt::new(inner, settings.attempt_timeout))
            // The adapter writes the HTTP request, the transport carries it, the adapter reads the response.
            .service(send::Send::new(transport.clone(), clock));
        Ok(Outbound { stack, transport, paces })
    }

    /// Sends a call and waits for the vendor's answer, until the exchange's deadline at the longest.
    pub async fn call(&self, exchange: Exchange) -> Result<Reply> {
        self.stack.clone().oneshot(exchange).await
    }

    /// The accounts' paces, for what other processes learn of them.
    pub fn paces(&self) -> &Paces {
        &self.paces
    }

    /// The connections underneath, for what is no call of an account's, such as a token endpoint.
    pub fn transport(&self) -> Transport {
        self.transport.clone()
    }
}
