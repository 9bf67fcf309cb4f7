//! What is kept, and the port through which the rest of Gleaner keeps it.

mod command;
mod port;

pub use command::{Closure, Command, PackageWrite, StreamPosition};
pub use port::{
    Committed, Cursor, EventPage, Group, InvalidCursor, Opened, Recovered, Store, StoreError, StoredJob,
};
