//! Faults that come and go.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use unicrm::sandbox::Sandbox;

use super::random::Random;
use crate::faults::{FAULTS, Fault, How};
use crate::line::{Befalls, Line};

/// Between two lapses of a vendor's tokens. One that is refused within half a minute of its renewal is refused for good, as
/// the gateway sees it.
const BETWEEN_LAPSES: Duration = Duration::from_secs(45);

/// Changes the weather of a vendor until it is over, and says how many faults there were.
pub async fn change(
    (provider, line, sandbox): &(&'static str, Line, Sandbox),
    mut random: Random,
    over: &AtomicBool,
) -> usize {
    let all: Vec<&'static Fault> = FAULTS.iter().filter(|fault| comes(fault, provider)).collect();
    let (mut faults, mut lapsed) = (0, None::<Instant>);
    while !over.load(Ordering::Relaxed) {
        if random.happens(20) && lapsed.is_none_or(|since| since.elapsed() > BETWEEN_LAPSES) {
            sandbox.expire_tokens();
            lapsed = Some(Instant::now());
        }
        line.befall(random.one_of::<&Fault>(&all), befallen(&mut random));
        faults += 1;
        // Some last for longer than callers wait.
        let most = if random.happens(15) { 3000 } else { 600 };
        for_up_to(most, &mut random).await;
        line.mend().await;
        // A vendor who is always out of order is left alone, and nothing happens.
        for_up_to(1500, &mut random).await;
    }
    faults
}

fn befallen(random: &mut Random) -> Befalls {
    match random.below(10) {
        0..5 => Befalls::Everything,
        5..8 => Befalls::Writes,
        _ => Befalls::Tokens,
    }
}

async fn for_up_to(millis: usize, random: &mut Random) {
    tokio::time::sleep(Duration::from_millis(random.below(millis) as u64)).await;
}

/// Whether a fault comes over a vendor that stays where it is. After a 429 without a time Nutshell is left alone for half a
/// minute, which is right and dull.
fn comes(fault: &Fault, provider: &str) -> bool {
    let dull = provider == "nutshell" && fault.name == "429 without a time";
    matches!(fault.how, How::Refused | How::Answers(_)) && !dull
}
