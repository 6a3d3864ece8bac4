//! Finds the layout from the entries' names.

use super::{
    claim::{self, Claims},
    entries::{Entry, Kind},
};
use crate::class::Layout;

/// Returns the layout that most entries have. Plain if there is none.
///
/// Repositories need names with a common prefix or a login of the roster: students may hand in their `.git` anywhere.
/// Those of Classroom 50 have names like those of GitHub Classroom, and are read in the same way.
pub(super) fn find(entries: &[Entry], as_repositories: &Claims) -> Layout {
    let visible: Vec<&Entry> = entries.iter().filter(|entry| !entry.name.starts_with('.')).collect();
    let most = |count: usize| count > 0 && count * 2 > visible.len();
    let count = |is: &dyn Fn(&Entry) -> bool| visible.iter().filter(|entry| is(entry)).count();
    if most(count(&|entry| claim::moodle(&entry.name).is_some())) {
        Layout::Moodle
    } else if most(count(&|entry| entry.kind == Kind::File && claim::canvas(&entry.name).is_some())) {
        Layout::Canvas
    } else if most(count(&|entry| entry.has_git && as_repositories.is_repository(&entry.name))) {
        Layout::Github
    } else {
        Layout::Plain
    }
}
