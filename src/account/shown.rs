//! An account as the contract shows it: to whoever asks, and in the events that tell of it.

use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::mapping::Catalog;
use crate::model::record::format_instant;
use crate::store::accounts::AccountRow;

/// An account in the contract's shape, without its secrets.
pub fn shown(catalog: &Catalog, row: &AccountRow) -> Value {
    let manifest = catalog.providers.get(&row.integration_name).map(|provider| &provider.manifest);
    json!({
        "id": row.id,
        "tenant_id": row.tenant_id,
        "environment_id": row.environment_id,
        "environment_integration_id": row.environment_integration_id,
        "status": row.status,
        "is_sandbox": row.is_sandbox,
        "authentication_method": row.authentication_method,
        "region": row.region,
        "context": row.context,
        "object_store_context_fields": [],
        "unified_model_override": row.unified_model_override,
        "integration_override": row.integration_override,
        "last_error": row.last_error,
        "last_forbidden_error": row.last_forbidden_error,
        "integration": {
            "id": row.integration_id,
            "name": row.integration_name,
            "category": manifest.map(|manifest| &manifest.category),
            "config": { "label": manifest.map(|manifest| &manifest.label) },
        },
        "environment_integration": { "id": row.environment_integration_id, "is_active": row.is_enabled },
        "created_at": instant(row.created_at),
        "updated_at": instant(row.updated_at),
    })
}

fn instant(moment: OffsetDateTime) -> Value {
    format_instant(moment).map_or(Value::Null, Value::String)
}
