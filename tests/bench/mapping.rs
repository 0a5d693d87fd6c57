//! The mapping of a page in this process: what the gateway does between the vendor's answer and its own, without the
//! sockets around it, and the hand-written transform of the same page.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::Map;
use serde_json::value::RawValue;
use unicrm::adapter::{Adapter, Call, Position, Reply, adapter};
use unicrm::mapping::catalog::Support;
use unicrm::mapping::expression::{Budget, Engine, Expression, Scope};
use unicrm::mapping::{Catalog, Files};
use unicrm::model::{Method, Record};

use crate::handwritten;
use crate::processes::{Outcome, thread_cpu};
use crate::records;

/// The list of contacts, ready to be mapped.
pub struct Mapping {
    catalog: Catalog,
    adapter: Arc<dyn Adapter>,
    call: Call,
    reply: Reply,
    request: Expression,
    response: Expression,
    scope: Scope,
    records: Vec<Box<RawValue>>,
}

#[derive(Serialize)]
struct Envelope<'a> {
    result: &'a [Record],
    next_cursor: Option<&'a str>,
    prev_cursor: Option<&'a str>,
    result_count: usize,
}

impl Mapping {
    /// The shipped mapping of Capsule's contacts.
    pub fn load() -> Outcome<Self> {
        let catalog = Catalog::load(&Files::embedded(), Engine::default());
        let catalog = catalog.map_err(|problems| format!("{problems:?}"))?;
        let provider = catalog.provider("capsule")?;
        let Support::Served(cell) = provider.support("crm", "contacts", Method::List) else {
            return Err("Capsule serves no list of contacts".into());
        };
        let source = cell.main();
        let (Some(request), Some(response)) = (&source.request_body_mapping, &source.response_mapping) else {
            return Err("the list of contacts has other expressions than expected".into());
        };
        let mut call = Call::new(source.call().expect("a native call").clone());
        call.position = Some(Position::Page { number: 1, size: 50 });
        let scope = Scope::new()
            .at(1_770_000_000_000)
            .with("query", Map::new())
            .with("rawQuery", Map::new())
            .with("body", Map::new())
            .with("context", Map::new());
        let body = Bytes::from(records::page());
        let reply = Reply { status: StatusCode::OK, headers: HeaderMap::new(), body };
        let adapter = adapter(provider, None)?;
        Ok(Mapping {
            records: adapter.page(&call, &reply)?.records,
            adapter,
            call,
            reply,
            request: request.clone(),
            response: response.clone(),
            scope,
            catalog,
        })
    }

    /// What JSONata takes of a list: the expression of the request, and that of the response for every record.
    pub fn evaluate(&self) -> Outcome<()> {
        self.request.evaluate(&self.scope, &Budget::default())?;
        self.mapped(&self.records).into_iter().try_for_each(|mapped| mapped.map(drop))?;
        Ok(())
    }

    /// The vendor's answer to the gateway's.
    pub fn page(&self) -> Outcome<Vec<u8>> {
        let resource = self.catalog.resource("crm", "contacts")?;
        let native = self.adapter.page(&self.call, &self.reply)?.records;
        let mut result = Vec::with_capacity(native.len());
        for (mapped, native) in self.mapped(&native).into_iter().zip(native) {
            let mapped = mapped?.ok_or("a record that is no contact")?;
            result.push(Record::shape(resource, mapped, Some(native))?);
        }
        let result_count = result.len();
        let envelope = Envelope { result: &result, next_cursor: None, prev_cursor: None, result_count };
        Ok(serde_json::to_vec(&envelope)?)
    }

    /// The same by hand.
    pub fn by_hand(&self) -> Outcome<Vec<u8>> {
        Ok(handwritten::transform(std::str::from_utf8(&self.reply.body)?)?)
    }

    fn mapped(&self, native: &[Box<RawValue>]) -> Vec<Mapped> {
        let items: Vec<&RawValue> = native.iter().map(Box::as_ref).collect();
        self.response.evaluate_each(&self.scope, "response", &items, &Budget::default())
    }
}

type Mapped = Result<Option<serde_json::Value>, unicrm::mapping::expression::EvaluationError>;

/// What doing something over and over on every processor found.
#[derive(Debug)]
pub struct Busy {
    /// On all processors together.
    pub times: u64,
    pub elapsed: Duration,
    /// Of all threads together.
    pub cpu: Duration,
    /// Of every time, in order of length.
    pub latencies: Vec<Duration>,
}

/// Does `work` for so long, on every processor at once: as many as the gateway has at its disposal, and no idle one
/// beside it that would make a processor look faster than it is under load.
pub fn busy(length: Duration, work: impl Fn() -> Outcome<()> + Sync) -> Outcome<Busy> {
    let threads = std::thread::available_parallelism()?.get();
    let begun = Instant::now();
    let one = || -> Outcome<(Duration, Vec<Duration>)> {
        let cpu = thread_cpu()?;
        let mut latencies = Vec::new();
        while begun.elapsed() < length {
            let started = Instant::now();
            work()?;
            latencies.push(started.elapsed());
        }
        Ok((thread_cpu()? - cpu, latencies))
    };
    let found: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        threads.into_iter().map(|thread| thread.join().map_err(|_| "a thread panicked")).collect()
    });
    let mut busy = Busy { times: 0, elapsed: begun.elapsed(), cpu: Duration::ZERO, latencies: Vec::new() };
    for thread in found {
        let (cpu, mut latencies) = thread??;
        busy.cpu += cpu;
        busy.times += latencies.len() as u64;
        busy.latencies.append(&mut latencies);
    }
    busy.latencies.sort_unstable();
    Ok(busy)
}
