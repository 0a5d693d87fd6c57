//! Every resource of the unified models against `published.txt`, where the published contract is written down a
//! second time so that neither side can change alone.

use std::collections::BTreeMap;

use unicrm::mapping::Files;
use unicrm::mapping::catalog::Catalog;
use unicrm::mapping::expression::Engine;
use unicrm::model::schema::Format;
use unicrm::model::{Field, Method, Record, Resource, Type};

const STRING: &str = "string";
const INSTANT: &str = "date-time";

/// What the published contract says of a resource.
#[derive(Default)]
struct Published {
    path: &'static str,
    methods: Vec<&'static str>,
    custom: Vec<&'static str>,
    /// Name and shape, in order.
    fields: Vec<(&'static str, &'static str)>,
    ours: Vec<(&'static str, &'static str)>,
    unread: Vec<(&'static str, &'static str)>,
    enums: BTreeMap<&'static str, Vec<&'static str>>,
    /// By method.
    takes: BTreeMap<&'static str, Vec<&'static str>>,
    sort_by: Vec<&'static str>,
}

fn published() -> Vec<Published> {
    let mut found: Vec<Published> = Vec::new();
    let lines = include_str!("published.txt").lines().map(str::trim);
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (key, rest) = line.split_once(' ').unwrap();
        if key == "resource" {
            found.push(Published { path: rest, ..Published::default() });
            continue;
        }
        let entry = found.last_mut().unwrap();
        let named = || rest.split_once(": ").unwrap();
        match key {
            "methods" => entry.methods.extend(rest.split(' ')),
            "custom" => entry.custom.extend(rest.split(' ')),
            "field" => entry.fields.push(named()),
            "ours" => entry.ours.push(named()),
            "unread" => entry.unread.push(named()),
            "enum" => entry.enums.entry(named().0).or_default().extend(named().1.split(", ")),
            "takes" => entry.takes.entry(named().0).or_default().extend(named().1.split(", ")),
            "sort_by" => entry.sort_by.extend(rest.split(", ")),
            other => panic!("published.txt has no key {other}"),
        }
    }
    found
}

fn catalog() -> Catalog {
    match Catalog::load(&Files::embedded(), Engine::default()) {
        Ok(catalog) => catalog,
        Err(problems) => panic!("the mappings have problems: {problems:#?}"),
    }
}

fn resources(catalog: &Catalog) -> Vec<(String, &Resource)> {
    let of_model = catalog.models.values().flat_map(|model| {
        model.resources.iter().map(|(name, resource)| (format!("{}/{name}", model.name), resource.as_ref()))
    });
    of_model.collect()
}

fn resource<'a>(catalog: &'a Catalog, path: &str) -> &'a Resource {
    let (model, name) = path.split_once('/').unwrap();
    catalog.resource(model, name).unwrap()
}

/// A field's shape as `published.txt` writes it.
fn shape(field: &Field) -> String {
    match field.kind {
        Type::String if field.format == Some(Format::DateTime) => INSTANT.to_owned(),
        Type::String => STRING.to_owned(),
        Type::Integer => "integer".to_owned(),
        Type::Number => "number".to_owned(),
        Type::Boolean => "boolean".to_owned(),
        Type::Object if field.is_open() => "object".to_owned(),
        Type::Object => {
            let member = |(name, field): (&String, &Field)| match shape(field).as_str() {
                STRING => name.clone(),
                other => format!("{name}: {other}"),
            };
            format!("{{{}}}", field.properties.iter().map(member).collect::<Vec<_>>().join(", "))
        }
        Type::Array => format!("[{}]", field.items.as_deref().map_or(String::new(), shape)),
    }
}

/// The resource's fields that `fits` keeps, with their shapes.
fn shapes(resource: &Resource, fits: impl Fn(&Field) -> bool) -> Vec<(&str, String)> {
    let kept = resource.fields.iter().filter(|(_, field)| fits(field));
    kept.map(|(name, field)| (name.as_str(), shape(field))).collect()
}

fn owned<'a>(pairs: &[(&'a str, &str)]) -> Vec<(&'a str, String)> {
    pairs.iter().map(|(name, shape)| (*name, (*shape).to_owned())).collect()
}

/// Every field of every resource at any depth, with where it is.
fn all_fields(catalog: &Catalog) -> Vec<(String, &Field)> {
    fn walk<'a>(at: String, field: &'a Field, found: &mut Vec<(String, &'a Field)>) {
        for (name, inner) in &field.properties {
            walk(format!("{at}.{name}"), inner, found);
        }
        if let Some(item) = &field.items {
            for (name, inner) in &item.properties {
                walk(format!("{at}[].{name}"), inner, found);
            }
        }
        found.push((at, field));
    }
    let mut found = Vec::new();
    for (path, resource) in resources(catalog) {
        for (name, field) in &resource.fields {
            walk(format!("{path}.{name}"), field, &mut found);
        }
        for (method, custom) in &resource.custom_methods {
            for (name, field) in custom.body.iter().chain(&custom.parameters) {
                walk(format!("{path}/{method}.{name}"), field, &mut found);
            }
        }
    }
    found
}

#[test]
fn the_models_have_the_contracts_resources_and_no_others() {
    let catalog = catalog();
    let expected: Vec<String> = published().iter().map(|expected| expected.path.to_owned()).collect();
    let found: Vec<String> = resources(&catalog).into_iter().map(|(path, _)| path).collect();
    assert_eq!(found, expected);
}

#[test]
fn every_field_has_the_contracts_name_shape_and_place() {
    let catalog = catalog();
    for expected in published() {
        let resource = resource(&catalog, expected.path);
        let found = shapes(resource, |field| !field.extension && !field.write_only);
        assert_eq!(found, owned(&expected.fields), "{}", expected.path);
    }
}

#[test]
fn what_is_ours_is_marked_and_nothing_else_is() {
    let catalog = catalog();
    for expected in published() {
        let resource = resource(&catalog, expected.path);
        let path = expected.path;
        assert_eq!(shapes(resource, |field| field.extension), owned(&expected.ours), "{path}");
        assert_eq!(shapes(resource, |field| field.write_only), owned(&expected.unread), "{path}");
        for (name, filter) in &resource.filters {
            let field = name.split('[').next().and_then(|root| resource.fields.get(root));
            if let Some(field) = field {
                assert_eq!(filter.extension, field.extension, "{path}: the filter {name}");
            }
        }
    }
}

#[test]
fn methods_are_the_contracts() {
    let catalog = catalog();
    for expected in published() {
        let resource = resource(&catalog, expected.path);
        let methods: Vec<&str> = resource.methods.iter().map(|method| method.as_str()).collect();
        assert_eq!(methods, expected.methods, "{}", expected.path);
        let custom: Vec<&str> = resource.custom_methods.keys().map(String::as_str).collect();
        assert_eq!(custom, expected.custom, "{}", expected.path);
    }
}

#[test]
fn values_that_the_contract_names_are_named() {
    let catalog = catalog();
    for expected in published() {
        let resource = resource(&catalog, expected.path);
        for (name, values) in expected.enums {
            let found = &resource.fields[name].one_of;
            let missing: Vec<_> = values.iter().filter(|value| !found.iter().any(|f| f == *value)).collect();
            assert!(missing.is_empty(), "{}: {name} lacks {missing:?}", expected.path);
        }
    }
}

#[test]
fn parameters_that_the_contract_names_are_taken() {
    let catalog = catalog();
    for expected in published() {
        let resource = resource(&catalog, expected.path);
        for (method, names) in expected.takes {
            let method: Method = method.parse().unwrap();
            for name in names {
                assert!(resource.parameter(method, name).is_some(), "{} {method}: {name}", expected.path);
            }
        }
        for name in expected.sort_by {
            assert!(resource.sort_by.iter().any(|key| key == name), "{}: sort_by {name}", expected.path);
        }
    }
}

#[test]
fn ids_are_strings_and_instants_have_their_format() {
    let catalog = catalog();
    for (at, field) in all_fields(&catalog) {
        let name = at.rsplit(['.', '/']).next().unwrap();
        if name == "id" && field.kind != Type::Array {
            assert_eq!(shape(field), STRING, "{at}");
        }
        if name.ends_with("_at") || name.ends_with("_date") || name.ends_with("_time") {
            assert_eq!(shape(field), INSTANT, "{at}");
        }
    }
}

#[test]
fn everything_is_described() {
    let catalog = catalog();
    for (at, field) in all_fields(&catalog) {
        assert!(!field.description.trim().is_empty(), "{at} has no description");
    }
    for (path, resource) in resources(&catalog) {
        assert!(!resource.description.is_empty() && !resource.singular.is_empty(), "{path}");
        for (name, filter) in &resource.filters {
            assert!(!filter.description.trim().is_empty(), "{path}: the filter {name} has no description");
        }
    }
}

#[test]
fn a_record_carries_the_contracts_spelling_of_associations() {
    let catalog = catalog();
    let resource = resource(&catalog, "crm/associations");
    let mapped = serde_json::json!({
        "entity_id": "1", "entity": "contacts", "associations": {"accounts": [{"id": 7}], "leads": []}
    });
    let record = Record::shape(resource, &mapped, None).unwrap();
    let fields = record.fields().unwrap();
    let associations = &fields["associations"];
    assert_eq!(associations["acocunts"], serde_json::json!([{"id": "7"}]));
    assert_eq!(associations.get("accounts"), None);
}
