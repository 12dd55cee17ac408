//! Speaks HTTP: routes, problems, limits, the OpenAPI page
