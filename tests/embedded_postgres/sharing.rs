//! The ordinary life of a cluster: it is made, several processes use one server, and the last to leave stops it.

use sqlx::Connection;
use unicrm::store::cluster::ClusterError;

use crate::holder::Holder;
use crate::scratch::{Scratch, connect, is_postgres, read_the_row, setting, url_options, write_a_row};

#[tokio::test]
async fn first_start_makes_a_cluster_that_answers() {
    let scratch = Scratch::with_data_dir("first", "not/there/yet");
    let cluster = scratch.start().await;
    cluster.create_database("unicrm").await.expect("a new database");
    cluster.create_database("unicrm").await.expect("no complaint about the one that exists");
    let mut connection = connect(cluster.connect_options("unicrm")).await;
    let row: (String, String) = sqlx::query_as("SELECT current_database()::text, current_user::text")
        .fetch_one(&mut connection)
        .await
        .expect("an answer");
    assert_eq!(row, ("unicrm".to_owned(), "unicrm".to_owned()));
    assert!(setting(&cluster, "server_version_num").await.parse::<u32>().expect("a number") >= 15_00_00);
    cluster.leave().await.expect("an orderly leave");
}

#[tokio::test]
async fn database_names_are_quoted_and_too_long_ones_refused() {
    let scratch = Scratch::new("names");
    let cluster = scratch.start().await;
    let name = "a \"b\"; DROP DATABASE postgres; --/?é";
    cluster.create_database(name).await.expect("a database of any name");
    for options in [cluster.connect_options(name), url_options(&cluster.url(name))] {
        let mut connection = connect(options).await;
        let current: String = sqlx::query_scalar("SELECT current_database()::text")
            .fetch_one(&mut connection)
            .await
            .expect("an answer");
        assert_eq!(current, name);
    }
    for bad in [String::new(), "x".repeat(64)] {
        let refused = cluster.create_database(&bad).await;
        assert!(matches!(refused, Err(ClusterError::Database { .. })), "{refused:?}");
    }
    cluster.leave().await.expect("an orderly leave");
}

#[tokio::test]
async fn creating_one_database_from_many_callers_at_once_makes_it_once() {
    let scratch = Scratch::new("createdb");
    let cluster = scratch.start().await;
    for round in 0..5 {
        let name = format!("shared_{round}");
        let created = futures::future::join_all((0..6).map(|_| cluster.create_database(&name))).await;
        for result in created {
            result.expect("the database exists in the end");
        }
        connect(cluster.connect_options(&name)).await;
    }
    cluster.leave().await.expect("an orderly leave");
}

#[tokio::test]
async fn a_second_process_attaches_and_the_database_outlives_the_first() {
    let scratch = Scratch::new("second");
    let first = scratch.start().await;
    let server = scratch.postmaster();
    let mut second = Holder::spawn(&scratch, &[]);
    let url = second.wait_until_holding();
    assert_eq!(url, first.url("postgres"));
    first.leave().await.expect("an orderly leave");
    connect(url_options(&url)).await.ping().await.expect("an answer");
    assert_eq!(scratch.postmaster(), server, "it is the same server");
    second.leave();
    assert!(!scratch.has_socket(), "and the last to leave stopped it");
}

#[tokio::test]
async fn the_last_to_leave_stops_the_server_and_what_was_written_is_there_after_a_restart() {
    let scratch = Scratch::new("last");
    let (first, second) = (scratch.start().await, scratch.start().await);
    write_a_row(&first).await;
    second.leave().await.expect("an orderly leave");
    assert_eq!(read_the_row(&first).await, "still here");
    first.leave().await.expect("an orderly leave");
    assert_eq!((scratch.postmaster(), scratch.has_socket()), (None, false), "the server has stopped");

    let again = scratch.start().await;
    assert_eq!(read_the_row(&again).await, "still here");
    again.leave().await.expect("an orderly leave");
}

#[tokio::test]
async fn dropping_a_share_leaves_the_server_running() {
    let scratch = Scratch::new("drop");
    scratch.start().await.keep_running();
    let server = scratch.postmaster();
    assert!(server.is_some_and(is_postgres));
    let again = scratch.start().await;
    assert_eq!(scratch.postmaster(), server);
    again.leave().await.expect("an orderly leave");
}

#[tokio::test]
async fn six_processes_that_start_at_once_share_one_server() {
    let scratch = Scratch::new("six");
    let mut holders: Vec<Holder> = (0..6).map(|_| Holder::spawn(&scratch, &[])).collect();
    let urls: Vec<String> = holders.iter_mut().map(Holder::wait_until_holding).collect();
    assert!(urls.iter().all(|url| *url == urls[0]), "{urls:?}");
    let server = scratch.postmaster();
    let last = holders.pop().expect("six of them");
    holders.into_iter().for_each(Holder::leave);
    connect(url_options(&urls[0])).await.ping().await.expect("an answer");
    assert_eq!(scratch.postmaster(), server);
    last.leave();
    assert!(!scratch.has_socket(), "the last one stopped it");
}

#[tokio::test]
async fn a_start_while_the_last_one_leaves_ends_with_a_server() {
    let scratch = Scratch::new("race");
    let mut current = scratch.start().await;
    for round in 0..8 {
        let (left, started) = if round % 2 == 0 {
            tokio::join!(current.leave(), scratch.start())
        } else {
            let (started, left) = tokio::join!(scratch.start(), current.leave());
            (left, started)
        };
        left.expect("an orderly leave");
        connect(started.connect_options("postgres")).await.ping().await.expect("an answer");
        current = started;
    }
    current.leave().await.expect("an orderly leave");
}

#[tokio::test]
async fn a_path_with_spaces_and_other_unusual_characters_works() {
    let scratch = Scratch::with_data_dir("odd", "a b/c'd;&é%20#?");
    let cluster = scratch.start().await;
    connect(url_options(&cluster.url("postgres"))).await.ping().await.expect("an answer by the URL");
    cluster.leave().await.expect("an orderly leave");
    scratch.start().await.leave().await.expect("a second start and leave");
}
