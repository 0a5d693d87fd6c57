//! A product's own site, on another origin than the gateway: what its customers have in front of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use unicrm::sandbox::{CLIENT_ID, CLIENT_SECRET, Sandbox};

use crate::support::app::{AccountSetup, Setup, TestApp};

/// A site whose pages the test writes, at `localhost`: another site than the gateway at 127.0.0.1.
pub struct Site {
    pub origin: String,
    pages: Arc<Mutex<HashMap<String, (&'static str, String)>>>,
    serving: JoinHandle<()>,
}

impl Site {
    pub async fn start() -> Site {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let origin = format!("http://localhost:{}", listener.local_addr().expect("an address").port());
        let pages: Arc<Mutex<HashMap<String, (&'static str, String)>>> = Arc::default();
        let known = pages.clone();
        let serving = tokio::spawn(async move {
            loop {
                let Ok((mut stream, _)) = listener.accept().await else { continue };
                let known = known.clone();
                tokio::spawn(async move {
                    let mut request = Vec::new();
                    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                        if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
                            return;
                        }
                    }
                    let text = String::from_utf8_lossy(&request).into_owned();
                    let path =
                        text.split(' ').nth(1).unwrap_or("/").split('?').next().unwrap_or("/").to_owned();
                    let found = known.lock().expect("the pages").get(&path).cloned();
                    let (status, (kind, body)) = match found {
                        Some(page) => ("200 OK", page),
                        None => ("404 Not Found", ("text/plain", String::new())),
                    };
                    let head = format!(
                        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                        body.len()
                    );
                    let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
                });
            }
        });
        Site { origin, pages, serving }
    }

    pub fn page(&self, path: &str, kind: &'static str, text: String) {
        self.pages.lock().expect("the pages").insert(path.to_owned(), (kind, text));
    }

    /// A page with a button that connects an account, by a script that sets `window.told`.
    pub fn connecting(&self, path: &str, script: &str) {
        let text = format!(
            "<!doctype html><html lang=en><title>Product</title><h1>Product</h1>\
             <button id=go>Connect your CRM</button><script type=module>{script}</script>"
        );
        self.page(path, "text/html; charset=utf-8", text);
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A gateway with all three CRMs, and a product whose site is allowed to use it.
pub struct World {
    pub app: TestApp,
    pub site: Site,
    pub capsule: Sandbox,
    /// They run as long as the world does.
    _others: [Sandbox; 2],
}

impl World {
    pub async fn start() -> World {
        let anywhere = || ([127, 0, 0, 1], 0).into();
        let site = Site::start().await;
        let capsule = Sandbox::capsule(anywhere()).await.expect("a sandbox");
        let nimble = Sandbox::nimble(anywhere()).await.expect("a sandbox");
        let nutshell = Sandbox::nutshell(anywhere()).await.expect("a sandbox");
        let setup = Setup::default()
            .at(capsule.origin())
            .account(AccountSetup::None)
            .setting("UNICRM_CONNECT_ORIGINS", site.origin.clone())
            .setting("UNICRM_CONNECT_NAME", "Acme")
            .setting("UNICRM_PROVIDER_NIMBLE_ORIGIN", nimble.origin())
            .setting("UNICRM_PROVIDER_NIMBLE_CLIENT_ID", CLIENT_ID)
            .setting("UNICRM_PROVIDER_NIMBLE_CLIENT_SECRET", CLIENT_SECRET)
            .setting("UNICRM_PROVIDER_NUTSHELL_ORIGIN", nutshell.origin());
        World { app: TestApp::with(setup).await, site, capsule, _others: [nimble, nutshell] }
    }

    pub fn gateway(&self) -> &str {
        self.app.gateway.origin()
    }

    pub async fn token(&self) -> String {
        self.link(json!({ "tenant_id": "customer-9" })).await
    }

    pub async fn link(&self, wish: Value) -> String {
        let made = self.app.gateway.post("/link-token", &wish).await.ok();
        made["link_token"].as_str().expect("a token").to_owned()
    }

    /// The pages for a new customer.
    pub async fn address(&self, query: &str) -> String {
        format!("{}/connect-account?link_token={}{query}", self.gateway(), self.token().await)
    }

    /// The only account, which must be one that works.
    pub async fn account(&self) -> Value {
        let accounts = self.app.gateway.get("/integrated-account").await.result();
        assert_eq!(accounts.len(), 1, "{accounts:?}");
        assert_eq!(accounts[0]["status"], "active", "{accounts:?}");
        accounts[0].clone()
    }
}
