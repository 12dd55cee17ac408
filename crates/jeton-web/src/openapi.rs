use serde_json::{Value, json};
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{
    ContentBuilder, InfoBuilder, License, OpenApi, OpenApiBuilder, Ref, RefOr, Response, ResponseBuilder,
    security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    tag::TagBuilder,
};

use crate::{compat, operations};

const ABOUT: &str = "jeton mints, caches, renews and hands out GitHub App installation tokens. Routes under /v1 take a key \
    of jeton's (the operator's or a client's) or a token of a configured issuer (JWT), as a bearer token or as the password \
    of HTTP Basic; over the Unix socket, and from a browser that has signed in, none is needed. Policies say who may what. \
    Routes under /api and /repo keep the paths that today's clients already call. Errors are application/problem+json (RFC 9457) \
    with a stable `code` and a `remedy`, except under /api.";

/// The answers that any route under `/v1` may give, besides its own.
const COMMON: [(&str, &str); 7] = [
    ("400", "The request is not well-formed"),
    ("401", "Nobody says who asks, or what they say is not accepted"),
    ("403", "No policy allows it, or not from this address"),
    ("413", "The body is too large"),
    ("429", LIMITED),
    ("500", "A mistake in jeton, or a vault that does not open"),
    ("503", "Something is not available; Retry-After says when to come back"),
];

/// The answers that any route about content may give, besides those of its kind.
const OF_CONTENT: [(&str, &str); 6] = [
    (
        "404",
        "No such repository, branch, tag, commit or path, or none that may be read",
    ),
    ("409", "The name means two things, or the repository has no commit"),
    ("416", "The lines or bytes are not there"),
    (
        "422",
        "Something else is there than was asked for, or it is too large, or no text",
    ),
    ("502", "The forge's answer is of no use"),
    ("504", "The forge did not answer in time"),
];

const LIMITED: &str = "This caller or this address asks too often; Retry-After says when to come back";

/// The document that describes all routes.
pub(crate) fn document() -> OpenApi {
    let (_, native) = operations::router().split_for_parts();
    let (_, content) = operations::content::router().split_for_parts();
    let (_, compat) = compat::router().split_for_parts();
    let (_, compat_content) = compat::documented_content().split_for_parts();
    let mut document = OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("jeton")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(ABOUT))
                .license(Some(License::new("MIT OR Apache-2.0")))
                .build(),
        )
        .tags(Some([
            TagBuilder::new()
                .name("tokens")
                .description(Some("Tokens and who holds them"))
                .build(),
            TagBuilder::new().name("apps").description(Some("GitHub Apps")).build(),
            TagBuilder::new()
                .name("accounts")
                .description(Some("People's tokens for GitHub, GitLab and Bitbucket"))
                .build(),
            TagBuilder::new()
                .name("runners")
                .description(Some(
                    "Tokens with which runners register themselves, and why a forge refuses them",
                ))
                .build(),
            TagBuilder::new()
                .name("secrets")
                .description(Some(
                    "Secrets in the forges' CI, and accounts' tokens that are kept fresh there",
                ))
                .build(),
            TagBuilder::new()
                .name("content")
                .description(Some("What is in repositories, on any forge"))
                .build(),
            TagBuilder::new()
                .name("clients")
                .description(Some("Programs that may ask, and their keys"))
                .build(),
            TagBuilder::new()
                .name("users")
                .description(Some("People who may sign in"))
                .build(),
            TagBuilder::new()
                .name("policies")
                .description(Some("Who may what"))
                .build(),
            TagBuilder::new()
                .name("record")
                .description(Some("The record: who got what, and who did what"))
                .build(),
            TagBuilder::new()
                .name("server")
                .description(Some("How the server is"))
                .build(),
            TagBuilder::new()
                .name("compatible")
                .description(Some("The paths that today's clients call"))
                .build(),
        ]))
        .build();
    document.merge(native);
    document.merge(content);
    document.merge(compat);
    document.merge(compat_content);
    let schemes = document.components.get_or_insert_default();
    schemes.add_security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    schemes.add_security_scheme("basic", SecurityScheme::Http(Http::new(HttpAuthScheme::Basic)));
    document.security = Some(vec![
        SecurityRequirement::new("bearer", Vec::<String>::new()),
        SecurityRequirement::new("basic", Vec::<String>::new()),
    ]);
    for (path, item) in &mut document.paths.paths {
        for operation in operations_of(item) {
            complete(path, operation);
        }
    }
    document
}

fn operations_of(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.post,
        &mut item.put,
        &mut item.patch,
        &mut item.delete,
    ]
    .into_iter()
    .filter_map(Option::as_mut)
}

/// Adds what every operation of its kind may answer.
fn complete(path: &str, operation: &mut Operation) {
    let with_body = operation.request_body.is_some();
    let mut add = |status: &str, response: Response| {
        operation
            .responses
            .responses
            .entry(status.to_owned())
            .or_insert(RefOr::T(response));
    };
    let about_content = path.starts_with("/v1/content/") || path.starts_with("/repo/");
    if about_content {
        for (status, words) in OF_CONTENT {
            add(status, problem(words));
        }
        let unchanged = "What `If-None-Match` names is still so";
        add("304", ResponseBuilder::new().description(unchanged).build());
    }
    if path.starts_with("/v1/") || about_content {
        for (status, words) in COMMON {
            add(status, problem(words));
        }
        if with_body {
            add("408", problem("The body did not arrive in time"));
            add("415", problem("The body is not JSON"));
        }
    } else if path.starts_with("/api/{") {
        for (status, words) in [
            ("401", "Nobody says who asks, or what they say is not accepted"),
            (
                "403",
                "No policy allows it, the forge said no, the App is suspended, or a page in a browser asks without a key",
            ),
            ("404", "The path names no repository"),
            ("422", "The installation lacks a permission"),
            ("429", LIMITED),
            ("502", "The forge's answer is of no use"),
            ("503", "The forge or jeton is not available, or limits us"),
            ("504", "The forge did not answer in time"),
        ] {
            add(status, error(words));
        }
    } else if path.starts_with("/api/") {
        add("429", error(LIMITED));
    } else {
        add("429", problem(LIMITED));
    }
}

fn problem(words: &str) -> Response {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .build();
    ResponseBuilder::new()
        .description(words)
        .content("application/problem+json", content)
        .build()
}

fn error(words: &str) -> Response {
    let content = ContentBuilder::new()
        .example(Some(json!({"error": "what is wrong, and what to do"})))
        .build();
    ResponseBuilder::new()
        .description(words)
        .content("application/json", content)
        .build()
}

/// The document as a JSON value. Problems are of their own media type, wherever an operation names one.
pub(crate) fn as_value(document: &OpenApi) -> Value {
    let mut value = serde_json::to_value(document).unwrap_or_default();
    let operations = value["paths"]
        .as_object_mut()
        .into_iter()
        .flat_map(|paths| paths.values_mut());
    let operations = operations.flat_map(|item| item.as_object_mut().into_iter().flat_map(|item| item.values_mut()));
    for operation in operations {
        let Some(responses) = operation["responses"].as_object_mut() else {
            continue;
        };
        for response in responses.values_mut() {
            let Some(content) = response.get_mut("content").and_then(Value::as_object_mut) else {
                continue;
            };
            let is_problem = |body: &Value| body["schema"]["$ref"] == "#/components/schemas/Problem";
            if content.get("application/json").is_some_and(is_problem)
                && let Some(body) = content.remove("application/json")
            {
                content.insert("application/problem+json".to_owned(), body);
            }
        }
    }
    value
}

/// The OpenAPI 3.1 document of the server, as `GET /openapi.json` sends it: indented, with a final newline.
pub fn openapi_json() -> String {
    render(&as_value(&document()))
}

pub(crate) fn render(document: &Value) -> String {
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    text
}
