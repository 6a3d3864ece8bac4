//! Links inside the book lead to existing places. Links to other sites are not checked: a check needs no network.

use std::{
    collections::HashSet,
    path::{Component, Path, PathBuf},
};

use percent_encoding::percent_decode_str;

use crate::{
    book::{Book, Page},
    html::Piece,
    problem::{Problem, ProblemKind},
    site::Site,
};

/// The attributes that refer to something.
const REFERENCES: [&str; 5] = ["href", "src", "xlink:href", "data", "poster"];

/// The schemes of links to other sites.
const ELSEWHERE: [&str; 4] = ["http", "https", "mailto", "data"];

pub fn check(book: &Book, site: &Site) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (page, (path, built)) in book.pages.iter().zip(&site.pages) {
        let mut seen = HashSet::new();
        for piece in &built.pieces {
            let Piece::Open(tag) = piece else { continue };
            for (_, link) in tag.attributes.iter().filter(|(name, _)| REFERENCES.contains(&name.as_str())) {
                if seen.insert(link.clone())
                    && let Some(why) = dead(site, path, link)
                {
                    let (line, link) = in_source(page, link);
                    problems.push(Problem::in_page(&page.path, line, why(link)));
                }
            }
        }
    }
    problems
}

/// Returns the kind of problem with this link on this page.
fn dead(site: &Site, page: &Path, link: &str) -> Option<fn(String) -> ProblemKind> {
    if let Some((scheme, _)) = link.split_once(':')
        && !scheme.is_empty()
        && scheme.chars().all(|character| character.is_ascii_alphanumeric() || "+.-".contains(character))
    {
        return (!ELSEWHERE.contains(&scheme)).then_some(|link| ProblemKind::AbsoluteLink { link });
    }
    if link.starts_with('/') || link.starts_with('\\') {
        return Some(|link| ProblemKind::AbsoluteLink { link });
    }
    let (address, fragment) = link.split_once('#').unwrap_or((link, ""));
    let address = address.split('?').next().unwrap_or_default();
    let target = if address.is_empty() { Some(page.to_owned()) } else { resolve(page, address) };
    let Some(target) = target else { return Some(|link| ProblemKind::DeadLink { link }) };
    let target = if site.folder.join(&target).is_dir() { target.join("index.html") } else { target };
    if !site.folder.join(&target).is_file() {
        return Some(|link| ProblemKind::DeadLink { link });
    }
    let fragment = percent_decode_str(fragment).decode_utf8_lossy();
    // The first page exists twice: as itself and as index.html.
    let target = if target == Path::new("index.html") { &site.pages.first()?.0 } else { &target };
    let (_, built) = site.pages.iter().find(|(path, _)| path == target)?;
    let is_there = fragment.is_empty() || built.ids.contains_key(&*fragment);
    (!is_there).then_some(|link| ProblemKind::DeadFragment { link })
}

/// Returns the file that this address names on this page. None if it is outside the book.
fn resolve(page: &Path, address: &str) -> Option<PathBuf> {
    let address = percent_decode_str(address).decode_utf8_lossy().into_owned();
    let mut target = page.parent()?.to_owned();
    for part in Path::new(&address).components() {
        match part {
            Component::ParentDir if !target.pop() => return None,
            Component::Normal(name) => target.push(name),
            _ => {}
        }
    }
    Some(target)
}

/// Returns the line of the source that has this link, and the link as it is there: with the source's name, or as in the page.
fn in_source(page: &Page, link: &str) -> (Option<usize>, String) {
    let line = |link: &str| page.text.lines().position(|line| line.contains(link)).map(|index| index + 1);
    let source = link.replacen(".html", ".md", 1);
    match line(&source) {
        Some(found) => (Some(found), source),
        None => (line(link), link.to_owned()),
    }
}
