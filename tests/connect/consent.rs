//! Connecting with the vendor's consent: OAuth 2.0, and everything that could be wrong with a callback.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use unicrm::sandbox::{Fault, Kind};

use crate::browser::{Browser, Page, parameter};
use crate::events::told;
use crate::support::app::{AccountSetup, Setup, TestApp};

pub async fn bare(provider: &'static str) -> TestApp {
    TestApp::with(Setup { provider, ..Setup::default().account(AccountSetup::None) }).await
}

fn id(done: &Page) -> String {
    done.assert_says(200, "is connected");
    done.message()["integrated_account_id"].as_str().expect("an id").to_owned()
}

async fn accounts(app: &TestApp) -> usize {
    app.gateway.get("/integrated-account").await.result().len()
}

fn exchanges(app: &TestApp) -> usize {
    let calls = app.vendor_calls();
    calls.iter().filter(|call| call.path.ends_with("/oauth/token")).count()
}

#[tokio::test]
async fn consent_at_capsule_becomes_an_account_with_what_was_granted() {
    let app = bare("capsule").await;
    let wish = json!({ "tenant_id": "customer-9", "scopes": ["read"] });
    let (mut browser, page) = Browser::open(&app, &wish, "&integration=capsule").await;
    let back = browser.consent(&page, "capsule", "allow").await;
    assert!(
        back.starts_with(&format!("{}/connect-account/callback/capsule?", app.gateway.origin())),
        "{back}"
    );
    let done = browser.get(&back).await;
    assert_eq!(
        (done.status, done.location().as_str()),
        (303, "/connect-account"),
        "no code stays in the address"
    );
    let done = browser.follow(done).await;
    done.assert_says(200, "Fernhill Coffee Supply");
    let id = id(&done);
    let account = app.gateway.get(&format!("/integrated-account/{id}")).await.ok();
    assert_eq!(account["authentication_method"], "oauth2");
    assert_eq!(account["context"]["oauth"]["scope"], json!(["read"]));
    assert_eq!(account["context"]["subdomain"], "fernhill-coffee");
    assert_eq!(told(&app, &id).await, ["created", "active"]);
    app.gateway.get(&format!("/unified/crm/contacts?limit=1&integrated_account_id={id}")).await.ok();
}

#[tokio::test]
async fn nimble_loses_the_state_and_each_attempt_has_a_path_of_its_own_instead() {
    let app = bare("nimble").await;
    let (mut browser, page) = Browser::at(&app, "nimble").await;
    let going = browser.submit(&page, "/connect-account/crm/nimble/authorize", &[]).await;
    let state = parameter(&going.refresh(), "state").expect("a state all the same");
    let back = browser.decide(&going, "allow").await;
    assert_eq!(parameter(&back, "state"), None);
    let (path, code) = back.split_once('?').expect("a query");
    assert!(path.ends_with(&format!("/connect-account/callback/nimble/{state}")), "{back}");

    // Without the attempt's own text, or with another state than was sent, nothing happens.
    let root = path.strip_suffix(&format!("/{state}")).expect("the text");
    for forged in [
        format!("{root}?{code}"),
        format!("{root}/{}?{code}", "A".repeat(state.len())),
        format!("{root}?{code}&state={state}"),
        format!("{path}?{code}&state=another"),
    ] {
        browser.get(&forged).await.assert_says(400, "hasn't begun");
    }
    assert_eq!((exchanges(&app), accounts(&app).await), (0, 0));
    let done = browser.get(&back).await;
    let id = id(&browser.follow(done).await);
    let account = app.gateway.get(&format!("/integrated-account/{id}")).await.ok();
    assert_eq!(account["context"]["oauth"]["scope"], json!(["basic", "contacts", "deals"]));

    // Nimble wants the redirect URI on a renewal too, and an operator needn't set it.
    let renew = json!({ "id": id });
    app.gateway.post("/integrated-account/refresh-credentials", &renew).await.ok();
}

#[tokio::test]
async fn a_callback_that_does_not_belong_to_the_browser_is_refused_and_the_real_one_still_works() {
    let app = bare("capsule").await;
    let (mut victim, page) = Browser::at(&app, "capsule").await;
    // Nothing has been begun.
    victim.get("/connect-account/callback/capsule?code=x&state=y").await.assert_says(400, "hasn't begun");

    // Somebody else's consent, brought to the victim's browser: with their state, and with none.
    let (mut other, theirs) = Browser::at(&app, "capsule").await;
    let stolen = other.consent(&theirs, "capsule", "allow").await;
    let going = victim.submit(&page, "/connect-account/crm/capsule/authorize", &[]).await;
    victim.get(&stolen).await.assert_says(400, "hasn't begun");
    let code = parameter(&stolen, "code").expect("a code");
    let path = "/connect-account/callback/capsule";
    for query in ["", "state=&", "state=x&"] {
        victim.get(&format!("{path}?{query}code={code}")).await.assert_says(400, "hasn't begun");
    }
    // The right state at another vendor's callback, or with something behind the path.
    let state = parameter(&going.refresh(), "state").expect("a state");
    victim.get(&format!("{path}/x?state={state}&code={code}")).await.assert_says(400, "hasn't begun");
    let elsewhere = format!("/connect-account/callback/nimble/{state}?code={code}");
    victim.get(&elsewhere).await.assert_says(404, "can't be connected");
    // The right state in a browser without the session.
    let mut stranger = Browser::new(&app);
    stranger.get(&format!("{path}?state={state}&code={code}")).await.assert_says(403, "open for too long");
    assert_eq!((exchanges(&app), accounts(&app).await), (0, 0));

    let back = victim.decide(&going, "allow").await;
    let done = victim.get(&back).await;
    id(&victim.follow(done).await);
}

#[tokio::test]
async fn a_callback_works_once_however_often_it_is_opened() {
    let app = bare("capsule").await;
    let (mut browser, page) = Browser::at(&app, "capsule").await;
    let back = browser.consent(&page, "capsule", "allow").await;
    let mut second = browser.clone();
    let (one, other) = tokio::join!(browser.get(&back), second.get(&back));
    let sent_on = [&one, &other].iter().filter(|page| page.status == 303).count();
    assert_eq!(sent_on, 1, "{one:?} {other:?}");
    browser.get(&back).await.assert_says(400, "hasn't begun");
    assert_eq!((exchanges(&app), accounts(&app).await), (1, 1));
}

#[tokio::test]
async fn only_the_last_of_two_attempts_counts() {
    let app = bare("capsule").await;
    let (mut browser, page) = Browser::at(&app, "capsule").await;
    let first = browser.consent(&page, "capsule", "allow").await;
    let second = browser.consent(&page, "capsule", "allow").await;
    browser.get(&first).await.assert_says(400, "hasn't begun");
    let done = browser.get(&second).await;
    id(&browser.follow(done).await);
}

#[tokio::test]
async fn a_denial_is_shown_told_and_can_be_thought_over() {
    for provider in ["capsule", "nimble"] {
        let app = bare(provider).await;
        let (mut browser, page) = Browser::at(&app, provider).await;
        let back = browser.consent(&page, provider, "deny").await;
        let denied = browser.get(&back).await;
        let denied = browser.follow(denied).await;
        denied.assert_says(200, "You declined");
        let message = denied.message();
        assert_eq!(
            (&message["result"], &message["error_type"]),
            (&json!("error"), &json!("connection_error"))
        );
        assert!(message["error"].as_str().is_some_and(|text| text.contains("declined")), "{message}");
        assert_eq!((exchanges(&app), accounts(&app).await), (0, 0));
        let page = browser.get(&format!("/connect-account/crm/{provider}")).await;
        let back = browser.consent(&page, provider, "allow").await;
        let done = browser.get(&back).await;
        id(&browser.follow(done).await);
    }
}

#[tokio::test]
async fn what_a_vendor_says_is_shown_as_text() {
    let app = bare("capsule").await;
    let (mut browser, page) = Browser::at(&app, "capsule").await;
    let going = browser.submit(&page, "/connect-account/crm/capsule/authorize", &[]).await;
    let state = parameter(&going.refresh(), "state").expect("a state");
    let said = "%3Cscript%3Ealert(1)%3C/script%3E%22%20onload=%22x";
    let path = "/connect-account/callback/capsule";
    let failed =
        browser.get(&format!("{path}?state={state}&error=server_error&error_description={said}")).await;
    let failed = browser.follow(failed).await;
    failed.assert_says(200, "Capsule says: <script>alert(1)</script>");
    assert!(!failed.text.contains("<script>alert"), "{}", failed.text);
    assert!(!failed.text.contains("\" onload"), "{}", failed.text);
    assert_eq!(failed.message()["error_type"], "connection_error");
}

#[tokio::test]
async fn a_token_endpoint_that_fails_leaves_nothing_behind() {
    let app = bare("capsule").await;
    let (mut browser, page) = Browser::at(&app, "capsule").await;
    let back = browser.consent(&page, "capsule", "allow").await;
    let broken = Fault::new(Kind::Status(http::StatusCode::SERVICE_UNAVAILABLE)).under("/oauth/token");
    app.sandbox().faults().add(broken);
    let failed = browser.get(&back).await;
    browser.follow(failed).await.assert_says(200, "isn't answering at the moment");
    assert_eq!(accounts(&app).await, 0);
}

#[tokio::test]
async fn a_provider_without_an_app_offers_its_key_alone() {
    let setup = Setup { provider: "nutshell", ..Setup::default().account(AccountSetup::None) };
    let app = TestApp::with(setup).await;
    let (mut browser, page) = Browser::at(&app, "capsule").await;
    assert!(page.text.contains("Personal access token") && !page.text.contains("Continue to Capsule"));
    let refused = browser.submit(&page, "/connect-account/crm/capsule/authorize", &[]).await;
    browser.follow(refused).await.assert_says(200, "is not set up");
}

/// A provider that takes PKCE is sent a challenge, and the verifier with the code.
#[tokio::test]
async fn pkce_is_used_where_a_manifest_says_so() {
    let folder = Mappings::with("pkce: true");
    let setup = Setup::default()
        .account(AccountSetup::None)
        .setting("UNICRM_MAPPINGS_DIR", folder.0.to_string_lossy());
    let app = TestApp::with(setup).await;
    let (mut browser, page) = Browser::at(&app, "capsule").await;
    let going = browser.submit(&page, "/connect-account/crm/capsule/authorize", &[]).await;
    let asked = going.refresh();
    assert_eq!(parameter(&asked, "code_challenge_method").as_deref(), Some("S256"));
    let back = browser.decide(&going, "allow").await;
    let done = browser.get(&back).await;
    id(&browser.follow(done).await);
    let calls = app.vendor_calls();
    let exchange = calls.iter().find(|call| call.path == "/oauth/token").expect("an exchange");
    assert!(String::from_utf8_lossy(&exchange.body).contains("code_verifier="));
}

/// The shipped mappings in a folder of the test's own, with a fact more of Capsule's OAuth.
pub struct Mappings(pub std::path::PathBuf);

impl Mappings {
    pub fn with(fact: &str) -> Mappings {
        let folder = std::env::temp_dir().join(format!("unicrm-mappings-{}", uuid::Uuid::new_v4()));
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings"), &folder);
        let manifest = folder.join("capsule/provider.yaml");
        let text = fs::read_to_string(&manifest).expect("a manifest");
        let changed =
            text.replace("    scopes: [read, write]\n", &format!("    scopes: [read, write]\n    {fact}\n"));
        assert_ne!(text, changed);
        fs::write(manifest, changed).expect("a manifest");
        Mappings(folder)
    }
}

impl Drop for Mappings {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

#[tokio::test]
async fn a_page_in_a_frame_hands_its_session_to_a_new_window() {
    let app = bare("capsule").await;
    let new = json!({ "tenant_id": "t" });
    let (mut frame, page) = Browser::open(&app, &new, "&integration=capsule&iframe=true").await;
    let handover = page.after("name=\"handover\" value=\"").expect("a handover");
    let progress = async |browser: &mut Browser| {
        let page = browser.get("/connect-account/progress").await;
        serde_json::from_str::<Value>(&page.text).expect("JSON")["finished"].clone()
    };
    assert_eq!(progress(&mut frame).await, false);
    let fields = [("handover", handover), ("integration", "capsule".to_owned())];
    let mut window = Browser::new(&app);
    let going = window.post("/connect-account/continue", &fields).await;
    assert!(going.header("set-cookie").contains("SameSite=Lax"), "{going:?}");
    // Somebody closed the window and opened another one.
    let going_again = window.post("/connect-account/continue", &fields).await;
    assert_ne!(going.refresh(), going_again.refresh());
    let going = going_again;
    let mut forged = fields.clone();
    forged[0].1.replace_range(..4, "AAAA");
    Browser::new(&app).post("/connect-account/continue", &forged).await.assert_says(403, "open for too long");
    let back = window.decide(&going, "allow").await;
    // The frame's site could have the browser open this, but not in the frame's own name.
    let done = window.get(&back).await;
    id(&window.follow(done).await);
    assert_eq!(progress(&mut frame).await, true);
    // There is nothing left to take over.
    Browser::new(&app).post("/connect-account/continue", &fields).await.assert_says(403, "open for too long");
    let done = frame.get("/connect-account").await;
    id(&done);
    assert_eq!(accounts(&app).await, 1);
}
