//! The lessons' contracts, one file per lesson: `lessons/emit_log.rs` has the contract `EmitLog` and its scene. If that is too
//! much for one file, it is `lessons/emit_log/mod.rs`. Every file here belongs to a lesson: `build.rs` makes the list.

include!(concat!(env!("OUT_DIR"), "/lessons.rs"));
