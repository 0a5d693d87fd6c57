//! Traces: what a collector is sent, and what it never is.

use serde_json::json;

use crate::gateway::{Gateway, TOKEN, answered};
use crate::process::{DataDir, signal};
use crate::vendor::Vendor;

/// Of the caller's trace.
const TRACE: [u8; 16] =
    [0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36];

fn has(body: &[u8], wanted: &[u8]) -> bool {
    body.windows(wanted.len()).any(|window| window == wanted)
}

#[test]
fn a_call_is_a_span_with_its_native_call_and_its_mapping_and_no_secret() {
    let (dir, vendor, collector) = (DataDir::new(), Vendor::start(), Vendor::start());
    let mut gateway = Gateway::start(&dir, &vendor, &[("UNICRM_OTLP_ENDPOINT", &collector.origin)]);
    let account = gateway.import(&json!({ "api_key": "the-vendors-secret" }), "api_key");
    let path =
        format!("/unified/crm/users?integrated_account_id={account}&remote_query[embed]=said-by-the-caller");
    let hex: String = TRACE.iter().map(|byte| format!("{byte:02x}")).collect();
    let traceparent = format!("traceparent: 00-{hex}-00f067aa0ba902b7-01");
    let call = gateway.curl(&path).args(["-g", "-H", &traceparent]).spawn().expect("curl");
    let asked = vendor.next();
    assert!(asked.head.contains("said-by-the-caller"), "{}", asked.head);
    asked.answer(r#"{"users":[{"id":1,"username":"ada","name":"answered-by-the-vendor"}]}"#);
    assert_eq!(answered(call).status, "200");
    signal(gateway.process.pid(), "TERM");
    let mut sent = Vec::new();
    // What was batched before the end may come in several pieces.
    while !(has(&sent, &TRACE) && has(&sent, b"native_call") && has(&sent, b"mapping")) {
        let batch = collector.next();
        assert!(batch.head.starts_with("POST /v1/traces "), "{}", batch.head);
        sent.extend_from_slice(&batch.body);
        batch.answer("");
    }
    assert!(gateway.process.ended().success());
    for told in ["unicrm", "request", "/unified/{model}/{resource}", "users.list", "capsule", &account] {
        assert!(has(&sent, told.as_bytes()), "{told} in {}", String::from_utf8_lossy(&sent));
    }
    let private = ["the-vendors-secret", TOKEN, "said-by-the-caller", "answered-by-the-vendor", "embed"];
    for secret in private {
        assert!(!has(&sent, secret.as_bytes()), "{secret} in {}", String::from_utf8_lossy(&sent));
    }
}

#[test]
fn a_collector_that_is_away_costs_no_call() {
    let (dir, vendor) = (DataDir::new(), Vendor::start());
    let nowhere = ("UNICRM_OTLP_ENDPOINT", "http://127.0.0.1:1");
    let mut gateway = Gateway::start(&dir, &vendor, &[nowhere]);
    let account = gateway.import(&json!({ "api_key": "k" }), "api_key");
    let call = gateway.curl(&format!("/proxy/users?integrated_account_id={account}")).spawn().expect("curl");
    vendor.next().answer(r#"{"users":[]}"#);
    assert_eq!(answered(call).status, "200");
    assert!(gateway.process.end("TERM").success());
}
