//! Checking text that arrives in pieces.

use super::error::InvalidUtf8;

/// Tells as early as possible that text is not UTF-8, over any split of it.
#[derive(Clone, Debug, Default)]
pub struct Utf8Validator {
    /// The beginning of a character.
    pending: [u8; 4],
    pending_count: usize,
    /// How much came before it.
    checked: usize,
}

impl Utf8Validator {
    /// Checks the next piece; a character may go on in the one after it.
    ///
    /// # Errors
    /// What is wrong, at an offset from the beginning of the text.
    pub fn feed(&mut self, piece: &[u8]) -> Result<(), InvalidUtf8> {
        let mut rest = piece;
        while self.pending_count > 0 {
            let Some((byte, after)) = rest.split_first() else { return Ok(()) };
            rest = after;
            if let Some(slot) = self.pending.get_mut(self.pending_count) {
                *slot = *byte;
            }
            self.pending_count += 1;
            let joined = self.pending.get(..self.pending_count).unwrap_or_default();
            match std::str::from_utf8(joined) {
                Ok(_) => {
                    self.checked += self.pending_count;
                    self.pending_count = 0;
                }
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return Err(self.failure(joined)),
            }
        }
        match std::str::from_utf8(rest) {
            Ok(_) => self.checked += rest.len(),
            Err(error) if error.error_len().is_none() => {
                let (_, tail) = rest.split_at(error.valid_up_to());
                for (slot, byte) in self.pending.iter_mut().zip(tail) {
                    *slot = *byte;
                }
                self.pending_count = tail.len();
                self.checked += error.valid_up_to();
            }
            Err(_) => return Err(self.failure(rest)),
        }
        Ok(())
    }

    /// Checks that the text does not end within a character, and is ready for another one.
    ///
    /// # Errors
    /// That it does.
    pub fn finish(&mut self) -> Result<(), InvalidUtf8> {
        let this = std::mem::take(self);
        match this.pending.get(..this.pending_count) {
            None | Some([]) => Ok(()),
            Some(pending) => Err(this.failure(pending)),
        }
    }

    /// Where it is in the whole text, of which only this is still there.
    fn failure(&self, data: &[u8]) -> InvalidUtf8 {
        let (start, end, reason) =
            InvalidUtf8::of(data).map_or((0, 0, ""), |error| (error.start, error.end, error.reason));
        InvalidUtf8 {
            data: Vec::new(),
            start: start.saturating_add(self.checked),
            end: end.saturating_add(self.checked),
            reason,
        }
    }
}
