//! Tasks in a box.

use std::pin::Pin;

/// A task of any kind.
pub(crate) type Task<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Puts a task into a box, before it is spawned. tokio's code for a task is compiled once for each kind of future, and all boxes
/// with the same output are of one kind.
pub(crate) fn boxed<T>(task: impl Future<Output = T> + Send + 'static) -> Task<T> {
    Box::pin(task)
}
