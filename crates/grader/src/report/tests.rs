//! Tests of all reports with one class, whose names and outputs are hostile.

mod fixture;
mod gradebooks;
mod hostile;
mod platforms;
mod snapshots;
