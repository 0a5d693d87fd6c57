//! When to stop: Ctrl-C, or a service manager's SIGTERM. Whoever asks twice means at once.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that ask the process to stop. Until there is one of these, they end it where it stands.
pub struct Shutdown {
    terminate: Signal,
    interrupt: Signal,
}

impl Shutdown {
    /// Hears the signals from now on. A process that says that it is ready must be able to stop in order, so this
    /// comes before it says so.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Shutdown {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits until the process is asked to stop. From then on another signal ends it at once, with status 1: what was
    /// acknowledged is in the database, as after a crash.
    pub async fn requested(mut self) {
        self.next().await;
        tokio::spawn(async move {
            self.next().await;
            eprintln!("unicrm: asked to stop again; ending at once");
            std::process::exit(1);
        });
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
