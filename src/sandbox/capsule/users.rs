//! Who works in the account: `/users`, `/teams`, `/site`. None of these lists is paged.

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde_json::{Value, json};

use super::account::{Team, User};
use super::call::{Call, Id};
use super::dates::stamp;
use super::party_view;
use super::refusal::Refusal;
use super::scene::Scene;
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
    capsule.look(&call, |scene| {
        let users = scene.account.users.iter();
        let users: Vec<Value> = users.map(|user| user_view(scene, user)).collect();
        Json(json!({ "users": users }))
    })
}

async fn current_user(State(capsule): State<Shared>, call: Call) -> Result<Json<Value>, Refusal> {
    capsule.look(&call, |scene| one_user(scene, scene.viewer))
}

async fn user(State(capsule): State<Shared>, Id(id): Id, call: Call) -> Result<Json<Value>, Refusal> {
    capsule.look(&call, |scene| one_user(scene, id))
}

fn one_user(scene: &Scene<'_>, id: i64) -> Result<Json<Value>, Refusal> {
    let user = scene.account.users.get(id).ok_or(Refusal::NotFound)?;
    Ok(Json(json!({ "user": user_view(scene, user) })))
}

/// A user, whose party is a reference unless `embed=party`. `ACTIVE` is the only status that has been seen, so a
/// deleted user is known by `deleted` alone.
pub(super) fn user_view(scene: &Scene<'_>, user: &User) -> Value {
    json!({
        "id": user.id,
        "deleted": user.deleted,
        "locale": user.locale,
        "currency": user.currency,
        "status": "ACTIVE",
        "party": party_view::nested(scene, Some(user.party), "party"),
        "username": user.username,
        "timezone": user.timezone,
        "lastLoginAt": user.last_login_at.map(stamp),
        "name": user.name,
        "taskReminder": user.task_reminder,
    })
}

async fn teams(State(capsule): State<Shared>, call: Call) -> Json<Value> {
    capsule.look(&call, |scene| {
        let teams = scene.account.teams.iter();
        let teams: Vec<Value> = teams.map(|team| team_view(scene, team)).collect();
        Json(json!({ "teams": teams }))
    })
}

async fn team(State(capsule): State<Shared>, Id(id): Id, call: Call) -> Result<Json<Value>, Refusal> {
    capsule.look(&call, |scene| {
        let team = scene.account.teams.get(id).ok_or(Refusal::NotFound)?;
        Ok(Json(json!({ "team": team_view(scene, team) })))
    })
}

fn team_view(scene: &Scene<'_>, team: &Team) -> Value {
    let mut view = json!({
        "id": team.id,
        "name": team.name,
        "description": team.description,
        "createdAt": stamp(team.created_at),
        "updatedAt": stamp(team.updated_at),
    });
    if scene.embeds("memberships") {
        let members = team.members.iter();
        view["memberships"] =
            members.map(|id| json!({ "user": scene.account.user_reference(Some(*id)) })).collect();
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
