//! What a burst of faults leaves in memory: nothing.

use std::time::{Duration, Instant};

use futures::future::join_all;

use crate::faults::{FAULTS, LARGEST_ANSWER};
use crate::line::Befalls;
use crate::served::Served;
use crate::support::app::for_account;
use crate::wires::WIRES;

/// Faults with bodies that someone could be tempted to keep.
const LARGE: &[&str] = &[
    "a reset within the body",
    "half a body",
    "headers without an end",
    "a decompression bomb",
    "a body over the limit, announced",
    "a body over the limit, unannounced",
    "JSON nested 100,000 deep",
    "an HTML page with 502",
];

/// Calls at once, for each provider.
const AT_ONCE: usize = 8;

/// What the process may hold more afterwards, in megabytes: what the allocator keeps for the next burst. A burst that was
/// kept would be [`AT_ONCE`] answers of 4 MB for each of the eight faults and three providers, which is 768 MB.
pub const MARGIN: u64 = 32;

/// Holds that memory comes back after a burst of faults with large bodies.
pub async fn comes_back() {
    let limit = LARGEST_ANSWER.to_string();
    let served = Served::start(&[("UNICRM_MAX_ANSWER_BYTES", limit.as_str())]).await;
    // Accounts of its own for each, since one whose vendor is out of order isn't called for a while.
    let mut paths: Vec<Vec<String>> = Vec::new();
    for _ in LARGE {
        let mut of_fault = Vec::new();
        for (provider, ..) in &served.vendors {
            let account = served.connect(provider, false).await;
            let wire = WIRES.iter().find(|wire| wire.provider == *provider).expect("a wire");
            of_fault.push(for_account(&wire.reads[1].path(""), &account));
        }
        paths.push(of_fault);
    }
    // Connections, caches and whatever else a gateway in use holds.
    for paths in &paths {
        for reply in join_all(calls(&served, paths)).await {
            reply.ok();
        }
    }
    let (before, _) = served.resident();
    for (fault, paths) in LARGE.iter().zip(&paths) {
        let fault = FAULTS.iter().find(|known| known.name == *fault).expect("a fault");
        for (_, line, _) in &served.vendors {
            line.befall(fault, Befalls::Everything);
        }
        for reply in join_all(calls(&served, paths)).await {
            assert!(matches!(reply.status, 429 | 502 | 503 | 504), "{}: {}", fault.name, reply.text());
        }
        for (_, line, _) in &served.vendors {
            line.mend().await;
        }
    }
    let since = Instant::now();
    let mut left = served.resident();
    while left.0 > before + MARGIN && since.elapsed() < Duration::from_secs(15) {
        // The allocator gives memory back in passing.
        served.client.get("/health").await.ok();
        left = served.resident();
    }
    println!("resident: {before} MB before, {} MB afterwards, {} MB at most", left.0, left.1);
    assert!(left.0 <= before + MARGIN, "{} MB before, {} MB afterwards", before, left.0);
}

/// So many reads at once that none waits for another, each told to give up after two seconds.
fn calls<'a>(
    served: &'a Served,
    paths: &'a [String],
) -> impl Iterator<Item = impl Future<Output = crate::support::client::Reply> + 'a> {
    let all = paths.iter().flat_map(|path| std::iter::repeat_n(path, AT_ONCE));
    all.map(|path| {
        let request = served.client.request(http::Method::GET, path).header("x-request-timeout", "2");
        served.client.send(request)
    })
}
