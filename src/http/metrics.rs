//! Metrics: `/metrics` on a port of its own, and what of a request's time was the gateway's own.
//!
//! The port is apart from the API's because its readers are: whoever reaches it may read it, and it is for the
//! operator's own network.

use axum::Router;
use axum::extract::{MatchedPath, Request, State as Shared};
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::error::Error;
use crate::gateway::waiting::Waiting;
use crate::store::Store;
use crate::telemetry::metrics::{self, Interface};

/// No route of the API's, and so not in its document.
const METRICS: &str = "/metrics";

/// Serves metrics until `stop` is done.
pub async fn serve(
    listener: TcpListener,
    store: Store,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let routes = Router::new().route(METRICS, get(render)).with_state(store);
    axum::serve(listener, routes).with_graceful_shutdown(stop).await
}

async fn render(Shared(store): Shared<Store>) -> Response {
    let (in_use, idle) = store.connections();
    match metrics::render(in_use, idle) {
        Ok(text) => ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response(),
        Err(error) => Error::internal(error).into_response(),
    }
}

/// The layer around calls for an account: what of their time was not spent waiting for a vendor.
pub async fn measure(request: Request, next: Next) -> Response {
    let interface = match request.extensions().get::<MatchedPath>().map(MatchedPath::as_str) {
        Some(path) if path.starts_with("/proxy/") => Interface::Proxy,
        Some(path) if path.starts_with("/custom/") => Interface::Custom,
        _ => Interface::Unified,
    };
    let begun = Instant::now();
    let waiting = Waiting::default();
    let response = waiting.during(next.run(request)).await;
    metrics::worked(interface, begun.elapsed().saturating_sub(waiting.total()));
    response
}
