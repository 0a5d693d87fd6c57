//! One attempt: the adapter writes the HTTP request, the transport carries it, the adapter reads the response.
//!
//! Innermost, and the only layer that touches HTTP. The credential joins the request here and nowhere earlier, so
//! that no layer and no adapter ever holds a request with a secret in it.

use std::task::{Context, Poll};

use bytes::Bytes;
use tower::Service;

use super::transport::Peer;
use super::{Exchange, Pending, Transport};
use crate::adapter::Reply;
use crate::clock::Clock;
use crate::error::{Effect, Error, Result};

#[derive(Debug, Clone)]
pub(super) struct Send {
    transport: Transport,
    clock: Clock,
}

impl Send {
    pub(super) fn new(transport: Transport, clock: Clock) -> Self {
        Send { transport, clock }
    }

    async fn attempt(self, exchange: Exchange) -> Result<Reply> {
        let request = request(&exchange)?;
        let peer = Peer { label: exchange.label(), reads: exchange.reads() };
        exchange.progress.sending();
        let response = match &exchange.transfer {
            None => self.transport.exchange(peer, request).await,
            Some(transfer) => self.transport.carry(peer, request, transfer).await,
        };
        if response.as_ref().err().is_none_or(|error| error.effects() == Effect::None) {
            exchange.progress.settled();
        }
        exchange.adapter.reply(&exchange.call, response?, self.clock.now())
    }
}

impl Service<Exchange> for Send {
    type Response = Reply;
    type Error = Error;
    type Future = Pending;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, exchange: Exchange) -> Pending {
        Box::pin(self.clone().attempt(exchange))
    }
}

fn request(exchange: &Exchange) -> Result<http::Request<Bytes>> {
    let mut request = exchange.adapter.request(&exchange.call)?;
    let credential = exchange
        .authorization
        .as_ref()
        .ok_or_else(|| Error::internal("a call reached the wire without a credential"))?;
    credential.join(&mut request);
    Ok(request)
}
