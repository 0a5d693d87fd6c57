//! Repeats of a write: the same key gives the same answer, and the vendor sees one write.
//!
//! A caller who doesn't know what became of a write sends it again with the same `Idempotency-Key`. Whoever comes
//! first holds the key by a lease in the database and does the work; everybody else with that key, in whichever
//! process, waits for its answer. No database connection is held meanwhile.
//!
//! * **A caller who hangs up** changes nothing: the work goes on in a task of its own, and its answer is kept.
//! * **A process that dies** lets its lease lapse. Before anything that the vendor could act on leaves the gateway,
//!   that is written down; the same statement makes sure that the key is still held. So a repeat does the work
//!   itself where nothing had left, and where something had, it is told that the outcome is unknown
//!   ([`Kind::AnswerLost`]). It is never done twice, and never silently not done.
//! * **What is kept**: every success; a vendor's refusal; every failure after which the vendor may have acted. What
//!   had no effect and isn't the vendor's last word (a wrong parameter, a rate limit, an outage before anything was
//!   sent) gives the key back, and a repeat is a new attempt.
//! * An answer is kept for [`KEPT`], encrypted, up to [`LARGEST_KEPT`] bytes. A larger one is given to whoever did
//!   the work; a repeat is told that the answer is lost, and not the write.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    CONTENT_DISPOSITION, CONTENT_LANGUAGE, CONTENT_TYPE, ETAG, LAST_MODIFIED, LINK, LOCATION,
};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tracing::Instrument;
use uuid::Uuid;

use crate::adapter::Reply;
use crate::clock::Clock;
use crate::crypto::KeyRing;
use crate::error::{Effect, Error, Kind, Result, Retry};
use crate::ids::{AccountId, EnvironmentId};
use crate::store::Store;
use crate::store::idempotency::KeyName;

/// How long an answer can be had again.
pub const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// The largest answer that is kept, in bytes.
pub const LARGEST_KEPT: usize = 8 * 1024 * 1024;

/// How long a holder that is no longer heard of keeps a key.
const LEASE: Duration = Duration::from_secs(10);

/// Between two signs of life of a holder.
const BEAT: Duration = Duration::from_secs(3);

/// The first pause between two looks at whether another has finished, and the longest.
const LOOK: Duration = Duration::from_millis(25);
const LONGEST_LOOK: Duration = Duration::from_millis(400);

/// How long an answer that can't be stored for the moment is kept in hand.
const STORING: Duration = Duration::from_secs(45);

/// Expired keys that one step of a sweep deletes.
const SWEEP: i64 = 500;

/// The headers of an answer that are kept with it. Others tell of the moment (rate limits) or of the connection.
const KEPT_HEADERS: &[HeaderName] =
    &[CONTENT_TYPE, CONTENT_DISPOSITION, CONTENT_LANGUAGE, ETAG, LAST_MODIFIED, LINK, LOCATION];

/// Says, in an answer's extensions, that something in it failed only for the moment: unless the vendor has acted,
/// such an answer isn't kept, although it is a success as a whole.
#[derive(Debug, Clone, Copy)]
pub struct Passing;

/// A request that may be sent more than once.
#[derive(Debug, Clone)]
pub struct Keyed {
    name: KeyName,
    fingerprint: [u8; 32],
}

impl Keyed {
    /// `path` is the request's path, `query` what else selects or changes what is done.
    pub fn new(
        environment: EnvironmentId,
        account: AccountId,
        key: &str,
        [method, path, query]: [&str; 3],
        body: &[u8],
    ) -> Self {
        let scope = digest(&[method.as_bytes(), path.as_bytes(), key.as_bytes()]);
        // The key salts what would be, of a short body alone, a digest that can be guessed.
        let fingerprint = digest(&[key.as_bytes(), query.as_bytes(), body]);
        Keyed { name: KeyName { environment, account, scope }, fingerprint }
    }

    fn belongs_to(&self) -> Vec<u8> {
        let KeyName { environment, account, scope } = &self.name;
        [b"idempotency".as_slice(), environment.0.as_bytes(), account.0.as_bytes(), scope].concat()
    }
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

/// An answer, and whether it was given before.
#[derive(Debug)]
pub struct Once {
    /// The answer. One that is given again has no extensions.
    pub answer: Response<Bytes>,
    /// Whether it was kept from an earlier request.
    pub again: bool,
}

/// The keys of all environments.
#[derive(Clone)]
pub struct Idempotency {
    store: Store,
    keys: Arc<KeyRing>,
    clock: Clock,
    patience: Duration,
    tasks: TaskTracker,
}

impl Idempotency {
    /// Keys in a database, answers sealed with `keys`. `patience` is how long a repeat waits for the first.
    pub fn new(store: Store, keys: Arc<KeyRing>, clock: Clock, patience: Duration) -> Self {
        Idempotency { store, keys, clock, patience, tasks: TaskTracker::new() }
    }

    /// Does `work` unless it has been done under this key, and gives the answer either way.
    ///
    /// Fails with [`Kind::KeyReused`] where the key came before with another request, with [`Kind::AnswerLost`]
    /// where the work was or may have been done and its answer isn't there, and with [`Kind::Unavailable`] where
    /// the first request goes on for longer than the caller waits.
    pub async fn once(
        &self,
        keyed: Keyed,
        work: impl Future<Output = Response<Bytes>> + Send + 'static,
    ) -> Result<Once> {
        let lease = Uuid::new_v4();
        let until = Instant::now() + self.patience;
        let mut look = LOOK;
        loop {
            let now = self.clock.now();
            let (name, print) = (&keyed.name, &keyed.fingerprint);
            if self.store.claim_key(name, print, lease, LEASE, now, now + KEPT).await? {
                return self.first(keyed, lease, work).await;
            }
            if let Some(row) = self.store.idempotency_key(name).await? {
                if row.fingerprint != keyed.fingerprint {
                    return Err(reused());
                }
                let lost = row.sent && row.lapsed;
                match row.into_sealed() {
                    Some(sealed) => return self.again(&keyed, &sealed),
                    None if lost => return Err(unknown()),
                    None => {}
                }
            }
            if Instant::now() >= until {
                return Err(busy());
            }
            tokio::time::sleep(look).await;
            look = (look * 2).min(LONGEST_LOOK);
        }
    }

    /// Does the work in a task of its own, so that a caller who hangs up doesn't take it along.
    async fn first(
        &self,
        keyed: Keyed,
        lease: Uuid,
        work: impl Future<Output = Response<Bytes>> + Send + 'static,
    ) -> Result<Once> {
        let holder = Arc::new(Holder {
            idempotency: self.clone(),
            keyed,
            lease,
            marked: OnceCell::new(),
            acted: AtomicBool::new(false),
        });
        let (give, given) = tokio::sync::oneshot::channel();
        let task = async move {
            let answer = tokio::select! {
                answer = HOLDER.scope(holder.clone(), work) => answer,
                () = holder.beat() => return,
            };
            holder.settle(answer, give).await;
        };
        let task = self.tasks.spawn(task.in_current_span());
        if let Ok(answer) = given.await {
            return Ok(Once { answer, again: false });
        }
        // The work panicked: whoever lies around this call deals with that as with any other panic.
        match task.await.map_err(tokio::task::JoinError::try_into_panic) {
            Err(Ok(panic)) => resume_unwind(panic),
            Err(Err(error)) => Err(Error::internal(error)),
            Ok(()) => Err(Error::internal("a request with an idempotency key ended without an answer")),
        }
    }

    fn again(&self, keyed: &Keyed, sealed: &crate::crypto::Sealed) -> Result<Once> {
        let opened = self
            .keys
            .open(sealed, &keyed.belongs_to())
            .map_err(|error| lost("The gateway's keys have changed since.").detail(error))?;
        let answer = Kept::read(&opened)?;
        crate::telemetry::metrics::replayed();
        Ok(Once { answer, again: true })
    }

    /// Deletes every key that has expired.
    pub async fn sweep(&self) -> Result<()> {
        while self.store.sweep_keys(self.clock.now(), SWEEP).await? > 0 {}
        Ok(())
    }

    /// Waits until what was begun is done. To be called once nothing new can begin.
    pub async fn finish(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

tokio::task_local! {
    /// Under which key the present task works, for those below who send. It is ambient because a write can lie
    /// under any of the use cases, and one that forgot to pass it on would be done twice.
    static HOLDER: Arc<Holder>;
}

/// Says that a write is about to leave the gateway. Under a key, this is written down first; it fails where the key
/// has meanwhile gone to another, and then nothing may leave.
pub(super) async fn before_write() -> Result<()> {
    match HOLDER.try_with(Arc::clone) {
        Ok(holder) => holder.mark().await,
        Err(_) => Ok(()),
    }
}

/// Says what became of that write.
pub(super) fn after_write(outcome: &Result<Reply>) {
    let acted = outcome.as_ref().err().is_none_or(|error| error.effects() == Effect::Possible);
    if acted {
        let _ = HOLDER.try_with(|holder| holder.acted.store(true, Ordering::Relaxed)); // without a key: no matter
    }
}

/// Who does the work under a key.
struct Holder {
    idempotency: Idempotency,
    keyed: Keyed,
    lease: Uuid,
    marked: OnceCell<()>,
    acted: AtomicBool,
}

impl Holder {
    async fn mark(&self) -> Result<()> {
        let store = &self.idempotency.store;
        let mark = || async {
            match store.mark_key_sent(&self.keyed.name, self.lease, LEASE).await? {
                true => Ok(()),
                false => Err(Error::new(
                    Kind::Unavailable,
                    "Another request with this Idempotency-Key is doing the work; this one was too slow to begin.",
                )),
            }
        };
        self.marked.get_or_try_init(mark).await.copied()
    }

    /// Keeps the lease for as long as it is polled.
    async fn beat(&self) {
        loop {
            tokio::time::sleep(BEAT).await;
            if let Err(error) = self.idempotency.store.extend_key(&self.keyed.name, self.lease, LEASE).await {
                tracing::warn!(%error, "an idempotency key could not be held on to");
            }
        }
    }

    /// Keeps the answer or gives the key back, and then gives the answer to whoever waits for it. While the database
    /// is away, the caller doesn't wait for it: the vendor's answer is in hand.
    async fn settle(&self, answer: Response<Bytes>, give: tokio::sync::oneshot::Sender<Response<Bytes>>) {
        let kept = self.is_last_word(&answer).then(|| Kept::write(&answer));
        let mut waiting = Some((give, answer));
        let since = Instant::now();
        loop {
            let settled = match &kept {
                None => self.idempotency.store.release_key(&self.keyed.name, self.lease).await,
                Some(Ok(kept)) => self.keep(kept).await,
                Some(Err(error)) => Err(error.clone()),
            };
            if let Some((give, answer)) = waiting.take() {
                let _ = give.send(answer); // nobody waits any more: it was done for a repeat
            }
            match settled {
                Err(error) if error.kind() == Kind::Unavailable && since.elapsed() < STORING => {
                    tracing::warn!(%error, "the answer under an idempotency key waits for the database");
                    tokio::time::sleep(LONGEST_LOOK).await;
                }
                Err(error) => {
                    tracing::error!(%error, detail = error.details(), "the answer under an idempotency key is lost");
                    return;
                }
                Ok(()) => return,
            }
        }
    }

    async fn keep(&self, kept: &[u8]) -> Result<()> {
        let Idempotency { store, keys, .. } = &self.idempotency;
        let sealed = keys.seal(kept, &self.keyed.belongs_to()).map_err(Error::internal)?;
        if !store.answer_key(&self.keyed.name, self.lease, &sealed).await? {
            tracing::warn!("an idempotency key went to another before its answer was kept");
        }
        Ok(())
    }

    /// Whether a repeat is to get this answer, and not another attempt.
    fn is_last_word(&self, answer: &Response<Bytes>) -> bool {
        if self.acted.load(Ordering::Relaxed) {
            return true;
        }
        match answer.extensions().get::<Arc<Error>>() {
            None => answer.extensions().get::<Passing>().is_none(),
            Some(error) => {
                let refusal = matches!(error.kind(), Kind::Rejected | Kind::NotFound);
                refusal && error.fault().is_some() && error.retries() == Retry::Never
            }
        }
    }
}

/// What is kept of an answer, ahead of its body.
#[derive(Serialize, Deserialize)]
struct Kept {
    status: u16,
    headers: Vec<(String, String)>,
    /// The body was too large to be kept.
    without_body: bool,
}

impl Kept {
    /// Length of the head in four bytes, the head as JSON, the body.
    fn write(answer: &Response<Bytes>) -> Result<Vec<u8>> {
        let header = |name: &HeaderName| {
            let value = answer.headers().get(name)?.to_str().ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        };
        let without_body = answer.body().len() > LARGEST_KEPT;
        let headers = KEPT_HEADERS.iter().filter_map(header).collect();
        let head = Kept { status: answer.status().as_u16(), headers, without_body };
        let head = serde_json::to_vec(&head).map_err(Error::internal)?;
        let length = u32::try_from(head.len()).map_err(Error::internal)?;
        let body: &[u8] = if without_body { &[] } else { answer.body() };
        Ok([&length.to_be_bytes(), head.as_slice(), body].concat())
    }

    fn read(kept: &[u8]) -> Result<Response<Bytes>> {
        let damaged = || Error::internal("an answer kept under an idempotency key is damaged");
        let (length, rest) = kept.split_first_chunk::<4>().ok_or_else(damaged)?;
        let (head, body) = rest.split_at_checked(u32::from_be_bytes(*length) as usize).ok_or_else(damaged)?;
        let head: Kept = serde_json::from_slice(head).map_err(|_| damaged())?;
        if head.without_body {
            return Err(lost(&format!("It was larger than the {LARGEST_KEPT} bytes that are kept.")));
        }
        let mut answer = Response::new(Bytes::copy_from_slice(body));
        *answer.status_mut() = StatusCode::from_u16(head.status).map_err(|_| damaged())?;
        for (name, value) in head.headers {
            let name = HeaderName::try_from(name).map_err(|_| damaged())?;
            answer.headers_mut().insert(name, HeaderValue::try_from(value).map_err(|_| damaged())?);
        }
        Ok(answer)
    }
}

fn reused() -> Error {
    Error::new(
        Kind::KeyReused,
        "This Idempotency-Key came before with another query or body. A key stands for one request: send another key.",
    )
}

fn unknown() -> Error {
    Error::new(
        Kind::AnswerLost,
        "An earlier request with this Idempotency-Key was cut off after it may have reached the vendor, so its outcome \
         is unknown and it isn't repeated. Look at the vendor's records, then send what is missing with another key.",
    )
}

fn lost(why: &str) -> Error {
    let message = format!(
        "An earlier request with this Idempotency-Key was carried out, but its answer can't be given again. {why} \
         It isn't repeated."
    );
    Error::new(Kind::AnswerLost, message)
}

fn busy() -> Error {
    Error::new(
        Kind::Unavailable,
        "An earlier request with this Idempotency-Key is still being worked on; ask again for its answer.",
    )
    .retry(Retry::Later(Some(Duration::from_secs(2))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyed(key: &str, request: [&str; 3], body: &[u8]) -> Keyed {
        let id = Uuid::from_u128(1);
        Keyed::new(EnvironmentId(id), AccountId(id), key, request, body)
    }

    #[test]
    fn method_path_and_key_are_the_scope_and_the_rest_the_fingerprint() {
        let first = keyed("k", ["POST", "/a", "{}"], b"body");
        for other in [
            keyed("l", ["POST", "/a", "{}"], b"body"),
            keyed("k", ["PATCH", "/a", "{}"], b"body"),
            keyed("k", ["POST", "/b", "{}"], b"body"),
            keyed("k", ["POST/", "a", "{}"], b"body"),
        ] {
            assert_ne!(first.name.scope, other.name.scope);
        }
        for other in [keyed("k", ["POST", "/a", "{1}"], b"body"), keyed("k", ["POST", "/a", "{}"], b"bodY")] {
            assert_eq!(first.name.scope, other.name.scope);
            assert_ne!(first.fingerprint, other.fingerprint);
        }
    }

    #[test]
    fn an_answer_is_kept_with_its_status_body_and_the_headers_that_are_its_own() {
        let answer = Response::builder()
            .status(418)
            .header("content-type", "text/plain")
            .header("ratelimit-remaining", "7")
            .body(Bytes::from_static(b"short and stout"))
            .unwrap();
        let again = Kept::read(&Kept::write(&answer).unwrap()).unwrap();
        assert_eq!(again.status(), 418);
        assert_eq!(again.headers()["content-type"], "text/plain");
        assert!(!again.headers().contains_key("ratelimit-remaining"));
        assert_eq!(again.body(), answer.body());
    }

    #[test]
    fn an_answer_that_is_too_large_is_known_to_be_lost() {
        let answer = Response::new(Bytes::from(vec![b'x'; LARGEST_KEPT + 1]));
        let kept = Kept::write(&answer).unwrap();
        assert!(kept.len() < 1000);
        assert_eq!(Kept::read(&kept).unwrap_err().kind(), Kind::AnswerLost);
    }

    #[test]
    fn a_damaged_answer_is_an_error_and_no_panic() {
        for damaged in [&b""[..], b"\0\0", b"\xff\xff\xff\xff{}", b"\0\0\0\x02{}"] {
            assert_eq!(Kept::read(damaged).unwrap_err().kind(), Kind::Internal);
        }
    }
}
