//! Header fields as they go over the wire: ordered, repeatable, spelling kept, names compared
//! without case (RFC 9110 section 5).

use bytes::Bytes;

/// One field line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name as it was spelled.
    pub name: Bytes,
    /// The value, without surrounding white space.
    pub value: Bytes,
}

/// An ordered list of field lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    fields: Vec<Field>,
}

impl Headers {
    /// No fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// The field lines in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Field> {
        self.fields.iter()
    }

    /// Number of field lines.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there is no field line.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Whether a field of this name is present.
    pub fn contains(&self, name: impl AsRef<[u8]>) -> bool {
        self.get(name).is_some()
    }

    /// The first value of `name`.
    pub fn get(&self, name: impl AsRef<[u8]>) -> Option<&Bytes> {
        self.get_all(name).next()
    }

    /// Every value of `name`, in order.
    pub fn get_all(&self, name: impl AsRef<[u8]>) -> impl Iterator<Item = &Bytes> {
        let fields = self.fields.iter();
        fields.filter(move |field| field.name.eq_ignore_ascii_case(name.as_ref())).map(|field| &field.value)
    }

    /// Adds a field line at the end, whatever is there already.
    pub fn append(&mut self, name: impl Into<Bytes>, value: impl Into<Bytes>) {
        self.fields.push(Field { name: name.into(), value: value.into() });
    }

    /// Sets `name` to this one value: the first field of that name is replaced in place, further
    /// ones are removed, and a name not yet present is added at the end.
    pub fn set(&mut self, name: impl Into<Bytes>, value: impl Into<Bytes>) {
        let (name, mut value) = (name.into(), Some(value.into()));
        self.fields.retain_mut(|field| {
            if !field.name.eq_ignore_ascii_case(&name) {
                return true;
            }
            value.take().is_some_and(|value| {
                *field = Field { name: name.clone(), value };
                true
            })
        });
        if let Some(value) = value {
            self.fields.push(Field { name, value });
        }
    }

    /// Adds a field line at the front (`Host` goes first, RFC 9110 section 7.2).
    pub fn prepend(&mut self, name: impl Into<Bytes>, value: impl Into<Bytes>) {
        self.fields.insert(0, Field { name: name.into(), value: value.into() });
    }

    /// Removes every field line of `name`; true if there was one.
    pub fn remove(&mut self, name: impl AsRef<[u8]>) -> bool {
        let before = self.fields.len();
        self.fields.retain(|field| !field.name.eq_ignore_ascii_case(name.as_ref()));
        self.fields.len() != before
    }
}

impl<N: Into<Bytes>, V: Into<Bytes>> FromIterator<(N, V)> for Headers {
    fn from_iter<T: IntoIterator<Item = (N, V)>>(fields: T) -> Self {
        let fields = fields.into_iter().map(|(name, value)| Field { name: name.into(), value: value.into() });
        Self { fields: fields.collect() }
    }
}

impl<'a> IntoIterator for &'a Headers {
    type Item = &'a Field;
    type IntoIter = std::slice::Iter<'a, Field>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
