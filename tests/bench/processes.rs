//! The processes under measurement: started, measured from `/proc`, and stopped whatever happens.

use std::error::Error;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// What anything here may end with: it is shown to a person, and ends the run.
pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The unit of `/proc/PID/stat`, the same on every Linux.
const TICKS_PER_SECOND: u64 = 100;

/// How long a process may take to end when it is asked to.
const PATIENCE: Duration = Duration::from_secs(40);

/// A process of the benchmark's. Dropping it ends it.
pub struct Process {
    name: &'static str,
    child: Child,
}

impl Process {
    /// Starts a command; `name` is what errors call it.
    pub fn start(name: &'static str, command: &mut Command) -> Outcome<Self> {
        let child = command.spawn().map_err(|error| format!("{name}: {error}"))?;
        Ok(Process { name, child })
    }

    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Processor time spent until now, by the process without its children.
    pub fn cpu(&self) -> Outcome<Duration> {
        cpu(self.child.id())
    }

    /// Processor time spent until now by the process and its present children.
    pub fn cpu_with_children(&self) -> Outcome<Duration> {
        children(self.child.id())?.into_iter().try_fold(self.cpu()?, |sum, child| Ok(sum + cpu(child)?))
    }

    /// Resident memory now, in bytes.
    pub fn resident(&self) -> Outcome<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")).ok_or("no VmRSS in /proc")?;
        Ok(kilobytes.trim().parse::<u64>()? * 1024)
    }

    /// Asks the process to end, waits, and fails if it ended badly.
    pub fn stop(mut self) -> Outcome<()> {
        let ended = self.end()?;
        if ended { Ok(()) } else { Err(format!("{} ended badly", self.name).into()) }
    }

    /// Whether it ended well. Killed if it doesn't end in time.
    fn end(&mut self) -> io::Result<bool> {
        if let Some(status) = self.child.try_wait()? {
            return Ok(status.success());
        }
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status.success());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.child.kill()?;
        self.child.wait()?;
        Ok(false)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            eprintln!("could not end {}: {error}", self.name);
        }
    }
}

fn cpu(pid: u32) -> Outcome<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let field = |index: usize| stat_field(&stat, index)?.parse::<u64>().ok();
    // utime and stime, counted from 1 as proc(5) does.
    let ticks = field(14).zip(field(15)).map(|(user, system)| user + system);
    Ok(Duration::from_millis(ticks.ok_or("no times in /proc")? * 1000 / TICKS_PER_SECOND))
}

fn children(parent: u32) -> Outcome<Vec<u32>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // A process that has ended meanwhile was not ours.
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        if stat_field(&stat, 4).and_then(|field| field.parse().ok()) == Some(parent) {
            found.push(pid);
        }
    }
    Ok(found)
}

/// A field of `/proc/PID/stat`, from the third on: the second is a name that may hold spaces and brackets.
fn stat_field(stat: &str, index: usize) -> Option<&str> {
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(index - 3)
}

/// Processor time of the calling thread.
pub fn thread_cpu() -> Outcome<Duration> {
    let stat = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos = stat.split_ascii_whitespace().next().ok_or("nothing in schedstat")?;
    Ok(Duration::from_nanos(nanos.parse()?))
}

/// A directory that is removed at the end, and that another user can pass through: root's database and nginx's
/// workers run as one.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Outcome<Self> {
        let path = std::env::temp_dir().join(format!("unicrm-bench-{}", std::process::id()));
        fs::DirBuilder::new().mode(0o711).create(&path)?;
        Ok(Scratch(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("could not remove {}: {error}", self.0.display());
        }
    }
}
