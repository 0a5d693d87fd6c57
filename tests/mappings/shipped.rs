use unicrm::mapping::catalog::Support;
use unicrm::mapping::expression::{Budget, Engine, Scope};
use unicrm::mapping::{Catalog, Files};
use unicrm::model::Record;

/// Native records in Capsule's shapes, full and bare.
const PEOPLE: &str = r#"[
  {"id": 1, "type": "person", "firstName": "Zoë", "lastName": null, "jobTitle": null, "organisation": null,
   "owner": null, "team": null, "about": null, "createdAt": null, "updatedAt": null, "lastContactedAt": null,
   "addresses": [], "phoneNumbers": [], "emailAddresses": [], "websites": []},
  {"id": 2, "type": "person", "firstName": "Ada", "lastName": "King", "jobTitle": "Countess",
   "organisation": {"id": 9, "type": "organisation", "name": "Engines"}, "owner": {"id": 4, "username": "olu"},
   "createdAt": "2024-03-19T18:25:25Z", "updatedAt": "2024-03-20T18:25:25Z", "lastContactedAt": "2024-03-21T18:25:25Z",
   "addresses": [{"id": 3, "type": "Home", "street": "1 Row\nFlat 2", "city": "Leeds", "state": null, "zip": "LS1", "country": "United Kingdom"}],
   "phoneNumbers": [{"id": 5, "type": "Fax", "number": "1"}, {"id": 6, "type": null, "number": "2"}],
   "emailAddresses": [{"id": 7, "type": "Work", "address": "ada@x.example"}],
   "websites": [{"id": 8, "service": "TWITTER", "address": "ada", "type": null, "url": "https://twitter.com/ada"}],
   "tags": [{"id": 10, "name": "VIP", "dataTag": false}],
   "fields": [{"id": 11, "definition": {"id": 12, "name": "Score"}, "value": "3"}, {"id": 13, "definition": {"id": 14, "name": "Ok"}, "value": true}]},
  {"id": 9, "type": "organisation", "name": "Engines", "about": "Makes engines", "owner": null,
   "createdAt": "2024-03-19T18:25:25Z", "updatedAt": "2024-03-20T18:25:25Z", "lastContactedAt": null,
   "addresses": [], "phoneNumbers": [], "emailAddresses": [],
   "websites": [{"id": 15, "service": "URL", "address": "engines.example", "url": "http://engines.example"}]}
]"#;

const USERS: &str = r#"[
  {"id": 4, "username": "olu", "name": "Olu", "status": "ACTIVE", "party": {"id": 1, "type": "person", "emailAddresses": [{"id": 2, "address": "olu@x.example"}]}},
  {"id": 5, "username": "sam@x.example", "name": "Sam", "status": "INVITED", "party": {"id": 2, "type": "person"}},
  {"id": 6, "username": "gone", "name": "Gone", "status": "ACTIVE", "deleted": true, "party": null}
]"#;

const TASKS: &str = r#"[
  {"id": 7, "description": "Ring", "status": "OPEN", "owner": {"id": 4, "name": "Olu"}, "dueOn": "2024-05-20", "dueTime": "09:30:00",
   "category": null, "party": {"id": 2, "type": "person", "firstName": "Ada", "lastName": null}, "opportunity": null, "kase": null},
  {"id": 8, "description": "Pay", "status": "COMPLETED", "owner": null, "dueOn": "2024-05-21", "dueTime": null,
   "category": {"id": 3, "name": "Billing"}, "party": null, "opportunity": {"id": 5, "name": "Sale"}, "completedAt": "2024-05-21T08:00:00Z"}
]"#;

/// Every unified record that a provider's get makes of the samples.
fn records(catalog: &Catalog, resource: &str, samples: &str) -> Vec<serde_json::Value> {
    let Support::Served(cell) =
        catalog.providers["capsule"].support("crm", resource, unicrm::model::Method::Get)
    else {
        panic!("capsule serves {resource}");
    };
    let mapping = cell.main().response_mapping.as_ref().expect("a response mapping");
    let samples: Vec<serde_json::Value> = serde_json::from_str(samples).expect("samples");
    let mapped = samples.into_iter().filter_map(|sample| {
        let scope = Scope::new().with("response", sample);
        mapping.evaluate(&scope, &Budget::default()).expect("no error").filter(|value| !value.is_null())
    });
    let schema = &catalog.models["crm"].resources[resource];
    let shaped = mapped.map(|value| {
        let names: Vec<String> = value.as_object().expect("an object").keys().cloned().collect();
        for name in names {
            assert!(schema.fields.contains_key(&name), "{resource} has no field {name}");
        }
        let record = Record::shape(schema, &value, None).expect("a record that fits");
        serde_json::Value::Object(record.fields().expect("an object"))
    });
    shaped.collect()
}

#[test]
fn the_shipped_mappings_have_no_problems_on_any_engine() {
    for engine in Engine::ALL {
        let loaded = Catalog::load(&Files::embedded(), *engine);
        assert!(loaded.is_ok(), "{engine}: {:#?}", loaded.err());
    }
}

#[test]
fn every_engine_makes_the_same_records() {
    let catalogs: Vec<Catalog> = Engine::ALL
        .iter()
        .map(|engine| Catalog::load(&Files::embedded(), *engine).expect("no problems"))
        .collect();
    let resources =
        [("contacts", PEOPLE, 2), ("accounts", PEOPLE, 1), ("users", USERS, 3), ("tasks", TASKS, 2)];
    for (resource, samples, count) in resources {
        let first = records(&catalogs[0], resource, samples);
        assert_eq!(first.len(), count, "{resource}");
        for catalog in &catalogs[1..] {
            assert_eq!(records(catalog, resource, samples), first, "{resource}");
        }
    }
}

#[test]
fn users_are_active_unless_they_are_deleted_or_not_yet_there() {
    let catalog = Catalog::load(&Files::embedded(), Engine::Core).expect("no problems");
    let users = records(&catalog, "users", USERS);
    let seen: Vec<_> =
        users.iter().map(|user| (user["email"].as_str(), user["is_active"].as_bool())).collect();
    assert_eq!(
        seen,
        [(Some("olu@x.example"), Some(true)), (Some("sam@x.example"), Some(false)), (None, Some(false))]
    );
}
