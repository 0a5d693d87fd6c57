//! The ways in which vendors cut their lists: what to add to a query for a part of a list, and where it goes on.

use http::HeaderMap;
use http::header::LINK;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::call::{NativePage, Position, Reply};
use super::envelope;
use crate::error::{Error, Result};
use crate::mapping::manifest::Paging;

/// Where a list begins. A caller who speaks the vendor's own paging parameters is understood.
pub fn first(paging: &Paging, query: &Map<String, Value>, limit: Option<u32>) -> Result<Position> {
    let sized = |name: &str, default: u32, largest: u32| {
        let wanted = limit.or(native_count(query, name)?).unwrap_or(default);
        Ok::<u32, Error>(wanted.clamp(1, largest))
    };
    Ok(match paging {
        Paging::Pages { page, first, size, default_size, largest_size, .. } => Position::Page {
            number: native_count(query, page)?.unwrap_or(*first),
            size: sized(size, *default_size, *largest_size)?,
        },
        Paging::Following { size, default_size, largest_size, .. } => {
            Position::Following { size: sized(size, *default_size, *largest_size)?, query: Map::new() }
        }
        Paging::Links { size, default_size, largest_size, .. } => {
            let size = sized(size, *default_size, *largest_size)?;
            Position::Links { size, links: Vec::new(), skip: 0 }
        }
        Paging::Whole => Position::Slice { skip: 0, take: limit },
    })
}

/// Adds to a query what asks for a part of a list.
pub fn ask(paging: &Paging, position: &Position, query: &mut Map<String, Value>) {
    match (paging, position) {
        (Paging::Pages { page, size, .. }, Position::Page { number, size: count }) => {
            query.insert(page.clone(), Value::from(*number));
            query.insert(size.clone(), Value::from(*count));
        }
        (Paging::Following { size, .. }, Position::Following { size: count, query: more }) => {
            query.insert(size.clone(), Value::from(*count));
            query.extend(more.clone());
        }
        (Paging::Links { size, .. }, Position::Links { size: count, .. }) => {
            query.insert(size.clone(), Value::from(*count));
        }
        _ => {}
    }
}

/// The page that an answer's records make, or why the answer can't be used.
pub fn page<'r>(
    paging: &Paging,
    position: Option<&Position>,
    reply: &Reply,
    records: Vec<&'r RawValue>,
) -> std::result::Result<NativePage<'r>, String> {
    match (paging, position) {
        (Paging::Pages { first, pages, echo, more_header, .. }, Some(Position::Page { number, size })) => {
            if let Some(shown) = echo.as_ref().and_then(|path| count_at(reply, path))
                && shown != *number
            {
                return Err(format!("it is page {shown} where page {number} was asked for"));
            }
            let more = match pages.as_ref().and_then(|path| count_at(reply, path)) {
                // An empty page before the last one would be asked for again and again.
                Some(pages) => number.saturating_sub(*first).saturating_add(1) < pages && !records.is_empty(),
                None => has_more(&reply.headers, more_header.as_deref(), records.len(), *size),
            };
            let next = more.then(|| Position::Page { number: number.saturating_add(1), size: *size });
            Ok(NativePage { records, next })
        }
        (Paging::Following { next, .. }, Some(Position::Following { size, query })) => {
            let next = following(next, reply, query)?;
            Ok(NativePage { records, next: next.map(|query| Position::Following { size: *size, query }) })
        }
        (Paging::Links { next, .. }, Some(Position::Links { size, links, skip })) => {
            Ok(linked(next, reply, records, *size, links, *skip))
        }
        (_, Some(Position::Slice { skip, take })) => Ok(slice(records, *skip, *take)),
        _ => Ok(NativePage { records, next: None }),
    }
}

/// What the answer says is to be added to the query for what follows. An answer that leads back to where it was asked
/// for would never end.
fn following(
    path: &str,
    reply: &Reply,
    asked: &Map<String, Value>,
) -> std::result::Result<Option<Map<String, Value>>, String> {
    let found = envelope::at(&reply.body, path).ok().flatten();
    let found = found.and_then(|found| serde_json::from_str::<Value>(found.get()).ok());
    match found {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(next)) if next.is_empty() => Ok(None),
        Some(Value::Object(next)) if next == *asked => Err(format!("its {path:?} leads to itself")),
        Some(Value::Object(next)) => Ok(Some(next)),
        Some(_) => Err(format!("its {path:?} is no object")),
    }
}

/// The groups of an answer share one page: as many records as were asked for, and the same answer again for those that
/// are left before any of its links is followed.
fn linked<'r>(
    path: &str,
    reply: &Reply,
    records: Vec<&'r RawValue>,
    size: u32,
    links: &[String],
    skip: usize,
) -> NativePage<'r> {
    let total = records.len();
    let records: Vec<&RawValue> = records.into_iter().skip(skip).take(size as usize).collect();
    let passed = skip.saturating_add(records.len());
    if passed < total && !records.is_empty() {
        return NativePage {
            records,
            next: Some(Position::Links { size, links: links.to_vec(), skip: passed }),
        };
    }
    let found = envelope::each(&reply.body, path).ok().flatten().unwrap_or_default();
    let found = found.iter().filter_map(|link| serde_json::from_str::<Option<String>>(link.get()).ok()?);
    let links: Vec<String> =
        links.iter().skip(1).cloned().chain(found.filter(|link| !link.is_empty())).collect();
    let next = (!links.is_empty()).then_some(Position::Links { size, links, skip: 0 });
    NativePage { records, next }
}

fn slice(records: Vec<&RawValue>, skip: usize, take: Option<u32>) -> NativePage<'_> {
    let total = records.len();
    let records: Vec<&RawValue> =
        records.into_iter().skip(skip).take(take.map_or(usize::MAX, |take| take as usize)).collect();
    let skip = skip + records.len();
    NativePage { records, next: (skip < total).then_some(Position::Slice { skip, take }) }
}

fn has_more(headers: &HeaderMap, more_header: Option<&str>, found: usize, size: u32) -> bool {
    let told = more_header.and_then(|name| headers.get(name)?.to_str().ok());
    match told {
        Some(more) => more.eq_ignore_ascii_case("true"),
        None => match headers.get(LINK).and_then(|link| link.to_str().ok()) {
            Some(link) => link.contains("rel=\"next\"") || link.contains("rel=next"),
            None => found >= size as usize,
        },
    }
}

fn count_at(reply: &Reply, path: &str) -> Option<u32> {
    let found = envelope::at(&reply.body, path).ok()??;
    serde_json::from_str(found.get()).ok()
}

fn native_count(query: &Map<String, Value>, name: &str) -> Result<Option<u32>> {
    let read = |value: &Value| match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_u64().and_then(|number| u32::try_from(number).ok()),
        _ => None,
    };
    match query.get(name) {
        None => Ok(None),
        Some(value) => {
            read(value).map(Some).ok_or_else(|| Error::invalid_field(name, "must be a whole number"))
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::StatusCode;
    use serde_json::json;

    use super::*;

    fn read(paging: Value, position: &Position, path: &str, body: &Value) -> (Vec<String>, Option<Position>) {
        let paging: Paging = serde_json::from_value(paging).unwrap();
        let body = Bytes::from(body.to_string());
        let reply = Reply { status: StatusCode::OK, headers: HeaderMap::new(), body };
        let records = envelope::items(&reply.body, path, false).unwrap().unwrap();
        let page = page(&paging, Some(position), &reply, records).unwrap();
        (page.records.iter().map(|record| record.get().to_owned()).collect(), page.next)
    }

    #[test]
    fn the_number_of_pages_ends_a_list_wherever_its_count_begins() {
        for (first, number, more) in [(1, 1, true), (1, 2, false), (0, 0, true), (0, 1, false)] {
            let paging = json!({"style": "pages", "page": "page", "first": first, "size": "per_page",
                "default_size": 2, "largest_size": 9, "pages": "meta.pages"});
            let body = json!({"rows": [1, 2], "meta": {"pages": 2}});
            let (_, next) = read(paging, &Position::Page { number, size: 2 }, "rows", &body);
            assert_eq!(next.is_some(), more, "{first} {number}");
        }
    }

    #[test]
    fn what_follows_is_added_to_the_query_until_there_is_nothing() {
        let paging = json!({"style": "following", "size": "limit", "default_size": 2, "largest_size": 9,
            "next": "next_page"});
        let begin = Position::Following { size: 2, query: Map::new() };
        let more = json!({"rows": [1], "next_page": {"next_id": "x|7"}});
        let (_, next) = read(paging.clone(), &begin, "rows", &more);
        let Some(Position::Following { query, size: 2 }) = &next else { panic!("{next:?}") };
        assert_eq!(query.get("next_id"), Some(&json!("x|7")));
        for end in [json!(null), json!({})] {
            let body = json!({"rows": [1], "next_page": end});
            assert_eq!(read(paging.clone(), &begin, "rows", &body).1, None);
        }
    }

    #[test]
    fn groups_are_walked_one_by_one_and_never_more_at_once_than_asked_for() {
        let paging = json!({"style": "links", "size": "limit", "default_size": 2, "largest_size": 9,
            "next": "groups.meta.next"});
        let body = json!({"groups": [
            {"rows": [1, 2], "meta": {"next": "/more?a=1"}},
            {"rows": [3], "meta": {"next": null}},
            {"rows": [4], "meta": {"next": "/more?b=1"}},
        ]});
        let begin = Position::Links { size: 3, links: Vec::new(), skip: 0 };
        let (rows, next) = read(paging.clone(), &begin, "groups.rows", &body);
        assert_eq!(rows, ["1", "2", "3"]);
        let (rows, next) = read(paging, &next.unwrap(), "groups.rows", &body);
        assert_eq!(rows, ["4"]);
        let links = vec!["/more?a=1".to_owned(), "/more?b=1".to_owned()];
        assert_eq!(next, Some(Position::Links { size: 3, links, skip: 0 }));
    }
}
