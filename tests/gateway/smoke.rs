use crate::support::app::TestApp;

#[tokio::test]
async fn contacts_are_listed() {
    let app = TestApp::start().await;
    let t = std::time::Instant::now();
    let found = app.get("/unified/crm/contacts?limit=2").await.result();
    assert_eq!(found.len(), 2);
    eprintln!("list {:?}", t.elapsed());
}
