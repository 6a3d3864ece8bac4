//! Reads a class: groups its entries by student, joins the roster, and reads each submission.

use std::{collections::BTreeMap, fs, path::Path};

use super::{
    claim::{Claim, Claims, Known},
    entries::{Entries, Entry},
    error::IntakeError,
    git, key, layout,
    options::Options,
    roster::Roster,
    stored::Stored,
    submission,
};
use crate::class::{Class, Content, Layout, LeftAside, NoContent, Student, Submission};

/// The entries of one student.
struct Group {
    line: Option<usize>,
    parts: Vec<(Entry, Claim)>,
}

/// Reads a class: a folder or a zip. The files of its submissions are stored in `store`, which outlives the class.
///
/// A submission that can't be graded is in the class with the reason; it is no error.
///
/// # Errors
///
/// Returns an error if the class, the roster or an option can't be read.
pub fn read(path: &Path, options: &Options, store: &Path) -> Result<Class, IntakeError> {
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
        let mut submission = read_group(&mut entries, &group, class.layout, options, store);
        submission.key = keys.give(&group.parts[0].1.base);
        if let Some(roster) = &roster {
            if let Some(at) = group.line {
                has_submission[at] = true;
                complete(&mut submission, &roster.lines[at].student, group.parts[0].1.kind);
            } else {
                class.not_joined.push(roster.not_joined(&group.parts[0].1, &submission.paths.join(", ")));
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
        let line = roster.and_then(|roster| roster.find(&claim, base));
        let student = &claim.student;
        let who = match line {
            Some(line) => format!("line {line}"),
            None if claim.kind == Known::Anonymous => format!("id {}", student.id),
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

fn read_group(entries: &mut Entries, group: &Group, layout: Layout, options: &Options, store: &Path) -> Submission {
    let (_, first) = &group.parts[0];
    let commit = |entry: &Entry| {
        let is_repository = matches!(layout, Layout::Github | Layout::Classroom50);
        entries.folder(entry).filter(|_| is_repository).and_then(git::last_commit)
    };
    let times: Vec<Option<i64>> = group.parts.iter().map(|(entry, _)| commit(entry)).collect();
    let is_one = group.parts.len() == 1 || group.parts.iter().all(|(_, claim)| claim.merges);
    let read = if is_one {
        submission::read(entries, &group.parts, options)
    } else {
        read_rivals(entries, &group.parts, &times, options)
    };
    let stored = read.content.and_then(|content| {
        Stored::new(content, store).map_err(|error| NoContent::NotRead(format!("Its files can't be stored: {error}.")))
    });
    Submission {
        key: String::new(),
        student: first.student.clone(),
        paths: group.parts.iter().map(|(entry, _)| key::composed(&entry.name)).collect(),
        submitted_at: times.iter().copied().flatten().max(),
        marked_late: group.parts.iter().any(|(_, claim)| claim.late),
        content: stored,
        laid_aside: read.laid_aside,
    }
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
    } else if let Some(at) = reads.iter().position(|read| matches!(read.content, Err(NoContent::NotRead(_)))) {
        return reads.swap_remove(at);
    } else {
        let names: Vec<&str> = parts.iter().map(|(entry, _)| entry.name.as_str()).collect();
        let names = super::choose::list(&names);
        return submission::Read {
            content: Err(format!("Several different entries belong to this student: {names}. Keep one of them.").into()),
            laid_aside: Vec::new(),
        };
    };
    let mut read = reads.swap_remove(chosen);
    for (_, (entry, _)) in parts.iter().enumerate().filter(|(at, _)| *at != chosen) {
        read.laid_aside.push(LeftAside { path: key::composed(&entry.name), reason: reason.to_owned() });
    }
    read
}

/// Completes a submission's student by the roster. The number by which a platform knows the student stays: its gradebook has it.
fn complete(submission: &mut Submission, line: &Student, kind: Known) {
    let student = &mut submission.student;
    let mut take = |own: fn(&mut Student) -> &mut String, theirs: &str| {
        if !theirs.is_empty() {
            theirs.clone_into(own(student));
        }
    };
    take(|student| &mut student.name, &line.name);
    take(|student| &mut student.login, &line.login);
    if !matches!(kind, Known::Moodle | Known::Canvas | Known::Anonymous) {
        take(|student| &mut student.id, &line.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_vanishes_while_the_class_is_read_is_not_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (class, options) = (folder.path().join("class"), Options::default());
        for student in ["Ada", "Bob"] {
            fs::create_dir_all(class.join(student)).unwrap();
            fs::write(class.join(student).join("main.rs"), "fn main() {}").unwrap();
        }
        fs::write(class.join("Eve.rs"), "fn main() {}").unwrap();
        let mut entries = Entries::open(&class).unwrap();
        fs::remove_dir_all(class.join("Ada")).unwrap();
        fs::remove_file(class.join("Eve.rs")).unwrap();
        let list = entries.list.clone();
        let mut read = |name: &str| {
            let entry = list.iter().find(|entry| entry.name == name).unwrap().clone();
            let group = Group { line: None, parts: vec![(entry, Claim { file: name.to_owned(), ..Claim::default() })] };
            read_group(&mut entries, &group, Layout::Plain, &options, folder.path()).content
        };
        for (name, start) in
            [("Ada", "Its folder can't be read on this"), ("Eve.rs", "The file Eve.rs can't be read on")]
        {
            let content = read(name);
            assert!(matches!(&content, Err(NoContent::NotRead(why)) if why.starts_with(start)), "{content:?}");
        }
        assert!(read("Bob").is_ok());
        // A disk that is full is the machine's failure, too.
        let nowhere = folder.path().join("nowhere");
        let entry = list.iter().find(|entry| entry.name == "Bob").unwrap().clone();
        let group = Group { line: None, parts: vec![(entry, Claim::default())] };
        let content = read_group(&mut entries, &group, Layout::Plain, &options, &nowhere).content;
        assert!(matches!(&content, Err(NoContent::NotRead(_))), "{content:?}");
    }
}
