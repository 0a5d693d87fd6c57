//! The contract's dialect of JSON Schema, in which callers describe models and are told of them: `required` is a
//! boolean of each property, and `read_only`, `write_only` and `extension` mark what is special of one.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::operation::Method;
use super::query::OPERATORS;
use super::schema::{Field, Filter, Format, Resource, Type};

impl Field {
    /// Reads a schema in the contract's dialect: JSON Schema, but `required` is a boolean of each property.
    pub fn from_contract(schema: &Value) -> Result<Self, String> {
        let Value::Object(given) = schema else { return Err("a schema is an object".to_owned()) };
        let text = |name: &str| given.get(name).and_then(Value::as_str);
        let kind = match text("type") {
            Some("string") => Type::String,
            Some("integer") => Type::Integer,
            Some("number") => Type::Number,
            Some("boolean") => Type::Boolean,
            Some("object") => Type::Object,
            Some("array") => Type::Array,
            Some(other) => {
                return Err(format!(
                    "{other:?} is not a type: string, integer, number, boolean, object, array"
                ));
            }
            None => return Err("a schema has a type".to_owned()),
        };
        let flag = |name: &str| given.get(name).and_then(Value::as_bool).unwrap_or_default();
        // Plain JSON Schema names the required properties in a list beside them.
        let listed: Vec<&str> = strings(given.get("required")).collect();
        let mut properties = IndexMap::new();
        for (name, inner) in given.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let mut field = Field::from_contract(inner).map_err(|problem| format!("{name}: {problem}"))?;
            field.required |= listed.contains(&name.as_str());
            properties.insert(name.clone(), field);
        }
        let items = given.get("items").map(|items| Field::from_contract(items).map(Box::new)).transpose()?;
        Ok(Field {
            kind,
            description: text("description").unwrap_or_default().to_owned(),
            format: (text("format") == Some("date-time")).then_some(Format::DateTime),
            one_of: strings(given.get("enum")).map(str::to_owned).collect(),
            aliases: strings(given.get("aliases")).map(str::to_owned).collect(),
            required: flag("required"),
            read_only: flag("read_only"),
            write_only: flag("write_only"),
            extension: flag("extension"),
            properties,
            items,
        })
    }

    /// Writes the field in the contract's dialect.
    pub fn to_contract(&self) -> Value {
        let mut schema = Map::new();
        schema.insert("type".to_owned(), Value::from(self.kind.as_str()));
        if !self.description.is_empty() {
            schema.insert("description".to_owned(), Value::from(self.description.as_str()));
        }
        if let Some(format) = self.format {
            schema.insert("format".to_owned(), Value::from(format.as_str()));
        }
        if !self.one_of.is_empty() {
            schema.insert("enum".to_owned(), json!(self.one_of));
        }
        if !self.properties.is_empty() {
            let properties = self.properties.iter().map(|(name, field)| (name.clone(), field.to_contract()));
            schema.insert("properties".to_owned(), Value::Object(properties.collect()));
        }
        if let Some(items) = &self.items {
            schema.insert("items".to_owned(), items.to_contract());
        }
        if !self.aliases.is_empty() {
            schema.insert("aliases".to_owned(), json!(self.aliases));
        }
        schema.insert("required".to_owned(), Value::Bool(self.required));
        for (key, on) in
            [("read_only", self.read_only), ("write_only", self.write_only), ("extension", self.extension)]
        {
            if on {
                schema.insert(key.to_owned(), Value::Bool(true));
            }
        }
        Value::Object(schema)
    }

    /// The parameters of a method that an object of filters stands for: `owner[id]` for the member `id` of `owner`.
    pub fn parameters(&self, method: Method) -> Vec<(String, Filter)> {
        let mut found = Vec::new();
        for (name, field) in &self.properties {
            if field.kind == Type::Object && !field.properties.is_empty() {
                let inner = field.parameters(method).into_iter().map(|(inner, filter)| {
                    let (first, rest) =
                        inner.split_once('[').map_or((inner.as_str(), ""), |(first, rest)| (first, rest));
                    let rest = if rest.is_empty() { String::new() } else { format!("[{rest}") };
                    (format!("{name}[{first}]{rest}"), filter)
                });
                found.extend(inner);
            } else {
                let filter = Filter {
                    kind: field.kind,
                    description: field.description.clone(),
                    format: field.format,
                    one_of: field.one_of.clone(),
                    aliases: Vec::new(),
                    methods: vec![method],
                    extension: false,
                };
                found.push((name.clone(), filter));
            }
        }
        found
    }
}

/// The texts of a list; none where there is no list.
fn strings(list: Option<&Value>) -> impl Iterator<Item = &str> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

impl Filter {
    /// Writes the parameter in the contract's dialect, with the operators that it takes where they are known.
    fn to_contract(&self, operators: Option<Vec<&str>>) -> Value {
        let mut schema = Map::from_iter([
            ("type".to_owned(), Value::from(self.kind.as_str())),
            ("description".to_owned(), Value::from(self.description.as_str())),
        ]);
        if let Some(format) = self.format {
            schema.insert("format".to_owned(), Value::from(format.as_str()));
        }
        if !self.one_of.is_empty() {
            schema.insert("enum".to_owned(), json!(self.one_of));
        }
        if !self.aliases.is_empty() {
            schema.insert("aliases".to_owned(), json!(self.aliases));
        }
        if let Some(operators) = operators {
            schema.insert("operators".to_owned(), json!(operators));
        }
        schema.insert("required".to_owned(), Value::Bool(false));
        if self.extension {
            schema.insert("extension".to_owned(), Value::Bool(true));
        }
        Value::Object(schema)
    }
}

impl Resource {
    /// What a record has.
    pub fn schema(&self) -> Value {
        let fields = self.fields.iter().filter(|(_, field)| !field.write_only);
        let mut properties: Map<String, Value> =
            fields.map(|(name, field)| (name.clone(), field.to_contract())).collect();
        let remote = "The provider's own record, as it was received.";
        properties.insert(
            "remote_data".to_owned(),
            json!({ "type": "object", "description": remote, "required": false }),
        );
        object(&self.description, properties)
    }

    /// What a body may have, of the fields that `takes` keeps.
    pub fn body_schema(&self, takes: impl Fn(&str) -> bool) -> Value {
        let fields = self.fields.iter().filter(|(name, field)| field.is_writable() && takes(name));
        let mut properties: Map<String, Value> =
            fields.map(|(name, field)| (name.clone(), field.to_contract())).collect();
        let remote = "Goes into the provider's request as it is, over what is made of the other fields.";
        properties.insert(
            "remote_data".to_owned(),
            json!({ "type": "object", "description": remote, "required": false }),
        );
        object(&format!("The fields of {} to write.", article(&self.singular)), properties)
    }

    /// The query parameters of a method, as an object: `owner[id]` is the member `id` of `owner`.
    ///
    /// With `served`, only those of its names, and each with the operators that stand there.
    pub fn query_schema(&self, method: Method, served: Option<&[String]>) -> Value {
        let mut properties = Map::new();
        for (name, filter) in self.parameters(method) {
            let operators: Option<Vec<&str>> = served.map(|served| operators(name, served));
            if operators.as_ref().is_none_or(|operators| !operators.is_empty()) {
                place(&mut properties, name, filter.to_contract(operators));
            }
        }
        if method == Method::List && served.is_none() && !self.sort_by.is_empty() {
            let direction = json!({ "type": "string", "enum": ["asc", "desc"], "required": false });
            let keys: Map<String, Value> =
                self.sort_by.iter().map(|key| (key.clone(), direction.clone())).collect();
            properties.insert("sort_by".to_owned(), object("What the list is sorted by.", keys));
        }
        object(&format!("The query parameters of {method}."), properties)
    }
}

/// The operators with which a provider serves a parameter; `eq` for the parameter alone.
pub fn operators<'a>(name: &str, served: &'a [String]) -> Vec<&'a str> {
    let found = served.iter().filter_map(|spelling| match spelling.strip_prefix(name)? {
        "" => Some("eq"),
        rest => rest.strip_prefix('[')?.strip_suffix(']').filter(|operator| OPERATORS.contains(operator)),
    });
    found.collect()
}

/// A word with its article.
pub fn article(noun: &str) -> String {
    let vowel = noun.starts_with(['a', 'e', 'i', 'o']);
    format!("{} {noun}", if vowel { "an" } else { "a" })
}

fn object(description: &str, properties: Map<String, Value>) -> Value {
    json!({ "type": "object", "description": description, "properties": properties })
}

/// Puts a schema where a name with brackets says.
fn place(properties: &mut Map<String, Value>, name: &str, schema: Value) {
    let Some((outer, inner)) = name.split_once('[') else {
        // Where a member came first, it is the parameter alone that says what the object is.
        let members = properties.get(name).and_then(|known| known.get("properties")).cloned();
        let known = properties.entry(name.to_owned()).or_insert(Value::Null);
        *known = schema;
        if let Some(members) = members {
            known["properties"] = members;
        }
        return;
    };
    let inner = inner.replacen(']', "", 1);
    let known =
        properties.entry(outer.to_owned()).or_insert_with(|| json!({ "type": "object", "required": false }));
    let members = known.as_object_mut().map(|known| known.entry("properties").or_insert_with(|| json!({})));
    if let Some(Value::Object(members)) = members {
        place(members, &inner, schema);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource() -> Resource {
        serde_json::from_value(json!({
            "description": "A person.", "singular": "contact", "methods": ["list", "create"], "sort_by": ["name"],
            "fields": {
                "id": {"type": "string", "required": true, "read_only": true, "description": "Its id."},
                "name": {"type": "string"},
                "kind": {"type": "string", "enum": ["a", "b"], "extension": true},
                "secret": {"type": "string", "write_only": true},
                "tags": {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}}}},
                "created_at": {"type": "string", "format": "date-time", "read_only": true}
            },
            "filters": {
                "owner[id]": {"type": "string", "description": "The owner."},
                "created_at": {"type": "string", "format": "date-time", "description": "When."},
                "workspace[id]": {"type": "string", "description": "Where.", "methods": ["list", "create"]}
            }
        }))
        .unwrap()
    }

    #[test]
    fn required_is_a_boolean_of_each_property() {
        let schema = resource().schema();
        assert_eq!(
            schema["properties"]["id"],
            json!({"type": "string", "description": "Its id.", "required": true, "read_only": true})
        );
        assert_eq!(schema["properties"]["tags"]["items"]["properties"]["id"]["required"], json!(false));
        assert_eq!(schema.get("required"), None);
    }

    #[test]
    fn records_and_bodies_differ_by_what_can_only_be_read_or_written() {
        let names = |schema: &Value| {
            schema["properties"].as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names(&resource().schema()), "id name kind tags created_at remote_data");
        assert_eq!(names(&resource().body_schema(|_| true)), "name kind secret tags remote_data");
        assert_eq!(names(&resource().body_schema(|name| name == "kind")), "kind remote_data");
    }

    #[test]
    fn parameters_with_brackets_are_members_of_objects() {
        let schema = resource().query_schema(Method::List, None);
        assert_eq!(schema["properties"]["owner"]["properties"]["id"]["description"], json!("The owner."));
        assert_eq!(schema["properties"]["sort_by"]["properties"]["name"]["enum"], json!(["asc", "desc"]));
        let create = resource().query_schema(Method::Create, None);
        assert_eq!(create["properties"].as_object().unwrap().keys().collect::<Vec<_>>(), ["workspace"]);
    }

    #[test]
    fn a_provider_is_shown_with_the_operators_that_it_serves() {
        let served = ["created_at[gt]", "created_at", "name[like]"].map(str::to_owned);
        let schema = resource().query_schema(Method::List, Some(&served));
        assert_eq!(schema["properties"]["created_at"]["operators"], json!(["gt", "eq"]));
        assert_eq!(schema["properties"].get("owner"), None);
    }

    #[test]
    fn what_is_written_in_the_dialect_is_read_again() {
        for (name, field) in &resource().fields {
            let again = Field::from_contract(&field.to_contract()).unwrap();
            assert_eq!(again.to_contract(), field.to_contract(), "{name}");
        }
    }

    #[test]
    fn a_list_of_required_properties_is_read_too() {
        let schema = json!({
            "type": "object", "required": ["id"],
            "properties": {"id": {"type": "string"}, "name": {"type": "string"}}
        });
        let field = Field::from_contract(&schema).unwrap();
        assert_eq!((field.properties["id"].required, field.properties["name"].required), (true, false));
    }
}
