//! What protects the pages: headers, cookies, forms, and what is in no address, log line or answer.

use serde_json::json;
use unicrm::sandbox::{CLIENT_SECRET, NUTSHELL_KEY, NUTSHELL_USERNAME};

use crate::browser::{Browser, parameter};
use crate::consent::bare;
use crate::support::app::{AccountSetup, Setup, TestApp};
use crate::support::log;

const FRIEND: &str = "https://app.example.com";

async fn with_friend() -> TestApp {
    let setup = Setup::default().account(AccountSetup::None);
    TestApp::with(setup.setting("UNICRM_CONNECT_ORIGINS", FRIEND)).await
}

#[tokio::test]
async fn a_link_opens_one_session_in_one_browser() {
    let app = bare("capsule").await;
    let made = app.gateway.post("/link-token", &json!({ "tenant_id": "t" })).await.ok();
    let token = made["link_token"].as_str().expect("a token");
    let address = format!("/connect-account?link_token={token}");

    // Who only looks, or fetches in case somebody will, uses nothing up.
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let url = format!("{}{address}", app.gateway.origin());
    assert_eq!(http.head(&url).send().await.expect("an answer").status(), 204);
    let prefetch =
        http.get(&url).header("sec-purpose", "prefetch;prerender").send().await.expect("an answer");
    assert_eq!(prefetch.status(), 204);

    let mut browser = Browser::new(&app);
    let first = browser.get(&address).await;
    assert_eq!(
        (first.status, first.location().as_str()),
        (303, "/connect-account"),
        "no token stays in the address"
    );
    browser.follow(first).await.assert_says(200, "Connect your CRM");
    let mut other = Browser::new(&app);
    let refused = other.get(&address).await;
    refused.assert_says(403, "doesn't work any more");
    assert_eq!(refused.message()["error_type"], "invalid_token");
    assert_eq!(other.cookie, None);
    // The same browser may come back with it: somebody reloaded, or opened the popup again.
    let again = browser.get(&format!("{address}&integration=nutshell")).await;
    browser.follow(again).await.assert_says(200, "Connect Nutshell");

    let mut guessing = Browser::new(&app);
    guessing
        .get("/connect-account?link_token=unicrm_link_guess")
        .await
        .assert_says(403, "doesn't work any more");
    guessing.get("/connect-account").await.assert_says(403, "open for too long");
}

#[tokio::test]
async fn links_and_sessions_end() {
    let app = bare("capsule").await;
    let link = async || app.gateway.post("/link-token", &json!({ "tenant_id": "t" })).await.ok();
    let (early, late) = (link().await, link().await);
    let address = |made: &serde_json::Value| {
        format!("/connect-account?link_token={}", made["link_token"].as_str().expect("a token"))
    };
    let (mut browser, page) = Browser::at(&app, "capsule").await;
    page.assert_says(200, "Connect Capsule");
    app.clock.advance(std::time::Duration::from_secs(3601));
    browser.get("/connect-account").await.assert_says(403, "open for too long");
    app.clock.advance(std::time::Duration::from_secs(6 * 86_400));
    let mut other = Browser::new(&app);
    let opened = other.get(&address(&early)).await;
    assert_eq!(opened.status, 303);
    app.clock.advance(std::time::Duration::from_secs(86_400));
    other.get(&address(&late)).await.assert_says(403, "doesn't work any more");
}

#[tokio::test]
async fn who_guesses_links_is_slowed_down_and_nobody_else() {
    let setup = Setup::default().account(AccountSetup::None);
    let app = TestApp::with(setup.setting("UNICRM_CLIENT_ADDRESS_HEADER", "X-Forwarded-For")).await;
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let guess = async |number: u32, from: &str| {
        let url = format!("{}/connect-account?link_token=guess-{number}", app.gateway.origin());
        http.get(url).header("x-forwarded-for", from).send().await.expect("an answer")
    };
    for number in 0..20 {
        // What the guesser writes there itself stands before what the proxy adds.
        assert_eq!(guess(number, &format!("10.0.0.{number}, 192.0.2.7")).await.status(), 403);
    }
    let slowed = guess(20, "10.9.9.9, 192.0.2.7").await;
    assert_eq!(
        (slowed.status().as_u16(), slowed.headers()["retry-after"].to_str().expect("text")),
        (429, "60")
    );
    assert_eq!(guess(21, "192.0.2.8").await.status(), 403);
}

#[tokio::test]
async fn every_answer_protects_the_browser() {
    let app = with_friend().await;
    let (mut browser, page) = Browser::at(&app, "capsule").await;
    let policy = page.header("content-security-policy").to_owned();
    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "a page that isn't asked for in a frame isn't framed");
    assert_eq!(page.header("x-frame-options"), "DENY");
    let going = browser.submit(&page, "/connect-account/crm/capsule/authorize", &[]).await;
    let wrong = browser.get("/connect-account/callback/capsule?code=x&state=y").await;
    let token = app.gateway.post("/link-token", &json!({ "tenant_id": "t" })).await.ok();
    let entry = format!("/connect-account?link_token={}", token["link_token"].as_str().expect("a token"));
    let entry = Browser::new(&app).get(&entry).await;
    for answer in [&page, &going, &wrong, &entry] {
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(!answer.text.contains("<script>") && !answer.text.contains("style="), "{}", answer.text);
        assert!(!answer.text.contains(" onclick") && !answer.text.contains("<style"), "{}", answer.text);
    }
    let cookie = entry.header("set-cookie");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/connect-account", "Max-Age=3600"] {
        assert!(cookie.contains(part), "{cookie}");
    }

    let (_, framed) = Browser::open(&app, &json!({ "tenant_id": "t" }), "&iframe=true").await;
    let policy = framed.header("content-security-policy");
    let ancestors = policy.split_once("frame-ancestors ").expect("ancestors").1;
    let mut expected = [FRIEND, app.gateway.origin()];
    expected.sort_unstable();
    assert_eq!(ancestors.split(' ').collect::<Vec<_>>(), expected);
    assert_eq!(framed.header("x-frame-options"), "");
}

#[tokio::test]
async fn behind_https_the_cookie_goes_nowhere_else_and_into_frames_only_when_asked() {
    let setup = Setup::default().account(AccountSetup::None);
    let app = TestApp::with(setup.setting("UNICRM_PUBLIC_URL", "https://crm.example.com")).await;
    for (query, expected) in
        [("", "SameSite=Lax; Secure"), ("&iframe=true", "SameSite=None; Secure; Partitioned")]
    {
        let token = app.gateway.post("/link-token", &json!({ "tenant_id": "t" })).await.ok();
        let token = token["link_token"].as_str().expect("a token");
        let entry = Browser::new(&app).get(&format!("/connect-account?link_token={token}{query}")).await;
        let cookie = entry.header("set-cookie");
        // A neighbour under the same domain can't set a cookie of this name, nor so hand a customer its own session.
        assert!(cookie.starts_with("__Host-unicrm_connect=") && cookie.contains("; Path=/;"), "{cookie}");
        assert!(cookie.ends_with(expected), "{cookie}");
    }
    let (mut browser, page) = Browser::at(&app, "capsule").await;
    let mut tossed = browser.clone();
    tossed.name = "unicrm_connect".to_owned();
    tossed.get("/connect-account").await.assert_says(403, "open for too long");
    let going = browser.submit(&page, "/connect-account/crm/capsule/authorize", &[]).await;
    let back = parameter(&going.refresh(), "redirect_uri");
    assert_eq!(back.as_deref(), Some("https://crm.example.com/connect-account/callback/capsule"));
}

#[tokio::test]
async fn a_form_that_another_site_made_is_refused() {
    let app = bare("nutshell").await;
    let (mut browser, _) = Browser::at(&app, "nutshell").await;
    let fields = [("username", NUTSHELL_USERNAME.to_owned()), ("api_key", NUTSHELL_KEY.to_owned())];
    for token in [None, Some(""), Some("guess")] {
        let mut form = fields.to_vec();
        form.extend(token.map(|token| ("form_token", token.to_owned())));
        for path in [
            "/connect-account/crm/nutshell",
            "/connect-account/crm/nutshell/authorize",
            "/connect-account/retry",
        ] {
            let page = browser.post(path, &form).await;
            page.assert_says(403, "opened again in another tab");
        }
    }
    // The token of one session is worth nothing in another.
    let (_, other) = Browser::at(&app, "nutshell").await;
    let mut form = fields.to_vec();
    form.push(("form_token", other.form_token()));
    browser.post("/connect-account/crm/nutshell", &form).await.assert_says(403, "another tab");
    assert_eq!(app.gateway.get("/integrated-account").await.result().len(), 0);
    assert_eq!(app.vendor_calls().len(), 0);
}

#[tokio::test]
async fn the_browser_ends_where_the_backend_said_and_nowhere_else() {
    let setup = Setup { provider: "nutshell", ..Setup::default().account(AccountSetup::None) };
    let app = TestApp::with(setup.setting("UNICRM_CONNECT_ORIGINS", FRIEND)).await;
    let wish = json!({ "tenant_id": "t", "redirect_uri": format!("{FRIEND}/done?step=crm#top") });
    let query = "&integration=nutshell&redirect_uri=https://elsewhere.example/";
    let (mut browser, page) = Browser::open(&app, &wish, query).await;
    let fields = [("username", NUTSHELL_USERNAME), ("api_key", NUTSHELL_KEY)];
    let done = browser.submit(&page, "/connect-account/crm/nutshell", &fields).await;
    let done = browser.follow(done).await;
    let back = done.after("name=\"unicrm-redirect\" content=\"").expect("an address").replace("&amp;", "&");
    assert!(
        back.starts_with(&format!("{FRIEND}/done?step=crm&result=success&integration=nutshell&")),
        "{back}"
    );
    assert_eq!(
        parameter(&back, "integrated_account_id"),
        done.message()["integrated_account_id"].as_str().map(str::to_owned)
    );
    assert!(!browser.seen.contains("elsewhere.example"));
}

#[tokio::test]
async fn secrets_are_in_no_address_no_answer_and_no_log_line() {
    log::capture();
    let app = bare("capsule").await;
    let made = app.gateway.post("/link-token", &json!({ "tenant_id": "t" })).await.ok();
    let token = made["link_token"].as_str().expect("a token").to_owned();
    let mut browser = Browser::new(&app);
    let page = browser.get(&format!("/connect-account?link_token={token}&integration=capsule")).await;
    let page = browser.follow(page).await;
    let back = browser.consent(&page, "capsule", "allow").await;
    let (code, state) =
        (parameter(&back, "code").expect("a code"), parameter(&back, "state").expect("a state"));
    let done = browser.get(&back).await;
    browser.follow(done).await.assert_says(200, "is connected");
    let session = browser.cookie.clone().expect("a session");
    let tokens = ["sandbox-access-", "sandbox-refresh-"];

    let lines = log::lines();
    assert!(lines.contains("/connect-account/callback/{integration}"), "the log was looked at");
    for secret in
        [token.as_str(), &code, &state, &session, &page.form_token(), CLIENT_SECRET].iter().chain(&tokens)
    {
        let line = lines.lines().find(|line| line.contains(secret) && !line.contains("sandbox::"));
        assert_eq!(line, None, "a log line has {secret}");
    }
    let answers = format!("{}{}", browser.seen, app.gateway.transcript().replace(&token, ""));
    for secret in [token.as_str(), &code, &session, CLIENT_SECRET].iter().chain(&tokens) {
        assert!(!answers.contains(secret), "an answer has {secret}");
    }
    // The two addresses that a secret has to be in are left at once.
    let with_secrets = browser
        .visited
        .iter()
        .filter(|url| [token.as_str(), &code, &state, &session].iter().any(|secret| url.contains(secret)));
    assert_eq!(with_secrets.count(), 2);

    let mut connection = app.database.connect().await;
    for table in ["link_token", "connect_session"] {
        let query = format!("SELECT coalesce(string_agg(t::text, E'\\n'), '') FROM {table} t");
        let rows: String =
            sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_one(&mut connection).await.expect("rows");
        assert!(!rows.is_empty());
        for secret in [&token, &session, &state] {
            let hexadecimal = unicrm::crypto::hex(secret.as_bytes());
            assert!(!rows.contains(secret.as_str()) && !rows.contains(&hexadecimal), "{table} has a secret");
        }
    }
}
