//! The wire: routes, who may call them, and how answers and errors are written.
//!
//! The only module that names axum, with `sandbox`. A route understands a request and hands it to the gateway or
//! the store; what it answers is written in one place (`reply`).

mod admin;
mod batch;
mod batch_delete;
mod capabilities;
mod connect;
mod custom;
mod docs;
mod entity_tag;
mod extract;
mod health;
mod idempotency;
mod inbound;
mod limits;
mod mcp;
mod meta;
pub mod metrics;
mod middleware;
pub mod openapi;
mod patience;
mod proxy;
mod quota;
mod reply;
mod tokens;
mod tools;
mod unified;
mod walk;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::extract::Request;
use axum::http::HeaderName;
use axum::response::Response;
use axum::routing::{any, get, patch, post};
use axum::{Router, ServiceExt};
use bytes::Bytes;
use tokio::net::TcpListener;
use tower::util::MapRequestLayer;
use tower::{Layer, Service};
use tower_http::catch_panic::CatchPanicLayer;

pub use health::Stopping;
pub use limits::Limits;
pub use tokens::Tokens;

use crate::account::connect::Connect;
use crate::config::Brand;
use crate::error::{Error, Kind};
use crate::gateway::Gateway;
use crate::mcp::{Log, Mcp, Servers};
use crate::model::CursorKeys;
use crate::store::Store;

/// What every route shares.
#[derive(Clone)]
pub struct State(Arc<Shared>);

struct Shared {
    gateway: Gateway,
    store: Store,
    connect: Connect,
    tokens: Tokens,
    mcp: Mcp,
    cursors: CursorKeys,
    public_url: String,
    max_request_bytes: usize,
    stopping: Stopping,
    longest_patience: Duration,
    limits: Limits,
    brand: Brand,
    client_address_header: Option<HeaderName>,
    guesses: connect::Guesses,
    /// The OpenAPI document, once it has been asked for.
    openapi: OnceLock<Bytes>,
}

/// What the routes are told of the operator's wishes.
#[derive(Debug, Clone)]
pub struct Wishes {
    /// How browsers reach the gateway, without a trailing slash.
    pub public_url: String,
    /// The largest body that is read.
    pub max_request_bytes: usize,
    /// How long a caller may ask to wait.
    pub longest_patience: Duration,
    /// How much a caller may ask.
    pub limits: Limits,
    /// When calls are better sent to another process.
    pub stopping: Stopping,
    /// What connect pages look like.
    pub brand: Brand,
    /// A header in which a proxy in front tells the browser's address.
    pub client_address_header: Option<HeaderName>,
}

impl State {
    /// The routes' surroundings.
    pub fn new(
        gateway: Gateway,
        store: Store,
        connect: Connect,
        tokens: Tokens,
        cursors: CursorKeys,
        wishes: Wishes,
    ) -> Self {
        let openapi = OnceLock::new();
        let guesses = connect::Guesses::none();
        let Wishes {
            public_url,
            max_request_bytes,
            longest_patience,
            limits,
            stopping,
            brand,
            client_address_header,
        } = wishes;
        let clock = gateway.clock.clone();
        let servers = Servers::new(store.clone(), clock.clone());
        let mcp = Mcp::new(gateway.clone(), servers, Log::new(store.clone(), clock), reply::error_body);
        State(Arc::new(Shared {
            gateway,
            store,
            connect,
            tokens,
            mcp,
            cursors,
            public_url,
            max_request_bytes,
            stopping,
            longest_patience,
            limits,
            brand,
            client_address_header,
            guesses,
            openapi,
        }))
    }
}

/// Every route with what lies around all of them, outermost first: the path is tidied before it is matched.
pub fn service(
    state: State,
) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send {
    let routes = calls()
        .route_layer(axum::middleware::from_fn(quota::tell))
        .route_layer(axum::middleware::from_fn(metrics::measure))
        .route_layer(axum::middleware::from_fn_with_state(state.clone(), patience::keep))
        .route_layer(axum::middleware::from_fn_with_state(state.clone(), idempotency::once))
        .merge(descriptions())
        .merge(administration().route_layer(axum::middleware::from_fn(middleware::read_once_more)))
        .merge(probes())
        .merge(connect::routes())
        .fallback(|| async { Error::not_found("There is no such route; the README lists them.") })
        .method_not_allowed_fallback(|| async {
            Error::new(Kind::MethodNotAllowed, "This route exists, but not for this HTTP method.")
        })
        .layer(CatchPanicLayer::custom(middleware::panicked))
        .layer(axum::middleware::from_fn(middleware::observe))
        .with_state(state);
    MapRequestLayer::new(middleware::tidy_path).layer(routes)
}

/// Serves until `stop` is done, then finishes the requests that are on their way.
pub async fn serve(
    listener: TcpListener,
    state: State,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let service = service(state).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stop).await
}

/// Calls for one account, which the query names.
fn calls() -> Router<State> {
    Router::new()
        .route(
            "/unified/{model}/{resource}",
            get(unified::list).post(unified::create).fallback(unified::without_id),
        )
        .route(
            "/unified/{model}/{resource}/{id}",
            get(unified::read).patch(unified::update).delete(unified::delete).post(unified::custom),
        )
        .route("/proxy/{resource}", get(proxy::list).post(proxy::create).fallback(proxy::without_id))
        .route(
            "/proxy/{resource}/{id}",
            get(proxy::read).patch(proxy::update).delete(proxy::delete).post(proxy::custom),
        )
        .route("/custom/{*path}", any(custom::call))
}

/// What can be asked, and how.
fn descriptions() -> Router<State> {
    Router::new()
        .route("/unified/{model}/{resource}/meta/{method}", get(meta::method))
        .route("/unified/{model}/{resource}/{integration}/meta/{method}", get(meta::of_integration))
        .route("/unified/meta/{model}/{integration}", get(meta::guide))
        .route("/integration/{id}/capabilities", get(capabilities::of_integration))
        .route("/integrated-account/{id}/capabilities", get(capabilities::of_account))
        .route("/integration/{id}/tools", get(tools::of_integration))
        .route("/integrated-account/{id}/tools", get(tools::of_account))
        .route("/openapi.json", get(openapi::serve))
        .route("/docs", get(docs::page))
        .route("/docs/{asset}", get(docs::asset))
}

/// How the process is.
fn probes() -> Router<State> {
    Router::new().route("/health", get(health::health)).route("/ready", get(health::ready))
}

fn administration() -> Router<State> {
    Router::new()
        .route("/batch-request", post(batch::run))
        .route("/ping", get(admin::ping))
        .route("/environment", get(admin::environment::list))
        .route("/environment/{id}", get(admin::environment::read).patch(admin::environment::change))
        .route("/integration", get(admin::integration::list))
        .route("/integration/{id}", get(admin::integration::read))
        .route("/integrations/{id}", get(admin::integration::read))
        .route(
            "/environment-integration",
            get(admin::environment_integration::list).post(admin::environment_integration::create),
        )
        .route(
            "/environment-integration/{id}",
            get(admin::environment_integration::read)
                .patch(admin::environment_integration::change)
                .delete(admin::environment_integration::delete),
        )
        .route("/integrated-account", get(admin::account::list).post(admin::account::import))
        .route(
            "/integrated-account/{id}",
            get(admin::account::read).patch(admin::account::change).delete(admin::account::delete),
        )
        .route("/integrated-account/{id}/inbound-webhook", get(inbound::address))
        .route("/integrated-account-webhook/{id}", post(inbound::receive))
        .route("/integrated-account/{id}/mcp", get(admin::mcp_server::list).post(admin::mcp_server::create))
        .route(
            "/integrated-account/{id}/mcp/{server}",
            get(admin::mcp_server::read).patch(admin::mcp_server::update).delete(admin::mcp_server::delete),
        )
        .route("/mcp/{token}", post(mcp::receive))
        .route("/log", get(admin::log::list))
        .route("/integrated-account/{id}/credentials", patch(admin::account::credentials))
        .route("/integrated-account/token", post(admin::account_token::issue))
        .route("/integrated-account/me", get(admin::account_token::me).patch(admin::account_token::change_me))
        .route("/integrated-account/refresh-credentials", post(admin::account_actions::refresh))
        .route("/integrated-account/run-post-install-actions", post(admin::account_actions::complete))
        .route("/integrated-account/bulk-delete", post(admin::account_actions::bulk_delete))
        .route("/link-token", post(admin::link_token::create))
        .route(
            "/sandbox-integrated-account",
            get(admin::sandbox_account::list).post(admin::sandbox_account::create),
        )
        .route(
            "/sandbox-integrated-account/{id}",
            get(admin::sandbox_account::read).delete(admin::sandbox_account::delete),
        )
        .route("/unified-model", get(admin::model::list).post(admin::model::create))
        .route(
            "/unified-model/{id}",
            get(admin::model::read).patch(admin::model::change_model).delete(admin::model::delete),
        )
        .route("/environment-unified-model", get(admin::model::installed).post(admin::model::install))
        .route(
            "/environment-unified-model/{id}",
            get(admin::model::read_installed)
                .patch(admin::model::change_installed)
                .delete(admin::model::uninstall),
        )
        .route(
            "/unified-model-resource-method",
            get(admin::mapping::of_model::list).post(admin::mapping::of_model::create),
        )
        .route(
            "/unified-model-resource-method/{id}",
            get(admin::mapping::of_model::read)
                .patch(admin::mapping::of_model::change)
                .delete(admin::mapping::of_model::delete),
        )
        .route(
            "/environment-unified-model-resource-method",
            get(admin::mapping::of_environment::list).post(admin::mapping::of_environment::create),
        )
        .route(
            "/environment-unified-model-resource-method/{id}",
            get(admin::mapping::of_environment::read)
                .patch(admin::mapping::of_environment::change)
                .delete(admin::mapping::of_environment::delete),
        )
        .route("/api-token", get(admin::api_token::list))
        .route("/api-token/{id}", get(admin::api_token::read))
}
