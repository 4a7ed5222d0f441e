//! The exception tree of httpx 0.28.
