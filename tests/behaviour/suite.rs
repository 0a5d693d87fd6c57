//! From the catalog to tests: every cell of the matrix, each with the behaviours of its method.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicUsize;

use libtest_mimic::{Failed, Trial};
use unicrm::mapping::catalog::Support;
use unicrm::model::{Method, Resource};

use crate::case::{Case, Subject};
use crate::described::{Described, Vendor};
use crate::exceptions::{EXCEPTIONS, MOST};
use crate::support::app::{Setup, TestApp, shipped};
use crate::support::twin::Twin;
use crate::{
    capsule, create, cursors, delete, faults, filters, get, list, proxy, unsupported, update, weather,
};

/// What the suite has to be told of each vendor.
const VENDORS: &[Vendor] = &[capsule::VENDOR];

/// And of its resources.
const DESCRIBED: &[&[Described]] = capsule::RESOURCES;

/// Resources of which there is one record only, so that nothing follows the first page.
const ALONE: &[&str] = &["crm/workspaces"];

/// Resources that are written and never read, which have tests of their own beside this suite.
const ONLY_WRITTEN: &[&str] = &["crm/associations"];

/// Everything there is to test.
pub fn trials() -> Vec<Trial> {
    let catalog = shipped();
    let mut suite = Suite::default();
    for provider in catalog.providers.values() {
        for model in catalog.models.values() {
            for (name, resource) in &model.resources {
                for method in &resource.methods {
                    let cell = format!("{}/{name}", model.name);
                    suite.cell(provider, &model.name, &cell, name, resource, *method);
                }
            }
        }
        proxy::add(&mut suite, provider);
    }
    suite.finish()
}

/// The tests so far.
#[derive(Default)]
pub struct Suite {
    tests: Vec<(String, Box<dyn FnOnce() + Send>)>,
    prefix: String,
    subject: Option<Subject>,
}

impl Suite {
    fn cell(
        &mut self,
        provider: &std::sync::Arc<unicrm::mapping::Provider>,
        model: &str,
        cell: &str,
        name: &str,
        resource: &std::sync::Arc<Resource>,
        method: Method,
    ) {
        self.prefix = format!("{}::{cell}::{method}", provider.manifest.name);
        let served = match provider.support(model, name, method) {
            Support::Served(served) => served,
            Support::Unsupported(reason) => {
                return unsupported::add(self, provider, &format!("/unified/{cell}"), method, reason);
            }
        };
        if ONLY_WRITTEN.contains(&cell) {
            return;
        }
        let mut tables = DESCRIBED.iter().copied().flatten();
        let described = tables.find(|row| row.provider == provider.manifest.name && row.resource == cell);
        let Some(described) = described else {
            let what = format!("{} serves {method} of {cell}", provider.manifest.label);
            return self.plain("is_described", async move || {
                panic!("{what}, but no table in tests/behaviour describes that resource at this vendor");
            });
        };
        let vendor = VENDORS.iter().find(|vendor| vendor.provider == described.provider);
        let vendor = vendor.expect("a vendor that is described, as its resources are");
        self.subject = Some(Subject {
            provider: provider.clone(),
            model: model.to_owned(),
            name: name.to_owned(),
            resource: resource.clone(),
            method,
            cell: served,
            described,
            vendor,
        });
        match method {
            Method::List => {
                list::add(self);
                if !ALONE.contains(&cell) {
                    cursors::add(self);
                }
                if !ALONE.contains(&cell) {
                    filters::add(self);
                }
            }
            Method::Get => get::add(self),
            Method::Create => create::add(self),
            Method::Update => update::add(self),
            Method::Delete => delete::add(self),
        }
        faults::add(self);
        weather::add(self);
    }

    /// What the present tests are about.
    pub fn subject(&self) -> &Subject {
        self.subject.as_ref().expect("a served method")
    }

    /// Begins tests of something else.
    pub fn about(&mut self, prefix: String) {
        self.prefix = prefix;
    }

    /// A behaviour of the present subject.
    pub fn add(&mut self, name: &str, run: impl AsyncFnOnce(&Case) + Send + 'static) {
        self.add_with(name, Setup::default(), run);
    }

    /// A behaviour that needs another gateway than the usual one.
    pub fn add_with(&mut self, name: &str, setup: Setup, run: impl AsyncFnOnce(&Case) + Send + 'static) {
        let subject = self.subject().clone();
        self.plain(name, async move || {
            let provider = provider_name(&subject);
            let app = TestApp::with(Setup { provider, ..setup }).await;
            let twin = Twin::of(app.sandbox());
            run(&Case { subject, app, twin, changes: AtomicUsize::new(1) }).await;
        });
    }

    /// A test without a subject.
    pub fn plain(&mut self, name: &str, run: impl AsyncFnOnce() + Send + 'static) {
        let name = format!("{}::{name}", self.prefix);
        let run = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(run());
        };
        self.tests.push((name, Box::new(run)));
    }

    fn finish(self) -> Vec<Trial> {
        let names: Vec<String> = self.tests.iter().map(|(name, _)| name.clone()).collect();
        let mut trials: Vec<Trial> = self.tests.into_iter().map(|(name, run)| trial(name, run)).collect();
        trials.push(Trial::test("exceptions::only_shrink", move || check_exceptions(&names)));
        trials
    }
}

fn trial(name: String, run: Box<dyn FnOnce() + Send>) -> Trial {
    match EXCEPTIONS.iter().find(|(excepted, _)| *excepted == name) {
        None => Trial::test(name, move || {
            run();
            Ok(())
        }),
        Some((_, why)) => Trial::test(name, move || match catch_unwind(AssertUnwindSafe(run)) {
            Err(_) => Ok(()),
            Ok(()) => Err(Failed::from(format!("it holds; take it off the exceptions ({why})"))),
        }),
    }
}

fn check_exceptions(names: &[String]) -> Result<(), Failed> {
    if EXCEPTIONS.len() != MOST {
        return Err(format!(
            "{} exceptions, but MOST says {MOST}; it may only become less",
            EXCEPTIONS.len()
        )
        .into());
    }
    match EXCEPTIONS.iter().find(|(excepted, _)| !names.iter().any(|name| name == excepted)) {
        None => Ok(()),
        Some((gone, _)) => Err(format!("there is no test {gone}; take it off the exceptions").into()),
    }
}

/// The name under which the harness knows the provider.
fn provider_name(subject: &Subject) -> &'static str {
    subject.described.provider
}
