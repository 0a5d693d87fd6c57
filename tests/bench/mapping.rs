//! The mapping of a page in this process: what the gateway does between the vendor's answer and its own, without the
//! sockets around it, and the hand-written transform of the same page.

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::Map;
use serde_json::value::RawValue;
use unicrm::adapter::{Adapter, Call, Position, Reply, adapter};
use unicrm::mapping::catalog::Support;
use unicrm::mapping::expression::{Budget, Engine, EvaluationError, Expression, Held, Scope};
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
            records: adapter.page(&call, &reply)?.records.into_iter().map(ToOwned::to_owned).collect(),
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
        let items: Vec<&RawValue> = self.records.iter().map(Box::as_ref).collect();
        self.each(&items, |_, mapped| mapped.map(|_| ()).map_err(Into::into))
    }

    /// The vendor's answer to the gateway's.
    pub fn page(&self) -> Outcome<Vec<u8>> {
        let resource = self.catalog.resource("crm", "contacts")?;
        let items = self.adapter.page(&self.call, &self.reply)?.records;
        let mut result = Vec::with_capacity(items.len());
        self.each(&items, |_, mapped| {
            result.push(Record::shape(resource, mapped?, None)?);
            Ok(())
        })?;
        for (record, native) in result.iter_mut().zip(items) {
            record.remote_data = Some(native.to_owned());
        }
        let mut out = br#"{"result":["#.to_vec();
        for (index, record) in result.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            record.write(&mut out);
        }
        write!(out, r#"],"next_cursor":null,"prev_cursor":null,"result_count":{}}}"#, result.len())?;
        Ok(out)
    }

    /// The same by hand.
    pub fn by_hand(&self) -> Outcome<Vec<u8>> {
        Ok(handwritten::transform(std::str::from_utf8(&self.reply.body)?)?)
    }

    fn each(
        &self,
        items: &[&RawValue],
        mut take: impl FnMut(usize, Mapped<'_>) -> Outcome<()>,
    ) -> Outcome<()> {
        let (scope, budget) = (&self.scope, Budget::default());
        let taken = self
            .response
            .evaluate_each_with(scope, "response", items, &budget, |index, mapped| take(index, mapped));
        taken.into_iter().collect()
    }
}

type Mapped<'v> = Result<Held<'v>, EvaluationError>;

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
