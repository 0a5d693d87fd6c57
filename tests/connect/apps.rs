//! OAuth apps of an environment's own.

use serde_json::json;
use unicrm::sandbox::{CLIENT_ID, CLIENT_SECRET};

use crate::support::app::{AccountSetup, Setup, TestApp};

#[tokio::test]
async fn an_environments_own_app_wins_and_its_secret_is_never_shown() {
    let setup = Setup::default()
        .account(AccountSetup::OAuth { expires_in: 3600 })
        .setting("UNICRM_PROVIDER_CAPSULE_CLIENT_ID", "somebody-else")
        .setting("UNICRM_PROVIDER_CAPSULE_CLIENT_SECRET", "another-secret");
    let app = TestApp::with(setup).await;
    let renew = json!({ "id": app.account });
    app.gateway.post("/integrated-account/refresh-credentials", &renew).await.error(500);

    let path = format!("/environment-integration/{}", app.environment_integration("capsule").await);
    let own =
        json!({ "override": { "credentials": { "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET } } });
    let changed = app.gateway.patch(&path, &own).await.ok();
    assert_eq!(changed["override"], json!({ "credentials": { "client_id": CLIENT_ID } }));
    app.gateway.post("/integrated-account/refresh-credentials", &renew).await.ok();

    // What was read can be sent back: the secret stays.
    let sent_back = json!({ "override": changed["override"] });
    app.gateway.patch(&path, &sent_back).await.ok();
    app.gateway.post("/integrated-account/refresh-credentials", &renew).await.ok();
    let transcript = app.gateway.transcript();
    assert!(!transcript.contains(CLIENT_SECRET), "the secret was answered");

    // Taking it back is the operator's app again.
    app.gateway.patch(&path, &json!({ "override": {} })).await.ok();
    app.gateway.post("/integrated-account/refresh-credentials", &renew).await.error(500);
}

#[tokio::test]
async fn the_apps_secret_is_encrypted_and_survives_a_new_master_key() {
    let app = TestApp::with(Setup::default().account(AccountSetup::OAuth { expires_in: 3600 })).await;
    let path = format!("/environment-integration/{}", app.environment_integration("capsule").await);
    let own =
        json!({ "override": { "credentials": { "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET } } });
    app.gateway.patch(&path, &own).await.ok();
    let rotated = format!("{},{}", unicrm::crypto::KeyRing::generate().expect("a key"), app.keys);
    drop(app.gateway_with_keys(&rotated).await.expect("a gateway"));
    let only_new = rotated.split(',').next().expect("a key");
    let other = app.gateway_with_keys(only_new).await.expect("a gateway");
    let renew = json!({ "id": app.account });
    other.client.post("/integrated-account/refresh-credentials", &renew).await.ok();
}
