//! What an idempotency key is worth when a gateway dies, or loses its hold, in the middle of a write.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use http::Method;
use serde_json::json;
use sqlx::PgConnection;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use unicrm::command::serve::Server;
use unicrm::crypto::KeyRing;
use unicrm::sandbox::{Fault, Kind};
use unicrm::store::Store;

use crate::idempotency::{PARTIES, ada, keyed, writes};
use crate::support::app::{TestApp, eventually, shipped};
use crate::support::client::{Client, Reply};

/// A gateway that can die: everything of it runs on threads of its own.
struct Mortal {
    runtime: Runtime,
    client: Client,
}

impl Mortal {
    fn start(app: &TestApp, deadline: Duration) -> Mortal {
        let (mut settings, options, clock) =
            (app.settings.clone(), app.database.options(), app.clock.clone());
        settings.deadline = deadline;
        let keys = Arc::new(KeyRing::parse(&app.keys).expect("the app's keys"));
        let started = std::thread::spawn(move || -> (Runtime, SocketAddr) {
            let runtime = Runtime::new().expect("a runtime");
            let start = async {
                let store = Store::connect(options, None, 4);
                Server::start(&settings, shipped(), store, keys, clock).await
            };
            let server = runtime.block_on(start).expect("a gateway that starts");
            let address = server.address();
            (runtime, address)
        });
        let (runtime, address) = started.join().expect("a gateway");
        Mortal { runtime, client: app.gateway.at(format!("http://{address}")) }
    }

    /// Sends a call and doesn't wait for its answer.
    fn begin(
        &self,
        app: &TestApp,
        method: Method,
        path: &str,
        body: serde_json::Value,
    ) -> JoinHandle<Option<Reply>> {
        let path = app.path(path);
        let request =
            self.client.request(method, &path).header("idempotency-key", "k").body(body.to_string());
        tokio::spawn(async move {
            let answer = request.send().await.ok()?;
            let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
            Some(Reply { status, headers, body: answer.bytes().await.ok()? })
        })
    }

    /// Dies without a chance to say anything.
    fn kill(self) {
        self.runtime.shutdown_background();
    }
}

/// As if the time of a lease had passed.
async fn lapse(connection: &mut PgConnection) {
    let lapse = sqlx::query("UPDATE idempotency_key SET lease_until = now() - interval '1 second'");
    lapse.execute(connection).await.expect("an update");
}

async fn create(app: &TestApp) -> Reply {
    keyed(&app.gateway, Method::POST, &app.path("/unified/crm/contacts"), "k", &ada()).await
}

#[tokio::test]
async fn a_write_that_was_on_its_way_is_not_made_again() {
    let app = TestApp::start().await;
    app.sandbox().faults().add(Fault::new(Kind::Hang).on(Method::POST, PARTIES).after_acting());
    let mortal = Mortal::start(&app, Duration::from_secs(30));
    let cut_off = mortal.begin(&app, Method::POST, "/unified/crm/contacts", ada());
    eventually("the write reaches the vendor", async || writes(&app).len() == 1).await;
    mortal.kill();
    assert!(cut_off.await.unwrap().is_none());
    app.sandbox().faults().clear();
    lapse(&mut app.database.connect().await).await;
    let told = create(&app).await.local_error(500);
    assert!(told["message"].as_str().unwrap().contains("outcome"), "{told}");
    create(&app).await.local_error(500);
    assert_eq!(writes(&app).len(), 1);
}

#[tokio::test]
async fn a_write_that_had_not_left_is_made_by_the_repeat() {
    let app = TestApp::start().await;
    let contact = app.post("/unified/crm/contacts", &ada()).await.ok();
    let path = format!("/unified/crm/contacts/{}", contact["id"].as_str().unwrap());
    app.sandbox().faults().add(Fault::new(Kind::Hang).on(Method::GET, PARTIES));
    let mortal = Mortal::start(&app, Duration::from_secs(30));
    let before = app.vendor_calls().len();
    let change = json!({ "first_name": "Augusta" });
    let cut_off = mortal.begin(&app, Method::PATCH, &path, change.clone());
    // An update reads the record first.
    eventually("the read reaches the vendor", async || app.vendor_calls().len() > before).await;
    mortal.kill();
    assert!(cut_off.await.unwrap().is_none());
    app.sandbox().faults().clear();
    lapse(&mut app.database.connect().await).await;
    let updated = keyed(&app.gateway, Method::PATCH, &app.path(&path), "k", &change).await;
    assert_eq!(updated.ok()["first_name"], "Augusta");
    assert_eq!(updated.header("idempotent-replayed"), "");
}

/// A Capsule with one person, who is never what a write makes of them. The first read waits until it is let go.
#[derive(Clone, Default)]
struct Held {
    first: Arc<Notify>,
    reads: Arc<AtomicUsize>,
    writes: Arc<AtomicUsize>,
}

impl Held {
    async fn start(&self) -> String {
        let held = self.clone();
        let answer = move |request: Request| {
            let held = held.clone();
            async move {
                if request.method() != Method::GET {
                    held.writes.fetch_add(1, Ordering::SeqCst);
                } else if held.reads.fetch_add(1, Ordering::SeqCst) == 0 {
                    held.first.notified().await;
                }
                let party = json!({ "party": { "id": 1, "type": "person", "firstName": "Ada" } });
                ([("content-type", "application/json")], party.to_string())
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
        format!("http://{address}")
    }
}

#[tokio::test]
async fn whoever_has_lost_the_key_writes_nothing() {
    let vendor = Held::default();
    let app = TestApp::at(vendor.start().await).await;
    let slow = Mortal::start(&app, Duration::from_secs(30));
    let change = json!({ "first_name": "Augusta" });
    let losing = slow.begin(&app, Method::PATCH, "/unified/crm/contacts/1", change.clone());
    eventually("the read reaches the vendor", async || vendor.reads.load(Ordering::SeqCst) == 1).await;
    lapse(&mut app.database.connect().await).await;
    let path = app.path("/unified/crm/contacts/1");
    let updated = keyed(&app.gateway, Method::PATCH, &path, "k", &change).await.ok();
    vendor.first.notify_one();
    losing.await.unwrap().expect("an answer").local_error(503);
    assert_eq!(vendor.writes.load(Ordering::SeqCst), 1);
    assert_eq!(keyed(&app.gateway, Method::PATCH, &path, "k", &change).await.ok(), updated);
    slow.kill();
}

#[tokio::test]
async fn a_repeat_waits_no_longer_than_its_caller() {
    let app = TestApp::start().await;
    app.sandbox().faults().add(Fault::new(Kind::Hang).on(Method::POST, PARTIES));
    let hurried = Mortal::start(&app, Duration::from_millis(300));
    let path = app.path("/unified/crm/contacts");
    let first =
        app.gateway.request(Method::POST, &path).header("idempotency-key", "k").body(ada().to_string());
    let first = tokio::spawn(first.send());
    eventually("the write reaches the vendor", async || writes(&app).len() == 1).await;
    let told = keyed(&hurried.client, Method::POST, &path, "k", &ada()).await;
    told.local_error(503);
    assert_eq!(told.header("retry-after"), "2");
    assert_eq!(writes(&app).len(), 1);
    first.abort();
    hurried.kill();
}
