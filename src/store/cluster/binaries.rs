//! Finds PostgreSQL's programs on the machine.
//!
//! A folder counts if it holds all three programs and `postgres --version` says 15 or later. Of several the newest is
//! taken, or the one that an existing cluster needs: another major version cannot read its files. A folder that the
//! operator names is the only one considered, so that a wrong setting is an error and not another version.

use std::collections::HashSet;
use std::env;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::error::ClusterError;
use super::user::ServerUser;

/// The oldest major version of PostgreSQL that unicrm's SQL runs on.
pub(super) const OLDEST_MAJOR: u32 = 15;

const PROGRAMS: [&str; 3] = ["postgres", "initdb", "pg_ctl"];

/// Where distributions and installers put the programs when not on PATH. One `*` in a component stands for a version.
const USUAL_PLACES: [&str; 14] = [
    // Debian, Ubuntu and their Docker image; openSUSE; the PostgreSQL project's RPMs; Alpine; Gentoo.
    "/usr/lib/postgresql/*/bin",
    "/usr/lib/postgresql*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/usr/lib64/postgresql-*/bin",
    // Built from source; the graphical installer on Linux.
    "/usr/local/pgsql/bin",
    "/opt/PostgreSQL/*/bin",
    // Homebrew on Apple silicon, Intel and Linux.
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
    // Postgres.app, the graphical installer on macOS, MacPorts.
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/Library/PostgreSQL/*/bin",
    "/opt/local/lib/postgresql*/bin",
    // NixOS.
    "/run/current-system/sw/bin",
];

/// A folder with usable programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Installation {
    bin_dir: PathBuf,
    pub(super) major: u32,
}

impl Installation {
    /// The installation to make a new cluster with: the newest.
    pub(super) async fn newest(chosen: Option<&Path>, user: &ServerUser) -> Result<Self, ClusterError> {
        let search = Search::run(chosen, user).await;
        let newest = search.usable.iter().rev().max_by_key(|installation| installation.major).cloned();
        newest.ok_or_else(|| search.nothing_usable())
    }

    /// The installation that runs the existing cluster in `cluster`, which is of version `major`.
    pub(super) async fn for_cluster(
        chosen: Option<&Path>,
        user: &ServerUser,
        cluster: &Path,
        major: u32,
    ) -> Result<Self, ClusterError> {
        let search = Search::run(chosen, user).await;
        if search.usable.is_empty() {
            return Err(search.nothing_usable());
        }
        let fitting = search.usable.iter().find(|installation| installation.major == major).cloned();
        fitting.ok_or_else(|| ClusterError::BinariesGone {
            cluster: cluster.to_owned(),
            major,
            versions: search.usable.iter().map(|installation| installation.major).collect(),
        })
    }

    pub(super) fn initdb(&self) -> PathBuf {
        self.bin_dir.join("initdb")
    }

    pub(super) fn pg_ctl(&self) -> PathBuf {
        self.bin_dir.join("pg_ctl")
    }
}

#[derive(Debug, Default)]
struct Search {
    searched: Vec<PathBuf>,
    refused: Vec<String>,
    /// In the order of the search.
    usable: Vec<Installation>,
}

impl Search {
    async fn run(chosen: Option<&Path>, user: &ServerUser) -> Self {
        let searched = match chosen {
            Some(dir) => vec![dir.to_owned()],
            None => places(env::var_os("PATH").as_deref(), &USUAL_PLACES),
        };
        let mut search = Self::default();
        for dir in &searched {
            if PROGRAMS.iter().all(|program| dir.join(program).is_file()) {
                let printed = user.run(&dir.join("postgres"), ["--version"]).await;
                search.consider(dir, printed.map_err(|error| error.to_string()));
            }
        }
        Self { searched, ..search }
    }

    fn consider(&mut self, dir: &Path, printed: Result<String, String>) {
        match printed.as_deref().map(parse_major) {
            Ok(Some(major)) if major >= OLDEST_MAJOR => {
                self.usable.push(Installation { bin_dir: dir.to_owned(), major });
            }
            Ok(Some(major)) => self.refused.push(format!("{}: version {major}", dir.display())),
            Ok(None) => {
                self.refused.push(format!("{}: postgres --version printed no version", dir.display()))
            }
            Err(error) => self.refused.push(error.to_owned()),
        }
    }

    fn nothing_usable(self) -> ClusterError {
        ClusterError::NoBinaries { searched: self.searched, refused: self.refused }
    }
}

/// The folders to look into, in order, each once: those on PATH, then the usual places that exist.
fn places(path: Option<&std::ffi::OsStr>, usual: &[&str]) -> Vec<PathBuf> {
    let on_path = path.map(env::split_paths).into_iter().flatten();
    let usual = usual.iter().flat_map(|pattern| expand(Path::new(pattern)));
    let mut seen = HashSet::new();
    on_path
        .filter(|dir| dir.is_absolute())
        .chain(usual)
        .filter(|dir| dir.canonicalize().is_ok_and(|real| seen.insert(real)))
        .collect()
}

/// The existing directories that a pattern stands for, in order of their names.
fn expand(pattern: &Path) -> Vec<PathBuf> {
    let mut paths = vec![PathBuf::new()];
    for component in pattern.components() {
        paths = match component.as_os_str().to_str().and_then(|name| name.split_once('*')) {
            Some((prefix, suffix)) if matches!(component, Component::Normal(_)) => {
                paths.iter().flat_map(|path| matching(path, prefix, suffix)).collect()
            }
            _ => paths.iter().map(|path| path.join(component)).collect(),
        };
    }
    paths
}

fn matching(dir: &Path, prefix: &str, suffix: &str) -> Vec<PathBuf> {
    // A place that doesn't exist or can't be read has no programs for us.
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let fits = |name: &str| {
        name.len() >= prefix.len() + suffix.len() && name.starts_with(prefix) && name.ends_with(suffix)
    };
    let mut paths: Vec<PathBuf> = entries
        .filter(|entry| entry.file_name().to_str().is_some_and(fits))
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    paths
}

/// The major version in what `postgres --version` prints: `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)`,
/// `postgres (PostgreSQL) 18beta1`.
fn parse_major(printed: &str) -> Option<u32> {
    let (_, version) = printed.split_once("(PostgreSQL) ")?;
    let end = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn major_version_is_read_from_releases_and_previews() {
        let debian = "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n";
        assert_eq!(parse_major(debian), Some(15));
        assert_eq!(parse_major("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(parse_major("postgres (PostgreSQL) 17"), Some(17));
        assert_eq!(parse_major("postgres: command not found"), None);
    }

    #[test]
    fn versions_before_the_oldest_are_refused_with_their_number() {
        let mut search = Search::default();
        search.consider(Path::new("/old"), Ok("postgres (PostgreSQL) 14.9".to_owned()));
        search.consider(Path::new("/new"), Ok("postgres (PostgreSQL) 15.0".to_owned()));
        search.consider(Path::new("/odd"), Ok("hello".to_owned()));
        search.consider(Path::new("/broken"), Err("/broken/postgres failed".to_owned()));
        assert_eq!(search.usable, [Installation { bin_dir: "/new".into(), major: 15 }]);
        assert_eq!(
            search.refused,
            ["/old: version 14", "/odd: postgres --version printed no version", "/broken/postgres failed",]
        );
    }

    #[test]
    fn a_pattern_stands_for_the_directories_that_exist() {
        assert_eq!(expand(Path::new("/")), [Path::new("/")]);
        assert!(expand(Path::new("/nowhere-at-all/*/bin")).is_empty());
        let root = env::temp_dir().join(format!("unicrm-places-{}", std::process::id()));
        for name in ["pg-15", "pg-9", "other"] {
            fs::create_dir_all(root.join(name).join("bin")).expect("directories for the test");
        }
        let pattern = root.join("pg-*/bin");
        assert_eq!(expand(&pattern), [root.join("pg-15/bin"), root.join("pg-9/bin")]);
        let path = env::join_paths([root.join("pg-9/bin"), "relative".into()]).expect("no colon");
        let pattern = pattern.to_str().expect("UTF-8");
        assert_eq!(
            places(Some(&path), &[pattern]),
            [root.join("pg-9/bin"), root.join("pg-15/bin")],
            "PATH first, each folder once, nothing relative"
        );
        fs::remove_dir_all(&root).expect("the directories made above");
    }
}
