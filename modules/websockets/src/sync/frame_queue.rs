//! The frames that have arrived and were not read yet.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use tauraro_engine::websocket as engine;

use super::waiting::{lock, sleep};

/// Frames on their way from the thread that reads the socket to those that read messages.
///
/// Above the high-water mark it requests reading to pause, at the low-water mark to resume.
#[derive(Debug, Default)]
pub(crate) struct FrameQueue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    frames: VecDeque<engine::Frame>,
    marks: Marks,
    paused: bool,
    closed: bool,
    /// A message is being read.
    busy: bool,
    /// How many threads sleep until there is a change.
    waiters: usize,
}

/// The numbers of frames at which reading pauses and resumes; without them there is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) high: Option<usize>,
    pub(crate) low: Option<usize>,
}

impl Marks {
    /// Fills in the mark that is not given, and checks them.
    ///
    /// # Errors
    /// The message for a `ValueError`.
    pub(crate) fn new(high: Option<i64>, low: Option<i64>) -> Result<Self, &'static str> {
        let (high, low) = match (high, low) {
            (Some(high), None) => (high, high.div_euclid(4)),
            (None, Some(low)) => (low.saturating_mul(4), low),
            (Some(high), Some(low)) => (high, low),
            (None, None) => return Ok(Self::default()),
        };
        let Ok(unsigned_low) = usize::try_from(low) else {
            return Err("low must be positive or equal to zero");
        };
        match usize::try_from(high) {
            Ok(high) if high >= unsigned_low => Ok(Self { high: Some(high), low: Some(unsigned_low) }),
            _ => Err("high must be greater than or equal to low"),
        }
    }
}

/// What [`FrameQueue::put`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// It was closed before.
    Closed,
    /// The frame is in the queue.
    Done {
        /// The high-water mark was crossed.
        pause: bool,
        /// A thread waited for it.
        awaited: bool,
    },
}

/// What [`FrameQueue::take`] found.
#[derive(Debug)]
pub(crate) enum Taken {
    /// The oldest frame, and whether reading may resume now.
    Frame(engine::Frame, bool),
    /// There is none yet.
    Nothing,
    /// There will be no more.
    Ended,
}

impl FrameQueue {
    pub(crate) fn new(marks: Marks) -> Self {
        Self { state: Mutex::new(State { marks, ..State::default() }), changed: Condvar::new() }
    }

    fn notify(&self, state: &State) {
        if state.waiters > 0 {
            self.changed.notify_all();
        }
    }

    /// Puts a frame at the end.
    pub(crate) fn put(&self, frame: engine::Frame) -> Put {
        let mut state = lock(&self.state);
        if state.closed {
            return Put::Closed;
        }
        state.frames.push_back(frame);
        let pause = !state.paused && state.marks.high.is_some_and(|high| state.frames.len() > high);
        state.paused |= pause;
        self.notify(&state);
        Put::Done { pause, awaited: state.waiters > 0 }
    }

    /// Takes the oldest frame.
    pub(crate) fn take(&self) -> Taken {
        let mut state = lock(&self.state);
        let Some(frame) = state.frames.pop_front() else {
            return if state.closed { Taken::Ended } else { Taken::Nothing };
        };
        let resume = state.paused && state.marks.low.is_some_and(|low| state.frames.len() <= low);
        if resume {
            state.paused = false;
            self.notify(&state);
        }
        Taken::Frame(frame, resume)
    }

    /// Puts back frames that were taken, in front of all others.
    pub(crate) fn put_back(&self, frames: Vec<engine::Frame>) {
        let mut state = lock(&self.state);
        for frame in frames.into_iter().rev() {
            state.frames.push_front(frame);
        }
    }

    /// Ends the stream: what is there can still be taken. Returns whether reading was paused; `None` if the stream
    /// had ended before.
    pub(crate) fn close(&self) -> Option<bool> {
        let mut state = lock(&self.state);
        if std::mem::replace(&mut state.closed, true) {
            return None;
        }
        let paused = std::mem::take(&mut state.paused);
        self.notify(&state);
        Some(paused)
    }

    /// Begins to read a message, unless one is being read.
    pub(crate) fn begin(&self) -> bool {
        !std::mem::replace(&mut lock(&self.state).busy, true)
    }

    /// Ends reading a message.
    pub(crate) fn end(&self) {
        lock(&self.state).busy = false;
    }

    /// Sleeps until there is something to take, but no longer than `pause`.
    pub(crate) fn wait_for_frame(&self, pause: Option<Duration>) {
        self.wait_while(pause, |state| state.frames.is_empty() && !state.closed);
    }

    /// Sleeps while reading is paused, but no longer than `pause`.
    pub(crate) fn wait_for_room(&self, pause: Option<Duration>) {
        self.wait_while(pause, |state| state.paused && !state.closed);
    }

    /// Sleeps until there is a change, unless `condition` does not hold.
    fn wait_while(&self, pause: Option<Duration>, condition: impl Fn(&State) -> bool) {
        let mut state = lock(&self.state);
        if condition(&state) {
            state.waiters += 1;
            state = sleep(&self.changed, state, pause);
            state.waiters -= 1;
        }
    }

    /// How many frames there are.
    pub(crate) fn len(&self) -> usize {
        lock(&self.state).frames.len()
    }

    /// Whether reading is to pause.
    pub(crate) fn is_paused(&self) -> bool {
        lock(&self.state).paused
    }

    /// Requests a pause, or ends it.
    pub(crate) fn set_paused(&self, paused: bool) {
        let mut state = lock(&self.state);
        state.paused = paused;
        self.notify(&state);
    }

    /// Whether the stream has ended.
    pub(crate) fn is_closed(&self) -> bool {
        lock(&self.state).closed
    }

    /// Whether a message is being read.
    pub(crate) fn is_busy(&self) -> bool {
        lock(&self.state).busy
    }

    pub(crate) fn marks(&self) -> Marks {
        lock(&self.state).marks
    }

    pub(crate) fn set_marks(&self, change: impl FnOnce(&mut Marks)) {
        change(&mut lock(&self.state).marks);
    }
}

#[cfg(test)]
mod tests {
    use super::{FrameQueue, Marks, Put, Taken, engine};

    fn frame(data: &[u8]) -> engine::Frame {
        engine::Frame::new(engine::opcode::BINARY, true, data.to_vec())
    }

    #[test]
    fn marks_are_filled_in_and_checked() {
        assert_eq!(Marks::new(Some(10), None), Ok(Marks { high: Some(10), low: Some(2) }));
        assert_eq!(Marks::new(None, Some(5)), Ok(Marks { high: Some(20), low: Some(5) }));
        assert_eq!(Marks::new(None, None), Ok(Marks::default()));
        assert!(Marks::new(Some(-1), None).is_err());
        assert!(Marks::new(Some(5), Some(10)).is_err());
    }

    #[test]
    fn reading_pauses_above_the_high_mark_until_the_low_one() {
        let queue = FrameQueue::new(Marks { high: Some(1), low: Some(0) });
        assert_eq!(queue.put(frame(b"a")), Put::Done { pause: false, awaited: false });
        assert_eq!(queue.put(frame(b"b")), Put::Done { pause: true, awaited: false });
        assert!(queue.is_paused());
        assert!(matches!(queue.take(), Taken::Frame(_, false)));
        assert!(matches!(queue.take(), Taken::Frame(_, true)));
        assert!(!queue.is_paused());
        assert!(matches!(queue.take(), Taken::Nothing));
    }

    #[test]
    fn what_was_put_before_the_end_can_be_taken() {
        let queue = FrameQueue::default();
        queue.put(frame(b"b"));
        queue.put_back(vec![frame(b"a")]);
        assert_eq!(queue.close(), Some(false));
        assert_eq!(queue.close(), None);
        assert_eq!(queue.put(frame(b"c")), Put::Closed);
        assert!(matches!(queue.take(), Taken::Frame(frame, _) if frame.data == b"a"));
        assert!(matches!(queue.take(), Taken::Frame(frame, _) if frame.data == b"b"));
        assert!(matches!(queue.take(), Taken::Ended));
    }
}
