//! Query parameters: an ordered multi-map (`application/x-www-form-urlencoded`).

/// An ordered multi-map of query parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryParams {
    pairs: Vec<(String, String)>,
}

impl QueryParams {
    /// Reads a query string (without `?`); blank values are kept.
    pub fn parse(_query: &str) -> Self {
        todo!()
    }
    /// Takes pairs as they are.
    pub fn from_pairs(pairs: Vec<(String, String)>) -> Self {
        Self { pairs }
    }
    /// The pairs, grouped by key in order of each key's first appearance, as httpx writes them.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }
    /// The form-encoded text (`a=1&a=2&b=x+y`).
    pub fn encode(&self) -> String {
        todo!()
    }
}
