//! Who works in the account: `/users`, `/teams`, `/site`. None of these lists is paged.
//!
//! Users change their own preferences only, with a token that may.

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde_json::{Value, json};

use super::account::{Account, Team, User};
use super::call::{Call, Id};
use super::currencies::CURRENCIES;
use super::dates::stamp;
use super::party_view;
use super::refusal::{Problem, Refusal};
use super::resource::{self, Resource, list_whole, show};
use super::scene::Scene;
use super::written::Written;
use super::{Shared, seed};
use crate::sandbox::table::Table;

const LOCALES: [&str; 3] = ["en_US", "en_GB", "es_ES"];

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/users", get(list_whole::<User>))
        .route("/users/current", get(current_user))
        .route("/users/{id}", get(show::<User>).put(set_preferences))
        .route("/teams", get(teams))
        .route("/teams/{id}", get(team))
        .route("/site", get(site))
}

impl Resource for User {
    const PATH: &'static str = "users";
    const ONE: &'static str = "user";
    const MANY: &'static str = "users";

    fn table(account: &Account) -> &Table<User> {
        &account.users
    }

    fn view(&self, scene: &Scene<'_>) -> Value {
        user_view(scene, self)
    }
}

async fn current_user(State(capsule): State<Shared>, call: Call) -> Result<Json<Value>, Refusal> {
    capsule.look(&call, |scene| resource::one::<User>(scene, scene.viewer).map(Json))
}

async fn set_preferences(
    State(capsule): State<Shared>,
    Id(id): Id,
    call: Call,
) -> Result<Json<Value>, Refusal> {
    let members = call.wrapped(User::ONE)?;
    capsule.change(&call, |draft| {
        let author = draft.author;
        let user = draft.account.users.get_mut(id).ok_or(Refusal::NotFound)?;
        if id != author {
            return Err(Refusal::MissingScope);
        }
        user.prefer(Written::new(User::ONE, &members))?;
        resource::one::<User>(&draft.scene(&call), id).map(Json)
    })
}

impl User {
    fn prefer(&mut self, written: Written<'_>) -> Result<(), Problem> {
        written.filled_text("username", &mut self.username)?;
        written.filled_text("timezone", &mut self.timezone)?;
        written.option("locale", &LOCALES, &mut self.locale)?;
        written.option("currency", &CURRENCIES.map(|row| row.0), &mut self.currency)?;
        written.flag("taskReminder", &mut self.task_reminder)
    }
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
