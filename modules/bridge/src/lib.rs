//! Between the interpreter and tokio: the only crate that knows both.

mod awaitable;
mod coroutine;
mod coroutine_functions;
mod foreign;
mod gate;
mod inbox;
mod interrupt;
mod port;
mod surface;
mod wait;
mod wakeup;

pub use awaitable::{Awaitable, awaitable, ready, stop_async_iteration};
pub use coroutine::{Body, Coroutine, Step, Steps, coroutine, stepwise};
pub use coroutine_functions::{IsAwaited, mark_coroutine_functions};
pub use gate::{ask, denied, gate, keep_gate, policy, set_gate};
pub use inbox::{Inbox, Output, Ticket};
pub use interrupt::{Interrupt, Interruptible, check_interrupts, is_interruptible};
pub use port::{Port, Running, Schedule, Woken};
pub use surface::{Mailbox, Resume, Surface, complete, with_vm};
pub use wait::block_on;
pub use wakeup::WakeUp;
