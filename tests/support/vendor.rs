//! A vendor whose answers are written out in the test, for bodies that no twin sends.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, Method};
use tokio::net::TcpListener;

/// A request as the vendor received it.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: Method,
    /// As sent, percent-encoding untouched.
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// What the vendor answers.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Bytes,
}

impl Answer {
    /// 200 with this JSON text.
    pub fn json(body: impl Into<Bytes>) -> Answer {
        Answer {
            status: 200,
            headers: vec![("content-type", "application/json".to_owned())],
            body: body.into(),
        }
    }

    pub fn status(self, status: u16) -> Answer {
        Answer { status, ..self }
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Answer {
        self.headers.push((name, value.into()));
        self
    }
}

/// What a vendor makes of a request.
type Script = Arc<dyn Fn(&Asked) -> Answer + Send + Sync>;

/// A running vendor.
pub struct ScriptedVendor {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    script: Arc<Mutex<Script>>,
}

impl ScriptedVendor {
    /// A vendor that answers every request with what `script` makes of it.
    pub async fn start(script: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> ScriptedVendor {
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let script: Arc<Mutex<Script>> = Arc::new(Mutex::new(Arc::new(script)));
        let (kept, turned) = (asked.clone(), script.clone());
        let answer = move |request: Request| {
            let (kept, turned) = (kept.clone(), turned.clone());
            async move {
                let asked = read(request).await;
                let script = turned.lock().expect("the script").clone();
                let answer = script(&asked);
                kept.lock().expect("the requests").push(asked);
                write(answer)
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
        ScriptedVendor { address, asked, script }
    }

    /// Answers by another script from now on, and forgets what was asked.
    pub fn turn_to(&self, script: impl Fn(&Asked) -> Answer + Send + Sync + 'static) {
        *self.script.lock().expect("the script") = Arc::new(script);
        self.asked.lock().expect("the requests").clear();
    }

    /// A vendor with one answer to everything.
    pub async fn saying(answer: Answer) -> ScriptedVendor {
        ScriptedVendor::start(move |_| answer.clone()).await
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was asked of the API so far, oldest first; not where the API is.
    pub fn asked(&self) -> Vec<Asked> {
        self.everything().into_iter().filter(|asked| asked.path != super::app::DISCOVERY).collect()
    }

    /// All that was asked so far, oldest first.
    pub fn everything(&self) -> Vec<Asked> {
        self.asked.lock().expect("the requests").clone()
    }
}

async fn read(request: Request) -> Asked {
    let (parts, body) = request.into_parts();
    Asked {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: to_bytes(body, usize::MAX).await.expect("a whole request"),
    }
}

fn write(answer: Answer) -> Response {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(*name, value);
    }
    response.body(Body::from(answer.body)).expect("an answer")
}
