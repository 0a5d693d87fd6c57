//! Lists that are walked to their end: one envelope, sent page by page as the vendor gives the pages.
//!
//! The first page is fetched before the answer begins, so that whatever is wrong with the request is an ordinary
//! error. If a later page fails, the connection is broken off: a caller sees a transfer that failed, never a list
//! that ends too early.

use std::sync::Arc;

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream::try_unfold;

use super::State;
use crate::account::Account;
use crate::error::{Error, Result};
use crate::gateway::unified::Answer;
use crate::model::{Operation, Page, Record};

/// Records after which a walk stops, with a cursor to go on from.
pub const MOST_RECORDS: usize = 10_000;

/// What is left of a walk.
struct Walk {
    state: State,
    account: Arc<Account>,
    operation: Operation,
    page: Option<Page<Record>>,
    sent: usize,
}

/// Walks a list and sends it.
pub async fn walk(state: &State, account: &Arc<Account>, operation: Operation) -> Result<Response> {
    let mut walk = Walk { state: state.clone(), account: account.clone(), operation, page: None, sent: 0 };
    walk.page = Some(walk.fetch().await?);
    let pages = try_unfold(Some(walk), |walk| async move {
        match walk {
            Some(walk) => walk.step().await.map(Some),
            None => Ok(None),
        }
    });
    let json = HeaderValue::from_static("application/json");
    Ok(([(CONTENT_TYPE, json)], Body::from_stream(pages)).into_response())
}

impl Walk {
    async fn fetch(&self) -> Result<Page<Record>> {
        match self.state.0.gateway.unified(&self.account, self.operation.clone()).await? {
            Answer::Page(page) => Ok(page),
            Answer::Record(_) | Answer::Deleted(_) => {
                Err(Error::internal("a list answered with a single record"))
            }
        }
    }

    /// The next piece of the answer, and what is left after it.
    async fn step(mut self) -> Result<(Bytes, Option<Walk>)> {
        let page = match self.page.take() {
            Some(page) => page,
            None => self.fetch().await.inspect_err(|error| {
                tracing::warn!(%error, sent = self.sent, "a list was broken off on its way");
            })?,
        };
        let mut out = Vec::with_capacity(64 * 1024);
        if self.sent == 0 {
            out.extend_from_slice(b"{\"result\":[");
        }
        for record in page.records {
            if self.sent > 0 {
                out.push(b',');
            }
            self.operation.presentation.present(record)?.write(&mut out);
            self.sent += 1;
        }
        match page.next_cursor {
            Some(next) if self.sent < MOST_RECORDS => {
                self.operation.cursor = Some(next);
                Ok((out.into(), Some(self)))
            }
            next => {
                let partial =
                    if next.is_some() || page.partial { ",\"is_partial_response\":true" } else { "" };
                let cursor = serde_json::to_string(&next).map_err(Error::internal)?;
                let sent = self.sent;
                let end = format!(
                    "],\"next_cursor\":{cursor},\"prev_cursor\":null,\"result_count\":{sent}{partial}}}"
                );
                out.extend_from_slice(end.as_bytes());
                Ok((out.into(), None))
            }
        }
    }
}
