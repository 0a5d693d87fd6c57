//! What is answered to each of the protocol's methods.

use std::sync::Arc;

use bytes::Bytes;
use http::{Response, StatusCode};
use rmcp::ErrorData;
use rmcp::model::{ErrorCode, ProtocolVersion, Tool as Offered, ToolAnnotations};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Mcp, Message, Outcome, Server};
use crate::account::Account;
use crate::error::{Error, Result};
use crate::gateway::idempotency::Keyed;
use crate::gateway::tools::Tool;
use crate::model::schema::nearest;

/// The member of a request's `_meta` that names a write, as the header `Idempotency-Key` does.
const KEY: &str = "idempotencyKey";

/// The versions that are spoken. Later ones have no `initialize`, and their clients fall back to it.
fn versions() -> &'static [ProtocolVersion] {
    ProtocolVersion::known_up_to(&ProtocolVersion::LATEST_WITH_INITIALIZE)
}

/// Whether a version is spoken.
pub fn is_supported(version: &str) -> bool {
    versions().iter().any(|known| known.as_str() == version)
}

/// The error of a version that isn't.
pub fn unsupported(version: &str) -> ErrorData {
    let spoken: Vec<&str> = versions().iter().map(ProtocolVersion::as_str).collect();
    let message = format!("The protocol version is none of {}.", spoken.join(", "));
    let shown: String = version.chars().filter(|letter| !letter.is_control()).take(40).collect();
    let told = json!({ "requested": shown, "supported": spoken });
    ErrorData::new(ErrorCode::UNSUPPORTED_PROTOCOL_VERSION, message, Some(told))
}

impl Mcp {
    /// Answers one request to a server. `key` is the request's `Idempotency-Key`.
    pub async fn answer(&self, server: &Server, message: &Message, key: Option<String>) -> Outcome {
        let answered = match message.method.as_str() {
            "initialize" => self.initialize(server, &message.params).await,
            "ping" => Ok(Outcome::done(json!({}))),
            "tools/list" => self.list(server).await,
            "tools/call" => Box::pin(self.call(server, &message.params, key)).await,
            other => {
                let shown: String = other.chars().filter(|letter| !letter.is_control()).take(60).collect();
                let message = format!(
                    "There is no method {shown:?} here; there are initialize, ping, tools/list and tools/call."
                );
                let error = ErrorData::new(ErrorCode::METHOD_NOT_FOUND, message, None);
                Ok(Outcome::refused(error, StatusCode::NOT_FOUND))
            }
        };
        answered.unwrap_or_else(|error| {
            let data = Some((self.envelope)(&error));
            let failed = ErrorData::internal_error(error.message().to_owned(), data);
            Outcome { error: Some(error.clone()), ..Outcome::refused(failed, error.status()) }
        })
    }

    async fn initialize(&self, server: &Server, params: &Map<String, Value>) -> Result<Outcome> {
        let wanted = params.get("protocolVersion").and_then(Value::as_str).unwrap_or_default();
        let known = versions().iter().find(|known| known.as_str() == wanted);
        let version = known.unwrap_or(&ProtocolVersion::LATEST_WITH_INITIALIZE);
        let account = self.gateway.accounts.load(server.environment, server.account).await?;
        let label = &account.provider.manifest.label;
        let instructions = format!(
            "These tools act on one {label} account. Lists answer {{items, nextCursor}}: pass nextCursor as the argument \
             next_cursor, with the other arguments unchanged, for more. An error's next_step says what to do about it."
        );
        Ok(Outcome::done(json!({
            "protocolVersion": version,
            "capabilities": { "tools": { "listChanged": false } },
            "serverInfo": {
                "name": "unicrm",
                "title": format!("{label} by unicrm"),
                "version": env!("CARGO_PKG_VERSION"),
            },
            "instructions": instructions,
        })))
    }

    async fn list(&self, server: &Server) -> Result<Outcome> {
        let account = self.gateway.accounts.load(server.environment, server.account).await?;
        let tools = self.tools(server, &account).await?;
        let offered: Vec<Offered> = tools.iter().map(offered).collect();
        Ok(Outcome::done(json!({ "tools": offered })))
    }

    async fn tools(&self, server: &Server, account: &Account) -> Result<Vec<Tool>> {
        let overrides = Some(&account.row.unified_model_override);
        self.gateway.tools(server.environment, &account.provider, overrides, &server.selection).await
    }

    async fn call(
        &self,
        server: &Server,
        params: &Map<String, Value>,
        key: Option<String>,
    ) -> Result<Outcome> {
        let Some(name) = params.get("name").and_then(Value::as_str) else {
            let error = ErrorData::invalid_params("params.name must be the name of a tool.", None);
            return Ok(Outcome::refused(error, StatusCode::BAD_REQUEST));
        };
        let arguments = match params.get("arguments") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(arguments)) => arguments.clone(),
            Some(_) => {
                let error = ErrorData::invalid_params("params.arguments must be an object.", None);
                return Ok(Outcome::refused(error, StatusCode::BAD_REQUEST));
            }
        };
        let account = self.gateway.accounts.load(server.environment, server.account).await?;
        let mut tools = self.tools(server, &account).await?;
        let Some(place) = tools.iter().position(|tool| tool.name() == name) else {
            let refused = Outcome::refused(unknown(name, &tools), StatusCode::NOT_FOUND);
            return Ok(refused);
        };
        let tool = tools.swap_remove(place);
        let meta = params.get("_meta").and_then(|meta| meta.get(KEY)).and_then(Value::as_str);
        let key = key.or_else(|| meta.map(str::to_owned)).filter(|_| !tool.nature().reads);
        match key {
            Some(key) => Box::pin(self.once(server, tool, arguments, &key)).await,
            None => Ok(self.carry_out(server, &tool, arguments).await),
        }
    }

    async fn carry_out(&self, server: &Server, tool: &Tool, arguments: Map<String, Value>) -> Outcome {
        let called = async {
            let account = self.gateway.accounts.usable(server.environment, server.account).await?;
            if !tool.nature().reads {
                account.writable()?;
            }
            Box::pin(self.gateway.call_tool(&account, tool, arguments)).await
        };
        self.outcome(tool, called.await)
    }

    /// Calls a tool under an idempotency key, or gives what it answered before.
    async fn once(
        &self,
        server: &Server,
        tool: Tool,
        arguments: Map<String, Value>,
        key: &str,
    ) -> Result<Outcome> {
        let name = tool.name();
        let body = serde_json::to_vec(&arguments).map_err(Error::internal)?;
        // What is sent is the same whichever server of the account it is sent to.
        let keyed = Keyed::new(server.environment, server.account, key, ["POST", "/mcp", &name], &body);
        let (mcp, served, called) = (self.clone(), server.clone(), tool.clone());
        let work = async move {
            let Outcome { answer, status, message, error, .. } =
                mcp.carry_out(&served, &called, arguments).await;
            let kept = Kept { answer: answer.ok(), message };
            let body = serde_json::to_vec(&kept).map(Bytes::from).unwrap_or_default();
            let mut response = Response::new(body);
            *response.status_mut() =
                StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            if let Some(error) = error {
                // By which it is known whether the vendor has said its last word.
                response.extensions_mut().insert(Arc::new(error));
            }
            response
        };
        let once = match Box::pin(self.gateway.idempotency.once(keyed, work)).await {
            Ok(once) => once,
            Err(error) => return Ok(self.outcome(&tool, Err(error))),
        };
        let kept: Kept = serde_json::from_slice(once.answer.body()).map_err(Error::internal)?;
        let answer = kept.answer.ok_or_else(|| Error::internal("a tool under a key gave no answer"))?;
        let error = once.answer.extensions().get::<Arc<Error>>().map(|error| (**error).clone());
        let status = once.answer.status().as_u16();
        Ok(Outcome { answer: Ok(answer), status, message: kept.message, tool: Some(name), error })
    }
}

/// What is kept of a call under a key.
#[derive(Serialize, Deserialize)]
struct Kept {
    answer: Option<Value>,
    message: Option<String>,
}

/// A tool as it is offered.
fn offered(tool: &Tool) -> Offered {
    let described = tool.describe();
    let nature = described.nature;
    let annotations = ToolAnnotations::with_title(described.title.clone())
        .read_only(nature.reads)
        .destructive(nature.destroys)
        .idempotent(nature.repeatable)
        // What is reached is the account and nothing beyond.
        .open_world(false);
    Offered::new(described.name, described.description, tool.input_schema())
        .with_title(described.title)
        .with_annotations(annotations)
}

fn unknown(name: &str, tools: &[Tool]) -> ErrorData {
    let names: Vec<String> = tools.iter().map(Tool::name).collect();
    let near = nearest(name, names.iter().map(String::as_str));
    let hint = near.map_or_else(
        || "tools/list gives those there are.".to_owned(),
        |near| format!("Did you mean {near}?"),
    );
    let shown: String = name.chars().filter(|letter| !letter.is_control()).take(80).collect();
    ErrorData::invalid_params(format!("This server has no tool {shown:?}. {hint}"), None)
}
