//! From the lists to tests.

use libtest_mimic::{Failed, Trial};

use crate::answers;
use crate::cells::{self, Side};
use crate::faults::FAULTS;
use crate::support::app::shipped;
use crate::wires::{READS, WIRES, WRITES, providers};
use crate::{memory, renewal, resting, soak};

const SIDES: [Side; 2] = [Side::Read, Side::Write];

/// Every test of this program.
pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    // What takes longest goes first.
    trials.push(test("soak::for_some_seconds".to_owned(), async || {
        soak::run(soak::Plan::of(12)).await.unwrap_or_else(|wrong| panic!("{wrong}"));
    }));
    for provider in renewal::RENEWED {
        let name = format!("renewal::{provider}::leaves_the_refresh_token_usable");
        trials.push(test(name, async move || renewal::befall(provider).await));
    }
    let name = "memory::comes_back_after_a_burst_of_large_answers".to_owned();
    trials.push(test(name, async || memory::comes_back().await));
    for fault in FAULTS {
        for side in SIDES {
            // The providers share a gateway, which takes longer to start than most faults take, and wait together.
            let name = format!("{}::{}::{}", fault.slug(), providers().join("_"), side.name());
            trials.push(test(name, async move || cells::befall(fault, side).await));
        }
    }
    let name = "resting::a_vendor_who_goes_on_failing_is_left_alone".to_owned();
    trials.push(test(name, async || resting::after_failures_in_a_row().await));
    trials.push(test("matrix::every_fault_is_documented".to_owned(), async || {
        answers::every_fault_is_documented();
    }));
    trials.push(test("matrix::every_provider_is_called_in_every_way".to_owned(), async || complete()));
    trials
}

/// A test that runs `work`, and fails where it panics.
pub fn test(name: String, work: impl AsyncFnOnce() + Send + 'static) -> Trial {
    Trial::test(name, move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(Failed::from)?.block_on(work());
        Ok(())
    })
}

/// Holds that no provider of the catalog is left out, and no way of calling one without a reason.
fn complete() {
    let shipped: Vec<String> = shipped().providers.values().map(|it| it.manifest.name.clone()).collect();
    for provider in &shipped {
        assert!(providers().contains(&provider.as_str()), "{provider} ships, and no fault befalls it");
    }
    assert_eq!(providers().len(), shipped.len());
    for wire in WIRES {
        let (provider, wire_name) = (wire.provider, wire.name);
        let reads: Vec<&str> = wire.reads.iter().map(|call| call.name).collect();
        assert_eq!(reads, READS, "{provider}, {wire_name}");
        for name in WRITES {
            let tried = wire.writes.iter().any(|call| call.name == *name);
            let excused = wire.lacks.iter().any(|(lacking, why)| lacking == name && !why.is_empty());
            assert!(tried != excused, "{provider}, {wire_name}: {name}");
        }
    }
}
