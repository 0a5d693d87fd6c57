//! What befalls a renewal of an access token, the vendor not having renewed it: the account is there afterwards, and so is
//! its refresh token.

use serde_json::json;

use crate::answers;
use crate::cells::Stage;
use crate::faults::FAULTS;
use crate::line::Befalls;
use crate::support::app::for_account;
use crate::wires::WIRES;

/// Providers whose tokens are renewed.
pub const RENEWED: &[&str] = &["capsule", "nimble"];

/// Faults of every nature, since they follow each other.
const BEFALLING: &[&str] = &[
    "a connection refused",
    "a reset before the answer",
    "half a body",
    "no answer",
    "a body too slow for the deadline",
    "a decompression bomb",
    "a body over the limit, announced",
    "invalid JSON",
    "JSON of the wrong shape",
    "an HTML page with 200",
    "an empty body",
    "200 with an error in it",
    "a redirect to another host",
    "429 with seconds",
    "503 without a time",
    "500 after acting",
];

/// Has them befall a renewal, one after the other.
pub async fn befall(provider: &'static str) {
    let stage = Stage::start().await;
    let vendor = stage.vendor(provider);
    let (gateway, sandbox) = (&stage.app.gateway, &vendor.sandbox);
    let wire = WIRES.iter().find(|wire| wire.provider == provider).expect("a wire");
    for (count, name) in BEFALLING.iter().enumerate() {
        let fault = FAULTS.iter().find(|fault| fault.name == *name).expect("a fault");
        println!("{}", fault.name);
        let (access, refresh) = sandbox.issue_tokens();
        let token = json!({ "access_token": access, "refresh_token": refresh, "expires_in": -10 });
        let context = json!({ "oauth": { "token": token } });
        let account = stage.app.import(provider, "oauth2", context).await.ok()["id"].clone();
        let account = account.as_str().expect("an id");
        let path = for_account(&wire.reads[1].path(""), account);
        vendor.line.befall(fault, Befalls::Tokens);
        let request = gateway.request(http::Method::GET, &path).header("x-request-timeout", "1");
        let reply = gateway.send(request).await;
        vendor.line.mend().await;
        // Whether the vendor fails the call or the renewal before it makes no difference to the caller, but that a token
        // endpoint says neither when to come back nor anything that would be passed on.
        let documented = answers::of(fault.name).read.status;
        let expected = if documented == 200 { &[502, 504][..] } else { &[documented, 502, 504] };
        assert!(expected.contains(&reply.status), "{}: {} {}", fault.name, reply.status, reply.text());
        let body = reply.remote_error(reply.status);
        assert!(body["message"].as_str().is_some_and(|text| text.len() > 20), "{}: {body}", fault.name);
        let shown = gateway.get(&format!("/integrated-account/{account}")).await.ok();
        assert_eq!(shown["status"], "active", "{}: {shown}", fault.name);
        gateway.get(&path).await.ok();
        assert_eq!(sandbox.refresh_count(), count + 1, "{}: renewed once", fault.name);
    }
    gateway.get("/health").await.ok();
}
