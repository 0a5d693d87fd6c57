//! What the behaviours of one test share: a gateway with its database and a CRM behind it.
//!
//! Starting those takes longer than most behaviours do, so a test starts them once. Each behaviour still finds the CRM
//! as it is at the start, and an account of its own, so that none needs another to have run, and none sees what another
//! did. A gateway on which a behaviour has failed isn't given to the next one.

use crate::support::app::{Setup, TestApp};
use crate::support::vendor::{Answer, Asked, ScriptedVendor};

/// What a test has running.
pub struct Stage {
    provider: &'static str,
    app: Option<TestApp>,
    scripted: Option<(TestApp, ScriptedVendor)>,
}

impl Stage {
    pub fn of(provider: &'static str) -> Stage {
        Stage { provider, app: None, scripted: None }
    }

    /// A gateway with a sandbox and an account that nothing has been done with. [`Stage::keep`] takes it back.
    pub async fn app(&mut self) -> TestApp {
        let Some(mut app) = self.app.take() else {
            return TestApp::with(Setup { provider: self.provider, ..Setup::default() }).await;
        };
        if app.has_sandbox() {
            app.sandbox().reset();
        }
        app.connect_another().await;
        app
    }

    /// Leaves a gateway for the next behaviour.
    pub fn keep(&mut self, app: TestApp) {
        self.app = Some(app);
    }

    /// A gateway whose vendor answers what `script` makes of a request. [`Stage::keep_scripted`] takes both back.
    pub async fn scripted(
        &mut self,
        script: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
    ) -> (TestApp, ScriptedVendor) {
        match self.scripted.take() {
            Some((mut app, vendor)) => {
                vendor.turn_to(script);
                app.connect_another().await;
                (app, vendor)
            }
            None => {
                let vendor = ScriptedVendor::start(script).await;
                let setup = Setup { provider: self.provider, ..Setup::default() };
                (TestApp::with(setup.at(vendor.origin())).await, vendor)
            }
        }
    }

    /// Leaves a gateway and its vendor for the next behaviour.
    pub fn keep_scripted(&mut self, app: TestApp, vendor: ScriptedVendor) {
        self.scripted = Some((app, vendor));
    }
}
