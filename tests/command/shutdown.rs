//! How the gateway ends: in order when it is asked once, at once when it is asked twice.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::gateway::{Gateway, TOKEN, answered};
use crate::process::{DataDir, output, signal, unicrm};
use crate::vendor::Vendor;

const USERS: &str = r#"{"users":[{"id":1,"username":"ada","name":"Ada Lovelace"}]}"#;

#[test]
fn a_call_on_its_way_is_answered_and_the_gateway_ends_well() {
    let (dir, vendor) = (DataDir::new(), Vendor::start());
    let mut gateway = Gateway::start(&dir, &vendor, &[("UNICRM_SHUTDOWN_DELAY", "3")]);
    let account = gateway.import(&json!({ "api_key": "k" }), "api_key");
    assert_eq!(gateway.get("/ready").status, "200");
    let call = gateway.curl(&format!("/proxy/users?integrated_account_id={account}")).spawn().expect("curl");
    let asked = vendor.next();
    signal(gateway.process.pid(), "TERM");
    let since = Instant::now();
    while gateway.get("/ready").status != "503" {
        assert!(since.elapsed() < Duration::from_secs(3), "it never said that it isn't ready");
    }
    assert_eq!(gateway.get("/health").body["status"], "ok", "it lives until it ends");
    // Nothing new is taken once the delay is over.
    while gateway.get("/health").status != "000" {
        assert!(since.elapsed() < Duration::from_secs(30), "it still takes calls");
    }
    assert!(gateway.process.runs());
    asked.answer(USERS);
    let answer = answered(call);
    assert_eq!((answer.status.as_str(), &answer.body["result"][0]["username"]), ("200", &json!("ada")));
    assert!(gateway.process.ended().success());
}

#[test]
fn a_renewal_on_its_way_is_kept_although_nobody_waits_for_it() {
    let (dir, vendor) = (DataDir::new(), Vendor::start());
    let mut gateway = Gateway::start(&dir, &vendor, &[]);
    let token = json!({ "access_token": "old", "refresh_token": "used-up", "expires_in": 1 });
    let account = gateway.import(&json!({ "oauth": { "token": token } }), "oauth2");
    let path = format!("/proxy/users?integrated_account_id={account}");
    let address = gateway.url.strip_prefix("http://").expect("a URL");
    let mut caller = TcpStream::connect(address).expect("a connection");
    let request = format!("GET {path} HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {TOKEN}\r\n\r\n");
    caller.write_all(request.as_bytes()).expect("a request");
    let renewal = vendor.next();
    assert!(renewal.head.starts_with("POST "), "{}", renewal.head);
    drop(caller);
    signal(gateway.process.pid(), "TERM");
    gateway.process.until("stopping");
    renewal
        .answer(r#"{"access_token":"new","refresh_token":"next","expires_in":604800,"token_type":"bearer"}"#);
    assert!(gateway.process.ended().success());

    let mut gateway = Gateway::start(&dir, &vendor, &[]);
    let call = gateway.curl(&path).spawn().expect("curl");
    let asked = vendor.next();
    assert!(asked.head.to_ascii_lowercase().contains("authorization: bearer new"), "{}", asked.head);
    asked.answer(USERS);
    assert_eq!(answered(call).status, "200");
    assert!(vendor.is_idle(), "the token was renewed once");
    assert!(gateway.process.end("TERM").success());
}

#[test]
fn whoever_asks_twice_means_at_once() {
    let (dir, vendor) = (DataDir::new(), Vendor::start());
    let mut gateway = Gateway::start(&dir, &vendor, &[]);
    let account = gateway.import(&json!({ "api_key": "k" }), "api_key");
    let mut call =
        gateway.curl(&format!("/proxy/users?integrated_account_id={account}")).spawn().expect("curl");
    let _never_answered = vendor.next();
    signal(gateway.process.pid(), "TERM");
    gateway.process.until("stopping");
    assert!(gateway.process.runs(), "there is a call on its way");
    signal(gateway.process.pid(), "TERM");
    assert_eq!(gateway.process.ended().code(), Some(1));
    call.wait().expect("curl's end");
}

#[test]
fn calls_that_outlast_the_grace_are_cut_off_and_that_is_said() {
    let (dir, vendor) = (DataDir::new(), Vendor::start());
    let mut gateway = Gateway::start(&dir, &vendor, &[("UNICRM_SHUTDOWN_GRACE", "0.2")]);
    let account = gateway.import(&json!({ "api_key": "k" }), "api_key");
    let mut call =
        gateway.curl(&format!("/proxy/users?integrated_account_id={account}")).spawn().expect("curl");
    let _never_answered = vendor.next();
    signal(gateway.process.pid(), "TERM");
    gateway.process.until("UNICRM_SHUTDOWN_GRACE");
    assert_eq!(gateway.process.ended().code(), Some(1));
    call.wait().expect("curl's end");
}

#[test]
fn the_binary_itself_asks_how_the_gateway_is() {
    let (dir, vendor) = (DataDir::new(), Vendor::start());
    let mut gateway = Gateway::start(&dir, &vendor, &[("UNICRM_METRICS_LISTEN", "127.0.0.1:0")]);
    assert!(gateway.process.seen().contains("/metrics"), "{}", gateway.process.seen());
    let listen = gateway.url.strip_prefix("http://").expect("a URL").to_owned();
    for question in [&["health"][..], &["health", "--ready"]] {
        let ran = output(unicrm(&dir).args(question).env("UNICRM_LISTEN", &listen));
        assert!(ran.status.success(), "{ran:?}");
    }
    let mut refused = String::new();
    let address: std::net::SocketAddr = listen.parse().expect("an address");
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").expect("a request");
    stream.read_to_string(&mut refused).expect("an answer");
    assert!(refused.starts_with("HTTP/1.1 404"), "the API's port shows no metrics: {refused}");
    assert!(gateway.process.end("TERM").success());
    let ran = output(unicrm(&dir).arg("health").env("UNICRM_LISTEN", &listen));
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");
}
