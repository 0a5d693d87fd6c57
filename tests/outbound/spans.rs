//! What the log learns of a call.

use std::io;
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;

use crate::play;
use crate::source::SECRET;
use crate::vendor::{answer, ok};

/// Log lines, kept.
#[derive(Debug, Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Lines;

    fn make_writer(&self) -> Lines {
        self.clone()
    }
}

#[tokio::test]
async fn a_call_is_one_span_that_tells_how_it_went_and_nothing_of_what_was_said() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .json()
        .with_writer(lines.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let slow_down = answer("429 Too Many Requests", "Retry-After: 0\r\n", "{}");
    let script = [slow_down, answer("401 Unauthorized", "", "{}"), ok(), answer("400 Bad Request", "", "{}")];
    let (_vendor, stage) = play(script).await;
    stage.write().await.unwrap();
    stage.write().await.unwrap_err();
    drop(guard);

    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let finished: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &serde_json::Value| line["fields"]["message"] == "finished")
        .collect();
    let [first, second] = &finished[..] else { panic!("{log}") };
    let span = &first["span"];
    assert_eq!(span["name"], "native_call");
    assert_eq!(span["provider"], "acme");
    assert_eq!(span["call"], "parties.create");
    assert_eq!(span["attempts"], 3);
    assert_eq!(span["status"], 200);
    assert!(span["duration_ms"].as_f64().is_some_and(|millis| millis > 0.0), "{span}");
    assert!(span.get("error").is_none(), "{span}");
    assert_eq!(second["span"]["status"], 400);
    assert_eq!(second["span"]["error"], "Rejected");
    assert_eq!(log.matches("trying again").count(), 2, "{log}");
    for secret in [SECRET, "sought", "Ada"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}
