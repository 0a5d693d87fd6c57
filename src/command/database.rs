//! The database of a command: the one that `DATABASE_URL` names, or one of unicrm's own.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use super::{Failure, Outcome};
use crate::config::Settings;
use crate::crypto::KeyRing;
use crate::store::Store;
use crate::store::cluster::{Cluster, ClusterOptions, Durability};

/// The database's name in the embedded cluster.
const DATABASE: &str = "unicrm";

/// Where generated master keys are kept.
const KEY_FILE: &str = "master.key";

/// A database that is there for as long as this is held.
pub struct Database {
    /// Its statements.
    pub store: Store,
    /// Present when it is embedded.
    cluster: Option<Cluster>,
}

impl Database {
    /// Connects to `DATABASE_URL`, or starts the embedded cluster. Doesn't touch the schema.
    pub async fn open(settings: &Settings) -> Result<Self, Failure> {
        let connections = settings.database_connections;
        if let Some(url) = &settings.database_url {
            let options = Store::options(url.expose_secret())?;
            let direct = settings.database_direct_url.as_ref();
            let direct = direct.map(|url| Store::options(url.expose_secret())).transpose()?;
            return Ok(Database { store: Store::connect(options, direct, connections), cluster: None });
        }
        let cluster = Cluster::start(ClusterOptions {
            data_dir: settings.data_dir()?,
            bin_dir: settings.pg_bin.clone(),
            durability: Durability::Safe,
        })
        .await?;
        cluster.create_database(DATABASE).await?;
        let store = Store::connect(cluster.connect_options(DATABASE), None, connections);
        Ok(Database { store, cluster: Some(cluster) })
    }

    /// Whether the database is unicrm's own.
    pub fn is_embedded(&self) -> bool {
        self.cluster.is_some()
    }

    /// Brings the schema up to date where that is asked for or goes without saying; refuses an old one elsewhere.
    pub async fn prepare(&self, migrate: bool) -> Outcome {
        if migrate || self.is_embedded() {
            self.store.migrate().await?;
        }
        Ok(self.store.check_schema().await?)
    }

    /// Closes the connections; the last process to leave an embedded cluster stops it.
    pub async fn close(self) -> Outcome {
        self.store.close().await;
        if let Some(cluster) = self.cluster {
            cluster.leave().await?;
        }
        Ok(())
    }
}

/// Runs `work` on a prepared database and closes it, whatever comes of it.
pub async fn with<T>(
    settings: &Settings,
    migrate: bool,
    work: impl AsyncFnOnce(&Database) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let database = Database::open(settings).await?;
    let result = match database.prepare(migrate).await {
        Ok(()) => work(&database).await,
        Err(failure) => Err(failure),
    };
    let closed = database.close().await;
    let value = result?;
    closed.map(|()| value)
}

/// `unicrm migrate`.
pub async fn migrate(settings: &Settings) -> Outcome {
    with(settings, true, async |_| {
        println!("The database's schema is up to date.");
        Ok(())
    })
    .await
}

/// The master keys: as set, or with an embedded database from a file that is made once.
pub fn master_keys(settings: &Settings) -> Result<Arc<KeyRing>, Failure> {
    let keys = match (&settings.master_keys, &settings.database_url) {
        (Some(keys), _) => keys.clone(),
        (None, None) => generated_keys(&settings.data_dir()?.join(KEY_FILE))?,
        (None, Some(_)) => {
            return Err(Failure::new(
                "UNICRM_MASTER_KEYS must be set when DATABASE_URL is: the keys must outlive this machine.\n  \
                 `head -c 32 /dev/urandom | base64` makes one. Keep it safe: without it no stored credential can be read.",
            ));
        }
    };
    let ring = KeyRing::parse(keys.expose_secret()).map_err(|error| Failure::new(error.to_string()))?;
    Ok(Arc::new(ring))
}

fn generated_keys(file: &Path) -> Result<SecretString, Failure> {
    let unusable = |error: std::io::Error| Failure::new(format!("{}: {error}", file.display()));
    match std::fs::read_to_string(file) {
        Ok(keys) => return Ok(keys.trim().to_owned().into()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(unusable(error)),
    }
    let key = KeyRing::generate().map_err(|error| Failure::new(error.to_string()))?;
    // Written whole beside its place first, so that no other process reads half a key; the first to finish wins.
    let draft = file.with_extension(format!("{}.draft", std::process::id()));
    let mut out = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)
        .map_err(unusable)?;
    out.write_all(key.as_bytes()).and_then(|()| out.sync_all()).map_err(unusable)?;
    let linked = std::fs::hard_link(&draft, file);
    std::fs::remove_file(&draft).map_err(unusable)?;
    match linked {
        Ok(()) => Ok(key.into()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            std::fs::read_to_string(file).map(|keys| keys.trim().to_owned().into()).map_err(unusable)
        }
        Err(error) => Err(unusable(error)),
    }
}
