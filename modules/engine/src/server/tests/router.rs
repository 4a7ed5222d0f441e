//! Paths with parameters.

use crate::server::{Match, Parameter, PatternError, Router};

fn router(routes: &[(&str, Option<&str>)]) -> Router<String> {
    let mut made = Router::default();
    for (pattern, method) in routes {
        made.add(pattern, *method, format!("{} {pattern}", method.unwrap_or("*"))).expect("a route");
    }
    made
}

/// What a request leads to, as text.
fn find(router: &Router<String>, method: &str, path: &str) -> String {
    match router.find(path.as_bytes(), method) {
        Match::Found(target, parameters) => {
            let mut text = target.clone();
            for (name, value) in parameters {
                let shown = match value {
                    Parameter::Text(value) => format!(" {name}={value:?}"),
                    Parameter::Int(value) => format!(" {name}={value}"),
                };
                text.push_str(&shown);
            }
            text
        }
        Match::NotAllowed(methods) => format!("405 {}", methods.join(",")),
        Match::NotFound => "404".to_owned(),
    }
}

#[test]
fn precedence() {
    let router = router(&[
        ("/", Some("GET")),
        ("/users", Some("GET")),
        ("/users/me", Some("GET")),
        ("/users/{id:int}", Some("GET")),
        ("/users/{name}", Some("GET")),
        ("/users/{name}/posts", None),
        ("/users/{other}/likes", None),
        ("/files/{path...}", Some("GET")),
        ("/files/{path...}", Some("PUT")),
        ("/files/index", Some("POST")),
        ("/all/{rest:path}", None),
        ("/all/{rest:path}", Some("GET")),
    ]);
    let cases = [
        ("GET", "/", "GET /"),
        ("HEAD", "/", "GET /"),
        ("POST", "/", "405 GET,HEAD"),
        ("GET", "/users", "GET /users"),
        ("GET", "/users/", "404"),
        ("GET", "/users/me", "GET /users/me"),
        ("GET", "/users/42", "GET /users/{id:int} id=42"),
        ("GET", "/users/4x", "GET /users/{name} name=\"4x\""),
        ("GET", "/users/99999999999999999999", "GET /users/{name} name=\"99999999999999999999\""),
        ("GET", "/users/a%2Fb%20c", "GET /users/{name} name=\"a/b c\""),
        ("DELETE", "/users/me/posts", "* /users/{name}/posts name=\"me\""),
        ("DELETE", "/users/1/likes", "* /users/{other}/likes other=\"1\""),
        ("GET", "/users/1/none", "404"),
        ("GET", "/files", "404"),
        ("GET", "/files/", "GET /files/{path...} path=\"\""),
        ("GET", "/files/a/b", "GET /files/{path...} path=\"a/b\""),
        ("GET", "/files/index", "GET /files/{path...} path=\"index\""),
        ("POST", "/files/index", "POST /files/index"),
        ("POST", "/files/other", "405 GET,HEAD,PUT"),
        ("PATCH", "/files/index", "405 GET,HEAD,POST,PUT"),
        ("PATCH", "/all/x", "* /all/{rest:path} rest=\"x\""),
        ("GET", "/all/x", "GET /all/{rest:path} rest=\"x\""),
        ("GET", "*", "404"),
        ("GET", "//", "404"),
    ];
    for (method, path, expected) in cases {
        assert_eq!(find(&router, method, path), expected, "{method} {path}");
    }
}

#[test]
fn patterns() {
    let mut router = router(&[("/a/{x}", Some("GET"))]);
    let mut add = |pattern: &str| router.add(pattern, Some("GET"), String::new());
    assert_eq!(add("a"), Err(PatternError::NoSlash("a".into())));
    for segment in ["{", "{}", "x{y}", "{y}x", "{y:float}", "{1}", "{y...}x", "{a b}"] {
        assert_eq!(add(&format!("/{segment}")), Err(PatternError::Segment(segment.into())));
    }
    assert_eq!(add("/{y...}/z"), Err(PatternError::Segment("{y...}".into())));
    assert_eq!(add("/{y}/{y:int}"), Err(PatternError::Repeated("y".into())));
    assert_eq!(add("/a/{y}"), Err(PatternError::Exists("/a/{y}".into())));
    assert_eq!(add("/a/{y:int}"), Ok(()));
}
