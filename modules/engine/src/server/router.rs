//! Paths with parameters.
//!
//! | pattern | what it matches |
//! |---|---|
//! | `/users` | this path |
//! | `/users/{name}` | one segment, not empty |
//! | `/users/{id:int}` | one segment of digits that fits an `i64` |
//! | `/files/{path...}` | the rest of the path, slashes included, perhaps empty |
//!
//! At every segment an exact match goes before `int`, that before a name, and the rest of the path comes last. Matching
//! is done on the path as it was sent, so that an escaped slash does not separate segments; parameters are decoded.

use std::collections::HashMap;
use std::fmt;

/// Why a pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatternError {
    /// It does not start with a slash.
    NoSlash(String),
    /// A segment with a brace is not `{name}`, `{name:int}` or, as the last one, `{name...}`.
    Segment(String),
    /// Two parameters have the same name.
    Repeated(String),
    /// There is such a route already.
    Exists(String),
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSlash(pattern) => write!(f, "a path must start with a slash: {pattern:?}"),
            Self::Segment(segment) => write!(
                f,
                "invalid segment of a path: {segment:?} (expected '{{name}}', '{{name:int}}' or, at the end, \
                 '{{name...}}')"
            ),
            Self::Repeated(name) => write!(f, "two parameters of a path have the same name: {name:?}"),
            Self::Exists(pattern) => {
                write!(f, "there is a route for this path and method already: {pattern:?}")
            }
        }
    }
}

impl std::error::Error for PatternError {}

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// Decoded text. Bytes that are not UTF-8 are replaced.
    Text(String),
    /// Of `{name:int}`.
    Int(i64),
}

/// What a path and method lead to.
#[derive(Debug, PartialEq, Eq)]
pub enum Match<'a, T> {
    /// A target, with names and values of the parameters.
    Found(&'a T, Vec<(&'a str, Parameter)>),
    /// The path is known, but not with this method; those it has, sorted.
    NotAllowed(Vec<&'a str>),
    /// The path is not known.
    NotFound,
}

#[derive(Debug)]
struct Leaf<T> {
    names: Vec<String>,
    /// By method; `None` for all others.
    targets: Vec<(Option<String>, T)>,
}

#[derive(Debug)]
struct Node<T> {
    exact: HashMap<Box<[u8]>, Node<T>>,
    int: Option<Box<Node<T>>>,
    text: Option<Box<Node<T>>>,
    /// `{name...}`: always the end.
    rest: Vec<Leaf<T>>,
    /// Where a path ends here. Several if their parameters are named differently.
    leaves: Vec<Leaf<T>>,
}

impl<T> Default for Node<T> {
    fn default() -> Self {
        Self { exact: HashMap::new(), int: None, text: None, rest: Vec::new(), leaves: Vec::new() }
    }
}

enum Segment<'a> {
    Exact(&'a str),
    Int(&'a str),
    Text(&'a str),
    Rest(&'a str),
}

impl<'a> Segment<'a> {
    fn parse(text: &'a str) -> Result<Self, PatternError> {
        if !text.contains(['{', '}']) {
            return Ok(Self::Exact(text));
        }
        let error = || PatternError::Segment(text.to_owned());
        let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).ok_or_else(error)?;
        let (name, segment): (_, fn(&'a str) -> Self) = if let Some(name) = inner.strip_suffix("...") {
            (name, Self::Rest)
        } else {
            match inner.split_once(':') {
                Some((name, "int")) => (name, Self::Int),
                Some((name, "path")) => (name, Self::Rest),
                Some((name, "str")) => (name, Self::Text),
                None => (inner, Self::Text),
                Some(_) => return Err(error()),
            }
        };
        let mut characters = name.chars();
        let valid = characters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
            && characters.all(|character| character.is_alphanumeric() || character == '_');
        if valid { Ok(segment(name)) } else { Err(error()) }
    }
}

/// Leads paths and methods to targets.
#[derive(Debug)]
pub struct Router<T> {
    root: Node<T>,
}

impl<T> Default for Router<T> {
    fn default() -> Self {
        Self { root: Node::default() }
    }
}

impl<T> Router<T> {
    /// Adds a route. `method` is spelt as on the wire; `None` is any method that the path has no route for.
    ///
    /// # Errors
    /// See [`PatternError`].
    pub fn add(&mut self, pattern: &str, method: Option<&str>, target: T) -> Result<(), PatternError> {
        let segments =
            pattern.strip_prefix('/').ok_or_else(|| PatternError::NoSlash(pattern.to_owned()))?.split('/');
        let mut node = &mut self.root;
        let mut names: Vec<String> = Vec::new();
        let mut segments = segments.peekable();
        let mut rest = false;
        while let Some(text) = segments.next() {
            let segment = Segment::parse(text)?;
            if let Segment::Int(name) | Segment::Text(name) | Segment::Rest(name) = segment {
                if names.iter().any(|known| known == name) {
                    return Err(PatternError::Repeated(name.to_owned()));
                }
                names.push(name.to_owned());
            }
            node = match segment {
                Segment::Exact(text) => node.exact.entry(text.as_bytes().into()).or_default(),
                Segment::Int(_) => node.int.get_or_insert_default(),
                Segment::Text(_) => node.text.get_or_insert_default(),
                Segment::Rest(_) if segments.peek().is_some() => {
                    return Err(PatternError::Segment(text.to_owned()));
                }
                Segment::Rest(_) => {
                    rest = true;
                    node
                }
            };
        }
        let leaves = if rest { &mut node.rest } else { &mut node.leaves };
        let taken = leaves.iter().flat_map(|leaf| &leaf.targets);
        if taken.into_iter().any(|(known, _)| known.as_deref() == method) {
            return Err(PatternError::Exists(pattern.to_owned()));
        }
        let entry = (method.map(str::to_owned), target);
        match leaves.iter_mut().find(|leaf| leaf.names == names) {
            Some(leaf) => leaf.targets.push(entry),
            None => leaves.push(Leaf { names, targets: vec![entry] }),
        }
        Ok(())
    }

    /// What the path, as it was sent, leads to. `HEAD` is led to the target of `GET` if it has none.
    pub fn find(&self, path: &[u8], method: &str) -> Match<'_, T> {
        let Some(path) = path.strip_prefix(b"/") else { return Match::NotFound };
        let mut values = Vec::new();
        let mut allowed: Vec<&str> = Vec::new();
        if let Some((target, leaf)) = descend(&self.root, path, method, &mut values, &mut allowed) {
            let names = leaf.names.iter().map(String::as_str);
            return Match::Found(target, names.zip(values).collect());
        }
        if allowed.is_empty() {
            return Match::NotFound;
        }
        if allowed.contains(&"GET") {
            allowed.push("HEAD");
        }
        allowed.sort_unstable();
        allowed.dedup();
        Match::NotAllowed(allowed)
    }
}

type Found<'a, T> = Option<(&'a T, &'a Leaf<T>)>;

fn descend<'a, T>(
    node: &'a Node<T>,
    path: &[u8],
    method: &str,
    values: &mut Vec<Parameter>,
    allowed: &mut Vec<&'a str>,
) -> Found<'a, T> {
    let (segment, after) = match memchr::memchr(b'/', path) {
        Some(at) => (path.get(..at).unwrap_or_default(), path.get(at + 1..)),
        None => (path, None),
    };
    let mut enter = |child: &'a Node<T>, value: Option<Parameter>| {
        let depth = values.len();
        values.extend(value);
        let found = match after {
            Some(rest) => descend(child, rest, method, values, allowed),
            None => pick(&child.leaves, method, allowed),
        };
        if found.is_none() {
            values.truncate(depth);
        }
        found
    };
    let mut found = node.exact.get(segment).and_then(|child| enter(child, None));
    if found.is_none()
        && let Some(child) = node.int.as_deref()
        && let Some(value) = integer(segment)
    {
        found = enter(child, Some(value));
    }
    if found.is_none()
        && let Some(child) = node.text.as_deref()
        && !segment.is_empty()
    {
        found = enter(child, Some(Parameter::Text(decode(segment))));
    }
    if found.is_some() {
        return found;
    }
    let found = pick(&node.rest, method, allowed);
    if found.is_some() {
        values.push(Parameter::Text(decode(path)));
    }
    found
}

fn pick<'a, T>(leaves: &'a [Leaf<T>], method: &str, allowed: &mut Vec<&'a str>) -> Found<'a, T> {
    let find = |wanted: Option<&str>| {
        leaves.iter().find_map(|leaf| {
            let found = leaf.targets.iter().find(|(known, _)| known.as_deref() == wanted)?;
            Some((&found.1, leaf))
        })
    };
    let found = find(Some(method))
        .or_else(|| if method == "HEAD" { find(Some("GET")) } else { None })
        .or_else(|| find(None));
    if found.is_none() {
        let methods = leaves.iter().flat_map(|leaf| &leaf.targets);
        allowed.extend(methods.filter_map(|(method, _)| method.as_deref()));
    }
    found
}

/// A segment of digits only.
fn integer(segment: &[u8]) -> Option<Parameter> {
    if segment.is_empty() || !segment.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(segment).ok()?.parse().ok().map(Parameter::Int)
}

fn decode(segment: &[u8]) -> String {
    percent_encoding::percent_decode(segment).decode_utf8_lossy().into_owned()
}
