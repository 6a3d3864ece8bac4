//! Reads a class: groups its entries by student, joins the roster, and reads each submission.

use std::{collections::BTreeMap, fs, path::Path};

use super::{
    claim::{Claim, Claims},
    entries::{Entries, Entry},
    error::IntakeError,
    git, key, layout,
    options::Options,
    roster::Roster,
    submission,
};
use crate::class::{Class, Content, Layout, LeftAside, Submission};

/// The entries of one student.
struct Group {
    line: Option<usize>,
    parts: Vec<(Entry, Claim)>,
}

/// Reads a class: a folder or a zip.
///
/// A submission that can't be graded is in the class with the reason; it is no error.
///
/// # Errors
///
/// Returns an error if the class, the roster or an option can't be read.
pub fn read(path: &Path, options: &Options) -> Result<Class, IntakeError> {
    let roster = options.roster.as_deref().map(Roster::read).transpose()?;
    let mut entries = Entries::open(path)?;
    let logins = roster.as_ref().map(Roster::logins).unwrap_or_default();
    let mut claims = Claims::new(options, &entries.list, logins)?;
    claims.layout = match options.layout {
        Some(layout) => layout,
        None if options.pattern.is_some() => Layout::Plain,
        None => layout::find(&entries.list, &claims),
    };
    let mut class = Class { layout: claims.layout, ..Class::default() };
    for (path, reason) in std::mem::take(&mut entries.refused) {
        class.left_aside.push(LeftAside { path, reason });
    }
    let groups = group(&mut class, &entries, &claims, path, options, roster.as_ref());
    let mut keys = key::Keys::default();
    let mut has_submission = vec![false; roster.as_ref().map_or(0, |roster| roster.lines.len())];
    for group in groups {
        let mut submission = read_group(&mut entries, &group, class.layout, options);
        submission.key = keys.give(&group.parts[0].1.base);
        if let Some(roster) = &roster {
            if let Some(at) = group.line {
                has_submission[at] = true;
                complete(&mut submission, &roster.lines[at].student);
            } else {
                class.not_joined.push(roster.not_joined(&submission.student, &submission.paths.join(", ")));
            }
        }
        class.submissions.push(submission);
    }
    if let Some(roster) = roster {
        let without = roster.lines.into_iter().zip(has_submission).filter(|(_, has)| !has);
        class.without_submission = without.map(|(line, _)| line.student).collect();
    }
    class.submissions.sort_by_cached_key(|it| (key::comparable(&it.student.name), it.key.clone()));
    Ok(class)
}

/// Groups the entries by student, in the order of their names. Entries that are no submission are left aside.
fn group(
    class: &mut Class,
    entries: &Entries,
    claims: &Claims,
    path: &Path,
    options: &Options,
    roster: Option<&Roster>,
) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut by_student: BTreeMap<String, usize> = BTreeMap::new();
    for entry in &entries.list {
        let claim = match claims.of(entry) {
            Ok(claim) => claim,
            Err(reason) => {
                let reason = if is_roster(&path.join(&entry.name), options) { "the roster".to_owned() } else { reason };
                class.left_aside.push(LeftAside { path: key::composed(&entry.name), reason });
                continue;
            }
        };
        let has_own_name = class.layout == Layout::Plain && options.pattern.is_none();
        let base = has_own_name.then_some(claim.base.as_str());
        let line = roster.and_then(|roster| roster.find(&claim.student, base));
        let student = &claim.student;
        let who = match line {
            Some(line) => format!("line {line}"),
            None if !student.id.is_empty() => format!("id {}", key::comparable(&student.id)),
            None if !student.login.is_empty() => format!("login {}", key::comparable(&student.login)),
            // Names that only look alike are different students: nothing is joined by name alone.
            None => format!("name {}", submission::stem(&entry.name)),
        };
        let at = *by_student.entry(who).or_insert_with(|| {
            groups.push(Group { line, parts: Vec::new() });
            groups.len() - 1
        });
        groups[at].parts.push((entry.clone(), claim));
    }
    groups
}

fn is_roster(path: &Path, options: &Options) -> bool {
    let canonical = |path: &Path| fs::canonicalize(path).ok();
    options.roster.as_deref().is_some_and(|roster| canonical(roster).is_some() && canonical(roster) == canonical(path))
}

fn read_group(entries: &mut Entries, group: &Group, layout: Layout, options: &Options) -> Submission {
    let (_, first) = &group.parts[0];
    let commit = |entry: &Entry| {
        let is_repository = matches!(layout, Layout::Github | Layout::Classroom50);
        entries.folder(entry).filter(|_| is_repository).and_then(git::last_commit)
    };
    let times: Vec<Option<i64>> = group.parts.iter().map(|(entry, _)| commit(entry)).collect();
    let mut submission = Submission {
        key: String::new(),
        student: first.student.clone(),
        paths: group.parts.iter().map(|(entry, _)| key::composed(&entry.name)).collect(),
        submitted_at: times.iter().copied().flatten().max(),
        marked_late: group.parts.iter().any(|(_, claim)| claim.late),
        content: Ok(Content::default()),
        laid_aside: Vec::new(),
    };
    let is_one = group.parts.len() == 1 || group.parts.iter().all(|(_, claim)| claim.merges);
    let read = if is_one {
        submission::read(entries, &group.parts, options)
    } else {
        read_rivals(entries, &group.parts, &times, options)
    };
    submission.content = read.content;
    submission.laid_aside = read.laid_aside;
    submission
}

/// Reads several entries that claim to be the one submission of a student: equal ones, or the latest, or none.
fn read_rivals(
    entries: &mut Entries,
    parts: &[(Entry, Claim)],
    times: &[Option<i64>],
    options: &Options,
) -> submission::Read {
    let mut reads: Vec<submission::Read> =
        parts.iter().map(|part| submission::read(entries, std::slice::from_ref(part), options)).collect();
    let latest = times.iter().copied().max().flatten();
    let is_known = times.iter().all(Option::is_some) && times.iter().filter(|time| **time == latest).count() == 1;
    let hash = |read: &submission::Read| read.content.as_ref().map(Content::hash).ok();
    let are_equal = reads.iter().all(|read| hash(read).is_some() && hash(read) == hash(&reads[0]));
    let (chosen, reason) = if are_equal {
        (0, "a second entry of this student with the same files")
    } else if is_known {
        (times.iter().position(|time| *time == latest).unwrap_or(0), "an earlier entry of this student")
    } else {
        let names: Vec<&str> = parts.iter().map(|(entry, _)| entry.name.as_str()).collect();
        let names = super::choose::list(&names);
        return submission::Read {
            content: Err(format!("Several different entries belong to this student: {names}. Keep one of them.")),
            laid_aside: Vec::new(),
        };
    };
    let mut read = reads.swap_remove(chosen);
    for (_, (entry, _)) in parts.iter().enumerate().filter(|(at, _)| *at != chosen) {
        read.laid_aside.push(LeftAside { path: key::composed(&entry.name), reason: reason.to_owned() });
    }
    read
}

/// Completes a submission's student by the roster.
fn complete(submission: &mut Submission, line: &crate::class::Student) {
    let student = &mut submission.student;
    for (own, theirs) in
        [(&mut student.name, &line.name), (&mut student.id, &line.id), (&mut student.login, &line.login)]
    {
        if !theirs.is_empty() {
            own.clone_from(theirs);
        }
    }
}
