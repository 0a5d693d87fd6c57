//! Nimble's numbered pages and its lists that tell what to ask for next.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::refusal::Refusal;

/// The page that a call asks for, of `first` and on, with `meta` beside the rows.
pub(super) fn numbered(
    call: &Call,
    key: &str,
    size: (&str, usize),
    first: usize,
    rows: Vec<Value>,
) -> Result<Value, Refusal> {
    let page = call.number("page", first, usize::MAX)?.unwrap_or(first);
    let (name, usual) = size;
    let per_page = call.number(name, 1, 100)?.unwrap_or(usual);
    let total = rows.len();
    let skipped = (page - first).saturating_mul(per_page);
    let rows: Vec<Value> = rows.into_iter().skip(skipped).take(per_page).collect();
    let meta = json!({ "page": page, "pages": total.div_ceil(per_page).max(1), "per_page": per_page, "total": total });
    Ok(Value::Object(Map::from_iter([("meta".to_owned(), meta), (key.to_owned(), Value::Array(rows))])))
}

/// Rows in an order of time, and the `next_page` that leads on: the instant and id of the last row shown.
pub(super) fn following(
    call: &Call,
    key: &str,
    id: (&str, &str),
    usual: usize,
    rows: Vec<Value>,
) -> Result<Value, Refusal> {
    let (param, member) = id;
    let limit = call.number("limit", 1, 100)?.unwrap_or(usual);
    let skipped = match call.param(param) {
        None => 0,
        Some(last) => {
            let place = rows.iter().position(|row| row[member] == last);
            place.ok_or_else(|| Refusal::wrong(&format!("{param} is unknown")))? + 1
        }
    };
    let more = rows.len() > skipped.saturating_add(limit);
    let rows: Vec<Value> = rows.into_iter().skip(skipped).take(limit).collect();
    let next = match rows.last() {
        Some(last) if more => json!({ "next_tstamp": last["feed_tstamp"], param: last[member] }),
        _ => Value::Null,
    };
    Ok(Value::Object(Map::from_iter([(key.to_owned(), Value::Array(rows)), ("next_page".to_owned(), next)])))
}
