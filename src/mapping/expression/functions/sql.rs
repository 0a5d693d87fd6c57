//! Conditions in the SQL-like languages of CRMs (SOQL, COQL), and the rows that such queries answer.

use jsonata_core::value::{JMap, JValue, with_stack};

use super::super::{running, values};
use super::lookup::translate;
use super::{HostFunction, HostResult, Refusal, Surroundings, arg, coerce, dates};

pub(super) const FUNCTIONS: &[HostFunction] = &[
    HostFunction::among(
        "convertQueryToSql",
        "query, keys?, mapping?, dataTypes?, operators?, options?",
        "The query as the condition of a WHERE: each key (of keys, or every one) compared by eq, ne, gt, gte, lt, lte, in, \
         nin or like, under its name in mapping; a bare value is eq, a list in; or holds alternatives, in parentheses. \
         dataTypes, by key: string, double_quote_string, number, boolean, dotnetdate, date, date|FORMAT, or an object of \
         values. operators renames operators. Options: conjunction, useOrForIn, useDoubleQuotes, noSpaceBetweenOperator, \
         noQuotes, noQuotesForDate, groupComparisonInBrackets, escapeSingleQuotes. Quotes inside of texts are escaped with \
         a backslash unless escapeSingleQuotes is false.",
        convert_query,
    ),
    HostFunction::plain(
        "zipSqlResponse",
        "columns, rows, key",
        "An object for each row, with its cells under the names that the columns have in their field key.",
        zip_response,
    ),
];

/// The names of operators, and what they are written as.
const OPERATORS: [(&str, &str); 9] = [
    ("eq", "="),
    ("ne", "<>"),
    ("gt", ">"),
    ("gte", ">="),
    ("lt", "<"),
    ("lte", "<="),
    ("in", "in"),
    ("nin", "not in"),
    ("like", "like"),
];

struct Converter<'a> {
    keys: &'a JValue,
    mapping: &'a JValue,
    types: &'a JValue,
    operators: &'a JValue,
    options: &'a JValue,
    now: Option<i64>,
}

fn convert_query(args: &[JValue], surroundings: &Surroundings) -> HostResult {
    let converter = Converter {
        keys: arg(args, 1),
        mapping: arg(args, 2),
        types: arg(args, 3),
        operators: arg(args, 4),
        options: arg(args, 5),
        now: surroundings.instant,
    };
    let conjunction = match converter.options.get("conjunction") {
        Some(JValue::String(conjunction)) if !conjunction.is_empty() => conjunction.to_string(),
        _ => "AND".to_owned(),
    };
    let text = converter.query(arg(args, 0), &conjunction)?;
    running::fits(text.len())?;
    Ok(JValue::string(text))
}

impl Converter<'_> {
    fn is_set(&self, option: &str) -> bool {
        self.options.get(option).is_some_and(coerce::is_truthy)
    }

    fn query(&self, query: &JValue, conjunction: &str) -> Result<String, Refusal> {
        let fields = match query {
            JValue::Object(fields) => fields,
            nothing if coerce::is_nothing(nothing) => return Ok(String::new()),
            _ => return Err(Refusal::argument("$convertQueryToSql: the query is an object")),
        };
        let keys: Vec<String> = match self.keys {
            JValue::Array(keys) if !keys.is_empty() => keys.iter().map(coerce::joined_text).collect(),
            JValue::String(key) => vec![key.to_string()],
            _ => fields.keys().cloned().collect(),
        };
        let mut conditions = Vec::new();
        for key in &keys {
            running::poll()?;
            match fields.get(key) {
                None | Some(JValue::Null | JValue::Undefined) => {}
                Some(alternatives) if key == "or" => conditions.extend(self.alternatives(alternatives)?),
                Some(comparison) => self.comparisons(key, comparison, &mut conditions)?,
            }
        }
        if self.is_set("groupComparisonInBrackets") {
            let mut conditions = conditions.into_iter();
            let first = conditions.next().unwrap_or_default();
            return Ok(conditions.fold(first, |all, condition| format!("({all} {conjunction} {condition})")));
        }
        Ok(conditions.join(&format!(" {conjunction} ")))
    }

    /// `(a = 1 OR b = 2)`, of an object's comparisons or of a list of queries.
    fn alternatives(&self, alternatives: &JValue) -> Result<Option<String>, Refusal> {
        let text = match alternatives {
            JValue::Array(queries) => {
                let texts: Result<Vec<String>, Refusal> =
                    queries.iter().map(|query| with_stack(|| self.query(query, "AND"))).collect();
                texts?.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" OR ")
            }
            query => with_stack(|| self.query(query, "OR"))?,
        };
        Ok((!text.is_empty()).then(|| format!("({text})")))
    }

    fn comparisons(
        &self,
        key: &str,
        comparison: &JValue,
        conditions: &mut Vec<String>,
    ) -> Result<(), Refusal> {
        match comparison {
            JValue::Array(_) => conditions.extend(self.list(key, "in", comparison)?),
            JValue::Object(operators) => {
                for (operator, value) in operators.iter() {
                    conditions.extend(match operator.as_str() {
                        "in" | "nin" => self.list(key, operator, value)?,
                        _ => self.single(key, operator, value)?,
                    });
                }
            }
            value => conditions.extend(self.single(key, "eq", value)?),
        }
        Ok(())
    }

    fn single(&self, key: &str, operator: &str, value: &JValue) -> Result<Option<String>, Refusal> {
        let operator = self.operator(operator)?;
        let value = self.typed(key, value)?;
        Ok(value.map(|value| self.condition(key, &operator, &value)))
    }

    fn list(&self, key: &str, operator: &str, value: &JValue) -> Result<Option<String>, Refusal> {
        let mut texts = Vec::new();
        for value in coerce::cast_array(value) {
            running::poll()?;
            texts.extend(self.typed(key, value)?);
        }
        if self.is_set("useOrForIn") {
            let equal = self.operator("eq")?;
            let conditions: Vec<String> =
                texts.iter().map(|text| self.condition(key, &equal, text)).collect();
            return Ok(Some(format!("({})", conditions.join(" OR "))));
        }
        let operator = self.operator(operator)?;
        Ok(Some(self.condition(key, &operator, &format!("({})", texts.join(",")))))
    }

    fn operator(&self, name: &str) -> Result<String, Refusal> {
        if let Some(JValue::String(custom)) = self.operators.get(name)
            && !custom.is_empty()
        {
            return Ok(custom.to_string());
        }
        let known = OPERATORS.iter().find(|(known, _)| *known == name);
        known.map(|(_, written)| (*written).to_owned()).ok_or_else(|| Refusal {
            code: "D3141",
            message: format!("$convertQueryToSql: unknown operator {name}"),
        })
    }

    fn condition(&self, key: &str, operator: &str, value: &str) -> String {
        let name = match self.mapping.get(key) {
            Some(JValue::String(name)) if !name.is_empty() => name,
            _ => key,
        };
        let space = if self.is_set("noSpaceBetweenOperator") { "" } else { " " };
        format!("{name}{space}{operator}{space}{value}")
    }

    /// The value as its data type is written; `None` for nothing.
    fn typed(&self, key: &str, value: &JValue) -> Result<Option<String>, Refusal> {
        if coerce::is_nothing(value) {
            return Ok(None);
        }
        let text = coerce::joined_text(value);
        Ok(match self.types.get(key) {
            Some(JValue::Object(table)) => match translate(value, table, false) {
                JValue::String(text) => Some(self.quoted(&text)),
                JValue::Null | JValue::Undefined => None,
                other => Some(coerce::joined_text(&other)),
            },
            Some(JValue::String(data_type)) => {
                Some(match data_type.split_once('|').unwrap_or((data_type, "")) {
                    ("string", _) => self.quoted(&text),
                    ("double_quote_string", _) => format!("\"{}\"", self.escaped(&text, '"')),
                    ("dotnetdate", _) => {
                        format!("DateTime({})", dates::rewritten(&text, Some("yyyy,MM,dd"), self.now)?)
                    }
                    (date, format) if date.starts_with("date") => {
                        let date = dates::rewritten(
                            &text,
                            Some(format).filter(|format| !format.is_empty()),
                            self.now,
                        )?;
                        if self.is_set("noQuotesForDate") { date } else { self.quoted(&date) }
                    }
                    _ => text,
                })
            }
            _ => Some(text),
        })
    }

    fn quoted(&self, text: &str) -> String {
        if self.is_set("noQuotes") {
            return text.to_owned();
        }
        let quote = if self.is_set("useDoubleQuotes") { '"' } else { '\'' };
        format!("{quote}{}{quote}", self.escaped(text, quote))
    }

    fn escaped(&self, text: &str, quote: char) -> String {
        if matches!(self.options.get("escapeSingleQuotes"), Some(JValue::Bool(false))) {
            return text.to_owned();
        }
        text.replace('\\', "\\\\").replace(quote, &format!("\\{quote}"))
    }
}

fn zip_response(args: &[JValue]) -> HostResult {
    if coerce::is_nothing(arg(args, 0)) || coerce::is_nothing(arg(args, 1)) {
        return Ok(JValue::Undefined);
    }
    let key = coerce::joined_text(arg(args, 2));
    let names: Vec<String> = coerce::cast_array(arg(args, 0))
        .iter()
        .map(|column| column.get(&key).map_or_else(String::new, coerce::joined_text))
        .collect();
    let mut rows = Vec::new();
    for row in coerce::cast_array(arg(args, 1)) {
        running::poll()?;
        let cells = coerce::cast_array(row);
        let fields = names.iter().zip(cells).filter(|(_, cell)| !cell.is_undefined());
        rows.push(values::object(fields.map(|(name, cell)| (name.clone(), cell.clone())).collect::<JMap>()));
    }
    Ok(JValue::array(rows))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::{call, try_call};

    fn sql(args: Value) -> Value {
        let args: Vec<_> = args.as_array().into_iter().flatten().cloned().map(Some).collect();
        call("convertQueryToSql", &args).expect("a text")
    }

    #[test]
    fn keys_are_compared_by_their_operators() {
        let query = json!({"a": 1, "b": {"gt": 2, "lte": 5}, "c": [1, 2], "d": {"nin": [3], "ne": 4, "like": "x%"}, "e": null});
        assert_eq!(
            sql(json!([query])),
            "a = 1 AND b > 2 AND b <= 5 AND c in (1,2) AND d not in (3) AND d <> 4 AND d like x%"
        );
        assert_eq!(sql(json!([{"a": 1, "b": 2}, ["b", "x"]])), "b = 2");
        assert_eq!(sql(json!([{"a": {"gte": 1}}, [], {"a": "Amount__c"}])), "Amount__c >= 1");
        assert_eq!(sql(json!([{}])), "");
    }

    #[test]
    fn values_are_written_as_their_data_type() {
        let types = json!({
            "s": "string", "q": "double_quote_string", "n": "number", "b": "boolean", "d": "dotnetdate",
            "t": "date|yyyy-MM-dd", "i": "date", "m": {"open": "Open", "done": true},
        });
        let one = |key: &str, value: Value| sql(json!([{ key: value }, [], {}, types]));
        assert_eq!(one("s", json!("x")), "s = 'x'");
        assert_eq!(one("s", json!("O'Brien\\")), r"s = 'O\'Brien\\'");
        assert_eq!(one("q", json!("x")), r#"q = "x""#);
        assert_eq!(one("n", json!("5")), "n = 5");
        assert_eq!(one("b", json!(true)), "b = true");
        assert_eq!(one("d", json!("2024-02-03T04:05:06Z")), "d = DateTime(2024,02,03)");
        assert_eq!(one("t", json!("2024-02-03T04:05:06Z")), "t = '2024-02-03'");
        assert_eq!(one("i", json!("2024-02-03T04:05:06Z")), "i = '2024-02-03T04:05:06.000Z'");
        assert_eq!(one("m", json!("OPEN")), "m = 'Open'");
        assert_eq!(one("m", json!("done")), "m = true");
    }

    #[test]
    fn alternatives_stand_in_parentheses() {
        assert_eq!(sql(json!([{"a": 1, "or": {"b": 2, "c": 3}}])), "a = 1 AND (b = 2 OR c = 3)");
        assert_eq!(sql(json!([{"or": [{"a": 1, "b": 2}, {"c": 3}]}])), "(a = 1 AND b = 2 OR c = 3)");
    }

    #[test]
    fn every_option_does_what_it_says() {
        let with = |query: Value, options: Value| {
            sql(json!([query, [], {}, {"s": "string", "d": "date|yyyy"}, {}, options]))
        };
        assert_eq!(with(json!({"a": [1, 2]}), json!({"useOrForIn": true})), "(a = 1 OR a = 2)");
        assert_eq!(with(json!({"a": 1, "b": 2}), json!({"conjunction": "&&"})), "a = 1 && b = 2");
        assert_eq!(with(json!({"s": "x"}), json!({"useDoubleQuotes": true})), "s = \"x\"");
        assert_eq!(with(json!({"a": 1}), json!({"noSpaceBetweenOperator": true})), "a=1");
        assert_eq!(
            with(json!({"s": "x", "d": "2024-01-01"}), json!({"noQuotes": true})),
            "s = x AND d = 2024"
        );
        assert_eq!(
            with(json!({"s": "x", "d": "2024-01-01"}), json!({"noQuotesForDate": true})),
            "s = 'x' AND d = 2024"
        );
        assert_eq!(
            with(json!({"a": 1, "b": 2, "c": 3}), json!({"groupComparisonInBrackets": true})),
            "((a = 1 AND b = 2) AND c = 3)"
        );
        assert_eq!(with(json!({"s": "a'b"}), json!({"escapeSingleQuotes": true})), r"s = 'a\'b'");
        assert_eq!(with(json!({"s": "a'b"}), json!({"escapeSingleQuotes": false})), "s = 'a'b'");
        let renamed = sql(json!([{"a": {"eq": 1}}, [], {}, {}, {"eq": "=="}]));
        assert_eq!(renamed, "a == 1");
    }

    #[test]
    fn an_unknown_operator_is_refused() {
        let refusal = try_call("convertQueryToSql", &[Some(json!({"a": {"near": 1}}))]);
        assert!(refusal.expect_err("no such operator").message.contains("near"));
    }

    #[test]
    fn rows_get_their_columns_names() {
        let columns = json!([{"name": "id"}, {"name": "email"}]);
        let rows = json!([[1, "a@x"], [2, null]]);
        assert_eq!(
            call("zipSqlResponse", &[Some(columns), Some(rows), Some(json!("name"))]),
            Some(json!([{"id": 1, "email": "a@x"}, {"id": 2, "email": null}]))
        );
        assert_eq!(call("zipSqlResponse", &[None, Some(json!([]))]), None);
    }
}
