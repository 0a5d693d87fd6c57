//! The users of the company, and the one who calls.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde_json::json;

use super::account::COMPANY;
use super::call::ok;
use super::{Answer, Shared};

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/api/v1/myself", get(myself)).route("/api/v1/company/users", get(users))
}

async fn myself(State(nimble): State<Shared>) -> Answer {
    let account = nimble.look();
    let me = account.me();
    ok(json!({
        "user_id": me["user_id"], "company_id": COMPANY, "email": me["email"], "name": me["name"],
        "company_size": account.users.len(),
    }))
}

/// As the older documentation shows them: without an id of their own, which only the picture's address tells.
async fn users(State(nimble): State<Shared>) -> Answer {
    let account = nimble.look();
    let shown = account.users.iter().map(|user| {
        json!({
            "avatar_url": user["avatar_url"], "is_active": user["is_active"], "name": user["name"],
            "email": user["email"],
        })
    });
    ok(json!({ "users": shown.collect::<Vec<_>>() }))
}
