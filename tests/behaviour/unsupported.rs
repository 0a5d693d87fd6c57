//! What a provider can't do says so, and why.

use std::sync::Arc;

use serde_json::json;
use unicrm::mapping::Provider;
use unicrm::model::Method;

use crate::stage::Stage;
use crate::suite::Suite;

/// A method that isn't served.
pub fn add(suite: &mut Suite, provider: &Arc<Provider>, path: &str, method: Method, reason: String) {
    let (provider, path) = (provider.clone(), path.to_owned());
    suite.plain("answers_that_it_is_unsupported_and_why", async move |stage: &mut Stage| {
        assert!(!reason.trim().is_empty(), "a reason");
        let app = stage.app().await;
        let one = format!("{path}/1");
        let reply = match method {
            Method::List => app.get(&path).await,
            Method::Get => app.get(&one).await,
            Method::Create => app.post(&path, &json!({})).await,
            Method::Update => app.patch(&one, &json!({})).await,
            Method::Delete => app.delete(&one).await,
        };
        let body = reply.local_error(400);
        let message = body["message"].as_str().expect("a message");
        assert!(message.contains(&reason), "{message}");
        assert!(message.contains(&provider.manifest.label), "{message}");
        if app.has_sandbox() {
            assert!(app.vendor_calls().is_empty(), "{:?}", app.vendor_calls());
        }
    });
}
