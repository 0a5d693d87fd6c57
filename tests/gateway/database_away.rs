//! The database goes away and comes back: what goes on meanwhile, what is refused and how, and that nobody has to do
//! anything about it.

use serde_json::json;
use unicrm::store::Store;

use crate::support::app::{Gateway, TestApp, eventually, for_account};
use crate::support::cable::Cable;

/// A gateway whose database can be taken from it, beside one whose database is always there.
async fn on_a_cable() -> (TestApp, Gateway, Cable) {
    let app = TestApp::start().await;
    let options = app.database.options();
    let cable = Cable::to(&options).await;
    let gateway = app.another_gateway_by(Store::connect(cable.options(&options), None, 4)).await;
    (app, gateway, cable)
}

#[tokio::test]
async fn calls_for_known_accounts_go_on_while_the_database_is_away_and_all_is_well_when_it_is_back() {
    let (app, gateway, cable) = on_a_cable().await;
    let client = &gateway.client;
    let users = app.path("/unified/crm/users");
    client.get(&users).await.ok();
    let stranger = app.import("capsule", "api_key", json!({ "api_key": "another" })).await.ok();
    let stranger = stranger["id"].as_str().expect("an id").to_owned();

    cable.cut();
    eventually("it says that it isn't ready", async || client.get("/ready").await.status == 503).await;
    client.get("/health").await.ok();
    let contact = json!({ "first_name": "Ada" });
    let created = client.post(&app.path("/unified/crm/contacts"), &contact).await.ok();
    assert_eq!(created["first_name"], "Ada");
    for _ in 0..5 {
        client.get(&users).await.ok();
    }
    let refused = [
        client.get("/integrated-account").await,
        client.get(&for_account("/unified/crm/users", &stranger)).await,
        client.with_token(Some("a-token-that-nobody-knows")).get(&users).await,
    ];
    for reply in &refused {
        reply.local_error(503);
        assert_eq!(reply.header("retry-after"), "2");
    }

    cable.mend().await;
    eventually("it is ready", async || client.get("/ready").await.status == 200).await;
    client.get("/integrated-account").await.ok();
    app.gateway.delete(&format!("/integrated-account/{}", app.account)).await.ok();
    eventually("what another process changes is noticed", async || client.get(&users).await.status == 404)
        .await;
}

#[tokio::test]
async fn what_was_changed_while_the_database_was_away_is_noticed_once_it_is_back() {
    let (app, gateway, cable) = on_a_cable().await;
    let users = app.path("/unified/crm/users");
    gateway.client.get(&users).await.ok();
    cable.cut();
    app.gateway.delete(&format!("/integrated-account/{}", app.account)).await.ok();
    gateway.client.get(&users).await.ok(); // it can't know yet
    cable.mend().await;
    eventually("it is noticed", async || gateway.client.get(&users).await.status == 404).await;
}

#[tokio::test]
async fn a_database_that_restarts_costs_readers_nothing() {
    let (app, gateway, _cable) = on_a_cable().await;
    let client = &gateway.client;
    let mut unread = Vec::new();
    for _ in 0..10 {
        let account = app.import("capsule", "api_key", json!({ "api_key": "unknown" })).await.ok();
        unread.push(account["id"].as_str().expect("an id").to_owned());
    }
    for (round, account) in unread.iter().enumerate() {
        // Several at once, so that the pool has several connections to break.
        let (a, b, c) = tokio::join!(
            client.get("/integrated-account"),
            client.get("/environment"),
            client.get("/api-token")
        );
        for reply in [a, b, c] {
            reply.ok();
        }
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        sqlx::query(cut).execute(&mut app.database.connect().await).await.expect("connections that are cut");
        let reply = client.get(if round % 2 == 0 { "/integrated-account" } else { "/environment" }).await;
        reply.ok();
        sqlx::query(cut).execute(&mut app.database.connect().await).await.expect("connections that are cut");
        // Nobody has called for this one yet, so it is read.
        let contact = json!({ "first_name": "Ada" });
        let reply = client.post(&for_account("/proxy/parties", account), &contact).await;
        assert_eq!(reply.status, 401, "{}", reply.text());
    }
}
