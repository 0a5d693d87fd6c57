//! Running the binary with a data directory of its own, and cleaning up whatever it leaves.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long anything may take before the test says what it waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A data directory that is gone afterwards, with the server that may still run in it.
pub struct DataDir(PathBuf);

impl DataDir {
    pub fn new() -> DataDir {
        let path = std::env::temp_dir().join(format!("unicrm-command-{}", uuid::Uuid::new_v4().simple()));
        DataDir(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The process id of the PostgreSQL that runs in it.
    pub fn postmaster(&self) -> Option<u32> {
        let entries = std::fs::read_dir(&self.0).ok()?;
        let file = entries
            .filter_map(Result::ok)
            .map(|entry| entry.path().join("postmaster.pid"))
            .find(|file| file.exists())?;
        std::fs::read_to_string(file).ok()?.lines().next()?.trim().parse().ok()
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        if let Some(postmaster) = self.postmaster() {
            signal(postmaster, "QUIT");
            let since = Instant::now();
            while Path::new(&format!("/proc/{postmaster}/stat")).exists() && since.elapsed() < PATIENCE {
                std::thread::yield_now();
            }
        }
        let _ = std::fs::remove_dir_all(&self.0); // nothing depends on it being gone
    }
}

/// The binary, told to keep to a data directory and a free port.
pub fn unicrm(dir: &DataDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_unicrm"));
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("UNICRM_DATA_DIR", dir.path())
        .env("UNICRM_LISTEN", "127.0.0.1:0");
    command
}

/// Runs a command to its end.
pub fn output(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().expect("a binary that starts")
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn signal(pid: u32, name: &str) {
    let status = Command::new("kill").args(["-s", name, &pid.to_string()]).stderr(Stdio::null()).status();
    status.expect("kill");
}

/// A running binary whose output is read line by line.
pub struct Running {
    child: Child,
    lines: Receiver<String>,
    seen: String,
}

impl Running {
    pub fn start(command: &mut Command) -> Running {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a start");
        let (send, lines) = channel();
        let streams: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().expect("stdout")), Box::new(child.stderr.take().expect("stderr"))];
        for stream in streams {
            let send = send.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    if send.send(line).is_err() {
                        return;
                    }
                }
            });
        }
        Running { child, lines, seen: String::new() }
    }

    /// Reads until a line contains `text`, and gives that line.
    pub fn until(&mut self, text: &str) -> String {
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            if let Ok(line) = self.lines.recv_timeout(Duration::from_millis(200)) {
                self.seen.push_str(&line);
                self.seen.push('\n');
                if line.contains(text) {
                    return line;
                }
            }
        }
        panic!("{text:?} was not printed; this was:\n{}", self.seen);
    }

    /// Waits for the end without asking for it.
    pub fn ended(&mut self) -> std::process::ExitStatus {
        self.child.wait().expect("an end")
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().expect("its state").is_none()
    }

    /// Everything that was read so far.
    pub fn seen(&self) -> &str {
        &self.seen
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal and waits for the end.
    pub fn end(&mut self, name: &str) -> std::process::ExitStatus {
        signal(self.pid(), name);
        self.child.wait().expect("an end")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}
