//! Changes of leads over REST: JSON Patch (RFC 6902), of which Nutshell's OpenAPI document shows what it takes.
//!
//! Played is what is said of a lead's own fields: its description and its value, which is a text there, or is computed
//! from products again, of which the sandbox has none.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, json};

use super::Shared;
use super::record::Kind;
use super::refusal::Refusal;
use super::rest::{missing, place};

/// What a patch says it is.
const JSON_PATCH: &str = "application/json-patch+json";

/// The currency of a lead that has no value yet.
const CURRENCY: &str = "USD";

/// Changes a record, all of what the patch says or nothing.
pub(super) async fn change(
    State(nutshell): State<Shared>,
    Path((name, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if headers.get(CONTENT_TYPE).is_none_or(|kind| kind != JSON_PATCH) {
        return (StatusCode::BAD_REQUEST, "Invalid content type").into_response();
    }
    let Some((kind @ Kind::Leads, id)) = place(&name, &id) else { return missing() };
    let patches = match serde_json::from_slice(&body) {
        Ok(Value::Array(patches)) if !patches.is_empty() => patches,
        _ => return Refusal::invalid("No patches sent").page(),
    };
    let outcome = nutshell.change(|account| {
        let mut fields = account.find(kind, id)?.fields.clone();
        for patch in &patches {
            apply(patch, &mut fields)?;
        }
        account.rewrite(kind, id, fields);
        Ok(())
    });
    outcome.map_or_else(|refusal| refusal.page(), |()| StatusCode::NO_CONTENT.into_response())
}

fn apply(patch: &Value, fields: &mut Map<String, Value>) -> Result<(), Refusal> {
    let path = patch["path"].as_str().unwrap_or_default().trim_start_matches('/');
    let unknown = || Refusal::invalid(format!("Invalid patch path {path}"));
    if patch["op"] != "replace" {
        return Err(unknown());
    }
    match path.strip_prefix("leads/0/").ok_or_else(unknown)? {
        "description" | "name" => {
            let text = patch["value"].as_str().filter(|text| !text.is_empty());
            let text = text.ok_or_else(|| Refusal::invalid("Invalid value for description"))?;
            fields.insert("description".to_owned(), Value::from(text));
        }
        "manualValue" => {
            let amount = patch["value"].as_str().and_then(|text| text.parse::<f64>().ok());
            let amount = amount.filter(|amount| amount.is_finite());
            let amount = amount.ok_or_else(|| Refusal::invalid("Invalid value for manualValue"))?;
            let currency = fields.get("value").and_then(|value| value["currency"].as_str());
            let value = json!({ "currency": currency.unwrap_or(CURRENCY), "amount": amount });
            fields.insert("value".to_owned(), value);
        }
        "valueToProductMode" => {
            fields.insert("value".to_owned(), Value::Null);
        }
        _ => return Err(unknown()),
    }
    Ok(())
}
