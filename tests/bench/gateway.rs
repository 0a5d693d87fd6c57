//! What the gateway costs: `cargo bench --bench gateway`, or with `-- --quick` in under a minute.
//!
//! One run measures, against one upstream that answers every request with the same 50 records of 1.5 KB: the upstream
//! itself, nginx before it (where nginx is installed), `/proxy/parties` and `/unified/crm/contacts`. Beside them, in
//! this process, the mapping of the same page and a hand-written transform of it. Upstream, nginx and gateway are
//! processes of their own; the gateway is the binary as `unicrm serve` runs it, with its default settings (one log
//! line a request, to a file) and a PostgreSQL of its own. Sixteen callers send as fast as they are answered.
//!
//! Machines differ and are busy with other things, so nothing is asserted of a time. The subjects take turns in
//! short rounds; a figure is the median of the rounds, a ratio the median of the ratios within each round. Processor
//! time is the operating system's count for the process in the middle, not for the callers. The last line of the
//! output is one JSON object: `…_over_…` are ratios of requests a second, so that more is better.
//!
//! - `proxy_over_nginx`, `proxy_over_direct`: the proxy list as a share of the upstream behind nginx, and alone.
//! - `unified_over_proxy`: the unified list as a share of the proxy list.
//! - `mapping_over_handwritten`: pages mapped in this process as a share of those that the transform does.
//! - `rss_mb`: resident megabytes of the gateway's process after the run.
//! - `unified_without_evaluation_cpu`: processor time of a unified list without JSONata's share of it, as a multiple
//!   of a proxy list's. Less is better here.
//! - `allocations_per_record`: of the mapping of a page, everything included.
//!
//! And from other sides (`axes`), in fewer rounds:
//!
//! - `proxy_over_nginx_1_caller`, `proxy_over_nginx_64_callers`, `record_proxy_over_nginx`: the same for other numbers of
//!   callers, and for a record of 1.5 KB.
//! - `record_unified_added_p99_ms`: what a lone caller's slowest hundredth of unified gets waits longer than for the
//!   upstream itself, in milliseconds.
//! - `rss_mb_64_callers`: resident megabytes after 64 callers with answers of 75 KB.
//! - `proxy_cpu_two_processes`, `unified_cpu_two_processes`: processor time of a list where two processes share the
//!   callers, as a multiple of one process's. Less is better here and below.
//! - `cpu_1000_accounts`, `cpu_1000_of_100000_accounts`: processor time of a call where the calls are for 1,000 accounts,
//!   and where the database has 100,000, as a multiple of calls for one.

mod allocations;
mod axes;
mod handwritten;
mod load;
mod mapping;
mod nginx;
mod processes;
mod records;
mod report;
mod served;
mod upstream;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};

use allocations::Counting;
use load::{Load, Request, Until};
use mapping::Mapping;
use processes::{Outcome, Process, Scratch};
use report::{Figure, Sample, Series};
use served::{Served, TOKEN};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The argument that makes this program the upstream.
const UPSTREAM: &str = "--upstream";

/// How much is measured.
struct Extent {
    rounds: u32,
    /// Of a subject with sockets.
    round: Duration,
    /// Of a subject in this process.
    busy: Duration,
    /// What the gateway has answered at least when its memory is looked at.
    requests: u64,
    /// Of the subjects in `axes`.
    axes: u32,
}

const FULL: Extent = Extent {
    rounds: 15,
    round: Duration::from_millis(1500),
    busy: Duration::from_millis(600),
    requests: 100_000,
    axes: 9,
};

const QUICK: Extent = Extent {
    rounds: 5,
    round: Duration::from_millis(500),
    busy: Duration::from_millis(300),
    requests: 0,
    axes: 2,
};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let outcome = tokio::runtime::Runtime::new().map_err(Into::into).and_then(|runtime| {
        runtime.block_on(async {
            if has(UPSTREAM) {
                return upstream::run().await.map_err(Into::into);
            }
            let (mut interrupt, mut terminate) =
                (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
            tokio::select! {
                outcome = run(if has("--quick") { &QUICK } else { &FULL }) => outcome,
                _ = interrupt.recv() => Err("interrupted".into()),
                _ = terminate.recv() => Err("interrupted".into()),
            }
        })
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gateway benchmark: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Everything that is measured.
struct Subjects {
    upstream: Process,
    nginx: Option<Process>,
    gateway: Served,
    mapping: Mapping,
    direct: Request,
    behind_nginx: Option<Request>,
    proxy: Request,
    unified: Request,
    /// Where the upstream is.
    vendor: SocketAddr,
    /// The account that is called for.
    account: String,
    answered: u64,
}

/// What was measured, in the order of the table.
#[derive(Default)]
struct Measured {
    direct: Series,
    nginx: Series,
    proxy: Series,
    unified: Series,
    mapping: Series,
    evaluation: Series,
    handwritten: Series,
}

async fn run(extent: &Extent) -> Outcome<()> {
    // Declared before the processes, so that it is removed after they have ended.
    let scratch = Scratch::new()?;
    let (mut subjects, startups) = Subjects::start(&scratch).await?;
    subjects.check().await?;
    let mut measured = Measured::default();
    for _ in 0..extent.rounds {
        subjects.round(extent, &mut measured).await?;
    }
    subjects.top_up(extent).await?;
    let resident = subjects.gateway.process.resident()?;
    let mut figures = print(&subjects, &measured, &startups, resident)?;
    figures.extend(subjects.axes(extent, &scratch).await?);
    println!("\n{}", report::ratios(&figures));
    subjects.stop()
}

/// How long `serve` takes to start on a database that is there.
struct Startups {
    /// With its PostgreSQL to be started as well.
    with_database: Duration,
    /// With PostgreSQL running: of several starts, the median, in seconds.
    alone: f64,
}

impl Subjects {
    async fn start(scratch: &Scratch) -> Outcome<(Self, Startups)> {
        let (upstream, vendor) = start_upstream()?;
        let nginx = match nginx::installed() {
            Some(program) => Some(nginx::start(&program, scratch, vendor).await?),
            None => None,
        };
        let first = Served::start(scratch, vendor)?;
        let account = first.connect(1).await?.remove(0);
        first.process.stop()?;
        let gateway = Served::start(scratch, vendor)?;
        let mut alone = Vec::new();
        for _ in 0..5 {
            let another = Served::start(scratch, vendor)?;
            alone.push(another.startup.as_secs_f64());
            another.process.stop()?;
        }
        let startups = Startups { with_database: gateway.startup, alone: report::median(alone) };
        let (nginx, before) = nginx.unzip();
        let native = "/api/v2/parties?page=1&perPage=50";
        let query = format!("integrated_account_id={account}&limit=50");
        let ours = |path: &str| Request::get(gateway.address, &format!("{path}?{query}"), Some(TOKEN));
        let subjects = Subjects {
            direct: Request::get(vendor, native, None),
            behind_nginx: before.map(|address| Request::get(address, native, None)),
            proxy: ours("/proxy/parties"),
            unified: ours("/unified/crm/contacts"),
            mapping: Mapping::load()?,
            vendor,
            account,
            upstream,
            nginx,
            gateway,
            answered: 0,
        };
        Ok((subjects, startups))
    }

    /// Whether all of them answer what they should: a fast wrong answer is worth nothing.
    async fn check(&self) -> Outcome<()> {
        let page = records::page().into_bytes();
        for request in [Some(&self.direct), self.behind_nginx.as_ref()].into_iter().flatten() {
            if request.once().await? != page {
                return Err("the upstream's page was changed on its way".into());
            }
        }
        let native: Value = serde_json::from_slice(&page)?;
        let proxied: Value = serde_json::from_slice(&self.proxy.once().await?)?;
        let unified: Value = serde_json::from_slice(&self.unified.once().await?)?;
        let mapped: Value = serde_json::from_slice(&self.mapping.page()?)?;
        let by_hand: Value = serde_json::from_slice(&self.mapping.by_hand()?)?;
        if proxied["result"] != native["parties"] || !proxied["next_cursor"].is_string() {
            return Err("the proxy list is not the upstream's page".into());
        }
        if unified["result"] != mapped["result"] || mapped != by_hand || unified["result_count"] != 50 {
            return Err("the unified list, the mapping and the hand-written transform differ".into());
        }
        Ok(())
    }

    async fn round(&mut self, extent: &Extent, measured: &mut Measured) -> Outcome<()> {
        let length = extent.round;
        let Subjects { upstream, nginx, gateway, mapping, .. } = &*self;
        let (_, direct) = sample(&Load::of(&self.direct), length, || upstream.cpu()).await?;
        measured.direct.0.push(direct);
        if let (Some(request), Some(nginx)) = (&self.behind_nginx, nginx) {
            let (_, behind) = sample(&Load::of(request), length, || nginx.cpu_with_children()).await?;
            measured.nginx.0.push(behind);
        }
        let (proxied, proxy) = sample(&Load::of(&self.proxy), length, || gateway.process.cpu()).await?;
        measured.proxy.0.push(proxy);
        let (listed, unified) = sample(&Load::of(&self.unified), length, || gateway.process.cpu()).await?;
        measured.unified.0.push(unified);
        measured.evaluation.0.push(busy(extent.busy, || mapping.evaluate())?);
        measured.mapping.0.push(busy(extent.busy, || mapping.page().map(drop))?);
        measured.handwritten.0.push(busy(extent.busy, || mapping.by_hand().map(drop))?);
        self.answered += proxied + listed;
        Ok(())
    }

    /// Sends what is still missing, half of it to each list.
    async fn top_up(&mut self, extent: &Extent) -> Outcome<()> {
        let missing = extent.requests.saturating_sub(self.answered);
        for request in [&self.proxy, &self.unified] {
            self.answered +=
                load::round(&Load::of(request), Until::Sent(missing.div_ceil(2))).await?.requests;
        }
        Ok(())
    }

    fn stop(self) -> Outcome<()> {
        self.gateway.process.stop()?;
        if let Some(nginx) = self.nginx {
            nginx.stop()?;
        }
        drop(self.upstream);
        Ok(())
    }
}

/// The upstream in a process of its own, and where it listens.
fn start_upstream() -> Outcome<(Process, SocketAddr)> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(UPSTREAM).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = Process::start("the upstream", &mut command)?;
    let output = process.child().stdout.take().ok_or("no standard output")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    Ok((process, line.trim().parse().map_err(|_| "the upstream did not start")?))
}

/// A round of one load, and how many requests were answered. A short one goes before, for caches and connections.
async fn sample(
    load: &Load,
    length: Duration,
    cpu: impl Fn() -> Outcome<Duration>,
) -> Outcome<(u64, Sample)> {
    let warm = load::round(load, Until::Elapsed(length / 8)).await?;
    let before = cpu()?;
    let round = load::round(load, Until::Elapsed(length)).await?;
    let spent = cpu()? - before;
    let sample = Sample::new(round.requests, round.elapsed, spent, &round.latencies);
    Ok((warm.requests + round.requests, sample))
}

fn busy(length: Duration, work: impl Fn() -> Outcome<()> + Sync) -> Outcome<Sample> {
    let busy = tokio::task::block_in_place(|| mapping::busy(length, work))?;
    Ok(Sample::new(busy.times, busy.elapsed, busy.cpu, &busy.latencies))
}

/// Prints what was measured, and gives the ratios.
fn print(
    subjects: &Subjects,
    measured: &Measured,
    startups: &Startups,
    resident: u64,
) -> Outcome<Vec<Figure>> {
    let has_nginx = !measured.nginx.0.is_empty();
    report::print_head("a page of 50 records, 75 KB, 16 callers");
    report::print_line("upstream, direct", &measured.direct);
    if has_nginx {
        report::print_line("upstream behind nginx", &measured.nginx);
    } else {
        println!("{:<44}{:>12}", "upstream behind nginx", "not installed");
    }
    report::print_line("/proxy/parties", &measured.proxy);
    report::print_line("/unified/crm/contacts", &measured.unified);
    report::print_line("in process: JSONata alone", &measured.evaluation);
    report::print_line("in process: mapping, whole", &measured.mapping);
    report::print_line("in process: hand-written", &measured.handwritten);

    let (proxy, unified) = (measured.proxy.cpu_micros(), measured.unified.cpu_micros());
    let evaluation = measured.evaluation.cpu_micros();
    let rest = unified - evaluation;
    println!("\nCPU of a unified list: {unified:.0} µs = JSONata {evaluation:.0} µs + the rest {rest:.0} µs");
    println!("CPU of a proxy list:   {proxy:.0} µs");

    let (page, mapped) = allocations::during(|| subjects.mapping.page());
    let (transformed, by_hand) = allocations::during(|| subjects.mapping.by_hand());
    page?;
    transformed?;
    let each = |count: u64| count as f64 / records::COUNT as f64;
    println!(
        "allocations a record:  mapping {:.0} ({:.0} bytes), hand-written {:.0} ({:.0} bytes)",
        each(mapped.times),
        each(mapped.bytes),
        each(by_hand.times),
        each(by_hand.bytes)
    );
    let megabytes = resident as f64 / (1024.0 * 1024.0);
    println!("resident memory:       {megabytes:.1} MB after {} requests", subjects.answered);
    println!(
        "start of serve:        {:.2} s on a running database, {:.2} s with its PostgreSQL to start",
        startups.alone,
        startups.with_database.as_secs_f64()
    );

    Ok(vec![
        ("proxy_over_nginx", has_nginx.then(|| measured.proxy.rate_over(&measured.nginx))),
        ("proxy_over_direct", Some(measured.proxy.rate_over(&measured.direct))),
        ("unified_over_proxy", Some(measured.unified.rate_over(&measured.proxy))),
        ("mapping_over_handwritten", Some(measured.mapping.rate_over(&measured.handwritten))),
        ("rss_mb", Some(megabytes)),
        ("unified_without_evaluation_cpu", Some(rest / proxy)),
        ("allocations_per_record", Some(each(mapped.times))),
    ])
}
