//! The vendor: answers every list with the same page and every record with the same record, from a process of its own.
//! Only what the gateway asks for once a minute, the definitions of custom fields, is answered as what it is.

use std::io::{Read, Write};

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_TYPE, LINK};
use axum::routing::get;
use axum::serve::ListenerExt;
use bytes::Bytes;
use tokio::net::TcpListener;

use crate::records;

const DEFINITIONS: &str =
    r#"{"definitions":[{"id":1,"name":"Account number","type":"text","tag":null,"captureRule":null}]}"#;

/// Serves until standard input ends, which it does when whoever started this process is gone. The address is the
/// only line of standard output.
pub async fn run() -> std::io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("{}", listener.local_addr()?);
    std::io::stdout().flush()?;
    let listener = listener.tap_io(|connection| {
        // It only fails for a connection that has gone already.
        let _ = connection.set_nodelay(true);
    });
    let page = Bytes::from(records::page());
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        ("x-pagination-has-more".parse().expect("a header's name"), HeaderValue::from_static("true")),
        (LINK, HeaderValue::from_static("<https://api.capsulecrm.com/api/v2/parties?page=2>; rel=\"next\"")),
    ];
    let single = Bytes::from(records::single());
    // The request's body is read, as a vendor would.
    let definitions = async || ([(CONTENT_TYPE, "application/json")], DEFINITIONS);
    let routes = Router::new()
        .route("/api/v2/parties/fields/definitions", get(definitions))
        .route(
            "/api/v2/parties/{id}",
            get(async move || ([(CONTENT_TYPE, "application/json")], single.clone())),
        )
        .fallback(async move |_: Bytes| (headers.clone(), page.clone()));
    let parent_gone = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    tokio::select! {
        served = axum::serve(listener, routes).into_future() => served,
        _ = parent_gone => Ok(()),
    }
}
