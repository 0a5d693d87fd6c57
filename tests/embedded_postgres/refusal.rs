//! What cannot be honoured is refused, with what to do about it.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use unicrm::store::cluster::{Cluster, ClusterError, ClusterOptions, Durability};

use crate::scratch::{Scratch, own_uid};

#[tokio::test]
async fn without_binaries_the_error_gives_the_commands_to_install_them() {
    let scratch = Scratch::new("none");
    let bin_dir = scratch.root.join("bin");
    fs::create_dir(&bin_dir).expect("an empty directory");
    let options = ClusterOptions { bin_dir: Some(bin_dir.clone()), ..scratch.options(Durability::Safe) };
    let error = Cluster::start(options).await.expect_err("there is nothing to start");
    assert!(matches!(error, ClusterError::NoBinaries { .. }), "{error:?}");
    let text = error.to_string();
    for part in [
        "apt-get install postgresql",
        "dnf install postgresql-server",
        "apk add postgresql",
        "brew install postgresql@",
        "DATABASE_URL",
        "UNICRM_PG_BIN",
        &bin_dir.display().to_string(),
    ] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
}

#[tokio::test]
async fn a_cluster_stays_with_the_version_that_made_it() {
    let scratch = Scratch::new("pinned");
    fs::create_dir(scratch.data_dir.join("pg99")).expect("a cluster of the future");
    fs::write(scratch.data_dir.join("pg99/PG_VERSION"), "99\n").expect("its version");
    if own_uid() == 0 {
        let owner = "belongs to root";
        let text = scratch.start_error().await.to_string();
        assert!(text.contains(owner), "{text}");
        std::os::unix::fs::chown(scratch.data_dir.join("pg99"), Some(65534), None).expect("an owner");
    }
    let error = scratch.start_error().await;
    assert!(matches!(error, ClusterError::BinariesGone { major: 99, .. }), "{error:?}");
    let text = error.to_string();
    for part in ["PostgreSQL 99", "pg99", "UNICRM_PG_BIN", "DATABASE_URL"] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
}

#[tokio::test]
async fn a_server_that_cannot_start_is_reported_with_the_end_of_its_log() {
    let scratch = Scratch::new("log");
    scratch.start().await.leave().await.expect("an orderly leave");
    fs::write(scratch.cluster().join("postgresql.auto.conf"), "no_such_setting = 1\n")
        .expect("a bad setting");
    let error = scratch.start_error().await;
    assert!(matches!(error, ClusterError::Server { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("no_such_setting"), "{text}");
    assert!(text.contains(".log"), "{text}");
    assert!(!text.contains("ready to accept connections"), "of this start alone: {text}");
}

#[tokio::test]
async fn as_root_a_directory_that_the_servers_user_cannot_reach_is_refused_with_the_setting_to_change() {
    if own_uid() != 0 {
        return;
    }
    let scratch = Scratch::with_data_dir("closed", "data");
    fs::set_permissions(&scratch.root, fs::Permissions::from_mode(0o700)).expect("its mode");
    let error = scratch.start_error().await;
    assert!(matches!(error, ClusterError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("UNICRM_DATA_DIR"), "{error}");
}

#[tokio::test]
async fn as_root_an_empty_private_directory_is_opened_to_passing_through() {
    if own_uid() != 0 {
        return;
    }
    let scratch = Scratch::new("mktemp");
    fs::set_permissions(&scratch.data_dir, fs::Permissions::from_mode(0o700)).expect("its mode");
    let cluster = scratch.start().await;
    assert_eq!(scratch.data_dir.metadata().expect("its mode").mode() & 0o777, 0o701);
    cluster.leave().await.expect("an orderly leave");
}
