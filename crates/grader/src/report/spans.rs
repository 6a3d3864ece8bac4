//! CSV by byte ranges: cells can be replaced, and every other byte stays.

use std::{collections::BTreeMap, ops::Range};

/// A CSV file and the positions of its cells.
#[derive(Debug)]
pub struct Sheet<'a> {
    bytes: &'a [u8],
    separator: u8,
    rows: Vec<Row>,
}

/// A row: its first line, from 1, and its cells, with their quotes.
#[derive(Debug)]
struct Row {
    line: usize,
    cells: Vec<Range<usize>>,
}

/// A quoted cell that does not end: the line in which it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unclosed(pub usize);

impl<'a> Sheet<'a> {
    /// Finds the cells. The separator is the one of `,`, `;` and tab that the first line has most often.
    pub fn scan(bytes: &'a [u8]) -> Result<Sheet<'a>, Unclosed> {
        let begin = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let separator = separator(&bytes[begin..]);
        let mut sheet = Sheet { bytes, separator, rows: Vec::new() };
        let (mut at, mut line) = (begin, 1);
        while at < bytes.len() {
            let mut row = Row { line, cells: Vec::new() };
            loop {
                let end = cell_end(bytes, at, separator).ok_or(Unclosed(line))?;
                row.cells.push(at..end);
                line += bytes[at..end].iter().filter(|byte| **byte == b'\n').count();
                at = end;
                if bytes.get(at) != Some(&separator) {
                    break;
                }
                at += 1;
            }
            if bytes.get(at) == Some(&b'\r') {
                at += 1;
            }
            if bytes.get(at) == Some(&b'\n') {
                at += 1;
            }
            line += 1;
            sheet.rows.push(row);
        }
        Ok(sheet)
    }

    /// Returns the number of rows.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Returns the number of cells in a row.
    pub fn cells(&self, row: usize) -> usize {
        self.rows.get(row).map_or(0, |row| row.cells.len())
    }

    /// Returns the first line of a row, from 1.
    pub fn line(&self, row: usize) -> usize {
        self.rows.get(row).map_or(0, |row| row.line)
    }

    /// Returns true if a row has nothing in it.
    pub fn is_blank(&self, row: usize) -> bool {
        self.cells(row) <= 1 && self.text(row, 0).trim().is_empty()
    }

    /// Returns a cell's text without its quotes; empty if there is no such cell.
    pub fn text(&self, row: usize, cell: usize) -> String {
        let Some(range) = self.rows.get(row).and_then(|row| row.cells.get(cell)) else {
            return String::new();
        };
        let text = String::from_utf8_lossy(&self.bytes[range.clone()]);
        match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
            Some(quoted) => quoted.replace("\"\"", "\""),
            None => text.into_owned(),
        }
    }

    /// Returns a text as a cell's bytes, with quotes if it needs them.
    pub fn cell(&self, text: &str) -> Vec<u8> {
        let special = |byte: &u8| [self.separator, b'"', b'\n', b'\r'].contains(byte);
        if text.bytes().any(|byte| special(&byte)) {
            format!("\"{}\"", text.replace('"', "\"\"")).into_bytes()
        } else {
            text.as_bytes().to_vec()
        }
    }

    /// Returns the file with these cells replaced, by row and cell. A cell that does not exist is not added.
    pub fn replaced(&self, cells: &BTreeMap<(usize, usize), Vec<u8>>) -> Vec<u8> {
        let (mut bytes, mut at) = (Vec::with_capacity(self.bytes.len()), 0);
        for ((row, cell), content) in cells {
            if let Some(range) = self.rows.get(*row).and_then(|row| row.cells.get(*cell)) {
                bytes.extend_from_slice(&self.bytes[at..range.start]);
                bytes.extend_from_slice(content);
                at = range.end;
            }
        }
        bytes.extend_from_slice(&self.bytes[at..]);
        bytes
    }
}

fn separator(bytes: &[u8]) -> u8 {
    let (mut counts, mut quoted) = ([(b',', 0), (b';', 0), (b'\t', 0)], false);
    for byte in bytes {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            byte if !quoted => counts.iter_mut().filter(|(known, _)| known == byte).for_each(|(_, count)| *count += 1),
            _ => {}
        }
    }
    // The first one of equal counts.
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(byte, _)| *byte)
}

/// Returns the end of the cell that begins here, or None if its quotes are not closed.
fn cell_end(bytes: &[u8], at: usize, separator: u8) -> Option<usize> {
    let mut end = at;
    if bytes.get(at) == Some(&b'"') {
        end += 1;
        loop {
            end += bytes[end..].iter().position(|byte| *byte == b'"')? + 1;
            if bytes.get(end) != Some(&b'"') {
                break;
            }
            end += 1;
        }
    }
    // What follows closing quotes still belongs to the cell.
    let rest = bytes[end..].iter().position(|byte| *byte == separator || *byte == b'\n' || *byte == b'\r');
    Some(rest.map_or(bytes.len(), |rest| end + rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(bytes: &[u8]) -> Vec<Vec<String>> {
        let sheet = Sheet::scan(bytes).unwrap();
        (0..sheet.rows()).map(|row| (0..sheet.cells(row)).map(|cell| sheet.text(row, cell)).collect()).collect()
    }

    #[test]
    fn cells_are_found() {
        assert_eq!(texts(b"\xef\xbb\xbfa,\"b,\"\"c\",\r\nd,\"e\r\nf\",g"), [["a", "b,\"c", ""], ["d", "e\r\nf", "g"]]);
        assert_eq!(texts(b"a;b,c;d\n1;2;3\n"), [["a", "b,c", "d"], ["1", "2", "3"]]);
        assert_eq!(Sheet::scan(b"a,b\n\"c,d\n").unwrap_err(), Unclosed(2));
        let sheet = Sheet::scan(b"a\n\"b\nc\"\nd").unwrap();
        assert_eq!((0..3).map(|row| sheet.line(row)).collect::<Vec<_>>(), [1, 2, 4]);
    }

    #[test]
    fn cells_are_replaced() {
        let sheet = Sheet::scan(b"a,\"b\"\r\nc,d\r\n").unwrap();
        let cells = BTreeMap::from([((0, 1), b"7".to_vec()), ((1, 0), sheet.cell("x,y")), ((1, 5), b"no".to_vec())]);
        assert_eq!(sheet.replaced(&cells), b"a,7\r\n\"x,y\",d\r\n");
    }

    proptest! {
        /// Nothing is lost, whatever the file is; and only the replaced cells differ.
        #[test]
        fn all_other_bytes_stay(bytes in "(?s)[a,;\"\r\n\t\u{feff}ü]{0,40}", row in 0usize..4, cell in 0usize..4) {
            let Ok(sheet) = Sheet::scan(bytes.as_bytes()) else { return Ok(()) };
            prop_assert_eq!(sheet.replaced(&BTreeMap::new()), bytes.as_bytes());
            let replaced = sheet.replaced(&BTreeMap::from([((row, cell), b"NEW".to_vec())]));
            match sheet.rows.get(row).and_then(|row| row.cells.get(cell)) {
                None => prop_assert_eq!(replaced, bytes.as_bytes()),
                Some(range) => {
                    let (before, after) = (&bytes.as_bytes()[..range.start], &bytes.as_bytes()[range.end..]);
                    prop_assert_eq!(replaced, [before, b"NEW", after].concat());
                }
            }
        }
    }
}
