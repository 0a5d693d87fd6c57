//! The columns that a list of deals can show. A bare array, whatever the published schema says.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde_json::{Value, json};

use super::call::ok;
use super::{Answer, Shared};

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/api/v2/deals/column_catalogue", get(list))
}

async fn list(State(nimble): State<Shared>) -> Answer {
    let account = nimble.look();
    let column = |field: &Value| {
        let name = field["field_name"].as_str().unwrap_or_default();
        json!({
            "id": field["field_id"], "human_readable_name": name,
            "json_path": format!("$.fields_values_with_names[?(@.field_name=='{name}')].values[*].value"),
            "value_json_path": null, "presentation": { "type": "single-line-text-box" },
            "read_only": name == "actual_close_date", "is_standard": true,
            "sortable": matches!(name, "name" | "amount"),
            "search_field": { "human_readable_name": name, "search_name": name, "data_type": { "type_id": "textlike" } },
        })
    };
    let columns: Vec<Value> = account.standard_fields.iter().map(column).collect();
    ok(json!([{ "group_id": "standard", "human_readable_name": "Deal", "columns": columns }]))
}
