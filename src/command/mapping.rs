//! `unicrm mapping eval`: a mapping or an expression over a file, as it would run in the gateway.

use std::io::Read;

use serde_json::{Map, Value, json};

use super::serve::catalog;
use super::{EvalArgs, Failure, Outcome};
use crate::clock::Clock;
use crate::config::Settings;
use crate::mapping::catalog::Support;
use crate::mapping::expression::{Budget, Engine, Expression, Scope};
use crate::mapping::{Catalog, Cell};
use crate::model::{Method, Record, Resource};

/// What is always in scope, if only as an empty object.
const EMPTY: [&str; 6] = ["query", "rawQuery", "body", "context", "before", "after"];

/// Evaluates, and prints the result as JSON. Undefined is not null: it prints nothing, and says so on standard error.
pub fn eval(args: &EvalArgs, settings: &Settings) -> Outcome {
    let input = read(args)?;
    let result = match &args.expression {
        Some(text) => expression(text, input, settings)?,
        None => mapping(args, input, settings)?,
    };
    match result {
        Some(result) => {
            let text = serde_json::to_string_pretty(&result);
            println!("{}", text.map_err(|error| Failure::new(error.to_string()))?);
        }
        None => eprintln!("undefined: the expression selects nothing"),
    }
    Ok(())
}

fn read(args: &EvalArgs) -> Result<Value, Failure> {
    let name = args.input.display();
    let mut text = String::new();
    let read = if args.input.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text).map(|_| ())
    } else {
        std::fs::read_to_string(&args.input).map(|content| text = content)
    };
    read.map_err(|error| Failure::new(format!("{name}: {error}")))?;
    serde_json::from_str(&text).map_err(|error| Failure::new(format!("{name}: not JSON: {error}")))
}

/// An expression sees the file as the root, as in every JSONata tool.
fn expression(text: &str, input: Value, settings: &Settings) -> Result<Option<Value>, Failure> {
    let engine: Engine = settings.jsonata_engine.parse().map_err(|error| Failure::new(format!("{error}")))?;
    let compiled = Expression::compile(engine, "the expression", text).map_err(|error| {
        Failure::new(format!("the expression:{}:{}: {}", error.line, error.column, error.message))
    })?;
    let scope = match input {
        Value::Object(members) => {
            members.into_iter().fold(scope(), |scope, (name, value)| scope.with(name, value))
        }
        other => {
            return Err(Failure::new(format!(
                "the file must hold a JSON object, whose members the expression reads; it holds {}",
                kind(&other)
            )));
        }
    };
    evaluate(&compiled, &scope)
}

fn mapping(args: &EvalArgs, input: Value, settings: &Settings) -> Result<Option<Value>, Failure> {
    let folder = args.mappings.as_deref().or(settings.mappings_dir.as_deref());
    let catalog = catalog(folder, settings)?;
    let path = args.resource.clone().unwrap_or_default();
    let (model, name) = path.split_once('/').unwrap_or(("crm", &path));
    let resource = catalog.resource(model, name)?;
    let cell = cell(&catalog, args, model, name)?;
    let source = cell.main();
    let slot = match args.slot.as_str() {
        "response" => &source.response_mapping,
        "request" => &source.request_body_mapping,
        _ => &source.query_mapping,
    };
    let slot =
        slot.as_ref().ok_or_else(|| Failure::new(format!("{} has no {} mapping", cell.name, args.slot)))?;
    match args.slot.as_str() {
        "response" => unified(resource, slot, native_records(&cell, input)).map(Some),
        _ => native(slot, input),
    }
}

/// What the caller gets for the vendor's records: one for one, or a list.
fn unified(resource: &Resource, slot: &Expression, records: Vec<Value>) -> Result<Value, Failure> {
    let mut mapped = Vec::new();
    for record in records {
        let scope = EMPTY.into_iter().fold(scope(), |scope, name| scope.with(name, json!({})));
        match evaluate(slot, &scope.with("response", record))? {
            None | Some(Value::Null) => mapped.push(Value::Null),
            Some(value) => {
                let record = Record::shape(resource, &value, None);
                let record = record.map_err(|error| Failure::new(format!("{}: {error}", slot.name())))?;
                let fields = record.fields().map_err(|error| Failure::new(error.to_string()))?;
                mapped.push(Value::Object(fields));
            }
        }
    }
    let left_out = mapped.iter().filter(|record| record.is_null()).count();
    if left_out > 0 {
        eprintln!(
            "null ({left_out}): the mapping says that this is no {}; lists leave it out",
            resource.singular
        );
    }
    Ok(if mapped.len() == 1 { mapped.remove(0) } else { Value::Array(mapped) })
}

/// What the vendor gets for a caller's query or body.
fn native(slot: &Expression, input: Value) -> Result<Option<Value>, Failure> {
    let Value::Object(given) = input else {
        return Err(Failure::new(format!(
            "the file must hold what the mapping reads, such as {{\"body\": {{…}}}} or {{\"query\": {{…}}}}; it holds {}",
            kind(&input)
        )));
    };
    let mut members: Map<String, Value> =
        EMPTY.map(|name| (name.to_owned(), json!({}))).into_iter().collect();
    members.extend(given);
    let scope = members.into_iter().fold(scope(), |scope, (name, value)| scope.with(name, value));
    evaluate(slot, &scope)
}

fn cell(
    catalog: &Catalog,
    args: &EvalArgs,
    model: &str,
    name: &str,
) -> Result<std::sync::Arc<Cell>, Failure> {
    let provider = args.provider.as_deref().unwrap_or_default();
    let provider = catalog.providers.get(provider).ok_or_else(|| {
        let known: Vec<&str> = catalog.providers.keys().map(String::as_str).collect();
        Failure::new(format!("there is no provider {provider:?}; there are: {}", known.join(", ")))
    })?;
    let method: Method = args.method.parse().map_err(|()| {
        Failure::new(format!(
            "there is no method {:?}; there are: list, get, create, update, delete",
            args.method
        ))
    })?;
    match provider.support(model, name, method) {
        Support::Served(cell) => Ok(cell),
        Support::Unsupported(reason) => Err(Failure::new(reason)),
    }
}

/// The records of a vendor's whole answer; or the input itself, if it is a record, or a list of records.
fn native_records(cell: &Cell, input: Value) -> Vec<Value> {
    let call = cell.main().call();
    let path = call.and_then(|call| call.facts.response_path.as_deref()).unwrap_or_default();
    let inner = path.split('.').try_fold(&input, |value, name| value.get(name)).cloned();
    match inner.unwrap_or(input) {
        Value::Array(records) => records,
        record => vec![record],
    }
}

fn scope() -> Scope {
    Scope::new().at(Clock::system().unix_millis())
}

fn evaluate(expression: &Expression, scope: &Scope) -> Result<Option<Value>, Failure> {
    let value = expression.evaluate(scope, &Budget::default());
    value.map_err(|error| Failure::new(error.to_string()))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
