//! Which of several ways a request takes, by its URL: mounted transports and proxies.
//!
//! | file | what it is |
//! |---|---|
//! | `pattern` | what a URL must look like for a route to be taken |
//! | `environment` | the routes that `HTTP_PROXY` and its like ask for |

mod environment;
mod pattern;

pub use environment::{EnvironmentRoute, environment_proxies};
pub use pattern::{Pattern, PatternError};

use crate::Url;

/// Values by URL pattern, the most specific pattern first.
#[derive(Clone, Debug)]
pub struct Routes<T> {
    table: Vec<(Pattern, T)>,
}

impl<T> Default for Routes<T> {
    fn default() -> Self {
        Self { table: Vec::new() }
    }
}

impl<T> Routes<T> {
    /// Whether there are no routes.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Adds a route, in place of the one whose pattern is the same text. Among patterns that are
    /// equally specific the one added first wins.
    pub fn insert(&mut self, pattern: Pattern, value: T) {
        if let Some((_, replaced)) = self.table.iter_mut().find(|(known, _)| *known == pattern) {
            *replaced = value;
            return;
        }
        let at = self.table.partition_point(|(known, _)| known.priority() <= pattern.priority());
        self.table.insert(at, (pattern, value));
    }

    /// The value of the most specific pattern that matches.
    pub fn select(&self, url: &Url) -> Option<&T> {
        self.table.iter().find(|(pattern, _)| pattern.matches(url)).map(|(_, value)| value)
    }

    /// The patterns and their values, the most specific first.
    pub fn entries(&self) -> impl Iterator<Item = (&Pattern, &T)> {
        self.table.iter().map(|(pattern, value)| (pattern, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect(text)
    }

    fn routes(patterns: &[&'static str]) -> Routes<&'static str> {
        let mut routes = Routes::default();
        for pattern in patterns {
            routes.insert(Pattern::parse(pattern).expect(pattern), *pattern);
        }
        routes
    }

    #[test]
    fn the_most_specific_pattern_wins_wherever_it_stands() {
        let all = ["all://", "http://", "all://example.com", "http://example.com", "all://example.com:8080"];
        let mut backwards = all;
        backwards.reverse();
        for patterns in [all, backwards] {
            let routes = routes(&patterns);
            let select = |text| routes.select(&url(text)).copied();
            assert_eq!(select("http://example.com:8080/"), Some("all://example.com:8080"));
            assert_eq!(select("http://example.com/"), Some("http://example.com"));
            assert_eq!(select("https://example.com/"), Some("all://example.com"));
            assert_eq!(select("http://other.com/"), Some("http://"));
            assert_eq!(select("https://other.com/"), Some("all://"));
        }
    }

    #[test]
    fn without_a_match_there_is_no_route() {
        assert_eq!(routes(&[]).select(&url("http://example.com")), None);
        assert_eq!(routes(&["https://"]).select(&url("http://example.com")), None);
    }

    #[test]
    fn the_same_pattern_replaces_and_equals_keep_their_order() {
        let mut routes = routes(&["all://a.example", "all://b.example"]);
        routes.insert(Pattern::parse("all://a.example").expect("a pattern"), "new");
        let values: Vec<_> = routes.entries().map(|(_, value)| *value).collect();
        assert_eq!(values, ["new", "all://b.example"]);
    }
}
