//! The time of the last commit, read from the files in `.git`.
//!
//! Git itself is never run on a submission: the settings in `.git/config` can run programs.

use std::{
    fs,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use flate2::read::ZlibDecoder;

/// The bytes of a reference, of a commit, and of an index that are read.
const LONGEST_TEXT: u64 = 1 << 20;
const LONGEST_INDEX: u64 = 64 << 20;

/// Returns the time at which the commit of HEAD was made, in seconds since 1970. None if it can't be read.
pub(super) fn last_commit(repository: &Path) -> Option<i64> {
    let git = repository.join(".git");
    let head = text(&git.join("HEAD"))?;
    let hash = match head.trim().strip_prefix("ref: ") {
        None => head.trim().to_owned(),
        Some(reference) => {
            let is_plain =
                reference.starts_with("refs/") && !reference.split('/').any(|part| matches!(part, "" | "." | ".."));
            if !is_plain || reference.contains('\\') {
                return None;
            }
            text(&git.join(reference))
                .map(|hash| hash.trim().to_owned())
                .or_else(|| packed_reference(&git, reference))?
        }
    };
    let is_hash = hash.len() == 40 && hash.chars().all(|letter| letter.is_ascii_hexdigit());
    if !is_hash {
        return None;
    }
    commit_time(&loose(&git, &hash).or_else(|| packed(&git, &hash))?)
}

/// Opens a regular file; links are not followed.
fn open(path: &Path) -> Option<fs::File> {
    fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file)?;
    fs::File::open(path).ok()
}

fn text(path: &Path) -> Option<String> {
    let mut text = String::new();
    open(path)?.take(LONGEST_TEXT).read_to_string(&mut text).ok()?;
    Some(text)
}

fn packed_reference(git: &Path, reference: &str) -> Option<String> {
    let references = text(&git.join("packed-refs"))?;
    let line = references.lines().find_map(|line| line.strip_suffix(reference)?.strip_suffix(' '))?;
    Some(line.to_owned())
}

fn loose(git: &Path, hash: &str) -> Option<Vec<u8>> {
    let file = open(&git.join("objects").join(&hash[..2]).join(&hash[2..]))?;
    let mut object = Vec::new();
    ZlibDecoder::new(file).take(LONGEST_TEXT).read_to_end(&mut object).ok()?;
    let end = object.iter().position(|byte| *byte == 0)?;
    object.starts_with(b"commit ").then(|| object.split_off(end + 1))
}

fn packed(git: &Path, hash: &str) -> Option<Vec<u8>> {
    let folder = git.join("objects/pack");
    let is_index = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "idx");
    let mut indices: Vec<PathBuf> =
        fs::read_dir(folder).ok()?.filter_map(|entry| entry.ok().map(|it| it.path())).filter(is_index).collect();
    indices.sort();
    indices.iter().take(100).find_map(|index| {
        let mut bytes = Vec::new();
        open(index)?.take(LONGEST_INDEX).read_to_end(&mut bytes).ok()?;
        let offset = offset_in(&bytes, hash)?;
        object_at(&index.with_extension("pack"), offset)
    })
}

/// Finds an object in an index of version 2: a fan-out table, then hashes, checksums and offsets in the hashes' order.
fn offset_in(index: &[u8], hash: &str) -> Option<u64> {
    let number = |at: usize| Some(u32::from_be_bytes(index.get(at..at + 4)?.try_into().ok()?));
    if index.get(..8)? != b"\xfftOc\0\0\0\x02" {
        return None;
    }
    let hash: Vec<u8> =
        (0..40).step_by(2).map(|at| u8::from_str_radix(&hash[at..at + 2], 16)).collect::<Result<_, _>>().ok()?;
    let first = usize::from(hash[0]);
    let count = number(8 + 255 * 4)? as usize;
    let from = if first == 0 { 0 } else { number(8 + (first - 1) * 4)? as usize };
    let to = (number(8 + first * 4)? as usize).min(count);
    let hashes = 8 + 256 * 4;
    let at = (from..to).find(|at| index.get(hashes + at * 20..hashes + at * 20 + 20) == Some(&hash[..]))?;
    let offset = number(hashes + count * 24 + at * 4)?;
    // A larger offset is in a further table, for packs of more than 2 GiB.
    (offset < 0x8000_0000).then_some(u64::from(offset))
}

/// Reads a commit that is stored whole. One that is stored as a difference is not read.
fn object_at(pack: &Path, offset: u64) -> Option<Vec<u8>> {
    let mut file = open(pack)?;
    file.seek(SeekFrom::Start(offset)).ok()?;
    let mut byte = [0];
    file.read_exact(&mut byte).ok()?;
    let kind = (byte[0] >> 4) & 7;
    while byte[0] & 0x80 != 0 {
        file.read_exact(&mut byte).ok()?;
    }
    let mut commit = Vec::new();
    ZlibDecoder::new(file).take(LONGEST_TEXT).read_to_end(&mut commit).ok()?;
    (kind == 1).then_some(commit)
}

fn commit_time(commit: &[u8]) -> Option<i64> {
    let text = String::from_utf8_lossy(commit);
    let line = text.lines().take_while(|line| !line.is_empty()).find(|line| line.starts_with("committer "))?;
    let mut words = line.rsplit(' ');
    words.next()?;
    // The student's machine sets this time, so it can be anything. Years from 1970 to 9999 are times.
    words.next()?.parse().ok().filter(|time| (0..253_402_300_800).contains(time))
}
