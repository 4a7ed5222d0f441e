//! A cursor over the bytes that were fed.

use super::chars::Class;

/// What is fed, and how far it was taken.
pub(super) struct Input<'a> {
    data: &'a [u8],
    position: usize,
    /// Nothing from here on may be looked at.
    end: usize,
}

impl<'a> Input<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, position: 0, end: data.len() }
    }

    /// How many bytes were taken.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// What was not taken yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.data.get(self.position..self.end).unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.position >= self.end
    }

    /// The next byte, without taking it.
    pub(super) fn peek(&self) -> Option<u8> {
        self.rest().first().copied()
    }

    /// Takes `count` bytes, or what there is.
    pub(super) fn take(&mut self, count: usize) -> &'a [u8] {
        let rest = self.rest();
        let taken = rest.get(..count).unwrap_or(rest);
        self.position += taken.len();
        taken
    }

    /// Takes the byte that was peeked at.
    pub(super) fn bump(&mut self) {
        self.position += 1;
    }

    /// Takes the bytes of the class that come next.
    pub(super) fn take_class(&mut self, class: &Class) -> &'a [u8] {
        self.take(class.run(self.rest()))
    }

    /// Hides what is more than `count` bytes away, until [`Input::unfence`].
    pub(super) fn fence(&mut self, count: usize) {
        self.end = self.position.saturating_add(count).min(self.data.len());
    }

    /// Takes the fence away.
    pub(super) fn unfence(&mut self) {
        self.end = self.data.len();
    }
}
