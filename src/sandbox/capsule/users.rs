//! Who works in the account: `/users`, `/teams`, `/site`. None of these lists is paged.

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde_json::{Value, json};

use super::account::{Account, Team, User};
use super::call::{Call, Id};
use super::dates::stamp;
use super::party_view::{self, Embed};
use super::refusal::Refusal;
use super::{Shared, seed};

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/users", get(users))
        .route("/users/current", get(current_user))
        .route("/users/{id}", get(user))
        .route("/teams", get(teams))
        .route("/teams/{id}", get(team))
        .route("/site", get(site))
}

async fn users(State(capsule): State<Shared>, call: Call) -> Json<Value> {
    capsule.read(|account| {
        let users = account.users.iter();
        let users: Vec<Value> = users.map(|user| user_view(account, user, &call)).collect();
        Json(json!({ "users": users }))
    })
}

async fn current_user(State(capsule): State<Shared>, call: Call) -> Result<Json<Value>, Refusal> {
    capsule.read(|account| one_user(account, call.author, &call))
}

async fn user(State(capsule): State<Shared>, Id(id): Id, call: Call) -> Result<Json<Value>, Refusal> {
    capsule.read(|account| one_user(account, id, &call))
}

fn one_user(account: &Account, id: i64, call: &Call) -> Result<Json<Value>, Refusal> {
    let user = account.users.get(id).ok_or(Refusal::NotFound)?;
    Ok(Json(json!({ "user": user_view(account, user, call) })))
}

/// A user, whose party is a reference unless `embed=party`. `ACTIVE` is the only status that has been seen, so a
/// deleted user is known by `deleted` alone.
fn user_view(account: &Account, user: &User, call: &Call) -> Value {
    let party = account.parties.get(user.party);
    let party = party.map(|party| {
        if call.params.embeds("party") {
            party_view::full(account, party, Embed::default())
        } else {
            party_view::reference(party)
        }
    });
    json!({
        "id": user.id,
        "deleted": user.deleted,
        "locale": user.locale,
        "currency": user.currency,
        "status": "ACTIVE",
        "party": party,
        "username": user.username,
        "timezone": user.timezone,
        "lastLoginAt": user.last_login_at.map(stamp),
        "name": user.name,
        "taskReminder": user.task_reminder,
    })
}

async fn teams(State(capsule): State<Shared>, call: Call) -> Json<Value> {
    capsule.read(|account| {
        let teams = account.teams.iter();
        let teams: Vec<Value> = teams.map(|team| team_view(account, team, &call)).collect();
        Json(json!({ "teams": teams }))
    })
}

async fn team(State(capsule): State<Shared>, Id(id): Id, call: Call) -> Result<Json<Value>, Refusal> {
    capsule.read(|account| {
        let team = account.teams.get(id).ok_or(Refusal::NotFound)?;
        Ok(Json(json!({ "team": team_view(account, team, &call) })))
    })
}

fn team_view(account: &Account, team: &Team, call: &Call) -> Value {
    let mut view = json!({
        "id": team.id,
        "name": team.name,
        "description": team.description,
        "createdAt": stamp(team.created_at),
        "updatedAt": stamp(team.updated_at),
    });
    if call.params.embeds("memberships") {
        let members = team.members.iter();
        view["memberships"] =
            members.map(|id| json!({ "user": account.user_reference(Some(*id)) })).collect();
    }
    view
}

async fn site(_: Call) -> Json<Value> {
    Json(json!({
        "site": {
            "name": seed::COMPANY,
            "subdomain": seed::SUBDOMAIN,
            "url": format!("https://{}.capsulecrm.com/", seed::SUBDOMAIN),
        }
    }))
}
