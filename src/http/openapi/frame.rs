//! What the whole document shares: what it is about, how callers are known, and what every operation may be sent
//! and may answer.

use serde_json::{Map, Value, json};

use crate::model::request::LARGEST_LIMIT;

const ABOUT: &str = "\
One REST interface to every CRM that your customers use.

**Accounts.** A customer's login at a CRM is an integrated account. Unified and proxy calls name it in the query, as \
`integrated_account_id`.

**Unified and proxy.** `/unified/{model}/{resource}` answers in one shape whatever the CRM; `/proxy/{resource}` \
answers in the CRM's own.

**Lists.** `limit` and `next_cursor` page through them. Send a cursor exactly as it was received, with the same \
account and filters; the last page has none.

**Filters.** Every filter is listed with the providers that serve it, under `x-unicrm-providers`. One that a provider \
can't serve is refused rather than ignored; `truto_allow_unknown_query=true` ignores it.

**Additions.** Fields and parameters that unicrm adds to the published contract have `x-unicrm-extension`.

**Errors.** Every error has the same envelope. One that a CRM caused says so in `truto_is_remote_error` and carries \
the CRM's own answer.";

/// The document's title page.
pub fn info() -> Value {
    json!({
        "title": "unicrm",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": env!("CARGO_PKG_DESCRIPTION"),
        "description": ABOUT,
        "license": { "name": "Apache License 2.0", "identifier": env!("CARGO_PKG_LICENSE") },
    })
}

/// How callers are known.
pub fn security() -> Value {
    json!({
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "An API token, made with `unicrm token create`. Calls for one account take a token of that account too, made with \
                            POST /integrated-account/token; then `integrated_account_id` can be left out.",
        },
    })
}

/// Parameters that many operations take.
pub fn parameters() -> Value {
    let query = |name: &str, description: &str, schema: Value| json!({ "name": name, "in": "query", "description": description, "schema": schema });
    let flag = |name: &str, description: &str| {
        query(name, description, json!({ "type": "boolean", "default": false }))
    };
    let limit = |largest: u32| json!({ "type": "integer", "minimum": 1, "maximum": largest });
    let mut account = query(
        "integrated_account_id",
        "The account that is called.",
        json!({ "type": "string", "format": "uuid" }),
    );
    account["required"] = Value::Bool(true);
    let mut page_limit = query("limit", "How many a page has at most; 5000 by default.", limit(5000));
    page_limit["schema"]["default"] = json!(5000);
    let mut exclude = query(
        "truto_exclude_fields",
        "Fields to leave out, separated by commas or one by one as `truto_exclude_fields[]`.",
        json!({ "type": "array", "items": { "type": "string" } }),
    );
    exclude["style"] = json!("form");
    exclude["explode"] = json!(false);
    let mut remote = query(
        "remote_query",
        "Goes into the provider's query as it is: `remote_query[embed]=tags`.",
        json!({ "type": "object", "additionalProperties": true }),
    );
    remote["style"] = json!("deepObject");
    remote["explode"] = json!(true);
    json!({
        "id": {
            "name": "id",
            "in": "path",
            "required": true,
            "description": "The record's id.",
            "schema": { "type": "string" },
        },
        "integrated_account_id": account,
        "limit": query(
            "limit",
            "How many records a page has at most. Providers have a default and a largest size of their own.",
            limit(LARGEST_LIMIT),
        ),
        "page_limit": page_limit,
        "next_cursor": query(
            "next_cursor",
            "Where the list goes on, as the page before gave it; empty or absent for the first page.",
            json!({ "type": "string" }),
        ),
        "idempotency_key": {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "Names this write: sent again under the same key, it is answered as before and not done again.",
            "schema": { "type": "string", "maxLength": 255 },
        },
        "request_timeout": {
            "name": "X-Request-Timeout",
            "in": "header",
            "description": "How many seconds the answer may take, in place of the gateway's own setting and up to its \
                            largest. What isn't there by then is a 504.",
            "schema": { "type": "number", "minimum": 1 },
        },
        "remote_query": remote,
        "truto_response_format": query(
            "truto_response_format",
            "`raw` gives the provider's own records, `normalized` gives unified ones with objects flattened into \
             dotted keys and without `remote_data`, `stream` walks a list to its end and sends it as it comes.",
            json!({ "type": "string", "enum": ["unified", "raw", "normalized", "stream"], "default": "unified" }),
        ),
        "truto_ignore_remote_data": flag("truto_ignore_remote_data", "Leaves out `remote_data`."),
        "truto_exclude_fields": exclude,
        "truto_key_by": query(
            "truto_key_by",
            "Makes `result` an object of the records by this field.",
            json!({ "type": "string" }),
        ),
        "truto_ignore_limit": flag("truto_ignore_limit", "Walks the list to its end, whatever `limit` says."),
        "truto_partial": flag(
            "truto_partial",
            "Takes a list's records in short where the provider gives them so for less: `is_partial_response` tells. \
             `truto_partial: true` in an account's context says so for all its lists; then false here asks for whole ones.",
        ),
        "truto_body_passthrough": flag(
            "truto_body_passthrough",
            "Sends the body to the provider as it is, in place of what the mapping makes of it.",
        ),
        "truto_allow_unknown_query": flag(
            "truto_allow_unknown_query",
            "Ignores parameters that are not known or that the provider can't serve, in place of refusing them.",
        ),
    })
}

/// Headers that answers carry.
pub fn headers() -> Value {
    json!({
        "x-request-id": {
            "description": "Names the request in the gateway's log; the caller's own, if it sent one.",
            "schema": { "type": "string" },
        },
        "retry-after": {
            "description": "How many seconds to wait before the request may succeed.",
            "schema": { "type": "integer" },
        },
    })
}

/// How operations fail.
pub fn responses() -> Value {
    let failure = |description: &str| {
        json!({
            "description": description,
            "headers": {
                "x-request-id": { "$ref": "#/components/headers/x-request-id" },
                "retry-after": { "$ref": "#/components/headers/retry-after" },
            },
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } },
        })
    };
    json!({
        "Wrong": failure(
            "The request is wrong, as `details.failures` says field by field, or the provider can't serve it.",
        ),
        "Unknown": failure(
            "No valid token was sent; or, with `truto_is_remote_error`, the account has to be connected again.",
        ),
        "Missing": failure("There is no such record, account, resource or model."),
        "Refused": failure(
            "The request can't be served: 403 where a permission is missing, 405 for a write to a sandbox account, \
             409 where it has changed meanwhile, 413 where the body is too large, 422 where an idempotency key came \
             with another body, 429 where a rate limit is used up, or whatever the provider itself refused with.",
        ),
        "Failed": failure(
            "500 for a mapping or the gateway that failed, 502 for a provider that can't be reached or answers \
             nonsense, 503 while the gateway can't serve, 504 for a provider that didn't answer in time.",
        ),
    })
}

/// Schemas that no single resource or chapter owns.
pub fn schemas() -> Map<String, Value> {
    let described = |description: &str| json!({ "type": "object", "description": description, "properties": { "description": { "type": "string" }, "value": {} } });
    let Value::Object(schemas) = json!({
        "Error": {
            "type": "object",
            "description": "Why a request failed.",
            "required": ["statusCode", "error", "message"],
            "properties": {
                "statusCode": { "type": "integer", "description": "The HTTP status." },
                "error": { "type": "string", "description": "The status in words." },
                "message": { "type": "string", "description": "What went wrong and what would be right." },
                "details": {
                    "type": "object",
                    "description": "What is wrong with the request, field by field.",
                    "properties": {
                        "failures": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "required": ["field", "message"],
                                "properties": {
                                    "field": { "type": "string", "description": "The parameter or field." },
                                    "message": { "type": "string", "description": "What is wrong with it." },
                                },
                            },
                        },
                    },
                },
                "truto_is_remote_error": {
                    "type": "boolean",
                    "description": "True where the provider or the account's credential is the cause.",
                },
                "raw_response": { "description": "The provider's own answer, as JSON or text." },
                "truto_error_insight": {
                    "type": "object",
                    "description": "What is known of a cause at the provider.",
                    "properties": {
                        "remote_error": described("What the provider answered."),
                        "rate_limit_error": described("That its rate limit is used up."),
                        "forbidden_error": described("Which permissions the account lacks."),
                    },
                },
            },
        },
        "Deleted": {
            "type": "object",
            "required": ["id"],
            "properties": { "id": { "type": "string", "description": "The id of what is no more." } },
        },
        "RemoteData": {
            "type": ["object", "null"],
            "description": "Goes into the provider's body as it is, over what is made of the other fields.",
            "additionalProperties": true,
        },
    }) else {
        return Map::new();
    };
    schemas
}
