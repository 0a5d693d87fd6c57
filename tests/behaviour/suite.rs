//! From the catalog to tests: every cell of the matrix, each with the behaviours of its method.

use std::sync::Arc;

use libtest_mimic::{Failed, Trial};
use unicrm::mapping::Provider;
use unicrm::mapping::catalog::Support;
use unicrm::model::{Method, Resource};

use crate::case::{Case, Subject};
use crate::described::{Described, Vendor};
use crate::exceptions::{EXCEPTIONS, MOST};
use crate::stage::Stage;
use crate::support::app::{Setup, TestApp, shipped};
use crate::test::{Behaviour, Test, unfit_choice};
use crate::{
    capsule, create, cursors, delete, faults, filters, get, list, nimble, nutshell, proxy, unsupported,
    update, weather,
};

/// What the suite has to be told of each vendor.
const VENDORS: &[Vendor] = &[capsule::VENDOR, nimble::VENDOR, nutshell::VENDOR];

/// And of its resources.
const DESCRIBED: &[&[&[Described]]] = &[capsule::RESOURCES, nimble::RESOURCES, nutshell::RESOURCES];

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
    tests: Vec<Test>,
    subject: Option<Subject>,
}

impl Suite {
    fn cell(
        &mut self,
        provider: &Arc<Provider>,
        model: &str,
        cell: &str,
        name: &str,
        resource: &Arc<Resource>,
        method: Method,
    ) {
        let known = provider_name(provider);
        self.about(known, format!("{known}::{cell}::{method}"));
        let served = match provider.support(model, name, method) {
            Support::Served(served) => served,
            Support::Unsupported(reason) => {
                return unsupported::add(self, provider, &format!("/unified/{cell}"), method, reason);
            }
        };
        if ONLY_WRITTEN.contains(&cell) {
            return;
        }
        let mut tables = DESCRIBED.iter().copied().flatten().copied().flatten();
        let described = tables.find(|row| row.provider == provider.manifest.name && row.resource == cell);
        let Some(described) = described else {
            let what = format!("{} serves {method} of {cell}", provider.manifest.label);
            return self.plain("is_described", async move |_: &mut Stage| {
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

    /// Begins a test, of which everything that is added until the next one is a behaviour.
    pub fn about(&mut self, provider: &'static str, name: String) {
        self.tests.push(Test { name, provider, behaviours: Vec::new() });
    }

    /// A behaviour of the present subject.
    pub fn add(&mut self, name: &str, run: impl AsyncFnOnce(&Case) + Send + 'static) {
        let subject = self.subject().clone();
        self.plain(name, async move |stage: &mut Stage| {
            let case = Case::of(subject, stage.app().await).await;
            run(&case).await;
            stage.keep(case.app);
        });
    }

    /// A behaviour that needs another gateway than the usual one.
    pub fn add_with(&mut self, name: &str, setup: Setup, run: impl AsyncFnOnce(&Case) + Send + 'static) {
        let subject = self.subject().clone();
        self.plain(name, async move |_: &mut Stage| {
            let setup = Setup { provider: subject.described.provider, ..setup };
            let case = Case::of(subject, TestApp::with(setup).await).await;
            run(&case).await;
        });
    }

    /// A behaviour without a subject.
    pub fn plain(&mut self, name: &str, run: impl AsyncFnOnce(&mut Stage) + Send + 'static) {
        let test = self.tests.last_mut().expect("a test that was begun");
        test.behaviours.push(Behaviour::new(name, run));
    }

    fn finish(self) -> Vec<Trial> {
        let unfit = unfit_choice(&self.tests);
        let tests = self.tests.into_iter().filter(|test| !test.behaviours.is_empty());
        let (mut trials, mut names) = (Vec::new(), Vec::new());
        for test in tests {
            names.extend(test.names());
            let (name, unfit) = (test.name.clone(), unfit.clone());
            trials.push(Trial::test(name, || unfit.map_or_else(|| test.run(), |why| Err(why.into()))));
        }
        trials.push(Trial::test("exceptions::only_shrink", move || check_exceptions(&names)));
        trials
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
        Some((gone, _)) => Err(format!("there is no behaviour {gone}; take it off the exceptions").into()),
    }
}

/// The name under which the harness knows the provider.
pub fn provider_name(provider: &Provider) -> &'static str {
    let known = VENDORS.iter().find(|vendor| vendor.provider == provider.manifest.name);
    match known {
        Some(vendor) => vendor.provider,
        None => String::leak(provider.manifest.name.clone()),
    }
}
