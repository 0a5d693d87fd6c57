//! The same lists from other sides: how many call at once, how large the answer is, for how many accounts, in how many
//! processes. Each is measured beside what it is compared with, in the same rounds.

use std::net::SocketAddr;
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use unicrm::store::cluster::{Cluster, ClusterOptions, Durability};

use crate::load::{CALLERS, Load, Request};
use crate::processes::{Outcome, Process, Scratch};
use crate::report::{self, Figure, Series};
use crate::served::{Served, TOKEN};
use crate::{Extent, Subjects, sample};

/// Many callers.
const MANY: usize = 64;

/// Many accounts that are called for.
const ACCOUNTS: usize = 1000;

/// Many accounts in the database.
const ROWS: usize = 100_000;

/// A record of the upstream's, 1.5 KB.
const RECORD: &str = "174000000";

/// Whose processor time counts.
enum Owner<'a> {
    Nobody,
    Nginx(&'a Process),
    Gateways(Vec<&'a Process>),
}

impl Owner<'_> {
    fn cpu(&self) -> Outcome<Duration> {
        match self {
            Owner::Nobody => Ok(Duration::ZERO),
            Owner::Nginx(process) => process.cpu_with_children(),
            Owner::Gateways(processes) => {
                processes.iter().try_fold(Duration::ZERO, |sum, process| Ok(sum + process.cpu()?))
            }
        }
    }
}

/// What is measured in turns with its neighbours.
struct Line<'a> {
    name: String,
    load: Load,
    owner: Owner<'a>,
    series: Series,
}

impl<'a> Line<'a> {
    fn new(name: impl Into<String>, load: Load, owner: Owner<'a>) -> Self {
        Line { name: name.into(), load, owner, series: Series::default() }
    }
}

/// Measures the lines of a table in turns, and prints it.
async fn table(about: &str, extent: &Extent, lines: &mut [Line<'_>]) -> Outcome<()> {
    for _ in 0..extent.axes {
        for line in lines.iter_mut() {
            let (_, sample) = sample(&line.load, extent.round, || line.owner.cpu()).await?;
            line.series.0.push(sample);
        }
    }
    println!();
    report::print_head(about);
    for line in lines {
        report::print_line(&line.name, &line.series);
    }
    Ok(())
}

impl Subjects {
    /// All of them, and their ratios.
    pub async fn axes(&self, extent: &Extent, scratch: &Scratch) -> Outcome<Vec<Figure>> {
        let mut figures = self.callers(extent).await?;
        figures.extend(self.single(extent).await?);
        figures.extend(self.processes(extent, scratch).await?);
        figures.extend(self.accounts(extent, scratch).await?);
        Ok(figures)
    }

    fn gateway(&self) -> Owner<'_> {
        Owner::Gateways(vec![&self.gateway.process])
    }

    fn ours(&self, path: &str, account: &str) -> Request {
        at(self.gateway.address, path, account)
    }

    /// nginx's line of a request to the upstream, where nginx is installed.
    fn behind_nginx(&self, name: &str, path: &str, callers: usize) -> Option<Line<'_>> {
        let (address, nginx) = (self.behind_nginx.as_ref()?.address(), self.nginx.as_ref()?);
        let load = Load::new(vec![Request::get(address, path, None)], callers);
        Some(Line::new(name, load, Owner::Nginx(nginx)))
    }

    /// One caller and many, with the large answer; and what memory that takes.
    async fn callers(&self, extent: &Extent) -> Outcome<Vec<Figure>> {
        let native = "/api/v2/parties?page=1&perPage=50";
        let mut over_nginx = Vec::new();
        for callers in [1, MANY] {
            let load = |request: &Request| Load::new(vec![request.clone()], callers);
            let mut lines = vec![
                Line::new("/proxy/parties", load(&self.proxy), self.gateway()),
                Line::new("/unified/crm/contacts", load(&self.unified), self.gateway()),
            ];
            lines.extend(self.behind_nginx("upstream behind nginx", native, callers));
            let plural = if callers == 1 { "" } else { "s" };
            table(&format!("a page, 75 KB, {callers} caller{plural}"), extent, &mut lines).await?;
            over_nginx.push(lines.get(2).map(|nginx| lines[0].series.rate_over(&nginx.series)));
        }
        let megabytes = self.gateway.process.resident()? as f64 / (1024.0 * 1024.0);
        println!("resident memory: {megabytes:.1} MB after {MANY} callers with answers of 75 KB");
        Ok(vec![
            ("proxy_over_nginx_1_caller", over_nginx[0]),
            ("proxy_over_nginx_64_callers", over_nginx[1]),
            ("rss_mb_64_callers", Some(megabytes)),
        ])
    }

    /// The small answer: what the gateway adds to the wait of a lone caller, and to the work of many.
    async fn single(&self, extent: &Extent) -> Outcome<Vec<Figure>> {
        let native = format!("/api/v2/parties/{RECORD}");
        let proxy = self.ours(&format!("/proxy/parties/{RECORD}"), &self.account);
        let unified = self.ours(&format!("/unified/crm/contacts/{RECORD}"), &self.account);
        let direct = Request::get(self.vendor, &native, None);
        let alone = |request: &Request| Load::new(vec![request.clone()], 1);
        let mut lines = vec![
            Line::new("upstream, direct", alone(&direct), Owner::Nobody),
            Line::new("/unified/crm/contacts/{id}", alone(&unified), self.gateway()),
        ];
        table("a record, 1.5 KB, 1 caller", extent, &mut lines).await?;
        let millis = |line: &Line<'_>| line.series.median(|sample| sample.p99.as_secs_f64() * 1000.0);
        let added = millis(&lines[1]) - millis(&lines[0]);
        let mut lines = vec![
            Line::new("/proxy/parties/{id}", Load::of(&proxy), self.gateway()),
            Line::new("/unified/crm/contacts/{id}", Load::of(&unified), self.gateway()),
        ];
        lines.extend(self.behind_nginx("upstream behind nginx", &native, CALLERS));
        table("a record, 1.5 KB, 16 callers", extent, &mut lines).await?;
        let over_nginx = lines.get(2).map(|nginx| lines[0].series.rate_over(&nginx.series));
        Ok(vec![("record_proxy_over_nginx", over_nginx), ("record_unified_added_p99_ms", Some(added))])
    }

    /// Two processes on one database, each with half of the callers.
    async fn processes(&self, extent: &Extent, scratch: &Scratch) -> Outcome<Vec<Figure>> {
        let second = Served::start(scratch, self.vendor)?;
        let both = || Owner::Gateways(vec![&self.gateway.process, &second.process]);
        let halves = |path: &str| {
            let query = format!("{path}?limit=50");
            let of = |address| at(address, &query, &self.account);
            Load::new(vec![of(self.gateway.address), of(second.address)], CALLERS)
        };
        let mut lines = vec![
            Line::new("/proxy/parties, one process", Load::of(&self.proxy), self.gateway()),
            Line::new("/proxy/parties, two", halves("/proxy/parties"), both()),
            Line::new("/unified/crm/contacts, one process", Load::of(&self.unified), self.gateway()),
            Line::new("/unified/crm/contacts, two", halves("/unified/crm/contacts"), both()),
        ];
        table("a page, 75 KB, 16 callers", extent, &mut lines).await?;
        let (proxy, unified) =
            (lines[1].series.cpu_over(&lines[0].series), lines[3].series.cpu_over(&lines[2].series));
        drop(lines);
        second.process.stop()?;
        Ok(vec![("proxy_cpu_two_processes", Some(proxy)), ("unified_cpu_two_processes", Some(unified))])
    }

    /// Calls for one account and for many, in a database of few accounts and in one of very many.
    async fn accounts(&self, extent: &Extent, scratch: &Scratch) -> Outcome<Vec<Figure>> {
        let accounts = self.gateway.connect(ACCOUNTS).await?;
        let path = format!("/proxy/parties/{RECORD}");
        let one = Load::of(&self.ours(&path, &self.account));
        let many = accounts.iter().map(|account| self.ours(&path, account)).collect();
        let mut lines = vec![
            Line::new("for 1 account", one.clone(), self.gateway()),
            Line::new("for 1,000 accounts", Load::new(many, CALLERS), self.gateway()),
        ];
        table("/proxy/parties/{id}, 1.5 KB, 16 callers", extent, &mut lines).await?;
        let of_many = lines[1].series.cpu_over(&lines[0].series);
        fill(scratch, &self.account).await?;
        // One that has none of them in memory yet.
        let fresh = Served::start(scratch, self.vendor)?;
        let own = || Owner::Gateways(vec![&fresh.process]);
        let many = accounts.iter().map(|account| at(fresh.address, &path, account)).collect();
        let mut lines = vec![
            Line::new("for 1 account, few in the database", one, self.gateway()),
            Line::new("for 1,000 accounts of 100,000", Load::new(many, CALLERS), own()),
        ];
        table("/proxy/parties/{id}, 1.5 KB, 16 callers", extent, &mut lines).await?;
        let of_very_many = lines[1].series.cpu_over(&lines[0].series);
        drop(lines);
        fresh.process.stop()?;
        Ok(vec![("cpu_1000_accounts", Some(of_many)), ("cpu_1000_of_100000_accounts", Some(of_very_many))])
    }
}

fn at(address: SocketAddr, path: &str, account: &str) -> Request {
    let sign = if path.contains('?') { '&' } else { '?' };
    Request::get(address, &format!("{path}{sign}integrated_account_id={account}"), Some(TOKEN))
}

/// Copies an account until there are very many of it.
async fn fill(scratch: &Scratch, account: &str) -> Outcome<()> {
    let options = ClusterOptions {
        data_dir: Served::data_dir(scratch),
        bin_dir: std::env::var_os("UNICRM_PG_BIN").map(Into::into),
        durability: Durability::Safe,
    };
    let cluster = Cluster::start(options).await?;
    let mut connection = PgConnection::connect_with(&cluster.connect_options(Served::DATABASE)).await?;
    let copy = format!(
        "INSERT INTO integrated_account (id, environment_id, environment_integration_id, tenant_id, status,
             authentication_method, context)
         SELECT gen_random_uuid(), environment_id, environment_integration_id, 'bench-' || number, status,
             authentication_method, context
         FROM integrated_account, generate_series(1, {ROWS}) AS number WHERE id = '{account}'::uuid"
    );
    sqlx::query(AssertSqlSafe(copy)).execute(&mut connection).await?;
    let copy = "INSERT INTO credential (account_id, environment_id, key_id, sealed)
         SELECT account.id, account.environment_id, one.key_id, one.sealed FROM integrated_account account,
             (SELECT key_id, sealed FROM credential LIMIT 1) one
         WHERE NOT EXISTS (SELECT FROM credential WHERE account_id = account.id)";
    sqlx::query(copy).execute(&mut connection).await?;
    sqlx::query("ANALYZE").execute(&mut connection).await?;
    connection.close().await?;
    cluster.keep_running();
    Ok(())
}
