use axum::{
    Json,
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use rmcp::model::{ClientJsonRpcMessage, ClientRequest, ErrorCode};
use serde_json::{Value, json};

use crate::extract::shown;

/// Methods whose parameters are looked at here: where they do not fit, the library takes the method for one that it does not know.
const OURS: [&str; 3] = ["initialize", "tools/list", "tools/call"];

/// Why a body is no message that can be answered, in the words of JSON-RPC.
#[derive(Debug)]
pub(super) struct Refused {
    id: Value,
    code: ErrorCode,
    why: String,
}

impl Refused {
    fn new(code: ErrorCode, why: impl Into<String>) -> Self {
        let (id, why) = (Value::Null, why.into());
        Self { id, code, why }
    }

    pub(super) fn into_response(self) -> Response {
        // A request that can be read is answered, if only with an error; one that cannot is the sender's mistake in HTTP too.
        let status = if self.id.is_null() {
            StatusCode::BAD_REQUEST
        } else {
            StatusCode::OK
        };
        let error = json!({"code": self.code.0, "message": self.why});
        let body = json!({"jsonrpc": "2.0", "id": self.id, "error": error});
        (status, Json(body)).into_response()
    }
}

/// Looks at a message before the library does, which has one sentence for all that it cannot read.
pub(super) fn check(body: &[u8]) -> Result<(), Refused> {
    let message: Value = serde_json::from_slice(body).map_err(|error| {
        let why = format!("the body is not JSON: {}", shown(&error.to_string(), 200));
        Refused::new(ErrorCode::PARSE_ERROR, why)
    })?;
    let invalid = |why: &str| Err(Refused::new(ErrorCode::INVALID_REQUEST, why));
    let Value::Object(fields) = &message else {
        return if message.is_array() {
            invalid("batches are not taken: send one message at a time")
        } else {
            invalid("a message is a JSON object")
        };
    };
    if fields.get("jsonrpc") != Some(&json!("2.0")) {
        return invalid("`jsonrpc` must be \"2.0\"");
    }
    let answers = fields.contains_key("result") || fields.contains_key("error");
    let method = match fields.get("method") {
        Some(Value::String(method)) => Some(method.as_str()),
        Some(_) => return invalid("`method` must be a string"),
        None if answers => None,
        None => return invalid("`method` is missing"),
    };
    if let Some(id) = fields.get("id")
        && !id.is_string()
        && !id.is_i64()
        && !id.is_u64()
    {
        return invalid("`id` must be a string or a whole number");
    }
    if method == Some("tools/call") {
        check_call(fields.get("params")).map_err(|why| of_params(fields.get("id"), why))?;
    }
    let id = fields.get("id").cloned();
    let method = method.map(str::to_owned);
    let fits = match serde_json::from_value::<ClientJsonRpcMessage>(message) {
        Ok(ClientJsonRpcMessage::Request(request)) => match request.request {
            ClientRequest::CustomRequest(custom) => !OURS.contains(&custom.method.as_str()),
            _ => true,
        },
        Ok(_) => true,
        Err(_) => false,
    };
    match method {
        _ if fits => Ok(()),
        Some(method) => {
            let why = format!(
                "the parameters of `{}` are not as the protocol has them",
                shown(&method, 60)
            );
            Err(of_params(id.as_ref(), why))
        }
        None => invalid("this is no message of the Model Context Protocol"),
    }
}

fn of_params(id: Option<&Value>, why: impl Into<String>) -> Refused {
    Refused {
        id: id.cloned().unwrap_or_default(),
        ..Refused::new(ErrorCode::INVALID_PARAMS, why)
    }
}

fn check_call(params: Option<&Value>) -> Result<(), &'static str> {
    let Some(Value::Object(params)) = params else {
        return Err("`params` must be an object with `name` and `arguments`");
    };
    if !params.get("name").is_some_and(Value::is_string) {
        return Err("`params.name` must be the name of a tool");
    }
    match params.get("arguments") {
        None | Some(Value::Null | Value::Object(_)) => Ok(()),
        Some(_) => Err("`params.arguments` must be an object"),
    }
}

#[cfg(test)]
mod tests {
    use rmcp::model::ErrorCode;
    use serde_json::json;

    use super::check;

    #[test]
    fn what_clients_send_goes_on() {
        for good in [
            json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}),
            json!({"jsonrpc": "2.0", "id": "a", "method": "tools/list"}),
            json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}),
            json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
            json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "x"}}),
            json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "x", "arguments": {"a": 1}}}),
            json!({"jsonrpc": "2.0", "id": 1, "method": "no/such", "params": {"a": 1}}),
            json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
                "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "a", "version": "1"}}}),
        ] {
            check(good.to_string().as_bytes()).unwrap_or_else(|refused| panic!("{good}: {refused:?}"));
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (body, code, id, word) in [
            ("", ErrorCode::PARSE_ERROR, json!(null), "not JSON"),
            ("{\"jsonrpc\"", ErrorCode::PARSE_ERROR, json!(null), "not JSON"),
            ("[]", ErrorCode::INVALID_REQUEST, json!(null), "one message"),
            ("7", ErrorCode::INVALID_REQUEST, json!(null), "object"),
            (
                "{\"id\":1,\"method\":\"ping\"}",
                ErrorCode::INVALID_REQUEST,
                json!(null),
                "`jsonrpc`",
            ),
            (
                "{\"jsonrpc\":\"2.0\",\"id\":1}",
                ErrorCode::INVALID_REQUEST,
                json!(null),
                "`method`",
            ),
            (
                "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":[]}",
                ErrorCode::INVALID_REQUEST,
                json!(null),
                "`method`",
            ),
            (
                "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}",
                ErrorCode::INVALID_REQUEST,
                json!(null),
                "`id`",
            ),
            (
                "{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"ping\"}",
                ErrorCode::INVALID_REQUEST,
                json!(null),
                "`id`",
            ),
            (
                "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\"}",
                ErrorCode::INVALID_PARAMS,
                json!(7),
                "`params`",
            ),
            (
                "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"tools/call\",\"params\":{}}",
                ErrorCode::INVALID_PARAMS,
                json!("a"),
                "`params.name`",
            ),
            (
                "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\"x\",\"arguments\":[1]}}",
                ErrorCode::INVALID_PARAMS,
                json!(7),
                "`params.arguments`",
            ),
            (
                "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"initialize\",\"params\":{}}",
                ErrorCode::INVALID_PARAMS,
                json!(7),
                "`initialize`",
            ),
        ] {
            let refused = check(body.as_bytes()).unwrap_err();
            assert_eq!((refused.code, &refused.id), (code, &id), "{body}: {}", refused.why);
            assert!(refused.why.contains(word), "{body}: {}", refused.why);
        }
    }
}
