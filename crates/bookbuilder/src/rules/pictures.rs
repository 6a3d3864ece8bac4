//! Every picture has a description, for readers who don't see it. Ids are unique, so that references to them are.

use crate::{
    book::{Book, Page},
    html::{Piece, Tag},
    problem::{Problem, ProblemKind},
    site::{Built, Site},
};

/// The length from which a drawing's title is enough alone.
const LONG: usize = 30;

pub fn check(book: &Book, site: &Site) -> Vec<Problem> {
    book.pages.iter().zip(&site.pages).flat_map(|(page, (_, built))| of_page(page, built)).collect()
}

fn of_page(page: &Page, built: &Built) -> Vec<Problem> {
    let main = main(&built.pieces);
    let mut problems = Vec::new();
    // Screen readers skip everything below a hidden element.
    let mut hidden: Option<(String, usize)> = None;
    for (index, piece) in main.iter().enumerate() {
        match (piece, &mut hidden) {
            (Piece::Open(tag), Some((name, depth))) if tag.name == *name && !tag.is_empty => *depth += 1,
            (Piece::Close(closed), Some((name, depth))) if closed == name => {
                *depth -= 1;
                if *depth == 0 {
                    hidden = None;
                }
            }
            (Piece::Open(tag), None) if tag.get("aria-hidden") == Some("true") => {
                hidden = (!tag.is_empty).then(|| (tag.name.clone(), 1));
            }
            (Piece::Open(tag), None) if tag.name == "img" && tag.get("alt").is_none_or(is_blank) => {
                let image = tag.get("src").unwrap_or("without a source").to_owned();
                let problem = Problem::in_page(&page.path, line(page, &image), ProblemKind::NoAlt { image });
                // mdBook puts an image into the page twice: the second one is the enlarged one.
                if !problems.contains(&problem) {
                    problems.push(problem);
                }
            }
            (Piece::Open(tag), None) if tag.name == "svg" => {
                if let Some(kind) = of_svg(tag, &main[index..]) {
                    problems.push(Problem::in_page(&page.path, None, kind));
                }
            }
            _ => {}
        }
    }
    let mut twice: Vec<_> = built.ids.iter().filter(|(_, count)| **count > 1).collect();
    twice.sort();
    problems.extend(twice.into_iter().map(|(id, count)| {
        Problem::in_page(&page.path, line(page, id), ProblemKind::IdTwice { id: id.clone(), count: *count })
    }));
    problems
}

/// Returns the page's own part: the text between `<main>` and `</main>`. Menus and buttons are mdBook's.
fn main(pieces: &[Piece]) -> &[Piece] {
    let begin = pieces.iter().position(|piece| matches!(piece, Piece::Open(tag) if tag.name == "main"));
    let end = pieces.iter().rposition(|piece| matches!(piece, Piece::Close(name) if name == "main"));
    match (begin, end) {
        (Some(begin), Some(end)) if begin < end => &pieces[begin..end],
        _ => pieces,
    }
}

/// Returns the problem of the drawing at the beginning of these pieces.
fn of_svg(tag: &Tag, pieces: &[Piece]) -> Option<ProblemKind> {
    let svg = name(tag, pieces);
    if tag.get("role") != Some("img") {
        return Some(ProblemKind::NoRole { svg });
    }
    let labels: Vec<&str> = tag.get("aria-labelledby").unwrap_or_default().split_whitespace().collect();
    let end = pieces.iter().position(|piece| matches!(piece, Piece::Close(name) if name == "svg"));
    let inside = &pieces[..end.unwrap_or(pieces.len())];
    let Some((id, title)) = text_of(inside, "title") else { return Some(ProblemKind::NoTitle { svg }) };
    if title.is_empty() || !labels.contains(&id) {
        return Some(ProblemKind::NoTitle { svg });
    }
    let described = text_of(inside, "desc").is_some_and(|(id, text)| {
        let by = tag.get("aria-describedby").unwrap_or_default();
        !text.is_empty() && (labels.contains(&id) || by.split_whitespace().any(|other| other == id))
    });
    (!described && title.chars().count() < LONG).then_some(ProblemKind::ShortTitle { svg, title })
}

/// Returns a name for a drawing: its id, its label's id, or its title.
fn name(tag: &Tag, pieces: &[Piece]) -> String {
    let title = || text_of(pieces, "title").map(|(_, title)| format!("\"{title}\""));
    let label = tag.get("id").or(tag.get("aria-labelledby")).map(|label| format!("`{label}`"));
    label.or_else(title).unwrap_or_else(|| "without a name".to_owned())
}

/// Returns the id and the text of the first element with this name.
fn text_of<'a>(pieces: &'a [Piece], element: &str) -> Option<(&'a str, String)> {
    let begin = pieces.iter().position(|piece| matches!(piece, Piece::Open(tag) if tag.name == element))?;
    let Piece::Open(tag) = &pieces[begin] else { return None };
    let text = pieces[begin + 1..].iter().map_while(|piece| match piece {
        Piece::Text(text) => Some(text.as_str()),
        _ => None,
    });
    Some((tag.get("id").unwrap_or_default(), text.collect::<String>().trim().to_owned()))
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

fn line(page: &Page, what: &str) -> Option<usize> {
    page.text.lines().position(|line| line.contains(what)).map(|index| index + 1)
}
