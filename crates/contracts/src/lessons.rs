//! The lessons' contracts, one file a lesson: `lessons/emit_log.rs` has the contract `EmitLog`, and its scene; where that is too
//! much for a file, it is `lessons/emit_log/mod.rs`. What is here is a lesson's: `build.rs` makes the list.

include!(concat!(env!("OUT_DIR"), "/lessons.rs"));
