//! Lists in pages: `page` from 1, `perPage` from 1 to 100 (default 50), the `Link` and `X-Pagination-Has-More` headers,
//! and `embed=meta` for the total.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::LINK;
use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use super::call::{Call, Params};
use super::refusal::{Problem, Refusal};

const HAS_MORE: HeaderName = HeaderName::from_static("x-pagination-has-more");
const DEFAULT_PER_PAGE: usize = 50;
const MAX_PER_PAGE: usize = 100;

/// The part of a list that was asked for.
#[derive(Clone, Copy)]
pub(super) struct Window {
    page: usize,
    per_page: usize,
}

impl Window {
    fn of(params: &Params, max_per_page: usize) -> Result<Window, Refusal> {
        Ok(Window {
            page: within(params, "page", 1, usize::MAX)?,
            per_page: within(params, "perPage", DEFAULT_PER_PAGE, max_per_page)?,
        })
    }

    fn skipped(self) -> usize {
        (self.page - 1).saturating_mul(self.per_page)
    }

    fn has_more(self, total: usize) -> bool {
        self.skipped().saturating_add(self.per_page) < total
    }
}

fn within(params: &Params, name: &str, default: usize, max: usize) -> Result<usize, Refusal> {
    let Some(text) = params.get(name) else {
        return Ok(default);
    };
    match text.parse() {
        Ok(number) if (1..=max).contains(&number) => Ok(number),
        _ => Err(Problem::new("pagination", name, format!("invalid value for {name}")).into()),
    }
}

/// A whole list, of which the answer shows one window.
pub(super) struct Listing {
    key: &'static str,
    rows: Vec<Value>,
    total: usize,
    window: Window,
    beside: Map<String, Value>,
}

impl Listing {
    /// Renders the rows of the window that `call` asks for, under `key`.
    pub(super) fn of<T>(
        call: &Call,
        key: &'static str,
        all: &[T],
        render: impl FnMut(&T) -> Value,
    ) -> Result<Listing, Refusal> {
        Listing::capped(call, key, all, MAX_PER_PAGE, render)
    }

    /// [`Listing::of`] with pages of at most `max_per_page`.
    pub(super) fn capped<T>(
        call: &Call,
        key: &'static str,
        all: &[T],
        max_per_page: usize,
        render: impl FnMut(&T) -> Value,
    ) -> Result<Listing, Refusal> {
        let window = Window::of(&call.params, max_per_page)?;
        let rows = all.iter().skip(window.skipped()).take(window.per_page).map(render).collect();
        Ok(Listing { key, rows, total: all.len(), window, beside: Map::new() })
    }

    /// A member of the answer beside the list.
    pub(super) fn beside(mut self, key: &str, value: Value) -> Listing {
        self.beside.insert(key.to_owned(), value);
        self
    }

    /// The answer.
    pub(super) fn reply(self, call: &Call) -> Response {
        let mut body = Map::new();
        body.insert(self.key.to_owned(), Value::Array(self.rows));
        body.extend(self.beside);
        if call.params.embeds("meta") {
            body.insert("meta".to_owned(), json!({ "totalCount": self.total }));
        }
        let has_more = self.window.has_more(self.total);
        let mut reply = Json(Value::Object(body)).into_response();
        let headers = reply.headers_mut();
        let flag = if has_more { "true" } else { "false" };
        headers.insert(HAS_MORE, HeaderValue::from_static(flag));
        if let Some(links) = links(call, self.window, has_more) {
            headers.insert(LINK, links);
        }
        reply
    }
}

/// Neighbouring pages as RFC 8288 links; None when there are none.
fn links(call: &Call, window: Window, has_more: bool) -> Option<HeaderValue> {
    let link = |page: usize, rel: &str| {
        let query = call.params.at_page(page, window.per_page);
        format!("<{}?{query}>; rel=\"{rel}\"", call.url())
    };
    let mut links = Vec::new();
    if has_more {
        links.push(link(window.page + 1, "next"));
    }
    if window.page > 1 {
        links.push(link(window.page - 1, "prev"));
    }
    if links.is_empty() {
        return None;
    }
    // Built of a parsed URL's own parts and percent-encoded values, so it is a valid header value.
    HeaderValue::try_from(links.join(", ")).ok()
}
