//! The end of records.

use serde_json::json;

use crate::case::Case;
use crate::suite::Suite;

pub fn add(suite: &mut Suite) {
    suite.add("a_deleted_record_is_gone_and_its_id_comes_back", deletes);
    suite.add("a_record_that_is_not_there_is_not_found", missing);
    suite.add("an_id_that_no_record_can_have_is_not_found_without_asking", impossible);
    if suite.subject().described.stranger.is_some() {
        suite.add("a_record_of_another_kind_is_not_found_and_stays", stranger);
    }
}

async fn deletes(case: &Case) {
    let before = case.records().await.len();
    let id = case.id_of(&case.rich().await);
    assert_eq!(case.delete(&id).await.ok(), json!({ "id": id }));
    assert_eq!(case.record(&id).await, None);
    assert_eq!(case.records().await.len(), before - 1);
    case.get(&id).await.error(404);
    case.delete(&id).await.error(404);
}

async fn missing(case: &Case) {
    let before = case.records().await.len();
    case.delete(case.subject.described.missing).await.error(404);
    assert_eq!(case.records().await.len(), before);
}

async fn impossible(case: &Case) {
    case.delete(case.subject.described.impossible).await.local_error(404);
    case.assert_vendor_not_called();
}

async fn stranger(case: &Case) {
    let stranger = case.subject.described.stranger.as_ref().expect("another kind");
    let id = (stranger.id)(&case.twin).await;
    case.delete(&id).await.local_error(404);
    assert!((stranger.record)(&case.twin, &id).await.is_some(), "it was deleted");
    assert!(case.native_calls().is_empty());
}
