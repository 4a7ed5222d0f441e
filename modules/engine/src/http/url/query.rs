//! Query parameters: an ordered multi-map (`application/x-www-form-urlencoded`).

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::encode::{self, FORM};

/// An ordered multi-map of query parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryParams {
    pairs: Vec<(String, String)>,
}

impl QueryParams {
    /// Reads a query string (without `?`); blank values are kept, empty pieces are not.
    pub fn parse(query: &str) -> Self {
        let pairs = query.split('&').filter(|piece| !piece.is_empty()).map(|piece| {
            let (key, value) = piece.split_once('=').unwrap_or((piece, ""));
            (decode(key), decode(value))
        });
        Self::from_pairs(pairs.collect())
    }

    /// Takes pairs and groups them by key.
    pub fn from_pairs(pairs: Vec<(String, String)>) -> Self {
        let mut params = Self { pairs };
        params.group();
        params
    }

    /// The pairs, grouped by key in order of each key's first appearance, as httpx writes them.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    /// The keys, each once, in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.pairs.chunk_by(same_key).filter_map(|group| group.first()).map(|(key, _)| key.as_str())
    }

    /// The values of `key`, in order.
    pub fn get_all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// The first value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.pairs.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// A copy in which `key` has this one value, in its old place or at the end.
    #[must_use]
    pub fn set(&self, key: &str, value: &str) -> Self {
        let mut pairs = self.pairs.clone();
        let at = pairs.iter().position(|(k, _)| k == key).unwrap_or(pairs.len());
        pairs.retain(|(k, _)| k != key);
        pairs.insert(at, (key.to_owned(), value.to_owned()));
        Self { pairs }
    }

    /// A copy in which `key` has this value besides those it has.
    #[must_use]
    pub fn add(&self, key: &str, value: &str) -> Self {
        let mut pairs = self.pairs.clone();
        pairs.push((key.to_owned(), value.to_owned()));
        Self::from_pairs(pairs)
    }

    /// A copy without `key`.
    #[must_use]
    pub fn remove(&self, key: &str) -> Self {
        Self { pairs: self.pairs.iter().filter(|(k, _)| k != key).cloned().collect() }
    }

    /// A copy in which the keys of `other` have the values they have there.
    #[must_use]
    pub fn merge(&self, other: &Self) -> Self {
        let replaced: HashSet<&str> = other.keys().collect();
        let own: HashSet<&str> = self.keys().collect();
        let mut pairs = Vec::new();
        for group in self.pairs.chunk_by(same_key) {
            match group.first() {
                Some((key, _)) if replaced.contains(key.as_str()) => {
                    pairs.extend(other.get_all(key).map(|value| (key.clone(), value.to_owned())));
                }
                _ => pairs.extend_from_slice(group),
            }
        }
        pairs.extend(other.pairs.iter().filter(|(key, _)| !own.contains(key.as_str())).cloned());
        Self { pairs }
    }

    /// The form-encoded text (`a=1&a=2&b=x+y`).
    pub fn encode(&self) -> String {
        let mut text = String::new();
        for (key, value) in &self.pairs {
            if !text.is_empty() {
                text.push('&');
            }
            encode_form(&mut text, key);
            text.push('=');
            encode_form(&mut text, value);
        }
        text
    }

    /// Moves every pair behind the earlier ones of its key.
    fn group(&mut self) {
        let mut order = HashMap::new();
        for (key, _) in &self.pairs {
            let next = order.len();
            order.entry(key.clone()).or_insert(next);
        }
        if order.len() != self.pairs.len() {
            self.pairs.sort_by_key(|(key, _)| order.get(key).copied());
        }
    }
}

fn same_key((a, _): &(String, String), (b, _): &(String, String)) -> bool {
    a == b
}

/// `+` is a space; percent-encoded bytes are UTF-8, and what is not becomes U+FFFD.
fn decode(text: &str) -> String {
    let text = if text.contains('+') { Cow::Owned(text.replace('+', " ")) } else { Cow::Borrowed(text) };
    encode::unquote(&text).into_owned()
}

fn encode_form(text: &mut String, value: &str) {
    for (at, word) in value.split(' ').enumerate() {
        if at != 0 {
            text.push('+');
        }
        text.extend(encode::quote(word, FORM));
    }
}
