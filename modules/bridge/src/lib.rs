//! Between the interpreter and the engine: waiting, awaitables, coroutines, permissions.

mod awaitable;
mod completion_queue;
mod coroutine;
mod coroutine_functions;
mod execution_mode;
mod group;
mod interrupts;
mod loop_bridge;
mod overrides;
mod permission_registry;
mod third_party_loop;
mod wait;
mod wake_fd;

pub use awaitable::{Awaitable, awaitable, ready, stop_async_iteration};
pub use completion_queue::{CompletionQueue, OperationId, Output};
pub use coroutine::{Body, Coroutine, StateMachine, Step, coroutine, stepped_coroutine};
pub use coroutine_functions::{IsAwaited, mark_coroutine_functions};
pub use execution_mode::{ExecutionMode, Resume, ResumeSlot, poll_to_completion, with_vm};
pub use group::{Group, MemberSlot};
pub use interrupts::{InterruptGuard, InterruptSource, check_interrupts, is_interruptible};
pub use loop_bridge::{DoneCallback, LoopBridge, Running, Schedule};
pub use overrides::{NativeMethods, OverrideCache, Overrides};
pub use permission_registry::{ask, checker, denied, keep_checker, policy, set_checker};
pub use wait::block_on;
pub use wake_fd::WakeFd;
