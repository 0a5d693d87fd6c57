//! The pages on which customers connect their accounts, `/connect-account`.
//!
//! A link token in the address is exchanged at once for a session that a cookie holds, and the browser sent on to an
//! address without it; so is a vendor's code. Every form carries a secret of its session. The pages load nothing from
//! elsewhere and have no script in them: their policy allows none. Who may frame them, be told of the outcome and be
//! returned to is the operator's and the environment's list of origins.
//!
//! What the pages say is in [`texts`], what they look like in [`pages`] and `page.css`.

mod assets;
mod entry;
mod guesses;
mod pages;
mod reply;
mod session;
mod steps;
mod texts;

use axum::Router;
use axum::routing::{get, post};

pub use guesses::Guesses;

use super::State;

/// The pages, and what they and other sites load of the gateway.
pub fn routes() -> Router<State> {
    Router::new()
        .route("/connect-account", get(entry::open))
        .route("/connect-account/crm/{integration}", get(steps::crm).post(steps::take_key))
        .route("/connect-account/crm/{integration}/authorize", post(steps::authorize))
        .route("/connect-account/continue", post(steps::take_over))
        .route("/connect-account/callback/{integration}", get(steps::callback))
        .route("/connect-account/callback/{integration}/{attempt}", get(steps::callback_of_attempt))
        .route("/connect-account/retry", post(steps::retry))
        .route("/connect-account/progress", get(steps::progress))
        .route("/connect-account/assets/{asset}", get(assets::of_pages))
        .route("/connect.js", get(assets::sdk))
        .route("/connect.d.ts", get(assets::sdk_types))
}
